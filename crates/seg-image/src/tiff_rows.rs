//! A TIFF's pixels, a row of strips or tiles at a time.

use std::fs::File;
use std::io::BufReader;
use std::ops::Range;

use image::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{PlanarConfiguration, Tag};
use tiff::{TiffError, TiffFormatError};

use crate::decode::MAX_BYTES;
use crate::rows::Samples;

/// An open TIFF whose strips or tiles are read when their rows are asked for.
pub(crate) struct TiffRows {
    decoder: Decoder<BufReader<File>>,
    size: (u32, u32),
    colour: ColorType,
    /// Columns and rows of a strip or tile.
    chunk: (u32, u32),
    /// The rows of the picture that are decoded, and their samples.
    rows: Range<u32>,
    samples: Samples,
}

/// The most memory that the strips or tiles side by side may take.
const MAX_STRIP_BYTES: u64 = 256 << 20;

impl TiffRows {
    /// The inner error says why the picture has to be read whole.
    pub(crate) fn new(file: BufReader<File>) -> Result<Result<Self, String>, TiffError> {
        let mut decoder = Decoder::new(file)?;
        let (width, height) = decoder.dimensions()?;
        let colour = match decoder.colortype()? {
            tiff::ColorType::Gray(8) => ColorType::L8,
            tiff::ColorType::Gray(16) => ColorType::L16,
            tiff::ColorType::RGB(8) => ColorType::Rgb8,
            tiff::ColorType::RGB(16) => ColorType::Rgb16,
            tiff::ColorType::RGBA(8) => ColorType::Rgba8,
            tiff::ColorType::RGBA(16) => ColorType::Rgba16,
            other => return Ok(Err(format!("it is a TIFF of {other:?}"))),
        };
        let samples = decoder.find_tag_unsigned::<u16>(Tag::SamplesPerPixel)?.unwrap_or(1);
        if samples != u16::from(colour.channel_count()) {
            return Ok(Err(format!("it is a TIFF of {samples} samples a pixel")));
        }
        let planes = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration)?;
        if planes.is_some_and(|planes| planes != PlanarConfiguration::Chunky.to_u16()) {
            return Ok(Err("it is a TIFF whose colours are stored apart".to_owned()));
        }
        let (columns, rows) = decoder.chunk_dimensions();
        let chunk = (columns, rows.min(height));
        // A tile at the right edge may be mostly empty.
        let across = u64::from(width).max(u64::from(columns));
        let bytes = across * u64::from(chunk.1) * u64::from(colour.bytes_per_pixel());
        if chunk.0 == 0 || chunk.1 == 0 || bytes > MAX_STRIP_BYTES {
            let what = format!("it is a TIFF whose strips or tiles have {columns} x {rows} pixels");
            return Ok(Err(what));
        }
        let mut limits = Limits::default();
        limits.decoding_buffer_size = MAX_STRIP_BYTES as usize;
        limits.intermediate_buffer_size = MAX_BYTES as usize;
        let decoder = decoder.with_limits(limits);
        let samples = Samples::new(colour);
        Ok(Ok(Self { decoder, size: (width, height), colour, chunk, rows: 0..0, samples }))
    }

    pub(crate) fn colour(&self) -> ColorType {
        self.colour
    }

    /// Samples of `rows`, which lie in the picture.
    pub(crate) fn read(&mut self, rows: Range<u32>) -> Result<Samples, TiffError> {
        let mut out = Samples::new(self.colour);
        let mut row = rows.start;
        while row < rows.end {
            if !self.rows.contains(&row) {
                self.decode(row / self.chunk.1)?;
            }
            let end = rows.end.min(self.rows.end);
            let first = (row - self.rows.start) as usize * self.row_samples();
            let last = (end - self.rows.start) as usize * self.row_samples();
            out.extend(&self.samples, first..last)?;
            row = end;
        }
        Ok(out)
    }

    fn row_samples(&self) -> usize {
        self.size.0 as usize * usize::from(self.colour.channel_count())
    }

    /// Decodes the strips or tiles side by side.
    fn decode(&mut self, index: u32) -> Result<(), TiffError> {
        let (width, height) = self.size;
        let (columns, rows) = self.chunk;
        let first = index * rows;
        let count = rows.min(height - first);
        let channels = usize::from(self.colour.channel_count());
        let across = width.div_ceil(columns);
        let mut parts = Vec::new();
        for column in 0..across {
            let part = match self.decoder.read_chunk(index * across + column)? {
                DecodingResult::U8(values) => Samples::Eight(values),
                DecodingResult::U16(values) => Samples::Sixteen(values),
                _ => return Err(unexpected()),
            };
            let row = columns.min(width - column * columns) as usize * channels;
            if part.len() != row * count as usize {
                return Err(unexpected());
            }
            parts.push((row, part));
        }
        self.samples = Samples::new(self.colour);
        match parts.as_mut_slice() {
            [(_, part)] => std::mem::swap(&mut self.samples, part),
            parts => {
                for line in 0..count as usize {
                    for (row, part) in &*parts {
                        self.samples.extend(part, line * row..(line + 1) * row)?;
                    }
                }
            }
        }
        self.rows = first..first + count;
        Ok(())
    }
}

pub(crate) fn unexpected() -> TiffError {
    TiffError::FormatError(TiffFormatError::InconsistentSizesEncountered)
}
