//! Writes a grey PNG row by row, atomically.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, StreamWriter};
use whole_file::PartFile;

use crate::error::ImageError;

/// A grey PNG of 8 bits that is written from the top, as many rows at a time as there are. The file
/// has its name once it is [finished](GrayRows::finish); dropped before, it leaves nothing.
pub struct GrayRows {
    png: StreamWriter<'static, Watched>,
    part: PartFile,
    failed: Failure,
}

type Failure = Arc<Mutex<Option<io::Error>>>;

impl GrayRows {
    /// Begins a picture of this size.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written to, or a side is 0.
    pub fn new(file: &Path, width: u32, height: u32) -> Result<Self, ImageError> {
        /// Bytes of compressed pixels in a chunk of the file.
        const CHUNK: usize = 1 << 18;
        let part = PartFile::new(file)?;
        let failed = Failure::default();
        let out = Watched { file: part.handle()?, failed: failed.clone() };
        let mut encoder = Encoder::new(out, width, height);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::Fast);
        let png = encoder.write_header().and_then(|png| png.into_stream_writer_with_size(CHUNK));
        let png = png.map_err(|error| part.error(io_error(error)))?;
        Ok(Self { png, part, failed })
    }

    /// Writes the next values, in rows from the top.
    ///
    /// # Errors
    ///
    /// If they cannot be written, or are more than the picture has.
    pub fn write(&mut self, values: &[u8]) -> Result<(), ImageError> {
        self.png.write_all(values).map_err(|source| self.part.error(source).into())
    }

    /// Gives the file its name, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// If a row is missing or anything could not be written; an earlier file is then unchanged.
    pub fn finish(self) -> Result<(), ImageError> {
        let Self { png, part, failed } = self;
        png.finish().map_err(|error| part.error(io_error(error)))?;
        // The end of the file is written when the writer is dropped, which passes over errors.
        if let Some(error) = failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(part.error(error).into());
        }
        Ok(part.finish()?)
    }
}

fn io_error(error: EncodingError) -> io::Error {
    match error {
        EncodingError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// A file whose first error is kept.
struct Watched {
    file: File,
    failed: Failure,
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                let copy = io::Error::new(error.kind(), error.to_string());
                self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(copy);
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_written_apart_are_one_picture() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.png");
        let values = (0..70 * 41u32).map(|i| (i * i % 251) as u8).collect::<Vec<_>>();
        let mut rows = GrayRows::new(&file, 70, 41).unwrap();
        for part in values.chunks(70 * 4 + 13) {
            assert!(!file.exists());
            rows.write(part).unwrap();
        }
        rows.finish().unwrap();
        assert_eq!(image::open(&file).unwrap().to_luma8().into_raw(), values);
    }

    #[test]
    fn a_picture_without_its_last_row_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.png");
        let mut rows = GrayRows::new(&file, 8, 3).unwrap();
        rows.write(&[7; 16]).unwrap();
        assert!(rows.finish().is_err());
        drop(GrayRows::new(&file, 8, 3).unwrap());
        assert!(GrayRows::new(&file, 0, 3).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
