//! Masks in two folders: predictions and references.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use seg_image::{BinaryMask, MaskOptions, NoteCounts, read_mask, read_rgb};
use seg_metrics::{Grid, Scores};

use crate::case::ScoredCase;
use crate::error::ReportError;

/// A predicted mask and its reference.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskPair {
    /// The part that their names share.
    pub case: String,
    /// The predicted mask; `None` counts as an empty one.
    pub prediction: Option<PathBuf>,
    /// The reference mask.
    pub reference: PathBuf,
    /// Files in which either mask goes on (BUSI: `x_mask_1`); each mask is the union of its files.
    pub further: Further,
    /// The picture's own size of a pixel, from row to row and from column to column, whoever knows it
    /// ([`Spacings`](crate::Spacings), a DICOM reader); `None` takes that of [`ScoreOptions`].
    pub spacing: Option<[f64; 2]>,
}

/// Files in which the masks of a pair go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Further {
    /// The prediction's.
    pub prediction: Vec<PathBuf>,
    /// The reference's.
    pub reference: Vec<PathBuf>,
}

/// What to do with references that have no prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Report an error.
    #[default]
    Refuse,
    /// Score them as empty predictions.
    CountAsEmpty,
}

/// How pairs are read and scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreOptions {
    /// Which values of a prediction's file are inside.
    pub prediction: MaskOptions,
    /// Which values of a reference's file are inside, and which count nowhere.
    pub reference: MaskOptions,
    /// Size of a pixel, where a pair has none of its own: from row to row and from column to column.
    pub spacing: [f64; 2],
    /// Tolerance of NSD, in the unit of the spacing.
    pub nsd_tolerance: f64,
    /// Whether predictions are read as grey levels of 8 bits too, for means over thresholds.
    pub grey: bool,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self {
            prediction: MaskOptions::default(),
            reference: MaskOptions::default(),
            spacing: [1.0; 2],
            nsd_tolerance: Scores::TOLERANCE,
            grey: false,
        }
    }
}

/// The scores of pairs, and what was done to get them.
#[derive(Clone, Debug, PartialEq)]
pub struct PairScores {
    /// In the pairs' order.
    pub cases: Vec<ScoredCase>,
    /// Predictions that were brought to their reference's size.
    pub resized: usize,
    /// References without a prediction.
    pub missing: usize,
    /// What was decided while masks were read.
    pub notes: NoteCounts,
}

/// Pairs the masks of two folders by name, in the names' order.
///
/// Names are compared without the ending, without `mask_` before (QaTa) and `_mask` or `.mask`
/// behind. `x_mask_1`, `x_mask_2` and so on belong to `x_mask` if that is there (BUSI). Masks are the files that end in png, jpg, jpeg, tif, tiff or bmp; hidden ones, overlays
/// (`X.overlay.png`) and probabilities (`X.probability.png`) are passed over.
///
/// # Errors
///
/// If a folder cannot be read, there are no references, two masks have one name, a prediction has
/// no reference, or (unless they count as empty) a reference has no prediction. The error names
/// them.
pub fn find_pairs(
    predictions: &Path,
    references: &Path,
    missing: Missing,
) -> Result<Vec<MaskPair>, ReportError> {
    let (mut predicted, wanted) = (masks(predictions)?, masks(references)?);
    if wanted.is_empty() {
        return Err(ReportError::NoMasks { folder: references.to_owned() });
    }
    let pair = |(case, Files { first: reference, further }): (String, Files)| {
        let found = predicted.remove(&case);
        let (prediction, of_prediction) = match found {
            Some(Files { first, further }) => (Some(first), further),
            None => (None, Vec::new()),
        };
        let further = Further { prediction: of_prediction, reference: further };
        MaskPair { case, prediction, reference, further, spacing: None }
    };
    let pairs = wanted.into_iter().map(pair).collect::<Vec<_>>();
    let absent = pairs.iter().filter(|pair| pair.prediction.is_none());
    let missing = match missing {
        Missing::Refuse => absent.map(|pair| pair.case.clone()).collect(),
        Missing::CountAsEmpty => Vec::new(),
    };
    let extra = predicted.into_keys().collect::<Vec<_>>();
    if missing.is_empty() && extra.is_empty() {
        return Ok(pairs);
    }
    let (predictions, references) = (predictions.to_owned(), references.to_owned());
    Err(ReportError::Unpaired { predictions, references, missing, extra })
}

/// The files of one mask.
struct Files {
    first: PathBuf,
    further: Vec<PathBuf>,
}

/// Endings of masks' files.
const ENDINGS: [&str; 6] = ["png", "jpg", "jpeg", "tif", "tiff", "bmp"];

