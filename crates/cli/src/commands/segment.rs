//! `segment`

mod answer;
mod jobs;
mod ledger;
mod tiles;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use causal_clip_seg::explanation::Explanation;
use causal_clip_seg::{Device, Mask, RgbImage, Segmenter, Tiling};
use causal_clip_seg_cli::{Console, DeviceArg, UsageError};
use seg_image::{
    FileNote, OverlayStyle, PictureOptions, PictureRows, contact_sheet, overlay, write_mask,
    write_rgb,
};
use serde_json::json;

use crate::arguments::{AnswerArgs, OutArg, PictureArgs, Weights, whose_left};
use answer::{Answer, short};
use jobs::JobOptions;
use tiles::{Files, Opened, TileArgs, Tiles};

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
/// reported with file and row, the others are answered, and the exit code is 1.
///
/// Small things in large pictures: the network sees a picture at its own size, a few hundred pixels wide.
/// --tile N answers tiles of N x N pixels instead, each as a picture of its own, and blends where they
/// overlap. Choose N so that things look as large as in the pictures that the network was trained on.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  causal-clip-seg segment
  causal-clip-seg segment -w runs/first -i x.png \"left lung\" \"lesion in the right lung\"
  causal-clip-seg segment -w runs/nuclei -i slide.tif --tile 512 \"nuclei\"
  causal-clip-seg segment -w runs/first --jobs questions.csv -o runs/answers")]
pub(crate) struct Segment {
    /// What to segment, each sentence in quotes; several are answered one by one
    sentences: Vec<String>,
    /// A picture: PNG, JPEG, TIFF or BMP; may be given several times [default: the network's own]
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
    /// Leave NAME.explain.png too: both branches' answers and the three gates
    #[arg(long)]
    explain: bool,
    /// Also write all overlays side by side into one picture, a row for each image
    #[arg(long, value_name = "PNG")]
    sheet: Option<PathBuf>,
    /// Answer every row of a table (columns image and text) instead of pictures and sentences from the
    /// command line
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["images", "sentences", "sheet", "explain"])]
    jobs: Option<PathBuf>,
    #[command(flatten)]
    tiles: TileArgs,
    #[command(flatten)]
    device: DeviceArg,
}

impl Segment {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        if self.sentences.is_empty() && !self.images.is_empty() {
            let what = "no sentence: say what to segment, for example \"left lung\"";
            return Err(UsageError(what.to_owned()).into());
        }
        let device = self.device.open()?;
        let weights = match &self.weights {
            Some(path) => Weights::open(path, console)?,
            None => Weights::carried(console)?,
        };
        let segmenter = self.answer.apply(weights.segmenter(&device)?)?;
        let segmenter = self.with_presence(segmenter, &weights)?;
        let tiling = self.tiles.tiling(&segmenter)?;
        if tiling.is_some() && self.explain {
            let what = "--explain shows whole pictures: add --tile 0, or leave one of them out";
            return Err(UsageError(what.to_owned()).into());
        }
        let out = self.out.create("segment")?;
        if let Some(table) = &self.jobs {
            let reading = self.picture.options(weights.metadata());
            let options = JobOptions { reading, probability: self.probability, tiling };
            return jobs::run(table, &segmenter, &weights, &out, options, console);
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
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            // Two pictures of one name from two folders would overwrite each other's files.
            ensure!(
                names.insert(stem.clone()),
                "{}: an earlier picture has the same file name; run the command once for each",
                path.display()
            );
            let name = |number: usize| match sentences.len() {
                1 => stem.to_string(),
                _ => format!("{stem}.{}", number + 1),
            };
            let file = |number, kind: &str| out.join(format!("{}.{kind}.png", name(number)));
            let (opened, notes) = match image {
                Some(image) => (Opened::Whole(image.clone()), Vec::new()),
                None => tiles::open(path, options, tiling)?,
            };
            tell(path, &notes, console);
            let image = match (opened, tiling) {
                (Opened::Whole(image), _) => image,
                (Opened::Rows(rows), Some(tiling)) => {
                    answers.extend(self.large(segmenter, *rows, tiling, options, file, console)?);
                    continue;
                }
                (Opened::Rows(_), None) => continue, // only tiles are read so
            };
            let texts = sentences.iter().map(String::as_str).collect::<Vec<_>>();
            let masks = tiles::masks(segmenter, &image, &texts, tiling)?;
            for (number, (sentence, mask)) in sentences.iter().zip(&masks).enumerate() {
                overlays.push(self.leave(&image, sentence, mask, |kind| file(number, kind))?);
                if let Some(network) = &trained {
                    let explanation = Explanation::new(network, &image, sentence)?;
                    write_rgb(&file(number, "explain"), &explanation.sheet(&image, sentence))?;
                }
                let (path, mask_file) = (path.display(), file(number, "mask"));
                let mask_file = mask_file.display().to_string();
                let mut answer = Answer::new(path.to_string(), sentence, mask, mask_file);
                answer.tiles = Tiles::of(tiling, image.dimensions(), sentence);
                answers.push(answer);
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
        console.note(format!(
            "{}: over {limit} million pixels: masks are written row by row, and there is no overlay",
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

/// Says what was decided while a picture was read.
fn tell(path: &Path, notes: &[FileNote], console: Console) {
    notes.iter().for_each(|note| console.note(format!("{}: {note}", path.display())));
}
