//! The elements of a data set, as slices of the file.
//!
//! dicom-parser 0.10 allocates what a length claims and recurses as deep as a file nests, which a
//! hostile file can make all memory and the whole stack. Here nothing is allocated for a value, a
//! length is held against the bytes that are there, and depth and number of elements have limits.

use std::collections::BTreeMap;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

use crate::error::Problem;

/// The deepest nesting of sequences; real files have less than ten.
pub(crate) const MAX_DEPTH: usize = 32;
/// The most elements on one level; real files have a few hundred.
pub(crate) const MAX_ELEMENTS: usize = 1 << 16;

const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);
const UNDEFINED: u32 = u32::MAX;

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Whether the kind of a value stands before it.
    pub(crate) explicit: bool,
    pub(crate) big_endian: bool,
}

impl Syntax {
    pub(crate) const IMPLICIT: Self = Self { explicit: false, big_endian: false };
    pub(crate) const EXPLICIT: Self = Self { explicit: true, big_endian: false };
    pub(crate) const BIG_ENDIAN: Self = Self { explicit: true, big_endian: true };

    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// A value as it lies in the file.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Bytes(&'a [u8]),
    /// The items of a sequence, without the sequence's own delimiter.
    Items(&'a [u8], Syntax),
    /// Compressed pixels: the table of offsets first.
    Fragments(Vec<&'a [u8]>),
}

#[derive(Clone, Debug)]
pub(crate) struct Element<'a> {
    /// As the file says, or the dictionary where it does not.
    pub(crate) vr: VR,
    pub(crate) value: Value<'a>,
}

/// A data set, or an item of a sequence.
#[derive(Clone, Debug)]
pub(crate) struct DataSet<'a> {
    elements: BTreeMap<Tag, Element<'a>>,
    pub(crate) syntax: Syntax,
}

impl<'a> DataSet<'a> {
    /// Reads the elements that `bytes` begin with, to their end or that of the item. What comes after
    /// the pixels is not looked at: it says nothing about them, and is often padding.
    pub(crate) fn read(bytes: &'a [u8], syntax: Syntax) -> Result<Self, Problem> {
        let mut cursor = Cursor { bytes, at: 0, syntax, last: None };
        let (mut elements, mut count) = (BTreeMap::new(), 0);
        while let Some(header) = cursor.header()? {
            if header.tag == ITEM_END {
                break;
            }
            count += 1;
            let value = cursor.value(&header, 0)?;
            elements.entry(header.tag).or_insert(Element { vr: header.vr, value });
            if header.tag == tags::PIXEL_DATA {
                break;
            }
            if count > MAX_ELEMENTS {
                return Err(Problem::Elements);
            }
        }
        Ok(Self { elements, syntax })
    }

    /// The elements of the group 0002 that `bytes` begin with, and how many bytes they take.
    pub(crate) fn read_meta(bytes: &'a [u8]) -> Result<(Self, usize), Problem> {
        let syntax = Syntax::EXPLICIT;
        let mut cursor = Cursor { bytes, at: 0, syntax, last: None };
        let mut elements = BTreeMap::new();
        while cursor.rest().starts_with(b"\x02\0")
            && let Some(header) = cursor.header()?
        {
            let value = cursor.value(&header, 0)?;
            elements.entry(header.tag).or_insert(Element { vr: header.vr, value });
            if elements.len() > MAX_ELEMENTS {
                return Err(Problem::Elements);
            }
        }
        Ok((Self { elements, syntax }, cursor.at))
    }

