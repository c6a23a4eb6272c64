//! Image files to pixels of eight bits.
//!
//! The format is judged by content. EXIF orientation is applied, alpha is dropped (not composited),
//! 16 bits become 8 by `round(v / 257)`, palettes are expanded, grey is repeated to three channels,
//! gamma and colour profiles are ignored. The first page of a TIFF is read, and its polarity
//! (`WhiteIsZero`) is honoured. A DICOM file is read as its own attributes say, whatever the options.

use std::io::{BufRead, Cursor, Read, Seek};
use std::path::Path;

use file_kind::FileKind;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use serde::{Deserialize, Serialize};

use crate::error::ImageError;
use crate::jpeg::has_end;
use crate::note::FileNote;
use crate::tiff_tags::TiffTags;

/// The largest number of pixels that a picture may have.
pub const MAX_PIXELS: u64 = 64_000_000;
/// The most memory that a decoded picture may take, and that its decoder may take in addition.
pub const MAX_BYTES: u64 = 512 << 20;

/// How a picture is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PictureOptions {
    /// How many bits of a 16-bit picture are used, 9 to 16: a detector's 12 bits stored in 16 would
    /// else be seen as 17 levels of black. `None` takes all 16.
    pub bits: Option<u8>,
    /// Leaves a picture as it is stored, whatever its EXIF tag says of its orientation.
    pub ignore_orientation: bool,
}

/// A picture, and what is worth telling about its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The pixels.
    pub image: RgbImage,
    /// What was decided while reading it.
    pub notes: Vec<FileNote>,
}

/// Reads a picture from a file as RGB.
///
/// # Errors
///
/// If the file cannot be read, is not a picture, is broken or cut, or is larger than [`MAX_PIXELS`]
/// or [`MAX_BYTES`].
pub fn read_rgb(file: impl AsRef<Path>) -> Result<RgbImage, ImageError> {
    Ok(read_picture(file, PictureOptions::default())?.image)
}

/// Decodes a picture from a file's content as RGB; errors call it `name`.
///
/// # Errors
///
/// As [`read_rgb`].
pub fn decode_rgb(content: &[u8], name: impl AsRef<Path>) -> Result<RgbImage, ImageError> {
    Ok(decode_picture(content, name, PictureOptions::default())?.image)
}

/// Reads a picture from a file as RGB, and what was decided while reading it.
///
/// # Errors
///
/// As [`read_rgb`], and if a value is beyond the bits that the options give.
pub fn read_picture(
    file: impl AsRef<Path>,
    options: PictureOptions,
) -> Result<Picture, ImageError> {
    let file = file.as_ref();
    decode_picture(&read(file)?, file, options)
}

/// Decodes a picture from a file's content, and what was decided while reading it; errors call it
/// `name`.
///
/// # Errors
///
/// As [`read_picture`].
pub fn decode_picture(
    content: &[u8],
    name: impl AsRef<Path>,
    options: PictureOptions,
) -> Result<Picture, ImageError> {
    let name = name.as_ref();
    #[cfg(feature = "dicom")]
    if crate::dicom::is_dicom(content, name) {
        return crate::dicom::decode(content, name);
    }
    let decoded = decode(content, name)?;
    let mut notes = Vec::new();
    notes.extend((decoded.pages > 1).then_some(FileNote::Pages));
    let mut image = decoded.image;
    if !options.ignore_orientation && decoded.orientation != Orientation::NoTransforms {
        image.apply_orientation(decoded.orientation);
        notes.push(FileNote::Turned);
    }
    let largest = largest_of_sixteen(&image);
    if let Some(largest) = largest {
        check_bits(largest, options.bits, name)?;
        notes.extend(few_bits(largest, options.bits));
    }
    let image = eight_bits(image, top_of(options.bits));
    Ok(Picture { image, notes })
}

/// Whether a largest value of 16 bits lies within the bits that are said to be used.
pub(crate) fn check_bits(largest: u16, bits: Option<u8>, name: &Path) -> Result<(), ImageError> {
    match bits {
        Some(bits) if bits < 16 && largest >> bits > 0 => {
            Err(ImageError::Bits { file: name.to_owned(), bits, largest })
        }
        _ => Ok(()),
    }
}

/// What is to be told of a largest value of 16 bits, where nothing is said of the bits.
pub(crate) fn few_bits(largest: u16, bits: Option<u8>) -> Option<FileNote> {
    let needed = (16 - largest.leading_zeros()) as u8;
    (bits.is_none() && largest > 0 && needed < 16).then_some(FileNote::FewBits { bits: needed })
}

/// The value of 16-bit pictures that becomes 255.
pub(crate) fn top_of(bits: Option<u8>) -> u32 {
    (1u32 << bits.map_or(16, |bits| bits.min(16))) - 1
}