/// The masks of a folder, by case.
fn masks(folder: &Path) -> Result<BTreeMap<String, Files>, ReportError> {
    let failed = |source| ReportError::Read { file: folder.to_owned(), source };
    let mut masks = BTreeMap::<String, PathBuf>::new();
    let mut numbered = BTreeMap::<String, PathBuf>::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let part = |part: Option<&std::ffi::OsStr>| {
            part.unwrap_or_default().to_string_lossy().into_owned()
        };
        let (name, ending) = (part(file.file_stem()), part(file.extension()));
        let other = [".overlay", ".probability"].iter().any(|end| name.ends_with(end));
        let known = ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(&ending));
        if other || name.starts_with('.') || !known || !file.is_file() {
            continue;
        }
        let (group, case) = match continued(&name) {
            Some(_) => (&mut numbered, name),
            None => (&mut masks, case_of(&name).to_owned()),
        };
        if let Some(first) = group.insert(case.clone(), file.clone()) {
            // The folder's own order is not the names'.
            let (first, second) = (first.clone().min(file.clone()), first.max(file));
            return Err(ReportError::Ambiguous { case, first, second });
        }
    }
    let files = |(case, first)| (case, Files { first, further: Vec::new() });
    let mut masks = masks.into_iter().map(files).collect::<BTreeMap<String, Files>>();
    for (name, file) in numbered {
        let first = continued(&name).unwrap_or(&name);
        match masks.get_mut(case_of(first)).filter(|mask| is_named(&mask.first, first)) {
            Some(mask) => mask.further.push(file),
            // A mask of its own, whatever its number means.
            None => {
                let case = case_of(&name).to_owned();
                let other =
                    masks.insert(case.clone(), Files { first: file.clone(), further: Vec::new() });
                if let Some(Files { first, .. }) = other {
                    return Err(ReportError::Ambiguous { case, first, second: file });
                }
            }
        }
    }
    Ok(masks)
}

/// The name of the mask that a file goes on with: `x_mask` of `x_mask_1`.
fn continued(name: &str) -> Option<&str> {
    let (first, number) = name.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (first.ends_with("_mask") && is_number).then_some(first)
}

fn is_named(file: &Path, name: &str) -> bool {
    file.file_stem().is_some_and(|stem| stem.to_string_lossy() == name)
}

/// The case that a mask's file belongs to.
pub(crate) fn case_of_file(file: &Path) -> String {
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    let is_mask = ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(&ending));
    let name = if is_mask { file.file_stem() } else { file.file_name() };
    case_of(&name.unwrap_or_default().to_string_lossy()).to_owned()
}

