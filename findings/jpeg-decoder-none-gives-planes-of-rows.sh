#!/usr/bin/env bash
# Rust's jpeg-decoder has a ColorTransform `None`: "No transform should be applied and the data is returned as-is". One expects what `RGB` gives,
# which does not transform either: three values side by side for each pixel, as the decoder's PixelFormat (RGB24) says. `None` gives the three
# planes of each row one after the other, with no word of it, and the format is still RGB24.
#
# The script decodes one valid JPEG of 16 x 8 pixels, then one of 12 x 8 pixels, of one colour that stands for (200, 100, 50) without a
# transform, and prints the first pixels under both: [200, 100, 50] with RGB, [200, 200, 200] with None.
#
# Seen with jpeg-decoder 0.3.2, encoded by jpeg-encoder 0.7.1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cargo init --quiet --name planes --vcs none
cargo add --quiet jpeg-decoder@=0.3.2
cargo add --quiet jpeg-encoder@=0.7.1 --no-default-features --features std
cat >src/main.rs <<'RS'
use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType};

/// Three channels that are stored as they are; to the decoder nothing but its transform says what they mean.
struct Plain(u16, u16);

impl ImageBuffer for Plain {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }
    fn width(&self) -> u16 {
        self.0
    }
    fn height(&self) -> u16 {
        self.1
    }
    fn fill_buffers(&self, _: u16, buffers: &mut [Vec<u8>; 4]) {
        for (buffer, value) in buffers.iter_mut().zip([200, 100, 50]) {
            buffer.extend(vec![value; usize::from(self.0)]);
        }
    }
}

fn main() {
    let mut surprises = 0;
    for (width, height) in [(16, 8), (12, 8)] {
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, 100);
        encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_1_1);
        encoder.encode_image(Plain(width, height)).unwrap();
        for transform in [ColorTransform::RGB, ColorTransform::None] {
            let mut decoder = Decoder::new(jpeg.as_slice());
            decoder.set_color_transform(transform);
            let pixels = decoder.decode().unwrap();
            let info = decoder.info().unwrap();
            let values = [200u8, 100, 50].map(|value| pixels.iter().filter(|v| v.abs_diff(value) < 3).count());
            println!(
                "{width} x {height}, {transform:?}: {:?}, first pixel {:?}, values of each plane {values:?}",
                info.pixel_format,
                &pixels[..3],
            );
            let near = |value: u8, other: u8| value.abs_diff(other) < 3;
            let side_by_side = near(pixels[0], 200) && near(pixels[1], 100) && near(pixels[2], 50);
            let plane_first = pixels[..3].iter().all(|value| near(*value, 200));
            assert_eq!(info.pixel_format, PixelFormat::RGB24);
            assert!(transform != ColorTransform::RGB || side_by_side);
            surprises += usize::from(transform == ColorTransform::None && plane_first);
        }
    }
    assert_eq!(surprises, 2, "None gives pixels as RGB does by now");
}
RS
cargo run --quiet --release
