//! `segment --jobs`: many questions from a table, answered in a run that can be stopped.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use causal_clip_seg::Segmenter;
use causal_clip_seg_cli::{Console, stop_on_ctrl_c};
use indicatif::ProgressBar;
use seg_data::{DataError, Question, QuestionTable, read_questions};
use seg_image::{NoteCounts, PictureOptions, read_picture, write_mask};
use serde_json::json;

use super::answer::Answer;
use super::ledger::{Ledger, Settings};
use crate::arguments::{Weights, create_folder, whose_left};

/// Sentences about one picture that are answered at once; each needs maps of the picture's size.
const AT_ONCE: usize = 8;

/// How a table's pictures are read, and what is left of their answers.
pub(super) struct JobOptions {
    pub(super) reading: PictureOptions,
    /// Probabilities too.
    pub(super) probability: bool,
}

/// Answers the rows of a table that have no answer yet; `false` if a row could not be answered.
pub(super) fn run(
    table: &Path,
    segmenter: &Segmenter,
    weights: &Weights,
    out: &Path,
    options: JobOptions,
    console: Console,
) -> anyhow::Result<bool> {
    let QuestionTable { rows: questions, notes } = read_questions(table)?;
    notes.iter().for_each(|note| console.note(note.to_string()));
    let folder = match table.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let ledger = Ledger::open(out, &settings(segmenter, weights, folder)?)?;
    let stop = stop_on_ctrl_c("picture")?;
    let rows = questions.len();
    let probabilities = options.probability.then(|| out.join("probabilities"));
    probabilities.as_deref().map(create_folder).transpose()?;
    let mut work = Work {
        segmenter,
        ledger,
        folder,
        probabilities,
        reading: options.reading,
        notes: NoteCounts::default(),
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

    let Work { ledger, failed, answered, notes, .. } = work;
    notes.lines().into_iter().for_each(|line| console.note(line));
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

fn settings(segmenter: &Segmenter, weights: &Weights, folder: &Path) -> anyhow::Result<Settings> {
    let input = &segmenter.config().input;
    Ok(Settings {
        weights_sha256: weights.sha256()?,
        branch: json!(input.branch).as_str().unwrap_or_default().to_owned(),
        threshold: input.threshold,
        presence: input.presence,
        images_in: folder
            .canonicalize()
            .with_context(|| format!("cannot find {}", folder.display()))?,
    })
}

/// A picture with the questions about it that have no answer.
type Picture = (PathBuf, Vec<Question>);

/// The run as far as it is.
struct Work<'a> {
    segmenter: &'a Segmenter,
    ledger: Ledger,
    /// The table's.
    folder: &'a Path,
    /// Where the probabilities go, if they are wanted.
    probabilities: Option<PathBuf>,
    reading: PictureOptions,
    /// What was decided while pictures were read.
    notes: NoteCounts,
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
        for (picture, questions) in pictures {
            let image = match read_picture(picture, self.reading) {
                Ok(read) => {
                    self.notes.add(picture, &read.notes);
                    read.image
                }
                Err(error) => {
                    let error = format!("{:#}", anyhow::Error::from(error));
                    questions.iter().for_each(|q| self.fail(format!("{}: {error}", q.origin)));
                    continue;
                }
            };
            for part in questions.chunks(AT_ONCE) {
                if stop.load(Ordering::Relaxed) {
                    return Ok(true);
                }
                let asked = part.iter().map(|question| (&image, question.sentence.as_str()));
                let masks = self.segmenter.segment_many(&asked.collect::<Vec<_>>())?;
                for (question, mask) in part.iter().zip(&masks) {
                    let file = self.ledger.new_mask(picture);
                    let path = self.ledger.path(&file);
                    write_mask(&path, &mask.decided())?;
                    if let Some(folder) = &self.probabilities {
                        let name = path.file_name().unwrap_or_default();
                        mask.write_probabilities(folder.join(name))?;
                    }
                    let name = self.name(picture);
                    self.ledger.add(Answer::new(name, &question.sentence, mask, file))?;
                    self.answered += 1;
                    self.bar.iter().for_each(|bar| bar.inc(1));
                }
            }
        }
        Ok(false)
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
