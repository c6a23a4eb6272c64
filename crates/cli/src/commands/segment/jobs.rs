//! `segment --jobs`: many questions from a table, answered in a run that can be stopped.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use causal_clip_seg::errors::ImageError;
use causal_clip_seg::{Mask, RgbImage, SegError, Segmenter, Tiling};
use causal_clip_seg_cli::{Console, advise_if_lost, stop_on_ctrl_c};
use indicatif::ProgressBar;
use seg_data::{DataError, Question, QuestionTable, read_questions};
use seg_image::{NoteCounts, PictureOptions, PictureRows, write_mask};
use serde_json::json;

use super::ahead::{Ahead, Read, Reader};
use super::answer::Answer;
use super::dicom::DicomArgs;
use super::ledger::{Ledger, Settings};
use super::tiles::{self, Files, Opened, Tiles};
use super::whose_side;
use crate::arguments::{Weights, create_folder, whose_left};

/// Sentences about one picture that are answered at once; each needs maps of the picture's size.
pub(super) const AT_ONCE: usize = 8;

/// How a table's pictures are read, and what is left of their answers.
pub(super) struct JobOptions<'a> {
    pub(super) reading: PictureOptions,
    pub(super) dicom: &'a DicomArgs,
    /// Probabilities too.
    pub(super) probability: bool,
    /// Answers by tiles.
    pub(super) tiling: Option<Tiling>,
}

/// Answers the rows of a table that have no answer yet; `false` if a row could not be answered.
pub(super) fn run(
    table: &Path,
    (segmenter, others): (&Segmenter, &[Segmenter]),
    weights: &Weights,
    out: &Path,
    options: JobOptions<'_>,
    console: Console,
) -> anyhow::Result<bool> {
    let QuestionTable { rows: questions, notes } = read_questions(table)?;
    notes.iter().for_each(|note| console.note(note.to_string()));
    let folder = match table.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let ledger = Ledger::open(out, &settings(segmenter, weights, folder, &options)?)?;
    let stop = stop_on_ctrl_c("picture")?;
    let rows = questions.len();
    let probabilities = options.probability.then(|| out.join("probabilities"));
    probabilities.as_deref().map(create_folder).transpose()?;
    advise_if_lost("run the same command again to go on with what is left".to_owned());
    let mut work = Work {
        segmenter,
        others,
        ledger,
        folder,
        probabilities,
        reading: options.reading,
        dicom: options.dicom,
        tiling: options.tiling,
        notes: NoteCounts::default(),
        places: Counted::default(),
        sides: Counted::default(),
        bar: None,
        failed: Vec::new(),
        answered: 0,
    };
    let pictures = work.open_questions(questions);
    let open = pictures.iter().map(|(_, questions)| questions.len()).sum::<usize>();
    let before = rows - open - work.failed.len();

    let bar = console.progress(open, "answering");
    work.bar = Some(bar.clone());
    let stopped = work.answer_all(&pictures, stop)?;
    bar.finish_and_clear();

    let Work { ledger, failed, answered, notes, places, sides, .. } = work;
    notes.lines().into_iter().for_each(|line| console.note(line));
    for Counted { count, note } in [places, sides] {
        note.iter().for_each(|note| console.note(format!("{count} answers: {note}")));
    }
    let told = json!({
        "left_and_right": whose_left(segmenter),
        "sides": segmenter.sides(),
        "rows": rows,
        "answered": answered,
        "answered_before": before,
        "failed": failed,
        "stopped": stopped,
        "table": ledger.table(),
    });
    console.result(&told, || {
        let mut lines = vec![format!(
            "{rows} rows: {answered} answered, {before} answered before, {} failed -> {}",
            failed.len(),
            ledger.table().display()
        )];
        if stopped {
            lines.push("stopped; run the same command again to go on".to_owned());
        }
        lines.push(whose_left(segmenter).to_owned());
        lines.join("\n")
    })?;
    Ok(failed.is_empty())
}