    pub(crate) fn get(&self, tag: Tag) -> Option<&Element<'a>> {
        self.elements.get(&tag)
    }

    /// The value's bytes; `None` for sequences and where there is nothing.
    pub(crate) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        match self.get(tag)?.value {
            Value::Bytes(bytes) if !bytes.is_empty() => Some(bytes),
            _ => None,
        }
    }

    /// The values of a text that needs no character set, trimmed; none if it is empty.
    pub(crate) fn texts(&self, tag: Tag) -> Vec<String> {
        let Some(bytes) = self.bytes(tag) else { return Vec::new() };
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_matches(['\0', ' ']);
        if text.is_empty() {
            return Vec::new();
        }
        text.split('\\').map(|part| part.trim_matches(['\0', ' ']).to_owned()).collect()
    }

    /// The first of [`DataSet::texts`]; `None` if it is empty.
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        self.texts(tag).into_iter().next().filter(|text| !text.is_empty())
    }

    /// Numbers, written as text or in binary; what is none is `NaN`.
    pub(crate) fn numbers(&self, tag: Tag) -> Vec<f64> {
        let Some((element, bytes)) = self.get(tag).zip(self.bytes(tag)) else { return Vec::new() };
        let big = self.syntax.big_endian;
        match element.vr {
            VR::US | VR::OW => self.words(bytes).map(f64::from).collect(),
            VR::SS => self.words(bytes).map(|word| f64::from(word as i16)).collect(),
            VR::UL => bytes.as_chunks().0.iter().map(|b| f64::from(self.syntax.u32(*b))).collect(),
            VR::FL => {
                let float = |b: &[u8; 4]| f32::from_bits(self.syntax.u32(*b));
                bytes.as_chunks().0.iter().map(|b| f64::from(float(b))).collect()
            }
            VR::FD => {
                let float = |b: &[u8; 8]| {
                    if big { f64::from_be_bytes(*b) } else { f64::from_le_bytes(*b) }
                };
                bytes.as_chunks().0.iter().map(float).collect()
            }
            _ => {
                let texts = self.texts(tag);
                texts.iter().map(|text| text.parse().unwrap_or(f64::NAN)).collect()
            }
        }
    }

    /// A whole number of 0 to 2^32 - 1, as in NumberOfFrames.
    pub(crate) fn whole(&self, tag: Tag) -> Option<u32> {
        let number = self.numbers(tag).into_iter().next()?;
        let whole = number.is_finite() && number.fract() == 0.0;
        (whole && (0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u32)
    }

    /// The first word of a binary value, as stored.
    pub(crate) fn word(&self, tag: Tag) -> Option<u16> {
        self.bytes(tag).and_then(|bytes| self.words(bytes).next())
    }

    /// Bytes as words of 16 bits.
    pub(crate) fn words<'b>(&self, bytes: &'b [u8]) -> impl Iterator<Item = u16> + use<'b> {
        let syntax = self.syntax;
        bytes.as_chunks().0.iter().map(move |pair| syntax.u16(*pair))
    }

    /// The item of a sequence at a place; `None` if there is no such item or sequence.
    pub(crate) fn item(&self, tag: Tag, place: usize) -> Result<Option<Self>, Problem> {
        let (bytes, syntax) = match self.get(tag).map(|element| &element.value) {
            Some(Value::Items(bytes, syntax)) => (*bytes, *syntax),
            _ => return Ok(None),
        };
        let mut cursor = Cursor { bytes, at: 0, syntax, last: Some(tag) };
        for number in 0.. {
            let Some(header) = cursor.header()? else { break };
            if header.tag != ITEM {
                break;
            }
            let start = cursor.at;
            match header.length {
                UNDEFINED if number == place => {}
                UNDEFINED => cursor.skip_item(1)?,
                length => {
                    cursor.take(ITEM, length)?;
                }
            }
            if number == place {
                let end = if header.length == UNDEFINED { bytes.len() } else { cursor.at };
                return Self::read(bytes.get(start..end).unwrap_or(&[]), syntax).map(Some);
            }
        }
        Ok(None)
    }

    /// The first item of a sequence.
    pub(crate) fn first(&self, tag: Tag) -> Result<Option<Self>, Problem> {
        self.item(tag, 0)
    }
}

