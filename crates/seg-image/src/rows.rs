//! Pictures too large for memory, a few rows at a time.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};

use image::error::{DecodingError, ImageFormatHint};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageBuffer, ImageDecoder, ImageFormat, RgbImage};
use tiff::TiffError;

use crate::decode::{
    Header, Picture, PictureOptions, check_bits, decode_picture, eight_bits, few_bits,
    largest_of_sixteen, read, top_of,
};
use crate::error::ImageError;
use crate::note::FileNote;
use crate::tiff_rows::{TiffRows, unexpected};
use crate::{MAX_BYTES, MAX_PIXELS};

/// The longest side of a picture that is read by rows: a row of it takes at most 8 MiB.
pub const MAX_SIDE_BY_ROWS: u32 = 1 << 20;
/// The largest number of pixels of a picture that is read by rows.
pub const MAX_PIXELS_BY_ROWS: u64 = 40_000_000_000;

/// An open picture whose rows are decoded when they are asked for, from the top.
///
/// The pixels and notes are those of [`read_picture`](crate::read_picture), and what it refuses is
/// refused. Its limits hold only where a file has to be read whole: a JPEG, a BMP, an interlaced or
/// animated PNG, a picture that its EXIF tag turns, a TIFF of unusual samples or in large strips.
///
/// ```
/// use seg_image::{PictureOptions, PictureRows, RgbImage, write_rgb};
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("a.png");
/// write_rgb(&file, &RgbImage::new(30, 20))?;
/// let mut rows = PictureRows::open(&file, PictureOptions::default())?;
/// assert_eq!((rows.width(), rows.height()), (30, 20));
/// assert_eq!(rows.read(16)?.height(), 16);
/// assert_eq!(rows.read(16)?.height(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PictureRows {
    file: PathBuf,
    width: u32,
    height: u32,
    /// The first row that is not read.
    next: u32,
    /// Bits that a 16-bit picture uses, as [`PictureOptions::bits`].
    bits: Option<u8>,
    /// The largest value of 16 bits so far.
    largest: Option<u16>,
    notes: Vec<FileNote>,
    source: Source,
}

enum Source {
    Png {
        reader: Box<png::Reader<BufReader<File>>>,
        colour: ColorType,
    },
    Tiff(Box<TiffRows>),
    /// Decoded, judged and in 8 bits.
    Whole(RgbImage),
}

impl PictureRows {
    /// Opens a picture. Nothing is decoded, unless it has to be read whole.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is not a picture, or is broken; if it is larger than
    /// [`MAX_SIDE_BY_ROWS`] or [`MAX_PIXELS_BY_ROWS`], or has to be read whole and is larger than
    /// [`MAX_PIXELS`] or [`MAX_BYTES`].
    pub fn open(file: impl AsRef<Path>, options: PictureOptions) -> Result<Self, ImageError> {
        let file = file.as_ref();
        if content(file)?.fill_buf().is_ok_and(|head| head.starts_with(b"\xff\xd8\xff")) {
            return Self::whole(file, options).map_err(|error| match error {
                ImageError::TooLarge { file, width, height, .. } => {
                    ImageError::NoRows { file, width, height, why: "it is a JPEG".to_owned() }
                }
                other => other,
            });
        }
        #[cfg(feature = "dicom")]
        if content(file)?.fill_buf().is_ok_and(|head| crate::dicom::is_dicom(head, file)) {
            return Self::whole(file, options);
        }
        let Header { decoder, format, orientation, tags } = Header::read(content(file)?, file)?;
        let ((width, height), bytes) = (decoder.dimensions(), decoder.total_bytes());
        drop(decoder);
        let pixels = u64::from(width) * u64::from(height);
        if width.max(height) > MAX_SIDE_BY_ROWS || pixels > MAX_PIXELS_BY_ROWS {
            return Err(ImageError::TooManyRows { file: file.to_owned(), width, height });
        }
        let turned = !options.ignore_orientation && orientation != Orientation::NoTransforms;
        let source = match format {
            _ if turned => Err("its EXIF tag turns it".to_owned()),
            _ if pixels == 0 => Err("it is empty".to_owned()),
            ImageFormat::Png => png_rows(file)?,
            ImageFormat::Tiff => {
                let rows =
                    TiffRows::new(content(file)?).map_err(|error| broken_tiff(file, error))?;
                rows.map(|rows| Source::Tiff(Box::new(rows)))
            }
            other => Err(format!("it is a {}", format!("{other:?}").to_uppercase())),
        };
        let source = match source {
            Ok(source) => source,
            Err(why) if pixels > MAX_PIXELS || bytes > MAX_BYTES => {
                return Err(ImageError::NoRows { file: file.to_owned(), width, height, why });
            }
            Err(_) => return Self::whole(file, options),
        };
        let notes = Vec::from_iter((tags.pages > 1).then_some(FileNote::Pages));
        Ok(Self { notes, ..Self::new(file, options, (width, height), source) })
    }

