//! `segment`

mod ahead;
mod answer;
#[cfg(feature = "dicom")]
mod dicom;
#[cfg(not(feature = "dicom"))]
#[path = "segment/no_dicom.rs"]
mod dicom;
mod jobs;
mod ledger;
mod tiles;
mod whose_side;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use causal_clip_seg::explanation::Explanation;
use causal_clip_seg::{Device, Mask, RgbImage, Segmenter, Tiling};
use causal_clip_seg_cli::{Console, DeviceArg, UsageError};
use seg_image::{
    FileNote, OverlayStyle, PictureOptions, PictureRows, contact_sheet, overlay, write_gray8,
    write_mask, write_rgb,
};
use serde_json::json;

use crate::arguments::{AnswerArgs, OutArg, PictureArgs, Weights, whose_left};
use answer::{Answer, short};
use dicom::DicomArgs;
use jobs::JobOptions;
use tiles::{Files, Opened, TileArgs, Tiles};
use whose_side::PictureSides;

/// Segments pictures by sentences.
///
/// For each picture and sentence, NAME.mask.png (0 and 255) and NAME.overlay.png (the mask and the sentence
/// on the picture) are left in the folder of --out; with several sentences the files are called NAME.1,
/// NAME.2 and so on.
///
/// Without --weights the network `chest` answers, which the program carries: it finds the lungs and their
/// halves and thirds on frontal chest X-rays, and nothing else. It knows no disease: what it says when it is
/// asked for one means nothing. Without pictures it answers about one of its own.
///
/// Whose left? The network uses left and right as its training data does. A radiologist means the patient's
/// left, which is on the right of a frontal X-ray, and so does `chest`, unless the sentence says "of the
/// image". In QaTa-COV19 and in `phantom` "left" is the image's left. Find out before you trust a mask: the
/// command prints what is known of the weights.
///
/// Many questions: --jobs reads pictures and sentences from a table (CSV, TSV, JSON lines or Excel with the
/// columns image and text; a set's manifest will do). Masks go to OUT/masks, and OUT/answers.csv gets a
/// row for each: image, sentence, mask, share of the area, bounding box in pixels, presence. Stop it with
/// Ctrl-C at any time; the same command goes on with what is left. A row that cannot be answered is
/// reported with file and row, the others are answered, and the exit code is 1. Several devices (--device A,B)
/// share the pictures; what comes out, and in which order, does not depend on how many there are.
///
/// Small things in large pictures: the network sees a picture at its own size, a few hundred pixels wide.
/// --tile N answers tiles of N x N pixels instead, each as a picture of its own, and blends where they
/// overlap. Choose N so that things look as large as in the pictures that the network was trained on.
///
/// DICOM files are read as a radiologist sees them, and --dicom-seg answers in kind: NAME.seg.dcm. What is
/// read, how it is shown and what is written stands in docs/dicom.md. --picture leaves what was read, to
/// compare it with a viewer.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  causal-clip-seg segment
  causal-clip-seg segment -w runs/first -i x.png \"left lung\" \"lesion in the right lung\"
  causal-clip-seg segment -w runs/nuclei -i slide.tif --tile 512 \"nuclei\"
  causal-clip-seg segment -i chest.dcm \"left lung\" \"right lung\" --dicom-seg
  causal-clip-seg segment -w runs/first --jobs questions.csv -o runs/answers")]
pub(crate) struct Segment {
    /// What to segment, each sentence in quotes; several are answered one by one
    sentences: Vec<String>,
    /// A picture: PNG, JPEG, TIFF, BMP or DICOM; may be given several times [default: the network's own]
    #[arg(short, long = "image", value_name = "FILE")]
    images: Vec<PathBuf>,
    /// Trained weights: a file (safetensors), a training's folder, which stands for its best.safetensors,
    /// chest (lungs on X-rays) or phantom (generated pictures), which the program carries, or
    /// hf:OWNER/REPO[/FILE][@REVISION] from Hugging Face's hub [default: chest]
    #[arg(short, long, value_name = "PATH|NAME")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    out: OutArg,
    #[command(flatten)]
    answer: AnswerArgs,
    #[command(flatten)]
    picture: PictureArgs,
    /// Leave the mask empty if the network finds the target absent: by the threshold stored with the
    /// weights, or by this one from 0 to 1
    #[arg(long, value_name = "FROM", num_args = 0..=1, require_equals = true)]
    presence: Option<Option<f32>>,
    /// Leave NAME.probability.png too; with --jobs, OUT/probabilities
    #[arg(long)]
    probability: bool,
    /// Leave NAME.picture.png too: the picture in 8 bits, as it was read
    #[arg(long = "picture")]
    leave_picture: bool,
    /// Leave NAME.explain.png too: both branches' answers and the three gates
    #[arg(long)]
    explain: bool,
    /// Also write all overlays side by side into one picture, a row for each image
    #[arg(long, value_name = "PNG")]
    sheet: Option<PathBuf>,
    /// Answer every row of a table (columns image and text) instead of pictures and sentences from the
    /// command line
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["images", "sentences", "sheet", "explain", "leave_picture"])]
    jobs: Option<PathBuf>,
    #[command(flatten)]
    tiles: TileArgs,
    #[command(flatten)]
    dicom: DicomArgs,
    #[command(flatten)]
    device: DeviceArg,
}