fn settings(
    segmenter: &Segmenter,
    weights: &Weights,
    folder: &Path,
    options: &JobOptions<'_>,
) -> anyhow::Result<Settings> {
    let input = &segmenter.config().input;
    let reading = options.reading;
    let unusual = (reading != PictureOptions::default()).then(|| format!("{reading:?}"));
    let read_as = [unusual, options.dicom.reading()].into_iter().flatten().collect::<Vec<_>>();
    Ok(Settings {
        weights_sha256: weights.sha256()?,
        branch: json!(input.branch).as_str().unwrap_or_default().to_owned(),
        threshold: input.threshold,
        presence: input.presence,
        read_as: read_as.join(", "),
        tiles: options.tiling.map(|tiling| (tiling.side(), tiling.overlap())),
        images_in: folder
            .canonicalize()
            .with_context(|| format!("cannot find {}", folder.display()))?,
    })
}

/// A picture with the questions about it that have no answer.
pub(super) type Picture = (PathBuf, Vec<Question>);

/// Answers of which something has to be said.
#[derive(Default)]
struct Counted {
    count: usize,
    /// About one of them.
    note: Option<String>,
}

impl Counted {
    fn add(&mut self, note: Option<String>) {
        if let Some(note) = note {
            self.count += 1;
            self.note.get_or_insert(note);
        }
    }
}

/// The run as far as it is.
struct Work<'a> {
    segmenter: &'a Segmenter,
    /// Copies on further devices.
    others: &'a [Segmenter],
    ledger: Ledger,
    /// The table's.
    folder: &'a Path,
    /// Where the probabilities go, if they are wanted.
    probabilities: Option<PathBuf>,
    reading: PictureOptions,
    dicom: &'a DicomArgs,
    tiling: Option<Tiling>,
    /// What was decided while pictures were read.
    notes: NoteCounts,
    /// By tiles, to sentences that name a place.
    places: Counted,
    /// To sentences whose sides the file takes otherwise than the network.
    sides: Counted,
    bar: Option<ProgressBar>,
    failed: Vec<String>,
    answered: usize,
}