struct Header {
    tag: Tag,
    vr: VR,
    length: u32,
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    syntax: Syntax,
    /// The last element, for messages.
    last: Option<Tag>,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let Some(bytes) = self.rest().first_chunk() else {
            return Err(match self.last {
                Some(tag) => {
                    Problem::Cut { tag, claimed: N as u64, left: self.rest().len() as u64 }
                }
                None => Problem::Structure { tag: None, at: self.at },
            });
        };
        self.at += N;
        Ok(*bytes)
    }

    /// `None` at the end. Zeros, with which some systems fill a file up, are the end too: the group
    /// 0000 is not for files.
    fn header(&mut self) -> Result<Option<Header>, Problem> {
        if self.rest().is_empty() {
            return Ok(None);
        }
        let (start, syntax) = (self.at, self.syntax);
        let [a, b, c, d] = self.array()?;
        let tag = Tag(syntax.u16([a, b]), syntax.u16([c, d]));
        if tag == Tag(0, 0) && self.last.is_some() {
            return Ok(None);
        }
        let (vr, length) = match tag {
            ITEM | ITEM_END | SEQUENCE_END => (VR::UN, syntax.u32(self.array()?)),
            _ if syntax.explicit => {
                let letters = self.array()?;
                let Some(vr) = VR::from_binary(letters) else {
                    return Err(Problem::Structure { tag: self.last, at: start });
                };
                if has_long_length(vr) {
                    let _reserved: [u8; 2] = self.array()?;
                    (vr, syntax.u32(self.array()?))
                } else {
                    (vr, u32::from(syntax.u16(self.array()?)))
                }
            }
            _ => (vr_of(tag), syntax.u32(self.array()?)),
        };
        self.last = Some(tag);
        Ok(Some(Header { tag, vr, length }))
    }

    fn take(&mut self, tag: Tag, length: u32) -> Result<&'a [u8], Problem> {
        let rest = self.rest();
        let Some(bytes) = rest.get(..length as usize) else {
            return Err(Problem::Cut { tag, claimed: u64::from(length), left: rest.len() as u64 });
        };
        self.at += bytes.len();
        Ok(bytes)
    }

    fn value(&mut self, header: &Header, depth: usize) -> Result<Value<'a>, Problem> {
        let &Header { tag, vr, length } = header;
        if tag.0 == 0xfffe {
            return Err(Problem::Structure { tag: Some(tag), at: self.at });
        }
        if length != UNDEFINED {
            let bytes = self.take(tag, length)?;
            return Ok(match vr {
                VR::SQ => Value::Items(bytes, self.syntax),
                _ => Value::Bytes(bytes),
            });
        }
        if tag == tags::PIXEL_DATA || matches!(vr, VR::OB | VR::OW) {
            return self.fragments(tag).map(Value::Fragments);
        }
        // A sequence of unknown kind is written without kinds (PS3.5, 6.2.2).
        let syntax = if vr == VR::UN { Syntax::IMPLICIT } else { self.syntax };
        let start = self.at;
        let outer = std::mem::replace(&mut self.syntax, syntax);
        let end = self.skip_items(depth + 1);
        self.syntax = outer;
        Ok(Value::Items(self.bytes.get(start..end?).unwrap_or(&[]), syntax))
    }

    /// Goes behind the delimiter of a sequence, and says where the delimiter begins.
    fn skip_items(&mut self, depth: usize) -> Result<usize, Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::Depth);
        }
        loop {
            let start = self.at;
            match self.header()? {
                Some(Header { tag: SEQUENCE_END, .. }) => return Ok(start),
                Some(Header { tag: ITEM, length: UNDEFINED, .. }) => self.skip_item(depth)?,
                Some(Header { tag: ITEM, length, .. }) => {
                    self.take(ITEM, length)?;
                }
                _ => return Err(Problem::Structure { tag: self.last, at: start }),
            }
        }
    }

    /// Goes behind the delimiter of an item.
    fn skip_item(&mut self, depth: usize) -> Result<(), Problem> {
        loop {
            let start = self.at;
            match self.header()? {
                Some(Header { tag: ITEM_END, .. }) => return Ok(()),
                Some(header) => {
                    self.value(&header, depth)?;
                }
                None => return Err(Problem::Structure { tag: self.last, at: start }),
            }
        }
    }

    fn fragments(&mut self, of: Tag) -> Result<Vec<&'a [u8]>, Problem> {
        let mut fragments = Vec::new();
        loop {
            let start = self.at;
            match self.header()? {
                Some(Header { tag: SEQUENCE_END, .. }) => return Ok(fragments),
                Some(Header { tag: ITEM, length, .. }) if length != UNDEFINED => {
                    fragments.push(self.take(of, length)?);
                }
                None => return Err(Problem::Cut { tag: of, claimed: 8, left: 0 }),
                _ => return Err(Problem::Structure { tag: Some(of), at: start }),
            }
        }
    }
}

/// Kinds whose length has four bytes (PS3.5, 7.1.2).
fn has_long_length(vr: VR) -> bool {
    use VR::{OB, OD, OF, OL, OV, OW, SQ, SV, UC, UN, UR, UT, UV};
    matches!(vr, OB | OD | OF | OL | OV | OW | SQ | SV | UC | UN | UR | UT | UV)
}

/// The kind of an element's value by the dictionary.
fn vr_of(tag: Tag) -> VR {
    let entry = StandardDataDictionary.by_tag(tag);
    entry.map_or(VR::UN, |entry| entry.vr().relaxed())
}

/// An element's name by the dictionary.
pub(crate) fn name(tag: Tag) -> Option<&'static str> {
    StandardDataDictionary.by_tag(tag).map(|entry| entry.alias())
}