    fn whole(file: &Path, options: PictureOptions) -> Result<Self, ImageError> {
        let Picture { image, notes } = decode_picture(&read(file)?, file, options)?;
        let size = image.dimensions();
        Ok(Self { notes, ..Self::new(file, options, size, Source::Whole(image)) })
    }

    fn new(file: &Path, options: PictureOptions, size: (u32, u32), source: Source) -> Self {
        Self {
            file: file.to_owned(),
            width: size.0,
            height: size.1,
            next: 0,
            bits: options.bits,
            largest: None,
            notes: Vec::new(),
            source,
        }
    }

    /// In pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What was decided while reading it; complete once the last row is read.
    pub fn notes(&self) -> &[FileNote] {
        &self.notes
    }

    /// The next `count` rows, or as many as are left.
    ///
    /// # Errors
    ///
    /// If the file is broken or cut there, or a value is beyond the bits that the options give.
    pub fn read(&mut self, count: u32) -> Result<RgbImage, ImageError> {
        let rows = self.next..self.height.min(self.next.saturating_add(count));
        if let Source::Whole(image) = &self.source {
            self.next = rows.end;
            return Ok(rows_of(image, rows));
        }
        let band = self.decode(rows)?;
        if let (Some(bits), Some(largest)) = (self.bits, self.largest)
            && check_bits(largest, Some(bits), &self.file).is_err()
        {
            // The message has the largest value of the whole picture.
            while self.next < self.height {
                self.decode(self.next..self.height.min(self.next + count.max(1)))?;
            }
            check_bits(self.largest.unwrap_or(largest), Some(bits), &self.file)?;
        }
        Ok(eight_bits(band, top_of(self.bits)))
    }

    /// All rows that are left.
    ///
    /// # Errors
    ///
    /// As [`PictureRows::read`]; also if they are beyond [`MAX_PIXELS`].
    pub fn read_all(&mut self) -> Result<RgbImage, ImageError> {
        let (width, height) = (self.width, self.height - self.next);
        let pixels = u64::from(width) * u64::from(height);
        if pixels > MAX_PIXELS {
            let file = self.file.clone();
            return Err(ImageError::TooLarge { file, width, height, bytes: 3 * pixels });
        }
        self.read(height)
    }

    /// Rows as they are stored.
    fn decode(&mut self, rows: Range<u32>) -> Result<DynamicImage, ImageError> {
        let (width, height) = (self.width, rows.end - rows.start);
        let ends = rows.end == self.height && !rows.is_empty();
        let image = match &mut self.source {
            Source::Png { reader, colour } => {
                let samples = read_png(reader, *colour, width, height, ends);
                let samples = samples.map_err(|error| broken_png(&self.file, error))?;
                samples.into_image(*colour, width, height)
            }
            Source::Tiff(tiff) => {
                let samples = tiff.read(rows.clone());
                let samples = samples.map_err(|error| broken_tiff(&self.file, error))?;
                samples.into_image(tiff.colour(), width, height)
            }
            Source::Whole(image) => Some(DynamicImage::ImageRgb8(rows_of(image, rows.clone()))),
        };
        let image = image.ok_or_else(|| broken_tiff(&self.file, unexpected()))?;
        self.next = rows.end;
        self.largest = self.largest.max(largest_of_sixteen(&image));
        if ends && let Some(largest) = self.largest {
            self.notes.extend(few_bits(largest, self.bits));
        }
        Ok(image)
    }
}

fn content(file: &Path) -> Result<BufReader<File>, ImageError> {
    /// In bytes.
    const BUFFER: usize = 1 << 18;
    let opened = File::open(file);
    let opened = opened.map_err(|source| ImageError::Read { file: file.to_owned(), source })?;
    Ok(BufReader::with_capacity(BUFFER, opened))
}

/// The inner error says why the picture has to be read whole.
fn png_rows(file: &Path) -> Result<Result<Source, String>, ImageError> {
    let limits = png::Limits { bytes: MAX_BYTES as usize };
    let mut decoder = png::Decoder::new_with_limits(content(file)?, limits);
    // As the crate `image` does for whole pictures.
    decoder.set_transformations(png::Transformations::EXPAND);
    let reader = decoder.read_info().map_err(|error| broken_png(file, error))?;
    let info = reader.info();
    if info.interlaced {
        return Ok(Err("it is an interlaced PNG".to_owned()));
    }
    if info.animation_control.is_some() {
        return Ok(Err("it is an animated PNG".to_owned()));
    }
    let colour = match reader.output_color_type() {
        (png::ColorType::Grayscale, png::BitDepth::Eight) => ColorType::L8,
        (png::ColorType::Grayscale, png::BitDepth::Sixteen) => ColorType::L16,
        (png::ColorType::GrayscaleAlpha, png::BitDepth::Eight) => ColorType::La8,
        (png::ColorType::GrayscaleAlpha, png::BitDepth::Sixteen) => ColorType::La16,
        (png::ColorType::Rgb, png::BitDepth::Eight) => ColorType::Rgb8,
        (png::ColorType::Rgb, png::BitDepth::Sixteen) => ColorType::Rgb16,
        (png::ColorType::Rgba, png::BitDepth::Eight) => ColorType::Rgba8,
        (png::ColorType::Rgba, png::BitDepth::Sixteen) => ColorType::Rgba16,
        (colour, bits) => return Ok(Err(format!("it is a PNG of {colour:?} in {bits:?}"))),
    };
    Ok(Ok(Source::Png { reader: Box::new(reader), colour }))
}

