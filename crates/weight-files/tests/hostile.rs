//! Files from strangers: broken, lying, or made to hurt. Always an error or values, never more.

#![allow(clippy::unwrap_used)] // on files of our own

mod common;

use common::{Value, archive, array, dict, tensor};
use proptest::prelude::*;
use weight_files::{WeightFile, WeightFileError};

const STATE: &[u8] = include_bytes!("data/state.pt");
const KINDS: &[u8] = include_bytes!("data/kinds.pt");
const SCRIPTED: &[u8] = include_bytes!("data/scripted.pt");
const SAFETENSORS: &[u8] = include_bytes!("data/kinds.safetensors");
const LEGACY: &[u8] = include_bytes!("data/legacy.pt");

/// Opens the bytes as a file and reads all that it says it holds.
fn read_all(bytes: &[u8]) -> Result<usize, WeightFileError> {
    let file = WeightFile::from_bytes(bytes.to_vec(), "file")?;
    let names: Vec<String> = file.names().map(str::to_owned).collect();
    if let Some(unread) = names.iter().find_map(|name| file.check(name).err()) {
        return Err(unread);
    }
    let mut numbers = 0;
    for name in names {
        // A flipped bit may make a value infinite; that is an error of its own.
        numbers += file.read_f32(&name).map_or(0, |values| values.len());
    }
    // Nothing is repeated here beyond what `expand` is allowed.
    assert!(numbers <= bytes.len() + 40 * (1 << 16), "{numbers} numbers of {} bytes", bytes.len());
    Ok(numbers)
}

fn safetensors(header: &str, values: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + values, 0);
    bytes
}

/// How the old format begins: its magic number, its version.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";

/// An archive with NumPy's arrays in its pickle, a list, a tuple and an object.
fn arrays() -> Vec<u8> {
    let object = common::call("m", "New", Vec::new());
    let state = Value::Tuple(vec![Value::None, dict([("t", tensor(0, 3))])]);
    let value = dict([
        ("array", array(&[1.0, -2.5, 300.0])),
        ("list", Value::List(vec![Value::Float(0.5), tensor(0, 2)])),
        ("tuple", Value::Tuple(vec![tensor(1, 1), Value::Int(7)])),
        ("object", Value::Build(object.into(), state.into())),
    ]);
    archive("arrays", &value, &[vec![1.0, 2.0, 3.0], vec![4.0]])
}

