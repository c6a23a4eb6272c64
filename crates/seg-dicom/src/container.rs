//! From a file to its data set: what stands before it, and how it is written.

use std::borrow::Cow;
use std::io::Read;

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use crate::MAX_FILE;
use crate::dataset::{DataSet, Syntax};
use crate::error::Problem;
use crate::transfer::{EXPLICIT_BIG_ENDIAN, Encoding, encoding};

/// A file, its data set not yet read.
pub(crate) struct Container<'a> {
    /// The data set's bytes, inflated.
    pub(crate) body: Cow<'a, [u8]>,
    pub(crate) syntax: Syntax,
    pub(crate) encoding: Encoding,
    /// As the file says; of a file that does not, the one that it was taken for.
    pub(crate) transfer_syntax: String,
    /// Whether the file does not say how it is written.
    pub(crate) guessed: bool,
    /// The object's UID by the file's header.
    pub(crate) instance: Option<String>,
}

/// Whether bytes are the beginning of a DICOM file; 132 are enough.
///
/// A file without the usual preamble is known by its first element, if that is the length of the
/// group 0002 or the character set.
pub fn is_dicom(head: &[u8]) -> bool {
    head.get(128..132) == Some(b"DICM")
        || head.starts_with(b"\x02\0\0\0UL\x04\0")
        || head.starts_with(b"\x08\0\x05\0CS")
        || head.starts_with(b"\x08\0\x05\0\x0a\0\0\0ISO_IR")
}

impl<'a> Container<'a> {
    pub(crate) fn open(content: &'a [u8]) -> Result<Self, Problem> {
        let start = match content.get(128..132) {
            Some(b"DICM") => 132,
            _ => 0,
        };
        let after = content.get(start..).unwrap_or(&[]);
        // A data set without a header begins with the group 0008, a cut file with nothing.
        if start == 0 && !after.starts_with(b"\x02\0") && !after.starts_with(b"\x08\0") {
            return Err(Problem::NotDicom);
        }
        let (meta, length) = DataSet::read_meta(after)?;
        let body = after.get(length..).unwrap_or(&[]);
        let instance = meta.text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID);
        let told = meta.text(tags::TRANSFER_SYNTAX_UID);
        let guessed = told.is_none();
        let has_kinds = body.get(4..6).is_some_and(|vr| {
            VR::from_binary([vr[0], vr[1]]).is_some() // of two bytes, by the range
        });
        let transfer_syntax = told.unwrap_or_else(|| {
            let uid = match has_kinds {
                true => uids::EXPLICIT_VR_LITTLE_ENDIAN,
                false => uids::IMPLICIT_VR_LITTLE_ENDIAN,
            };
            uid.to_owned()
        });
        let encoding = encoding(&transfer_syntax)?;
        let (body, syntax) = match transfer_syntax.as_str() {
            EXPLICIT_BIG_ENDIAN => (Cow::Borrowed(body), Syntax::BIG_ENDIAN),
            uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => {
                (inflate(body, MAX_FILE)?.into(), Syntax::EXPLICIT)
            }
            // Some files say one and are the other; the first element shows it.
            _ if has_kinds => (Cow::Borrowed(body), Syntax::EXPLICIT),
            _ => (Cow::Borrowed(body), Syntax::IMPLICIT),
        };
        Ok(Self { body, syntax, encoding, transfer_syntax, guessed, instance })
    }
}

/// Inflates raw DEFLATE to at most `most` bytes; memory grows with what is there, not with what is claimed.
pub(crate) fn inflate(bytes: &[u8], most: u64) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    let decoder = flate2::read::DeflateDecoder::new(bytes);
    let read = decoder.take(most + 1).read_to_end(&mut out);
    read.map_err(|source| Problem::Deflate { source })?;
    if out.len() as u64 > most {
        return Err(Problem::Inflated { most });
    }
    Ok(out)
}