/// A picture in 8 bits and three channels; of 16 bits `top` becomes 255.
pub(crate) fn eight_bits(image: DynamicImage, top: u32) -> RgbImage {
    let top = top.max(1);
    let eight = |value: u16| ((u32::from(value) * 255 + top / 2) / top) as u8;
    match image {
        DynamicImage::ImageRgb8(image) => image,
        DynamicImage::ImageRgb16(image) => rgb(&image, |p| p.0.map(eight)),
        DynamicImage::ImageRgba16(image) => rgb(&image, |p| [p[0], p[1], p[2]].map(eight)),
        DynamicImage::ImageLuma16(image) => rgb(&image, |p| [eight(p[0]); 3]),
        DynamicImage::ImageLumaA16(image) => rgb(&image, |p| [eight(p[0]); 3]),
        DynamicImage::ImageRgba8(image) => rgb(&image, |p| [p[0], p[1], p[2]]),
        DynamicImage::ImageLuma8(image) => rgb(&image, |p| [p[0]; 3]),
        DynamicImage::ImageLumaA8(image) => rgb(&image, |p| [p[0]; 3]),
        other => other.to_rgb8(),
    }
}

/// The largest value of a picture of 16 bits, alpha left out; `None` for any other.
pub(crate) fn largest_of_sixteen(image: &DynamicImage) -> Option<u16> {
    match image {
        DynamicImage::ImageLuma16(image) => image.as_raw().iter().copied().max(),
        DynamicImage::ImageRgb16(image) => image.as_raw().iter().copied().max(),
        DynamicImage::ImageLumaA16(image) => image.pixels().map(|p| p[0]).max(),
        DynamicImage::ImageRgba16(image) => image.pixels().map(|p| p[0].max(p[1]).max(p[2])).max(),
        _ => None,
    }
}

pub(crate) fn read(file: &Path) -> Result<Vec<u8>, ImageError> {
    std::fs::read(file).map_err(|source| ImageError::Read { file: file.to_owned(), source })
}

/// A picture as it is stored.
pub(crate) struct Decoded {
    pub(crate) image: DynamicImage,
    pub(crate) format: ImageFormat,
    /// How EXIF says that it is to be turned; nothing was done.
    pub(crate) orientation: Orientation,
    /// Pages of a TIFF or frames of a PNG, of which this is the first; 1 for other formats.
    pub(crate) pages: usize,
    /// A TIFF that stores white as 0; its values are inverted here, so that white is the largest.
    pub(crate) white_is_zero: bool,
}

pub(crate) fn decode(content: &[u8], name: &Path) -> Result<Decoded, ImageError> {
    if content.starts_with(b"\xff\xd8\xff") && !has_end(content) {
        return Err(ImageError::Cut { file: name.to_owned(), bytes: content.len() });
    }
    let Header { decoder, format, orientation, tags } = Header::read(Cursor::new(content), name)?;
    let ((width, height), bytes) = (decoder.dimensions(), decoder.total_bytes());
    if u64::from(width) * u64::from(height) > MAX_PIXELS || bytes > MAX_BYTES {
        return Err(ImageError::TooLarge { file: name.to_owned(), width, height, bytes });
    }
    let image = DynamicImage::from_decoder(decoder)
        .map_err(|source| ImageError::Decode { file: name.to_owned(), source })?;
    let pages = if format == ImageFormat::Png { frames(content) } else { tags.pages.max(1) };
    let white_is_zero = tags.white_is_zero;
    Ok(Decoded { image, format, orientation, pages, white_is_zero })
}

/// The frames of a PNG; 1 if it does not move.
fn frames(png: &[u8]) -> usize {
    let info = png::Decoder::new(Cursor::new(png)).read_info();
    let animation = info.ok().and_then(|reader| reader.info().animation_control);
    animation.map_or(1, |animation| animation.num_frames.max(1) as usize)
}

/// A file that is a picture of a kind that is read; its pixels are not decoded.
pub(crate) struct Header<D> {
    pub(crate) decoder: D,
    pub(crate) format: ImageFormat,
    /// How EXIF says that it is to be turned.
    pub(crate) orientation: Orientation,
    /// The defaults for formats other than TIFF.
    pub(crate) tags: TiffTags,
}

impl Header<()> {
    pub(crate) fn read<'a, R: BufRead + Seek + 'a>(
        content: R,
        name: &'a Path,
    ) -> Result<Header<impl ImageDecoder + 'a>, ImageError> {
        let unread = |source| ImageError::Read { file: name.to_owned(), source };
        let broken = |source| ImageError::Decode { file: name.to_owned(), source };
        let reader = ImageReader::new(content).with_guessed_format().map_err(unread)?;
        let guess = reader.format();
        let mut content = reader.into_inner();
        content.rewind().map_err(unread)?;
        let mut head = Vec::new();
        content.by_ref().take(FileKind::HEAD as u64).read_to_end(&mut head).map_err(unread)?;
        // BigTIFF has a version of its own, which the guess does not know.
        let big = head.starts_with(b"II\x2b\0") || head.starts_with(b"MM\0\x2b");
        let guess = if big { Some(ImageFormat::Tiff) } else { guess };
        let read = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff, ImageFormat::Bmp];
        let Some(format) = guess.filter(|format| read.contains(format)) else {
            return Err(ImageError::Format { file: name.to_owned(), kind: FileKind::of(&head) });
        };
        content.rewind().map_err(unread)?;
        let tags = match format {
            ImageFormat::Tiff => TiffTags::read(&mut content),
            _ => TiffTags::default(),
        };
        if let Some(what) = tags.unsupported() {
            return Err(ImageError::Unsupported { file: name.to_owned(), what });
        }
        content.rewind().map_err(unread)?;
        let mut reader = ImageReader::with_format(content, format);
        let mut limits = Limits::default();
        limits.max_alloc = Some(MAX_BYTES);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(broken)?;
        // Broken metadata do not make the pixels unreadable.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        Ok(Header { decoder, format, orientation, tags })
    }
}

