#!/usr/bin/env bash
# openjp2, the port of OpenJPEG to Rust that jpeg2k and dicom-rs decode JPEG 2000 with, hands null pointers to std::alloc::dealloc while it tidies up
# after a valid picture: for code blocks whose values were never kept on their own. In C free(NULL) is fine, in Rust dealloc's pointer must be one
# that the allocator gave. Stable Rust 1.95 does not look; a newer standard library checks it where debug assertions are on, and then every
# decoded picture ends the process with an abort that no catch_unwind stops. Without the checks it is undefined behaviour that happens to work.
#
# The script encodes a picture of 64 x 64 pixels with Pillow and decodes it with jpeg2k, once with stable Rust and once with nightly, both with debug
# assertions: stable answers 64 x 64, nightly aborts ("NonNull::new_unchecked requires that the pointer is non-null").
#
# Seen with openjp2 0.6.1, jpeg2k 0.10.1, Pillow 13.0.0, on 1.97.0-nightly (2026-05-19). Needs the toolchains 1.95 and nightly.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0
venv/bin/python -c '
from PIL import Image
Image.linear_gradient("L").resize((64, 64)).save("a.j2k", irreversible=False)
assert Image.open("a.j2k").size == (64, 64)'
cargo init --quiet --name decode --vcs none
cargo add --quiet jpeg2k@=0.10.1 --no-default-features --features openjp2
cargo add --quiet openjp2@=0.6.1
cat >src/main.rs <<'RS'
fn main() {
    let image = jpeg2k::Image::from_bytes(&std::fs::read("a.j2k").unwrap()).unwrap();
    println!("{} x {}", image.width(), image.height());
}
RS
stable=$(cargo +1.95.0 run --quiet 2>&1) || { echo "stable fails too: $stable"; exit 1; }
echo "stable 1.95: $stable"
[ "$stable" = "64 x 64" ]
if nightly=$(RUST_BACKTRACE=0 cargo +nightly run --quiet 2>&1); then
    echo "nightly: $nightly: no longer so"
    exit 1
fi
rustc +nightly --version
grep -m1 "unsafe precondition" <<<"$nightly"