/// The case that a mask's name, without its ending, belongs to.
fn case_of(name: &str) -> &str {
    let name = name.strip_prefix("mask_").unwrap_or(name);
    ["_mask", ".mask"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// Scores pairs on all cores; `tick` is called after each.
///
/// A prediction of another size is brought to its reference's, each pixel as the nearest one.
///
/// # Errors
///
/// If a mask cannot be read, a prediction has another shape than its reference, or the spacing or the
/// tolerance is out of range. The error names the first such pair.
pub fn score_pairs(
    pairs: &[MaskPair],
    options: &ScoreOptions,
    tick: impl Fn() + Sync,
) -> Result<PairScores, ReportError> {
    let score = |pair: &MaskPair| {
        let scored = score_pair(pair, options);
        tick();
        scored
    };
    // All first, so that the error is the first one in the pairs' order.
    let scored = pairs.par_iter().map(score).collect::<Vec<_>>();
    let scored = scored.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut notes = NoteCounts::default();
    scored.iter().for_each(|pair| notes.merge(pair.notes.clone()));
    Ok(PairScores {
        resized: scored.iter().filter(|pair| pair.resized).count(),
        missing: pairs.iter().filter(|pair| pair.prediction.is_none()).count(),
        cases: scored.into_iter().map(|pair| pair.case).collect(),
        notes,
    })
}

/// A scored pair, and what was done to score it.
struct ScoredPair {
    case: ScoredCase,
    resized: bool,
    notes: NoteCounts,
}

fn score_pair(pair: &MaskPair, options: &ScoreOptions) -> Result<ScoredPair, ReportError> {
    let case = || pair.case.clone();
    let mut notes = NoteCounts::default();
    // A mask of several files is their union.
    let mut read = |first: &Path, further: &[PathBuf], options| {
        let mut read = |file: &Path| {
            let read = read_mask(file, options)
                .map_err(|source| ReportError::Image { case: case(), source: Box::new(source) })?;
            notes.add(file, &read.notes);
            Ok::<_, ReportError>(read)
        };
        let mut all = read(first)?;
        for file in further {
            let part = read(file)?;
            all.mask = all.mask.union(&part.mask);
            all.ignored = match (all.ignored, part.ignored) {
                (Some(all), Some(part)) => Some(all.union(&part)),
                (one, other) => one.or(other),
            };
        }
        Ok::<_, ReportError>(all)
    };
    let reference = read(&pair.reference, &pair.further.reference, options.reference)?;
    let (width, height) = (reference.mask.width, reference.mask.height);
    let (found, left_out) = match &pair.prediction {
        Some(file) => {
            let read = read(file, &pair.further.prediction, options.prediction)?;
            let size = (read.mask.width, read.mask.height);
            if is_of_another_shape(size, (width, height)) {
                let (prediction, reference) = (file.clone(), pair.reference.clone());
                let sizes = [size, (width, height)];
                return Err(ReportError::Shape { case: case(), prediction, reference, sizes });
            }
            (read.mask, read.ignored)
        }
        None => (BinaryMask::from_fn(width, height, |_, _| false), None),
    };
    let resized = (found.width, found.height) != (width, height);
    let (mut prediction, mut reference_mask) =
        (found.resize_nearest(width, height), reference.mask);
    let left_out = left_out.map(|ignored| ignored.resize_nearest(width, height));
    for ignored in [reference.ignored, left_out].into_iter().flatten() {
        prediction.remove(&ignored);
        reference_mask.remove(&ignored);
    }
    let [rows, columns] = pair.spacing.unwrap_or(options.spacing);
    let grid =
        |values| Grid::new(width as usize, height as usize, values)?.with_spacing(rows, columns);
    let within = options.nsd_tolerance;
    let compare = |source| ReportError::Compare { case: case(), source };
    let reference_grid = grid(&reference_mask.values).map_err(compare)?;
    let scores = grid(&prediction.values)
        .and_then(|found| Scores::within(within, &found, &reference_grid))
        .map_err(compare)?;
    let scores = match &pair.prediction {
        Some(first) if options.grey => {
            let answer = grey_levels(pair, first, (width, height))?;
            scores.with_grey(&answer, &reference_grid).map_err(compare)?
        }
        _ => scores,
    };
    Ok(ScoredPair { case: ScoredCase::new(case(), scores), resized, notes })
}

/// A prediction's grey levels; of several files the brightest counts.
fn grey_levels(pair: &MaskPair, first: &Path, size: (u32, u32)) -> Result<Vec<u8>, ReportError> {
    let mut levels = Vec::new();
    for file in [first].into_iter().chain(pair.further.prediction.iter().map(PathBuf::as_path)) {
        let case = || pair.case.clone();
        let wrong = |problem| ReportError::Grey { case: case(), file: file.to_owned(), problem };
        let picture = read_rgb(file)
            .map_err(|source| ReportError::Image { case: case(), source: Box::new(source) })?;
        if picture.dimensions() != size {
            return Err(wrong("has another size than its reference: grey levels are not resized"));
        }
        if picture.pixels().any(|pixel| pixel[0] != pixel[1] || pixel[1] != pixel[2]) {
            return Err(wrong("has colours: give a grey picture"));
        }
        levels.resize(picture.pixels().len(), 0);
        levels
            .iter_mut()
            .zip(picture.pixels())
            .for_each(|(level, pixel)| *level = pixel[0].max(*level));
    }
    Ok(levels)
}

/// Whether one size is not the other's, enlarged: a transposed mask, or another picture's. Rounding to
/// whole pixels is allowed for.
fn is_of_another_shape(found: (u32, u32), wanted: (u32, u32)) -> bool {
    let scale = |a: u32, b: u32| f64::from(a) / f64::from(b.max(1));
    let expected = f64::from(wanted.1) * scale(found.0, wanted.0);
    let slack = 1.0 + scale(found.1, wanted.1).max(scale(found.0, wanted.0));
    (expected - f64::from(found.1)).abs() > slack
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_shape_is_not_another_size() {
        for (found, wanted) in [((64, 48), (128, 96)), ((100, 75), (1333, 1000)), ((7, 5), (7, 5))]
        {
            assert!(!is_of_another_shape(found, wanted), "{found:?} for {wanted:?}");
        }
        for (found, wanted) in [((48, 64), (64, 48)), ((224, 224), (1333, 1000)), ((9, 3), (3, 9))]
        {
            assert!(is_of_another_shape(found, wanted), "{found:?} for {wanted:?}");
        }
    }

    #[test]
    fn a_mask_is_of_what_its_name_says() {
        for name in ["x", "mask_x", "x_mask", "x.mask", "mask_x_mask"] {
            assert_eq!(case_of(name), "x");
        }
        assert_eq!(case_of("benign (1)"), "benign (1)");
    }
}
