#!/usr/bin/env bash
# dicom-rs takes a compressed frame for an attack if it has 16 MiB or more decoded and is packed better than 32 to 1 (RLE) or 64 to 1 (JPEG, JPEG
# 2000). A valid mammogram, or any large picture that is mostly background, can be: RLE alone packs up to 64 to 1. The message says that no
# memory could be had ("Could not allocate"), and nothing lets a caller raise the limit.
#
# The script makes black 16-bit pictures of 2800 x 2800 and 3000 x 3000 pixels with pydicom, in RLE Lossless, and decodes both with pydicom
# and with dicom-rs: the smaller one is read by both, the larger one by pydicom alone.
#
# Seen with dicom-pixeldata 0.10.1 (dicom-transfer-syntax-registry 0.10.1), pydicom 3.0.2.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pydicom==3.0.2 numpy==2.4.6
cat >make.py <<'PY'
import numpy
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, generate_uid
from pydicom import dcmread

for side in (2800, 3000):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = generate_uid(), ExplicitVRLittleEndian
    image = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.Rows = image.Columns = side
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 0
    image.PixelData = bytes(2 * side * side)
    image.compress(RLELossless)
    image.save_as(f"{side}.dcm", enforce_file_format=True)
    assert not dcmread(f"{side}.dcm").pixel_array.any()
    print(f"{side} x {side}: {len(image.PixelData)} bytes for {2 * side * side}, read by pydicom")
PY
venv/bin/python make.py
cargo init --quiet --name decode --vcs none
cargo add --quiet dicom-object@=0.10.1 --no-default-features
cargo add --quiet dicom-pixeldata@=0.10.1 --no-default-features --features native
cat >src/main.rs <<'RS'
use dicom_pixeldata::PixelDecoder;

fn main() {
    let read = |side: u32| {
        let file = dicom_object::open_file(format!("{side}.dcm")).unwrap();
        let found = file.decode_pixel_data_frame(0).map(|pixels| pixels.data().len());
        let found = found.map_err(|error| {
            let (mut text, mut cause) = (error.to_string(), std::error::Error::source(&error));
            while let Some(inner) = cause {
                text = format!("{text}: {inner}");
                cause = inner.source();
            }
            text
        });
        println!("dicom-rs, {side} x {side}: {found:?}");
        found.is_ok()
    };
    assert_eq!([read(2800), read(3000)], [true, false], "both are read by now, or neither");
}
RS
cargo run --quiet --release
