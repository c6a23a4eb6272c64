//! The name of a file when it was saved is inside its archive; no name makes it unreadable.

#![allow(clippy::unwrap_used)] // on files of our own

mod common;

use common::{archive, dict, tensor};
use weight_files::WeightFile;

/// With 21 characters the first entry of the directory is 76 bytes long, as are the 64-bit end record and
/// its locator.
#[test]
fn an_archive_is_read_whatever_its_name_was() {
    for length in 1..=100 {
        let stem = "n".repeat(length);
        let value = dict([("x", tensor(0, 2)), ("y", tensor(1, 1))]);
        let bytes = archive(&stem, &value, &[vec![1.0, -2.0], vec![0.5]]);
        let file = WeightFile::from_bytes(bytes, "a.pth")
            .unwrap_or_else(|error| panic!("{length} characters: {error}"));
        assert_eq!(file.read_f32("x").unwrap(), [1.0, -2.0], "{length}");
        assert_eq!(file.read_f32("y").unwrap(), [0.5], "{length}");
    }
}