/// The error's message, with those of its causes.
fn refusal(bytes: &[u8]) -> String {
    let error = read_all(bytes).unwrap_err();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

#[test]
fn a_file_cut_at_any_length_is_an_error() {
    for whole in [KINDS, SAFETENSORS, LEGACY] {
        assert!(read_all(whole).is_ok());
        for length in 0..whole.len() {
            assert!(read_all(&whole[..length]).is_err(), "{length}");
        }
    }
}

#[test]
fn a_header_that_lies_is_refused() {
    let tensor = |shape: &str, dtype: &str, from: u64, to: u64| {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let one = |entry: String| format!(r#"{{"a":{entry}}}"#);
    let two = |a: String, b: String| format!(r#"{{"a":{a},"b":{b}}}"#);
    for (header, values, message) in [
        (one(tensor("[2]", "F32", 0, 4)), 4, "of shape [2] and kind F32 does not fit its 4 bytes"),
        (one(tensor("[1]", "F32", 0, 8)), 4, "does not fit its 8 bytes"),
        (one(tensor("[1]", "F32", 0, 4)), 8, "end of the file"),
        (one(tensor("[1]", "F32", 4, 8)), 8, "starts or ends at byte 4"),
        (one(tensor("[1]", "F32", 4, 0)), 4, "starts or ends at byte 4"),
        (one(tensor("[4294967296,4294967296,16]", "F32", 0, 4)), 4, "does not fit its 4 bytes"),
        (one(tensor("[4611686018427387904]", "F64", 0, 4)), 4, "does not fit its 4 bytes"),
        (one(tensor("[-1]", "F32", 0, 4)), 4, "invalid value"),
        (one(tensor("[1]", "F8_E4M3", 0, 1)), 1, "holds F8_E4M3"),
        (one(tensor("[1]", "F31", 0, 4)), 4, "unknown variant"),
        (one(tensor("[1]", "F32", u64::MAX - 3, u64::MAX)), 4, "starts or ends"),
        (one(tensor("[3]", "F32", 0, 12)), 4, "incomplete download: 67 of 75 bytes"),
        (two(tensor("[1]", "F32", 0, 4), tensor("[1]", "F32", 0, 4)), 4, "expected 4"),
        (two(tensor("[1]", "F32", 0, 4), tensor("[1]", "F32", 2, 6)), 6, "expected 4"),
        (two(tensor("[1]", "F32", 0, 4), tensor("[1]", "F32", 8, 12)), 12, "expected 4"),
        (r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#.into(), 0, "`a` stands there twice"),
        (r#"{"__metadata__":{"a":1}}"#.into(), 0, "expected a string"),
        ("{".into(), 0, "not valid safetensors JSON"),
        (format!("{{\"a\":{}", "[".repeat(100_000)), 0, "not valid safetensors JSON"),
    ] {
        let text = refusal(&safetensors(&header, values));
        assert!(text.contains(message), "{header:.80}\n{text}");
    }
}

#[test]
fn a_header_longer_than_the_file_is_refused() {
    for (length, message) in [
        (u64::MAX, "at most 2"),
        (1 << 40, "at most 2"),
        (3, "incomplete download: it ends in the middle, after 10 bytes"),
    ] {
        let mut bytes = safetensors("{}", 0);
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        assert!(refusal(&bytes).contains(message), "{length}");
    }
}

#[test]
fn other_files_are_named_as_such() {
    for (bytes, message) in [
        (&b""[..], "the file is empty: "),
        (b"version https://git-lfs.github.com/spec/v1\n", "`git lfs pull`"),
        (b"<!DOCTYPE html><html>", "the file is a web page (HTML): "),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "the file is compressed by gzip: "),
        (b"{\"error\": \"not found\"}", "the file is a text in JSON: "),
        (&[0; 64], "nothing but zeros"),
        (b"\x89PNG\r\n\x1a\n", "the file is a PNG picture"),
        (b"PK", "neither a safetensors file"),
        (b"PK\x03\x04 and no more", "incomplete download: it ends in the middle, after 16 bytes"),
    ] {
        let text = refusal(bytes);
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn an_archive_whose_sizes_lie_is_refused() {
    // Both sizes of every entry in the directory become huge, one after the other.
    let entries: Vec<usize> =
        (0..STATE.len() - 46).filter(|&at| STATE[at..].starts_with(b"PK\x01\x02")).collect();
    assert!(entries.len() > 20);
    for at in entries {
        for (field, value) in [(20, 0xffff_fff0_u32), (24, 0xffff_fff0), (42, 0x7fff_ffff)] {
            let mut bytes = STATE.to_vec();
            bytes[at + field..at + field + 4].copy_from_slice(&value.to_le_bytes());
            assert!(read_all(&bytes).is_err());
        }
    }
}

#[test]
fn a_pickle_whose_shapes_lie_is_refused() {
    // `(K\x06K\x04t` is the shape (6, 4) of no stride; a huge number takes its place.
    let small = [b'K', 6, b'K', 4];
    let at = STATE.windows(4).position(|window| window == small).unwrap();
    let mut bytes = STATE.to_vec();
    bytes[at + 1] = 255;
    let error = read_all(&bytes).unwrap_err().to_string();
    assert!(error.contains("reaches beyond its storage"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn flipped_bytes_are_an_error_or_values(
        which in 0_usize..5,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = [STATE, KINDS, SCRIPTED, SAFETENSORS, LEGACY][which].to_vec();
        for (at, value) in flips {
            *at.get_mut::<u8>(&mut bytes) = value;
        }
        let _ = read_all(&bytes);
    }

    #[test]
    fn flipped_bytes_of_the_structure_are_an_error_or_values(
        which in 0_usize..5,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = [STATE.to_vec(), KINDS.to_vec(), SAFETENSORS.to_vec(), LEGACY.to_vec(), arrays()][which].clone();
        let length = 1500.min(bytes.len()); // the pickle, or the JSON
        for (at, value) in flips {
            *at.get_mut::<u8>(&mut bytes[..length]) = value;
        }
        let _ = read_all(&bytes);
    }

    #[test]
    fn any_bytes_are_an_error(head in 0_usize..5, rest in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = [&b""[..], b"PK\x03\x04", b"\x10\0\0\0\0\0\0\0{", b"\x80\x02", MAGIC][head].to_vec();
        bytes.extend(rest);
        prop_assert!(read_all(&bytes).is_err());
    }
}
