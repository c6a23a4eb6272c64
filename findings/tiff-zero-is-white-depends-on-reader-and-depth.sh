#!/usr/bin/env bash
# A TIFF mask that says "0 is white" (PhotometricInterpretation 0) is itself in one reader and its negative in the next, and in two of them
# that depends on the bit depth.
#
# The tag is about display. tifffile, scikit-image and imageio give the stored numbers at every depth. Pillow and OpenCV invert 1 and 8 bits
# and do not invert 16. Rust's `image` (with `tiff`) inverts all. SimpleITK gives the stored numbers at 8 and 16 bits, and at 1 bit a picture
# of four channels. So a pipeline that reads masks with Pillow and one that reads them with scikit-image train on opposite masks of the same
# 8-bit file, and agree on the 16-bit one.
#
# Seen with tifffile 2026.3.3, Pillow 13.0.0, opencv-python-headless 5.0.0.93, scikit-image 0.26.0, imageio 2.38.1, SimpleITK 2.5.7, image 0.25.10
# with tiff 0.11.3; the compression (none, deflate, LZW, PackBits) makes no difference.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet tifffile==2026.3.3 pillow==13.0.0 opencv-python-headless==5.0.0.93 scikit-image==0.26.0 \
    imageio==2.38.1 SimpleITK==2.5.7 numpy==2.4.6 imagecodecs==2026.3.6
cat >readers.py <<'PY'
import sys, warnings
import cv2, imageio.v3, numpy, SimpleITK, skimage.io, tifffile
from PIL import Image

warnings.simplefilter("ignore")
mask = numpy.zeros((64, 96), bool)
mask[20:40, 10:50] = True  # 13.02 % of the picture
for bits, kind in ((1, bool), (8, numpy.uint8), (16, numpy.uint16)):
    values = mask if bits == 1 else mask.astype(kind) * numpy.iinfo(kind).max
    tifffile.imwrite(f"{bits}.tif", values, photometric="miniswhite")
readers = {
    "tifffile": tifffile.imread,
    "scikit-image": skimage.io.imread,
    "imageio": imageio.v3.imread,
    "Pillow": lambda file: numpy.asarray(Image.open(file)),
    "OpenCV": lambda file: cv2.imread(file, cv2.IMREAD_UNCHANGED),
    "SimpleITK": lambda file: SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(file)),
}
for name, read in readers.items():
    found = []
    for bits in (1, 8, 16):
        values = read(f"{bits}.tif")
        if values.shape != mask.shape:
            found.append(f"{values.shape[2:]} channels")
        else:
            found.append("stored" if numpy.array_equal(values > 0, mask) else
                         "inverted" if numpy.array_equal(values > 0, ~mask) else "neither")
    print(f"{name}: {', '.join(found)}")
PY
venv/bin/python readers.py | tee seen
mkdir -p src
cat >Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2024"
[dependencies]
image = { version = "=0.25.10", default-features = false, features = ["tiff"] }
tiff = "=0.11.3"
TOML
cat >src/main.rs <<'RS'
fn main() {
    let found = [1, 8, 16].map(|bits| {
        let grey = image::open(format!("{bits}.tif")).unwrap().to_luma16();
        // Inside the mask, and in a corner.
        match (grey.get_pixel(30, 30)[0] > 0, grey.get_pixel(0, 0)[0] > 0) {
            (true, false) => "stored",
            (false, true) => "inverted",
            _ => "neither",
        }
    });
    println!("image (Rust): {}", found.join(", "));
}
RS
cargo run --quiet | tee -a seen
diff seen - <<'SEEN'
tifffile: stored, stored, stored
scikit-image: stored, stored, stored
imageio: stored, stored, stored
Pillow: inverted, inverted, stored
OpenCV: inverted, inverted, stored
SimpleITK: (4,) channels, stored, stored
image (Rust): inverted, inverted, inverted
SEEN
echo "as seen before (1, 8 and 16 bits)"