impl Work<'_> {
    /// What is left to answer, by picture in the table's order. A question that the table asks twice is
    /// asked once.
    fn open_questions(&mut self, questions: Vec<Result<Question, DataError>>) -> Vec<Picture> {
        let mut seen = HashSet::new();
        let mut places = HashMap::new();
        let mut pictures: Vec<Picture> = Vec::new();
        for question in questions {
            let question = match question {
                Ok(question) => question,
                Err(error) => {
                    self.fail(format!("{:#}", anyhow::Error::from(error)));
                    continue;
                }
            };
            let image = self.name(&question.image);
            let known = self.ledger.has(&image, &question.sentence);
            if known || !seen.insert((image, question.sentence.clone())) {
                continue;
            }
            let place = *places.entry(question.image.clone()).or_insert_with(|| {
                pictures.push((question.image.clone(), Vec::new()));
                pictures.len() - 1
            });
            pictures[place].1.push(question);
        }
        pictures
    }

    /// `true` if it was stopped before the last picture.
    fn answer_all(&mut self, pictures: &[Picture], stop: &AtomicBool) -> anyhow::Result<bool> {
        let Self { segmenter, others, reading, dicom, tiling, .. } = *self;
        let asked = pictures.iter().flat_map(|(_, questions)| questions);
        let asked = asked.map(|question| question.sentence.as_str()).collect::<Vec<_>>();
        let learned = segmenter.learn_sentences(&asked)?;
        others.iter().try_for_each(|other| other.learn_sentences(&asked).map(drop))?;
        let reader = Reader { reading, dicom, tiling, learned };
        if others.is_empty() {
            for (picture, questions) in pictures {
                reader.begin(segmenter)?;
                let masks =
                    |image: &RgbImage, part: &[Question]| reader.masks(segmenter, image, part);
                if self.answer_one(picture, questions, reader.read(picture), masks, stop)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let ahead = Ahead { reader, pictures, stop };
        ahead.run(std::iter::once(segmenter).chain(others), |picture, questions, read, masks| {
            let mut masks = masks.into_iter();
            // What was not answered ahead is answered here.
            let masks = |image: &RgbImage, part: &[Question]| {
                masks.next().unwrap_or_else(|| reader.masks(segmenter, image, part))
            };
            self.answer_one(picture, questions, read, masks, stop)
        })
    }

    /// Answers the questions about a picture; `true` if it was stopped before the last one.
    fn answer_one(
        &mut self,
        picture: &Path,
        questions: &[Question],
        read: Result<Read, ImageError>,
        mut masks: impl FnMut(&RgbImage, &[Question]) -> Result<Vec<Mask>, SegError>,
        stop: &AtomicBool,
    ) -> anyhow::Result<bool> {
        let Read { mut opened, notes, sides } = match read {
            Ok(read) => read,
            Err(error) => {
                self.fail_all(questions, error);
                return Ok(false);
            }
        };
        self.notes.add(picture, &notes);
        let at_once = match (&opened, self.tiling) {
            (Opened::Rows(rows), Some(tiling)) => tiles::at_once(rows, tiling),
            _ => AT_ONCE,
        };
        for (number, part) in questions.chunks(at_once).enumerate() {
            if stop.load(Ordering::Relaxed) {
                return Ok(true);
            }
            for Question { sentence, .. } in part {
                let note = whose_side::note(sentence, self.segmenter.sides(), sides);
                self.sides.add(note.map(|note| format!("{}: {note}", picture.display())));
            }
            match &mut opened {
                Opened::Whole(image) => {
                    let masks = masks(image, part)?;
                    self.leave(picture, image, part, &masks)?;
                }
                Opened::Rows(rows) => self.answer_rows(rows, part, number == 0)?,
            }
        }
        Ok(false)
    }

    /// Leaves the answers about a picture in memory.
    fn leave(
        &mut self,
        picture: &Path,
        image: &RgbImage,
        questions: &[Question],
        masks: &[Mask],
    ) -> anyhow::Result<()> {
        for (question, mask) in questions.iter().zip(masks) {
            let file = self.ledger.new_mask(picture);
            let path = self.ledger.path(&file);
            write_mask(&path, &mask.decided())?;
            if let Some(folder) = &self.probabilities {
                let name = path.file_name().unwrap_or_default();
                mask.write_probabilities(folder.join(name))?;
            }
            let mut answer = Answer::new(self.name(picture), &question.sentence, mask, file);
            answer.tiles = Tiles::of(self.tiling, image.dimensions(), &question.sentence);
            self.add(answer)?;
        }
        Ok(())
    }

    /// Answers questions about a picture that is read by rows; anew, unless it was just opened.
    fn answer_rows(
        &mut self,
        rows: &mut PictureRows,
        questions: &[Question],
        just_opened: bool,
    ) -> anyhow::Result<()> {
        let Some(tiling) = self.tiling else { return Ok(()) };
        let picture = rows.file().to_owned();
        let files = questions.iter().map(|question| {
            let name = self.ledger.new_mask(&picture);
            let mask = self.ledger.path(&name);
            let file = mask.file_name().unwrap_or_default();
            let probability = self.probabilities.as_ref().map(|folder| folder.join(file));
            (question.sentence.as_str(), Files { mask, probability, name })
        });
        let files = files.collect::<Vec<_>>();
        let name = self.name(&picture);
        if !just_opened {
            match PictureRows::open(&picture, self.reading) {
                Ok(opened) => *rows = opened,
                Err(error) => {
                    self.fail_all(questions, error);
                    return Ok(());
                }
            }
        }
        match tiles::answer_rows(self.segmenter, rows, (&name, tiling), &files, |_| ()) {
            Ok(told) => {
                if just_opened {
                    self.notes.add(&picture, &told.notes);
                }
                told.answers.into_iter().try_for_each(|answer| self.add(answer))
            }
            // What cannot be written now cannot be written later.
            Err(SegError::Image(error @ ImageError::Write(_))) => Err(error.into()),
            Err(error) => {
                self.fail_all(questions, error);
                Ok(())
            }
        }
    }

    /// An answer whose files are written.
    fn add(&mut self, answer: Answer) -> anyhow::Result<()> {
        self.places.add(answer.tiles.and_then(|tiles| tiles.note(&answer.sentence)));
        self.ledger.add(answer)?;
        self.answered += 1;
        self.bar.iter().for_each(|bar| bar.inc(1));
        Ok(())
    }

    /// Questions about a picture that cannot be read.
    fn fail_all(&mut self, questions: &[Question], error: impl Into<anyhow::Error>) {
        let error = format!("{:#}", error.into());
        questions.iter().for_each(|q| self.fail(format!("{}: {error}", q.origin)));
    }

    /// A picture's name in the table of answers: its path from the folder of the questions.
    fn name(&self, picture: &Path) -> String {
        picture.strip_prefix(self.folder).unwrap_or(picture).display().to_string()
    }

    /// One line on standard error, above the progress.
    fn fail(&mut self, what: String) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("error: {what}")),
            None => eprintln!("error: {what}"),
        }
        self.failed.push(what);
    }
}
