//! Answers by tiles: the picture, the maps and the memory are those of one row of tiles.

use seg_image::{PictureRows, Rgb, RgbImage};

use crate::awaited::now;
use crate::errors::{ConfigError, PixelError, SegError};
use crate::mask::Mask;
use crate::segmenter::Segmenter;
use crate::tiling::{Blend, Tiling};

/// What is known of a sentence's answer by tiles beside its probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TiledAnswer {
    /// The highest [`Mask::presence`] of all tiles.
    pub presence: f32,
    /// Whether the sentence was longer than the network reads.
    pub sentence_cut: bool,
}

/// Pixels of tiles that are answered at once, times sentences: their pictures and probabilities
/// take seven bytes each.
const TILE_PIXELS_AT_ONCE: usize = 1 << 23;

impl Segmenter {
    /// The largest number of pixels of a row of tiles, over the picture's whole width.
    pub const MAX_BAND: u64 = 1 << 26;

    /// What `sentence` means in `image`, answered tile by tile: for things that are too small to be
    /// seen once the whole picture is brought to the network's size.
    ///
    /// Each tile is answered as a picture of its own, and what overlapping tiles say of a pixel is
    /// blended, smoothly from one to the next. A picture with a single tile has the answer of
    /// [`Segmenter::segment`].
    ///
    /// A tile does not know where it lies: "upper left" means the upper left of each tile. See
    /// `seg_sentences::places` for what a sentence names. [`Mask::presence`] is the highest of the
    /// tiles; a threshold of presence that was found on whole pictures is reached more easily.
    ///
    /// # Errors
    ///
    /// If the picture has no pixels, or a row of tiles has more than [`Segmenter::MAX_BAND`].
    pub fn segment_tiled(
        &self,
        image: &RgbImage,
        sentence: &str,
        tiling: Tiling,
    ) -> Result<Mask, SegError> {
        let mut masks = self.segment_tiled_many(image, &[sentence], tiling)?;
        Ok(masks.remove(0))
    }

    /// [`Segmenter::segment_tiled`] for several sentences about a picture. Each tile is computed once
    /// for all of them.
    ///
    /// # Errors
    ///
    /// As [`Segmenter::segment_tiled`].
    pub fn segment_tiled_many(
        &self,
        image: &RgbImage,
        sentences: &[&str],
        tiling: Tiling,
    ) -> Result<Vec<Mask>, SegError> {
        now(self.tiled_by(image, sentences, tiling, async |queries| self.segment_whole(queries)))
    }

    /// `ask` gives the answers of whole pictures.
    pub(crate) async fn tiled_by(
        &self,
        image: &RgbImage,
        sentences: &[&str],
        tiling: Tiling,
        mut ask: impl AsyncFnMut(&[(&RgbImage, &str)]) -> Result<Vec<Mask>, SegError>,
    ) -> Result<Vec<Mask>, SegError> {
        let (width, height) = image.dimensions();
        if sentences.is_empty() || width <= tiling.side() && height <= tiling.side() {
            let queries = sentences.iter().map(|sentence| (image, *sentence)).collect::<Vec<_>>();
            return ask(&queries).await;
        }
        let mut maps = vec![Vec::new(); sentences.len()];
        let mut next = 0;
        let read = |count| {
            let rows = rows_of(image, next, count);
            next += count;
            Ok(rows)
        };
        let emit = |sentence: usize, rows: &[f32]| {
            maps[sentence].extend_from_slice(rows);
            Ok(())
        };
        let answers = self.by_tiles((width, height), sentences, tiling, read, emit, ask).await?;
        let input = &self.config().input;
        let masks = maps.into_iter().zip(answers).map(|(probabilities, answer)| Mask {
            width,
            height,
            probabilities,
            threshold: input.threshold,
            presence_threshold: input.presence,
            tiles_presence: Some(answer.presence),
            sentence_cut: answer.sentence_cut,
        });
        Ok(masks.collect())
    }

    /// [`Segmenter::segment_tiled_many`] for a picture that is too large for memory: its rows are read
    /// as they are needed, and the probabilities of each sentence are given away as soon as no later
    /// tile changes them. In memory are, for a row of tiles, three bytes a pixel and eight more for each
    /// sentence.
    ///
    /// `emit` is given the place of a sentence, and the next rows of its map.
    ///
    /// # Errors
    ///
    /// As [`Segmenter::segment_tiled`], what reading and `emit` fail with, and if rows were read before.
    pub fn segment_rows(
        &self,
        picture: &mut PictureRows,
        sentences: &[&str],
        tiling: Tiling,
        emit: impl FnMut(usize, &[f32]) -> Result<(), SegError>,
    ) -> Result<Vec<TiledAnswer>, SegError> {
        let size = (picture.width(), picture.height());
        let read = |count| Ok(picture.read(count)?);
        now(self.by_tiles(size, sentences, tiling, read, emit, async |queries| {
            self.segment_whole(queries)
        }))
    }

