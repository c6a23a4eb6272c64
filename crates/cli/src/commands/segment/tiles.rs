//! `segment --tile`: pictures answered by tiles, those too large for memory a few rows at a time.

use std::path::{Path, PathBuf};

use causal_clip_seg::errors::ImageError;
use causal_clip_seg::{Mask, RgbImage, SegError, Segmenter, Tiling};
use causal_clip_seg_cli::UsageError;
use seg_image::{FileNote, GrayRows, Picture, PictureOptions, PictureRows, read_picture};
use seg_sentences::places;
use serde::Serialize;

use super::answer::{Answer, Corners, short};

/// How tiles lie.
#[derive(clap::Args)]
pub(super) struct TileArgs {
    /// Share of a tile's side that the next tile covers as well, 0 to 0.9, where answers are made by tiles
    /// [default: 0.25]
    #[arg(long, value_name = "SHARE")]
    tile_overlap: Option<f32>,
}

impl TileArgs {
    /// The tiles, if the segmenter answers by any.
    pub(super) fn tiling(&self, segmenter: &Segmenter) -> anyhow::Result<Option<Tiling>> {
        match (segmenter.config().input.tile, self.tile_overlap) {
            (None, None) => Ok(None),
            (None, Some(_)) => {
                Err(UsageError("--tile-overlap goes with --tile N".to_owned()).into())
            }
            (Some(side), None) => Ok(Some(Tiling::new(side)?)),
            (Some(side), Some(overlap)) => Ok(Some(Tiling::new(side)?.with_overlap(overlap)?)),
        }
    }
}

/// A picture that is to be answered.
pub(super) enum Opened {
    /// Its pixels.
    Whole(RgbImage),
    /// By tiles and rows, for it has too many pixels.
    Rows(Box<PictureRows>),
}

/// The most pixels of a picture that is answered in memory where there are tiles: with its overlay it
/// takes some 20 bytes a pixel.
pub(super) const MOST_IN_MEMORY: u64 = 1 << 24;

/// Opens a picture that is no DICOM file, and says what was decided; of one that is read by rows it is
/// known later.
pub(super) fn open(
    path: &Path,
    reading: PictureOptions,
    tiling: Option<Tiling>,
) -> Result<(Opened, Vec<FileNote>), ImageError> {
    if tiling.is_none() {
        let Picture { image, notes } = read_picture(path, reading)?;
        return Ok((Opened::Whole(image), notes));
    }
    let mut rows = PictureRows::open(path, reading)?;
    if u64::from(rows.width()) * u64::from(rows.height()) > MOST_IN_MEMORY {
        return Ok((Opened::Rows(Box::new(rows)), Vec::new()));
    }
    let image = rows.read_all()?;
    Ok((Opened::Whole(image), rows.notes().to_vec()))
}

/// The answers about a picture in memory.
pub(super) fn masks(
    segmenter: &Segmenter,
    image: &RgbImage,
    sentences: &[&str],
    tiling: Option<Tiling>,
) -> Result<Vec<Mask>, SegError> {
    match tiling {
        Some(tiling) => segmenter.segment_tiled_many(image, sentences, tiling),
        None => {
            let queries = sentences.iter().map(|sentence| (image, *sentence));
            segmenter.segment_many(&queries.collect::<Vec<_>>())
        }
    }
}

/// What is told of an answer that is made of several tiles.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Tiles {
    pub(super) count: u64,
    /// Whether the sentence names a place, which was then one in each tile.
    pub(super) place_in_each: bool,
}

impl Tiles {
    /// `None` for a picture that is answered whole.
    pub(super) fn of(
        tiling: Option<Tiling>,
        (width, height): (u32, u32),
        sentence: &str,
    ) -> Option<Self> {
        let count = tiling?.tiles(width, height);
        (count > 1).then(|| Self { count, place_in_each: !places(sentence).is_empty() })
    }

    /// What has to be said of a sentence that names a place.
    pub(super) fn note(self, sentence: &str) -> Option<String> {
        self.place_in_each.then(|| {
            format!(
                "a sentence names a place, and a tile does not know where in the picture it lies: it was \
                 answered as a place in each tile; leave the place out, or answer without --tile: {}",
                short(sentence)
            )
        })
    }
}

/// Where an answer's files go.
pub(super) struct Files {
    pub(super) mask: PathBuf,
    pub(super) probability: Option<PathBuf>,
    /// The mask's name in tables.
    pub(super) name: String,
}

/// The answers about a picture that is read by rows, and what was decided while reading it.
pub(super) struct RowsAnswers {
    pub(super) answers: Vec<Answer>,
    pub(super) notes: Vec<FileNote>,
}

