//! The vectors that are files: sentences, pictures, masks.

use std::path::{Path, PathBuf};

use clip_encoder::{MaskView, Normalisation, Resize, RgbView, Tokenizer};
use seg_image::{ImageError, read_rgb};
use seg_metrics::{Grid, Scores};
use serde::Deserialize;

use crate::case::{ParityError, Row, read_tensors};

fn read_json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, ParityError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ParityError::Read { file: file.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|error| refused(file, error))
}

fn refused(file: &Path, what: impl std::fmt::Display) -> ParityError {
    ParityError::Format { file: file.to_owned(), what: what.to_string() }
}

#[derive(Deserialize)]
struct Sentences {
    cases: Vec<Sentence>,
}

#[derive(Deserialize)]
struct Sentence {
    text: String,
    ids_full: Vec<u32>,
    /// Without the repair of broken Unicode.
    bpe_no_ftfy: Option<Vec<u32>>,
    at_16: Cut,
    at_17: Cut,
    at_77: Cut,
}

#[derive(Deserialize, PartialEq)]
struct Cut {
    ids: Vec<u32>,
    cut: bool,
}

/// Sentences to ids, whole and at three lengths; where the repair of broken Unicode differs from
/// ftfy's, the ids without it count too and are told apart.
pub(crate) fn tokens(folder: &Path) -> Result<Vec<Row>, ParityError> {
    let sentences: Sentences = read_json(&folder.join("tokens.json"))?;
    let tokenizer = Tokenizer::clip();
    let (mut wrong, mut unrepaired, mut wrong_cuts) = (0, 0, [0; 3]);
    for case in &sentences.cases {
        let ids = tokenizer.ids(&case.text).unwrap_or_default();
        if ids != case.ids_full {
            let known = case.bpe_no_ftfy.as_ref() == Some(&ids);
            *if known { &mut unrepaired } else { &mut wrong } += 1;
            continue;
        }
        for (i, (length, truth)) in
            [(16, &case.at_16), (17, &case.at_17), (77, &case.at_77)].into_iter().enumerate()
        {
            let found = tokenizer.encode(&case.text, length);
            let found = found.map(|e| Cut { ids: e.ids, cut: e.cut });
            wrong_cuts[i] += usize::from(found.ok().as_ref() != Some(truth));
        }
    }
    let all = sentences.cases.len();
    let row = |what: String, wrong| Row::exact("tokens", what, wrong);
    Ok(vec![
        row(format!("{all} sentences, {unrepaired} as without ftfy"), wrong),
        row("at 16".to_owned(), wrong_cuts[0]),
        row("at 17".to_owned(), wrong_cuts[1]),
        row("at 77".to_owned(), wrong_cuts[2]),
    ])
}

#[derive(Deserialize)]
struct Pictures {
    decode: Vec<Decoded>,
    cases: Vec<Resized>,
    masks: Vec<Resized>,
    inverse_tensors: PathBuf,
    inverse: Vec<Back>,
    normalise: Vec<Normalised>,
}

/// How far a JPEG decoder may be from another.
#[derive(Deserialize, Clone, Copy)]
struct Tolerance {
    max_abs: u8,
    mean_abs: f64,
}