    /// `read` gives the next rows of the picture, `ask` the answers of whole pictures.
    async fn by_tiles(
        &self,
        (width, height): (u32, u32),
        sentences: &[&str],
        tiling: Tiling,
        mut read: impl FnMut(u32) -> Result<RgbImage, SegError>,
        mut emit: impl FnMut(usize, &[f32]) -> Result<(), SegError>,
        mut ask: impl AsyncFnMut(&[(&RgbImage, &str)]) -> Result<Vec<Mask>, SegError>,
    ) -> Result<Vec<TiledAnswer>, SegError> {
        for (what, found) in [("width", width), ("height", height)] {
            if found == 0 {
                return Err(PixelError::Side { what, found: 0 }.into());
            }
        }
        let (columns, rows) = (tiling.axis(width), tiling.axis(height));
        let (tile_width, tile_height) = (columns.side(), rows.side());
        let band = u64::from(width) * tile_height as u64;
        if band > Self::MAX_BAND {
            return Err(ConfigError::Band { width, rows: tile_height as u32 }.into());
        }
        let tile_pixels = (tile_width * tile_height * sentences.len()).max(1);
        let at_once = (TILE_PIXELS_AT_ONCE / tile_pixels).max(1);
        let mut answers = vec![TiledAnswer::default(); sentences.len()];
        let mut blends = vec![Blend::new(&columns, &rows); sentences.len()];
        let mut picture = Band::new(width, tile_height);
        for row in 0..rows.tiles() {
            picture.show(rows.range(row).start, &mut read)?;
            let all = (0..columns.tiles()).collect::<Vec<_>>();
            for part in all.chunks(at_once) {
                let tiles = part.iter().map(|column| picture.crop(columns.range(*column)));
                let tiles = tiles.collect::<Vec<_>>();
                let queries =
                    tiles.iter().flat_map(|tile| sentences.iter().map(move |s| (tile, *s)));
                let masks = ask(&queries.collect::<Vec<_>>()).await?;
                let queries =
                    part.iter().flat_map(|column| (0..sentences.len()).map(|s| (*column, s)));
                for ((column, sentence), mask) in queries.zip(masks) {
                    let answer = &mut answers[sentence];
                    answer.presence = answer.presence.max(mask.presence());
                    answer.sentence_cut |= mask.sentence_cut;
                    blends[sentence].add((&columns, column), (&rows, row), &mask.probabilities);
                }
            }
            for (sentence, blend) in blends.iter_mut().enumerate() {
                emit(sentence, &blend.take(rows.done_after(row)))?;
            }
        }
        Ok(answers)
    }
}

/// The picture's rows that a row of tiles lies on.
struct Band {
    width: usize,
    height: usize,
    /// The first row.
    top: usize,
    /// The rows that were read, `[rows, width, 3]`.
    values: Vec<u8>,
}

impl Band {
    fn new(width: u32, height: usize) -> Self {
        Self { width: width as usize, height, top: 0, values: Vec::new() }
    }

    /// Drops the rows before `top` and reads the missing ones.
    fn show(
        &mut self,
        top: usize,
        read: &mut impl FnMut(u32) -> Result<RgbImage, SegError>,
    ) -> Result<(), SegError> {
        /// Rows that are decoded at once, beside the band.
        const ROWS: usize = 128;
        let row = self.width * 3;
        self.values.drain(..((top - self.top) * row).min(self.values.len()));
        self.top = top;
        self.values.reserve_exact(self.height * row - self.values.len());
        while self.values.len() < self.height * row {
            let missing = self.height - self.values.len() / row;
            let rows = read(missing.min(ROWS) as u32)?.into_raw();
            if rows.is_empty() {
                let (width, height, found) = (self.width, self.height, self.values.len());
                let expected = height * row;
                let lengths = PixelError::Length { width, height, channels: 3, expected, found };
                return Err(lengths.into());
            }
            self.values.extend(rows);
        }
        Ok(())
    }

    fn crop(&self, columns: std::ops::Range<usize>) -> RgbImage {
        RgbImage::from_fn(columns.len() as u32, self.height as u32, |x, y| {
            let at = 3 * (y as usize * self.width + columns.start + x as usize);
            Rgb([self.values[at], self.values[at + 1], self.values[at + 2]])
        })
    }
}

fn rows_of(image: &RgbImage, first: u32, count: u32) -> RgbImage {
    RgbImage::from_fn(image.width(), count, |x, y| *image.get_pixel(x, first + y))
}