/// Answers sentences about a picture of which nothing is read yet; `tick` is told of finished rows.
pub(super) fn answer_rows(
    segmenter: &Segmenter,
    picture: &mut PictureRows,
    (name, tiling): (&str, Tiling),
    asked: &[(&str, Files)],
    mut tick: impl FnMut(u64),
) -> Result<RowsAnswers, SegError> {
    let (width, height) = (picture.width(), picture.height());
    let threshold = segmenter.config().input.threshold;
    let sentences = asked.iter().map(|(sentence, _)| *sentence).collect::<Vec<_>>();
    let sinks = asked.iter().map(|(_, files)| Sink::new(files, (width, height), threshold));
    let mut sinks = sinks.collect::<Result<Vec<_>, _>>()?;
    let add = |sentence: usize, rows: &[f32]| {
        if sentence == 0 {
            tick((rows.len() / width as usize) as u64);
        }
        Ok(sinks[sentence].add(rows)?)
    };
    let tiled = segmenter.segment_rows(picture, &sentences, tiling, add)?;
    let mut answers = Vec::new();
    for ((sink, answer), (sentence, files)) in sinks.into_iter().zip(tiled).zip(asked) {
        let present = segmenter.config().input.presence.map(|from| answer.presence >= from);
        let (area, bounding_box) = sink.finish(files, present != Some(false))?;
        answers.push(Answer {
            image: name.to_owned(),
            sentence: (*sentence).to_owned(),
            mask: files.name.clone(),
            area_share: area as f64 / (u64::from(width) * u64::from(height)).max(1) as f64,
            bounding_box,
            presence: answer.presence,
            present,
            sentence_cut: answer.sentence_cut,
            tiles: Tiles::of(Some(tiling), (width, height), sentence),
        });
    }
    Ok(RowsAnswers { answers, notes: picture.notes().to_vec() })
}

/// How many sentences about a picture are answered in one pass over it: each takes eight bytes for each
/// pixel of a row of tiles.
pub(super) fn at_once(picture: &PictureRows, tiling: Tiling) -> usize {
    /// In bytes.
    const MEMORY: u64 = 512 << 20;
    let band = 8 * u64::from(picture.width()) * u64::from(tiling.side().min(picture.height()));
    (MEMORY / band.max(1)).clamp(1, 8) as usize
}

/// An answer's files while its rows come.
struct Sink {
    mask: GrayRows,
    probability: Option<GrayRows>,
    threshold: f32,
    size: (u32, u32),
    /// The next row.
    row: u32,
    area: u64,
    bounding_box: Option<Corners>,
}

impl Sink {
    fn new(files: &Files, size: (u32, u32), threshold: f32) -> Result<Self, ImageError> {
        let begin = |file: &PathBuf| GrayRows::new(file, size.0, size.1);
        let mask = begin(&files.mask)?;
        let probability = files.probability.as_ref().map(begin).transpose()?;
        Ok(Self { mask, probability, threshold, size, row: 0, area: 0, bounding_box: None })
    }

    fn add(&mut self, rows: &[f32]) -> Result<(), ImageError> {
        for line in rows.chunks_exact(self.size.0 as usize) {
            let inside = line.iter().map(|p| u8::from(*p >= self.threshold) * 255);
            let inside = inside.collect::<Vec<_>>();
            self.look_at(&inside);
            self.mask.write(&inside)?;
            if let Some(file) = &mut self.probability {
                let grey = line.iter().map(|p| (p * 255.0).round() as u8);
                file.write(&grey.collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }

    /// Counts a line of the mask.
    fn look_at(&mut self, line: &[u8]) {
        let first = line.iter().position(|value| *value > 0);
        let last = line.iter().rposition(|value| *value > 0);
        if let (Some(first), Some(last)) = (first, last) {
            let (first, last, row) = (first as u32, last as u32, self.row);
            let found = Corners { left: first, right: last, top: row, bottom: row };
            let found = self.bounding_box.get_or_insert(found);
            found.left = found.left.min(first);
            found.right = found.right.max(last);
            found.bottom = row;
            self.area += line.iter().filter(|value| **value > 0).count() as u64;
        }
        self.row += 1;
    }

    /// Gives the files their names; the mask of what is not there is empty.
    fn finish(self, files: &Files, present: bool) -> Result<(u64, Option<Corners>), ImageError> {
        if let Some(file) = self.probability {
            file.finish()?;
        }
        if present {
            self.mask.finish()?;
            return Ok((self.area, self.bounding_box));
        }
        drop(self.mask);
        let (width, height) = self.size;
        let mut empty = GrayRows::new(&files.mask, width, height)?;
        let line = vec![0; width as usize];
        (0..height).try_for_each(|_| empty.write(&line))?;
        empty.finish()?;
        Ok((0, None))
    }
}