impl Segment {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        if self.sentences.is_empty() && !self.images.is_empty() {
            let what = "no sentence: say what to segment, for example \"left lung\"";
            return Err(UsageError(what.to_owned()).into());
        }
        self.images.iter().try_for_each(|path| self.dicom.check(path))?;
        if self.jobs.is_some() {
            self.dicom.check_jobs()?;
        }
        if self.sentences.iter().any(|sentence| sentence.trim().is_empty()) {
            let what = "an empty sentence: say what to segment, for example \"left lung\"";
            return Err(UsageError(what.to_owned()).into());
        }
        let (device, others) = match self.jobs {
            None => (self.device.open(console)?, Vec::new()),
            Some(_) => {
                let mut devices = self.device.open_all(console)?;
                (devices.remove(0), devices) // there is a default
            }
        };
        let weights = match &self.weights {
            Some(path) => Weights::open(path, console)?,
            None => Weights::carried(console)?,
        };
        let on =
            |device| self.with_presence(self.answer.apply(weights.segmenter(device)?)?, &weights);
        let segmenter = on(&device)?;
        let tiling = self.tiles.tiling(&segmenter)?;
        if tiling.is_some() && self.explain {
            let what = "--explain shows whole pictures: add --tile 0, or leave one of them out";
            return Err(UsageError(what.to_owned()).into());
        }
        let out = self.out.create("segment")?;
        if let Some(table) = &self.jobs {
            let reading = self.picture.options(weights.metadata());
            let (probability, dicom) = (self.probability, &self.dicom);
            let options = JobOptions { reading, dicom, probability, tiling };
            let others = others.iter().map(on).collect::<anyhow::Result<Vec<_>>>()?;
            let devices = (&segmenter, &others[..]);
            return jobs::run(table, devices, &weights, &out, options, console);
        }
        let answers = self.pictures(&segmenter, &weights, &device, &out, console)?;
        let told = json!({ "left_and_right": whose_left(&segmenter), "sides": segmenter.sides(), "answers": answers });
        console.result(&told, || {
            let lines = answers.iter().map(|answer| format!("{answer}\n")).collect::<String>();
            format!("{lines}{}\n-> {}", whose_left(&segmenter), out.display())
        })?;
        Ok(true)
    }

    fn with_presence(&self, segmenter: Segmenter, weights: &Weights) -> anyhow::Result<Segmenter> {
        let threshold = match self.presence {
            Some(Some(from)) => Some(from),
            Some(None) => Some(segmenter.config().input.presence.with_context(|| {
                format!(
                    "{}: no threshold of presence is stored with these weights; give one, such as \
                     --presence=0.5, or train with data.negatives",
                    weights.name()
                )
            })?),
            None => None,
        };
        Ok(segmenter.with_presence(threshold)?)
    }

    /// Answers what the command line asks.
    fn pictures(
        &self,
        segmenter: &Segmenter,
        weights: &Weights,
        device: &Device,
        out: &Path,
        console: Console,
    ) -> anyhow::Result<Vec<Answer>> {
        // Beside the prepared network the one as trained: the other branch and the gates are its own.
        let trained = self.explain.then(|| weights.as_trained(device)).transpose()?;
        let options = self.picture.options(weights.metadata());
        let tiling = self.tiles.tiling(segmenter)?;
        let mut answers = Vec::new();
        let (mut names, mut overlays) = (HashSet::new(), Vec::new());
        let (asked, sentences) = self.asked(weights)?;
        for (path, image) in &asked {
            let stem = stem(path);
            // Two pictures of one name from two folders would overwrite each other's files.
            ensure!(
                names.insert(stem.clone()),
                "{}: an earlier picture has the same file name; answer it with another --out",
                path.display()
            );
            let mut dicom = match image {
                Some(_) => None,
                None => self.dicom.open(path)?,
            };
            let frames = dicom.as_ref().map_or(1, |file| file.len());
            if let Some(file) = &dicom {
                self.dicom.check_source(file)?;
            } else if self.dicom.reading().is_some() {
                console.note(format!(
                    "{}: no DICOM file: --frame and --window change nothing",
                    path.display()
                ));
            }
            let mut segmentation = self.dicom.segmentation(weights)?;
            for frame in 0..frames {
                // Of several frames each has its own files.
                let (stem, shown) = match frames {
                    1 => (stem.to_string(), path.display().to_string()),
                    _ => (
                        format!("{stem}.frame{}", frame + 1),
                        format!("{}, frame {}", path.display(), frame + 1),
                    ),
                };
                let name = |number: usize| match sentences.len() {
                    1 => stem.clone(),
                    _ => format!("{stem}.{}", number + 1),
                };
                let file = |number, kind: &str| out.join(format!("{}.{kind}.png", name(number)));
                let (opened, notes, sides) = match (image, &mut dicom) {
                    (Some(image), _) => (Opened::Whole(image.clone()), Vec::new(), None),
                    (None, Some(dicom)) => {
                        let frame = dicom.frame(frame)?;
                        segmentation.iter_mut().for_each(|object| object.about(&frame));
                        (Opened::Whole(frame.image), frame.notes, Some(frame.sides))
                    }
                    (None, None) => {
                        let (opened, notes) = tiles::open(path, options, tiling)?;
                        (opened, notes, None)
                    }
                };
                if frame == 0 {
                    tell(path, &notes, console);
                }
                let image = match (opened, tiling) {
                    (Opened::Whole(image), _) => image,
                    (Opened::Rows(rows), Some(tiling)) => {
                        let told = self.large(segmenter, *rows, tiling, options, file, console)?;
                        answers.extend(told);
                        continue;
                    }
                    (Opened::Rows(_), None) => continue, // only tiles are read so
                };
                if self.leave_picture {
                    leave_picture(&out.join(format!("{stem}.picture.png")), &image)?;
                }
                let texts = sentences.iter().map(String::as_str).collect::<Vec<_>>();
                let masks = tiles::masks(segmenter, &image, &texts, tiling)?;
                for (number, (sentence, mask)) in sentences.iter().zip(&masks).enumerate() {
                    overlays.push(self.leave(&image, sentence, mask, |kind| file(number, kind))?);
                    if let Some(network) = &trained {
                        let explanation = Explanation::new(network, &image, sentence)?;
                        write_rgb(&file(number, "explain"), &explanation.sheet(&image, sentence))?;
                    }
                    let sides = sides.unwrap_or_default();
                    if let Some(object) = &mut segmentation {
                        let side = whose_side::shown(sentence, segmenter.sides(), sides);
                        object.add(sentence, mask.decided(), side);
                    }
                    if frame == 0 {
                        tell_side(path, sentence, segmenter, sides, console);
                    }
                    let mask_file = file(number, "mask").display().to_string();
                    let mut answer = Answer::new(shown.clone(), sentence, mask, mask_file);
                    answer.tiles = Tiles::of(tiling, image.dimensions(), sentence);
                    answers.push(answer);
                }
            }
            if let Some(object) = &segmentation {
                object.write(&out.join(format!("{stem}.seg.dcm")))?;
            }
        }
        for answer in &answers {
            if answer.sentence_cut {
                let short = short(&answer.sentence);
                console.note(format!(
                    "a sentence is longer than the network reads, its end was ignored: {short}"
                ));
            }
            if let Some(note) = answer.tiles.and_then(|tiles| tiles.note(&answer.sentence)) {
                console.note(note);
            }
        }
        if let Some(sheet) = &self.sheet {
            ensure!(!overlays.is_empty(), "no overlay for the sheet: every picture is too large");
            write_rgb(sheet, &contact_sheet(&overlays, sentences.len()))
                .context("cannot write the sheet")?;
        }
        Ok(answers)
    }

    /// Answers about a picture that is read by rows.
    fn large(
        &self,
        segmenter: &Segmenter,
        mut rows: PictureRows,
        tiling: Tiling,
        options: PictureOptions,
        file: impl Fn(usize, &str) -> PathBuf,
        console: Console,
    ) -> anyhow::Result<Vec<Answer>> {
        let sentences = &self.sentences;
        let path = rows.file().to_owned();
        let limit = tiles::MOST_IN_MEMORY / 1_000_000;
        let none = if self.leave_picture { "neither picture nor overlay" } else { "no overlay" };
        console.note(format!(
            "{}: over {limit} million pixels: masks are written row by row, and there is {none}",
            path.display()
        ));
        let mut answers = Vec::new();
        let numbered = sentences.iter().enumerate().collect::<Vec<_>>();
        let passes = numbered.chunks(tiles::at_once(&rows, tiling));
        let bar = console.progress(rows.height() as usize * passes.len(), "rows");
        for (pass, part) in passes.enumerate() {
            if pass > 0 {
                rows = PictureRows::open(&path, options)?;
            }
            let files = part.iter().map(|(number, sentence)| {
                let mask = file(*number, "mask");
                let probability = self.probability.then(|| file(*number, "probability"));
                let name = mask.display().to_string();
                (sentence.as_str(), Files { mask, probability, name })
            });
            let name = path.display().to_string();
            let told = tiles::answer_rows(
                segmenter,
                &mut rows,
                (&name, tiling),
                &files.collect::<Vec<_>>(),
                |count| bar.inc(count),
            )?;
            if pass == 0 {
                tell(&path, &told.notes, console);
            }
            answers.extend(told.answers);
        }
        bar.finish_and_clear();
        Ok(answers)
    }

    /// Leaves the pictures of an answer, and gives its overlay.
    fn leave(
        &self,
        image: &RgbImage,
        sentence: &str,
        mask: &Mask,
        file: impl Fn(&str) -> PathBuf,
    ) -> anyhow::Result<RgbImage> {
        let decided = mask.decided();
        let overlay = overlay(image, &decided, &OverlayStyle::default(), sentence);
        write_mask(&file("mask"), &decided)?;
        write_rgb(&file("overlay"), &overlay)?;
        if self.probability {
            mask.write_probabilities(file("probability"))?;
        }
        Ok(overlay)
    }

    /// The pictures, where they are not files their pixels, and the sentences.
    #[expect(clippy::type_complexity)] // named nowhere else
    fn asked(
        &self,
        weights: &Weights,
    ) -> anyhow::Result<(Vec<(PathBuf, Option<RgbImage>)>, Vec<String>)> {
        if !self.images.is_empty() {
            let images = self.images.iter().map(|path| (path.clone(), None));
            return Ok((images.collect(), self.sentences.clone()));
        }
        let content = weights.content();
        let first = content.and_then(|content| Some((content, content.pictures.first()?)));
        let Some((content, (name, picture))) = first else {
            return Err(UsageError("no picture: give one with --image".to_owned()).into());
        };
        let picture = seg_image::decode_rgb(picture, name)?;
        let sentences = match self.sentences.is_empty() {
            true => vec![content.sentence.to_owned()],
            false => self.sentences.clone(),
        };
        Ok((vec![(PathBuf::from(name), Some(picture))], sentences))
    }
}

/// Leaves a picture as it was read: one channel if it is grey.
fn leave_picture(file: &Path, image: &RgbImage) -> anyhow::Result<()> {
    if !image.pixels().all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]) {
        return Ok(write_rgb(file, image)?);
    }
    let grey = image.pixels().map(|pixel| pixel[0]).collect();
    Ok(write_gray8(file, image.width(), image.height(), grey)?)
}

/// A file's name without its ending. Numbers are none: archives call DICOM files by identifiers, which are
/// numbers with dots between.
fn stem(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let is_number = !ending.is_empty() && ending.bytes().all(|byte| byte.is_ascii_digit());
    let name = if is_number { path.file_name() } else { path.file_stem() };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// Says what a file's sides make of a sentence's.
fn tell_side(
    path: &Path,
    sentence: &str,
    segmenter: &Segmenter,
    sides: PictureSides,
    console: Console,
) {
    if let Some(note) = whose_side::note(sentence, segmenter.sides(), sides) {
        console.note(format!("{}: {note}", path.display()));
    }
}

/// Says what was decided while a picture was read.
fn tell(path: &Path, notes: &[FileNote], console: Console) {
    notes.iter().for_each(|note| console.note(format!("{}: {note}", path.display())));
}
