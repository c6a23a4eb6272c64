#![no_main]
//! DICOM files, each frame that the first byte chooses.

use libfuzzer_sys::fuzz_target;
use seg_dicom::{DicomOptions, decode_dicom};

fuzz_target!(|data: &[u8]| {
    let Some((frame, file)) = data.split_first() else { return };
    let options = DicomOptions { frame: u32::from(*frame), ..DicomOptions::default() };
    let _ = decode_dicom(file, "fuzz", &options);
});