#[derive(Deserialize)]
struct Decoded {
    input: PathBuf,
    rgb_sha256: String,
    tolerance: Option<Tolerance>,
    decoded: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Resized {
    input: PathBuf,
    mode: Resize,
    size: usize,
    expected: PathBuf,
    decoded: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Back {
    mode: Resize,
    size: usize,
    height: usize,
    width: usize,
    prob: String,
    threshold: f32,
    expected_mask: PathBuf,
    expected_prob: Option<String>,
    #[serde(default)]
    prob_tolerance: f32,
}

#[derive(Deserialize)]
struct Normalised {
    rgb: [u8; 3],
    value: [f32; 3],
}

/// A picture in grey: its width, height and values, row-major.
fn grey(file: &Path) -> Result<(u32, u32, Vec<u8>), ImageError> {
    let image = read_rgb(file)?;
    Ok((image.width(), image.height(), image.pixels().map(|pixel| pixel[0]).collect()))
}

/// Files to pixels, pixels to the network's size, and back.
pub(crate) fn preprocessing(folder: &Path) -> Result<Vec<Row>, ParityError> {
    let file = folder.join("preproc.json");
    let pictures: Pictures = read_json(&file)?;
    let failed = |error: &dyn std::fmt::Display| refused(&file, error);
    let rgb = |path: &Path| read_rgb(folder.join(path)).map_err(|error| failed(&error));
    let gray = |path: &Path| grey(&folder.join(path)).map_err(|error| failed(&error));

    let mut wrong = [0; 6];
    for case in &pictures.decode {
        let found = rgb(&case.input)?;
        let right = match (case.tolerance, &case.decoded) {
            (Some(tolerance), Some(decoded)) => {
                near(found.as_raw(), rgb(decoded)?.as_raw(), tolerance)
            }
            _ => sha256(found.as_raw()) == case.rgb_sha256,
        };
        wrong[0] += usize::from(!right);
    }
    for case in &pictures.cases {
        let picture = rgb(case.decoded.as_ref().unwrap_or(&case.input))?;
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let found = RgbView::new(width, height, picture.as_raw())
            .and_then(|view| case.mode.image(view, case.size))
            .map_err(|error| failed(&error))?;
        wrong[1] += usize::from(&found != rgb(&case.expected)?.as_raw());
    }
    for case in &pictures.masks {
        let (width, height, mask) = gray(&case.input)?;
        let found = MaskView::new(width as usize, height as usize, &mask)
            .and_then(|view| case.mode.mask(view, case.size))
            .map_err(|error| failed(&error))?;
        wrong[2] += usize::from(found != gray(&case.expected)?.2);
    }
    let maps = read_tensors(&folder.join(&pictures.inverse_tensors))?;
    let map = |name: &str| maps.get(name).ok_or_else(|| failed(&format!("no tensor `{name}`")));
    for case in &pictures.inverse {
        let found = case
            .mode
            .back(map(&case.prob)?, case.size, case.width, case.height)
            .map_err(|error| failed(&error))?;
        let inside = found.iter().map(|p| u8::from(*p > case.threshold) * 255);
        wrong[3] += usize::from(!inside.eq(gray(&case.expected_mask)?.2));
        if let Some(name) = &case.expected_prob {
            let far = |(a, b): (&f32, &f32)| (a - b).abs() > case.prob_tolerance;
            wrong[4] += usize::from(found.iter().zip(map(name)?).any(far));
        }
    }
    for case in &pictures.normalise {
        wrong[5] += usize::from(Normalisation::Clip.normalise(&case.rgb) != case.value);
    }
    let titles = ["decode", "resize", "resize masks", "back, masks", "back, values", "normalise"];
    let rows = titles.iter().zip(wrong);
    Ok(rows.map(|(title, wrong)| Row::exact("preproc", (*title).to_owned(), wrong)).collect())
}

fn near(found: &[u8], truth: &[u8], tolerance: Tolerance) -> bool {
    let differences = || found.iter().zip(truth).map(|(a, b)| a.abs_diff(*b));
    let sum = differences().map(u64::from).sum::<u64>();
    found.len() == truth.len()
        && differences().max().unwrap_or(0) <= tolerance.max_abs
        && sum as f64 / found.len() as f64 <= tolerance.mean_abs
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Scores of pairs of masks.
pub(crate) fn metrics(folder: &Path) -> Result<Vec<Row>, ParityError> {
    /// Largest difference of a score from the independent packages'.
    const ALLOWED: f64 = 1e-6;
    let file = folder.join("metrics/expected.csv");
    let mut table = csv::Reader::from_path(&file).map_err(|error| refused(&file, error))?;
    let header = table.headers().map_err(|error| refused(&file, error))?.clone();
    let mut worst = vec![0.0f64; header.len()];
    for record in table.records() {
        let record = record.map_err(|error| refused(&file, error))?;
        let name = record.get(0).unwrap_or_default();
        let mask = |kind: &str| {
            let path = folder.join(format!("metrics/{kind}/{name}.png"));
            grey(&path).map_err(|error| refused(&path, error))
        };
        let ((width, height, p), (_, _, r)) = (mask("pred")?, mask("ref")?);
        let [p, r] = [p, r].map(|m| m.iter().map(|v| *v > 0).collect::<Vec<_>>());
        let grid = |m| Grid::new(width as usize, height as usize, m).map_err(|e| refused(&file, e));
        let found = Scores::between(&grid(&p)?, &grid(&r)?).map_err(|e| refused(&file, e))?;
        for (i, column) in header.iter().enumerate().skip(1) {
            let truth = record.get(i).and_then(|v| v.parse::<f64>().ok());
            let found = found.get(column);
            let difference = match (found, truth) {
                (Some(a), Some(b)) if a == b => 0.0, // infinities too
                (Some(a), Some(b)) => (a - b).abs(),
                _ => f64::INFINITY,
            };
            worst[i] = worst[i].max(if difference.is_nan() { f64::INFINITY } else { difference });
        }
    }
    let scores = header.iter().zip(worst).skip(1);
    Ok(scores
        .map(|(name, worst)| Row::within("metrics", name.to_owned(), worst, ALLOWED))
        .collect())
}
