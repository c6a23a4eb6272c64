//! What the tests share: DICOM files that dicom-rs writes.

#![allow(clippy::unwrap_used, dead_code)] // helpers of tests; not every file needs all of them

use dicom_core::value::{DataSetSequence, PixelFragmentSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;
use seg_dicom::{DicomOptions, DicomPicture, decode_dicom};

pub const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
pub const RUN_LENGTH: &str = "1.2.840.10008.1.2.5";
pub const JPEG: &str = "1.2.840.10008.1.2.4.50";

/// A computed radiograph of `columns` x `rows` pixels that `add` completes.
pub struct File(pub InMemDicomObject);

impl File {
    pub fn new(columns: u16, rows: u16) -> Self {
        let mut file = Self(InMemDicomObject::new_empty());
        for (tag, vr, text) in [
            (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
            (tags::SOP_CLASS_UID, VR::UI, uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE),
            (tags::SOP_INSTANCE_UID, VR::UI, "2.25.1001"),
            (tags::STUDY_INSTANCE_UID, VR::UI, "2.25.1002"),
            (tags::SERIES_INSTANCE_UID, VR::UI, "2.25.1003"),
            (tags::STUDY_DATE, VR::DA, "20260101"),
            (tags::MODALITY, VR::CS, "CR"),
            (tags::PATIENT_NAME, VR::PN, "Synthetic^M\u{fc}ller"),
            (tags::PATIENT_ID, VR::LO, "SYN"),
            (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        ] {
            file.text(tag, vr, text);
        }
        file.words(tags::ROWS, &[rows]);
        file.words(tags::COLUMNS, &[columns]);
        file.words(tags::SAMPLES_PER_PIXEL, &[1]);
        file.words(tags::PIXEL_REPRESENTATION, &[0]);
        file.bits(16, 12);
        file
    }

    pub fn put(&mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> &mut Self {
        self.0.put(DataElement::new(tag, vr, value));
        self
    }

    pub fn text(&mut self, tag: Tag, vr: VR, text: &str) -> &mut Self {
        self.put(tag, vr, PrimitiveValue::from(text))
    }

    pub fn words(&mut self, tag: Tag, words: &[u16]) -> &mut Self {
        self.put(tag, VR::US, self::words(words))
    }

    pub fn bits(&mut self, allocated: u16, stored: u16) -> &mut Self {
        self.words(tags::BITS_ALLOCATED, &[allocated]);
        self.words(tags::BITS_STORED, &[stored]).words(tags::HIGH_BIT, &[stored - 1])
    }

    pub fn colour(&mut self, photometric: &str) -> &mut Self {
        self.text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
        self.words(tags::SAMPLES_PER_PIXEL, &[3]).words(tags::PLANAR_CONFIGURATION, &[0]).bits(8, 8)
    }

    pub fn window(&mut self, centre: &str, width: &str) -> &mut Self {
        self.text(tags::WINDOW_CENTER, VR::DS, centre).text(tags::WINDOW_WIDTH, VR::DS, width)
    }

    pub fn frames(&mut self, count: u32) -> &mut Self {
        self.text(tags::NUMBER_OF_FRAMES, VR::IS, &count.to_string())
    }

    pub fn items(&mut self, tag: Tag, items: Vec<InMemDicomObject>) -> &mut Self {
        self.0.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    pub fn pixels(&mut self, words: &[u16]) -> &mut Self {
        self.put(tags::PIXEL_DATA, VR::OW, self::words(words))
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.put(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bytes.into()))
    }

    pub fn fragments(&mut self, table: Vec<u32>, fragments: Vec<Vec<u8>>) -> &mut Self {
        let fragments = PixelFragmentSequence::new(table, fragments);
        self.0.put(DataElement::new(tags::PIXEL_DATA, VR::OB, fragments));
        self
    }

    /// The file in a transfer syntax.
    pub fn write(&self, transfer_syntax: &str) -> Vec<u8> {
        let meta = FileMetaTableBuilder::new().transfer_syntax(transfer_syntax);
        let mut bytes = Vec::new();
        self.0.clone().with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
        bytes
    }

    pub fn explicit(&self) -> Vec<u8> {
        self.write(uids::EXPLICIT_VR_LITTLE_ENDIAN)
    }

    /// The first channel of what is read, in Explicit VR Little Endian.
    pub fn levels(&self) -> Vec<u8> {
        levels(&self.explicit())
    }
}

pub fn words(words: &[u16]) -> PrimitiveValue {
    PrimitiveValue::U16(words.into())
}

/// An item of a sequence.
pub fn item(elements: &[(Tag, VR, PrimitiveValue)]) -> InMemDicomObject {
    let elements = elements.iter().map(|(t, vr, v)| DataElement::new(*t, *vr, v.clone()));
    InMemDicomObject::from_element_iter(elements)
}

/// An item with a sequence of one item.
pub fn group(tag: Tag, inner: InMemDicomObject) -> InMemDicomObject {
    InMemDicomObject::from_element_iter([DataElement::new(
        tag,
        VR::SQ,
        DataSetSequence::from(vec![inner]),
    )])
}

pub fn read(bytes: &[u8]) -> DicomPicture {
    read_with(bytes, &DicomOptions::default())
}

pub fn read_with(bytes: &[u8], options: &DicomOptions) -> DicomPicture {
    decode_dicom(bytes, "x.dcm", options).unwrap_or_else(|error| panic!("{error}"))
}

pub fn refused(bytes: &[u8]) -> String {
    decode_dicom(bytes, "x.dcm", &DicomOptions::default()).unwrap_err().to_string()
}

pub fn levels(bytes: &[u8]) -> Vec<u8> {
    read(bytes).image.pixels().map(|pixel| pixel[0]).collect()
}

pub fn colours(bytes: &[u8]) -> Vec<[u8; 3]> {
    read(bytes).image.pixels().map(|pixel| pixel.0).collect()
}

/// A plane of bytes, packed: runs of equal bytes, others one by one.
pub fn packed(plane: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = plane;
    while let Some(first) = rest.first() {
        let run = rest.iter().take(128).take_while(|byte| *byte == first).count();
        match run {
            1 => out.extend([0, *first]),
            _ => out.extend([(1 - run as i32) as i8 as u8, *first]),
        }
        rest = &rest[run..];
    }
    if out.len() % 2 == 1 {
        out.push(0x80); // no operation
    }
    out
}

/// RLE Lossless of planes.
pub fn run_length(planes: &[Vec<u8>]) -> Vec<u8> {
    let packed = planes.iter().map(|plane| packed(plane)).collect::<Vec<_>>();
    let (mut numbers, mut at) = (vec![planes.len() as u32], 64);
    for plane in &packed {
        numbers.push(at);
        at += plane.len() as u32;
    }
    numbers.resize(16, 0);
    let mut out = numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
    packed.iter().for_each(|plane| out.extend(plane));
    out
}