fn rgb<P: image::Pixel>(
    image: &image::ImageBuffer<P, Vec<P::Subpixel>>,
    convert: impl Fn(&P) -> [u8; 3],
) -> RgbImage {
    let mut out = RgbImage::new(image.width(), image.height());
    for (to, from) in out.pixels_mut().zip(image.pixels()) {
        to.0 = convert(from);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sixteen(values: &[u16]) -> Vec<u8> {
        let image = image::ImageBuffer::from_raw(values.len() as u32, 1, values.to_vec());
        let mut png = Cursor::new(Vec::new());
        DynamicImage::ImageLuma16(image.unwrap()).write_to(&mut png, ImageFormat::Png).unwrap();
        png.into_inner()
    }

    fn levels(picture: &Picture) -> Vec<u8> {
        picture.image.pixels().map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn sixteen_bits_become_eight_by_rounding() {
        let png = sixteen(&[0, 128, 129, 32767, 65535]);
        let picture = decode_picture(&png, "x.png", PictureOptions::default()).unwrap();
        assert_eq!((levels(&picture), picture.notes), (vec![0, 0, 1, 127, 255], vec![]));
    }

    #[test]
    fn twelve_bits_in_sixteen_are_told_and_can_be_said() {
        let png = sixteen(&[0, 2048, 4080]);
        let picture = decode_picture(&png, "x.png", PictureOptions::default()).unwrap();
        assert_eq!(levels(&picture), [0, 8, 16]);
        assert_eq!(picture.notes, [FileNote::FewBits { bits: 12 }]);
        let read = |bits| {
            let options = PictureOptions { bits: Some(bits), ..PictureOptions::default() };
            decode_picture(&png, "x.png", options)
        };
        let picture = read(12).unwrap();
        assert_eq!((levels(&picture), picture.notes), (vec![0, 128, 254], vec![]));
        let message = read(10).unwrap_err().to_string();
        assert!(
            message.starts_with("x.png: the largest value is 4080, beyond 10 bits"),
            "{message}"
        );
        assert_eq!(levels(&read(16).unwrap()), [0, 8, 16]);
    }

    #[test]
    fn half_a_jpeg_is_refused() {
        let mut jpeg = Vec::new();
        let noise = |x: u32, y: u32| image::Rgb([(x * 7 + y * 13) as u8, (x * y) as u8, y as u8]);
        image::RgbImage::from_fn(64, 64, noise)
            .write_to(&mut Cursor::new(&mut jpeg), ImageFormat::Jpeg)
            .unwrap();
        decode_rgb(&jpeg, "x.jpg").unwrap();
        for tenths in [3, 5, 7, 9] {
            let cut = &jpeg[..jpeg.len() * tenths / 10];
            let message = decode_rgb(cut, "x.jpg").unwrap_err().to_string();
            assert!(message.starts_with("x.jpg: ends in the middle"), "{message}");
        }
        jpeg.extend(b"what some cameras put behind the end");
        decode_rgb(&jpeg, "x.jpg").unwrap();
    }

    /// A PNG header that promises 60000 x 60000 pixels and holds none.
    #[test]
    fn a_bomb_is_refused_before_it_is_decoded() {
        let mut png = Vec::new();
        image::RgbImage::new(2, 2)
            .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
            .unwrap();
        png[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        png[20..24].copy_from_slice(&60_000u32.to_be_bytes());
        // The header's checksum, so that the lie is well formed.
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        let message = decode_rgb(&png, "bomb.png").unwrap_err().to_string();
        assert!(message.starts_with("bomb.png: 60000 x 60000 pixels"), "{message}");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg())
            })
        })
    }

    #[test]
    fn a_very_long_picture_is_read() {
        let mut png = Vec::new();
        image::GrayImage::from_pixel(20_000, 20, image::Luma([7]))
            .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
            .unwrap();
        let image = decode_rgb(&png, "long.png").unwrap();
        assert_eq!((image.dimensions(), image.get_pixel(19_999, 19).0), ((20_000, 20), [7; 3]));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_picture_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0..5usize) {
            let magic: [&[u8]; 5] =
                [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0\x08\0\0\0", b"BM", b""];
            let mut content = magic[kind].to_vec();
            content.append(&mut bytes);
            let _ = decode_rgb(&content, "x");
        }
    }
}
