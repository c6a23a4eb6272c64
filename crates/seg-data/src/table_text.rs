//! The text of a table's file, whatever program saved it.

use std::path::Path;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8};

use crate::case::Origin;
use crate::error::DataError;
use crate::note::{NoteKind, Notes};

/// Bytes of a table; the largest published one has under 1 MiB.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

/// The bytes of a table's file, of a bearable size.
pub(crate) fn read_bytes(file: &Path) -> Result<Vec<u8>, DataError> {
    let io = |source| DataError::Read { file: file.to_owned(), source };
    if std::fs::metadata(file).map_err(io)?.len() > MAX_BYTES {
        let (file, what) = (file.to_owned(), "its size in bytes");
        return Err(DataError::TooLarge { file, what, limit: MAX_BYTES as usize });
    }
    std::fs::read(file).map_err(io)
}

/// Bytes as text: UTF-8, with or without its mark, or UTF-16 with one. The mark is left out.
pub(crate) fn decode(
    file: &Arc<Path>,
    bytes: &[u8],
    notes: &mut Notes,
) -> Result<String, DataError> {
    if let Some((what, instead)) = impostor(bytes) {
        return Err(DataError::NoTableFile { file: file.to_path_buf(), what, instead });
    }
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    let bytes = bytes.get(mark..).unwrap_or_default();
    if encoding == UTF_8 {
        let text = std::str::from_utf8(bytes).map_err(|error| latin(file, bytes, error))?;
        return match text.find('\0') {
            Some(at) => {
                Err(encoding_error(file, text.as_bytes(), at, "holds a zero byte".to_owned()))
            }
            None => Ok(text.to_owned()),
        };
    }
    notes.add(NoteKind::Utf16, || file.display().to_string());
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    // An odd byte at the end, or half a pair: cut off while it was copied.
    text.map(std::borrow::Cow::into_owned)
        .filter(|text| !text.contains('\0'))
        .ok_or_else(|| encoding_error(file, &[], 0, format!("is not whole {}", encoding.name())))
}

/// Files that are saved under a table's name and are none.
fn impostor(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let start = bytes.trim_ascii_start();
    let head = start.get(..start.len().min(16)).unwrap_or_default().to_ascii_lowercase();
    if start.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Some(("a Git LFS pointer, not the file itself", "fetch it with `git lfs pull`"));
    }
    if [&b"<!doctype html"[..], b"<html"].iter().any(|page| head.starts_with(page)) {
        return Some(("a web page, not a table", "download the file itself"));
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Some(("an old Excel workbook (.xls)", "save it as .xlsx or as CSV UTF-8"));
    }
    if bytes.starts_with(b"%PDF") {
        return Some(("a PDF document", "save the table as CSV UTF-8"));
    }
    None
}

/// Text that is in the encoding of one country.
fn latin(file: &Arc<Path>, bytes: &[u8], error: std::str::Utf8Error) -> DataError {
    /// Characters shown before the one that is meant.
    const SHOWN: usize = 12;
    let at = error.valid_up_to();
    let before = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default());
    let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    let from = line.char_indices().rev().nth(SHOWN - 1).map_or(0, |(place, _)| place);
    let byte = bytes.get(at).copied().unwrap_or_default();
    let found = format!("byte 0x{byte:02x} after `{}` is not UTF-8", &line[from..]);
    encoding_error(file, bytes, at, found)
}

fn encoding_error(file: &Arc<Path>, bytes: &[u8], at: usize, found: String) -> DataError {
    let before = bytes.get(..at).unwrap_or_default();
    let row = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    DataError::Encoding { origin: Origin { table: file.clone(), row }, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, String> {
        let file = Arc::from(Path::new("t.csv"));
        decode(&file, bytes, &mut Notes::default()).map_err(|error| error.to_string())
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    #[test]
    fn marks_are_read_and_left_out() {
        assert_eq!(read("\u{feff}Läsion".as_bytes()).unwrap(), "Läsion");
        assert_eq!(read(&utf16("Läsion", u16::to_le_bytes)).unwrap(), "Läsion");
        assert_eq!(read(&utf16("肺", u16::to_be_bytes)).unwrap(), "肺");
    }

    #[test]
    fn what_is_no_such_text_is_named_with_its_row() {
        let save = "save the table as CSV UTF-8";
        let cases: [(&[u8], String); 5] = [
            (
                b"a,b\nx,L\xe9sion",
                format!("t.csv, row 2: byte 0xe9 after `x,L` is not UTF-8; {save}"),
            ),
            (b"\x93quoted\x94", format!("t.csv, row 1: byte 0x93 after `` is not UTF-8; {save}")),
            (b"a\0,\0b\0", format!("t.csv, row 1: holds a zero byte; {save}")),
            (b"\xff\xfea\0b", format!("t.csv, row 1: is not whole UTF-16LE; {save}")),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "t.csv: a Git LFS pointer, not the file itself: fetch it with `git lfs pull`"
                    .to_owned(),
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes).unwrap_err(), expected);
        }
        assert!(read(b"\n <HTML>").unwrap_err().contains("a web page"));
    }
}