/// The next rows; behind the last one the rest of the compressed data is checked, too.
fn read_png(
    reader: &mut png::Reader<BufReader<File>>,
    colour: ColorType,
    width: u32,
    height: u32,
    ends: bool,
) -> Result<Samples, png::DecodingError> {
    let row = width as usize * usize::from(colour.bytes_per_pixel());
    let mut bytes = vec![0; row * height as usize];
    for row in bytes.chunks_exact_mut(row) {
        reader.read_row(row)?;
    }
    if ends {
        reader.read_row(&mut [])?;
    }
    if colour.bytes_per_pixel() == colour.channel_count() {
        return Ok(Samples::Eight(bytes));
    }
    let pairs = bytes.as_chunks::<2>().0.iter();
    Ok(Samples::Sixteen(pairs.map(|pair| u16::from_be_bytes(*pair)).collect()))
}

fn broken_png(file: &Path, error: png::DecodingError) -> ImageError {
    let source = match error {
        png::DecodingError::IoError(error) => image::ImageError::IoError(error),
        other => decoding(ImageFormat::Png, other),
    };
    ImageError::Decode { file: file.to_owned(), source }
}

fn broken_tiff(file: &Path, error: TiffError) -> ImageError {
    let source = match error {
        TiffError::IoError(error) => image::ImageError::IoError(error),
        other => decoding(ImageFormat::Tiff, other),
    };
    ImageError::Decode { file: file.to_owned(), source }
}

fn decoding(
    format: ImageFormat,
    error: impl std::error::Error + Send + Sync + 'static,
) -> image::ImageError {
    image::ImageError::Decoding(DecodingError::new(ImageFormatHint::Exact(format), error))
}

fn rows_of(image: &RgbImage, rows: Range<u32>) -> RgbImage {
    let (width, height) = (image.width(), rows.end - rows.start);
    image::imageops::crop_imm(image, 0, rows.start, width, height).to_image()
}

/// Values of rows, the channels of a pixel side by side.
pub(crate) enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

impl Samples {
    pub(crate) fn new(colour: ColorType) -> Self {
        match colour.bytes_per_pixel() == colour.channel_count() {
            true => Self::Eight(Vec::new()),
            false => Self::Sixteen(Vec::new()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Eight(values) => values.len(),
            Self::Sixteen(values) => values.len(),
        }
    }

    /// Adds values of the same depth that lie in `other`.
    pub(crate) fn extend(&mut self, other: &Self, range: Range<usize>) -> Result<(), TiffError> {
        match (self, other) {
            (Self::Eight(to), Self::Eight(from)) => {
                to.extend_from_slice(from.get(range).ok_or_else(unexpected)?);
            }
            (Self::Sixteen(to), Self::Sixteen(from)) => {
                to.extend_from_slice(from.get(range).ok_or_else(unexpected)?);
            }
            _ => return Err(unexpected()),
        }
        Ok(())
    }

    /// `None` if the values are of another kind or number than the picture.
    fn into_image(self, colour: ColorType, width: u32, height: u32) -> Option<DynamicImage> {
        use DynamicImage as Image;
        let (w, h) = (width, height);
        match (colour, self) {
            (ColorType::L8, Self::Eight(v)) => {
                ImageBuffer::from_raw(w, h, v).map(Image::ImageLuma8)
            }
            (ColorType::La8, Self::Eight(v)) => {
                ImageBuffer::from_raw(w, h, v).map(Image::ImageLumaA8)
            }
            (ColorType::Rgb8, Self::Eight(v)) => {
                ImageBuffer::from_raw(w, h, v).map(Image::ImageRgb8)
            }
            (ColorType::Rgba8, Self::Eight(v)) => {
                ImageBuffer::from_raw(w, h, v).map(Image::ImageRgba8)
            }
            (ColorType::L16, Self::Sixteen(v)) => {
                ImageBuffer::from_raw(w, h, v).map(Image::ImageLuma16)
            }
            (ColorType::La16, Self::Sixteen(v)) => {
                ImageBuffer::from_raw(w, h, v).map(Image::ImageLumaA16)
            }
            (ColorType::Rgb16, Self::Sixteen(v)) => {
                ImageBuffer::from_raw(w, h, v).map(Image::ImageRgb16)
            }
            (ColorType::Rgba16, Self::Sixteen(v)) => {
                ImageBuffer::from_raw(w, h, v).map(Image::ImageRgba16)
            }
            _ => None,
        }
    }
}
