//! Whether a network sees that what is asked for is not there, for people to read.

use std::collections::BTreeMap;
use std::path::Path;

use causal_clip_seg::Segmenter;
use seg_data::{Case, Dataset, Split};
use seg_report::PresenceReport;
use seg_sentences::Sides;
use serde::Serialize;

use crate::absence::Absence;
use crate::error::EvaluationError;
use crate::presence::{PresenceAnswer, ask_presence, presence_of};
use crate::table::write_table;

/// How well a network tells what is there from what is not.
#[derive(Debug, Serialize)]
pub struct PresenceStudy {
    /// Scores over all questions.
    #[serde(flatten)]
    pub all: PresenceReport,
    /// Where the threshold is from: `weights` or `val`.
    pub threshold_from: &'static str,
    /// The share of each kind of question about what is not there that is seen as such, and how many
    /// there are.
    pub no_target_accuracy_by_kind: BTreeMap<Absence, (f64, usize)>,
    #[serde(skip)]
    answers: Vec<PresenceAnswer>,
}

/// What a study of presence asks, and of which cases.
#[derive(Clone, Copy, Debug)]
pub struct PresenceQuestions<'a> {
    /// The whole set: without a threshold in the weights one is fitted on its split `val`.
    pub data: &'a Dataset,
    /// The cases that are asked about.
    pub cases: &'a [&'a Case],
    /// The split that they belong to.
    pub split: Split,
    /// What left and right mean in the set's sentences.
    pub sides: Sides,
}

impl PresenceStudy {
    /// Asks the cases for what is there and what is not. `tick` is called after each case, those of
    /// the split `val` first if a threshold is fitted.
    ///
    /// # Errors
    ///
    /// If a picture or mask cannot be read, or there is nothing to fit a threshold on.
    pub fn run(
        segmenter: &Segmenter,
        questions: &PresenceQuestions<'_>,
        mut tick: impl FnMut(),
    ) -> Result<Self, EvaluationError> {
        let PresenceQuestions { data, cases, split, sides } = *questions;
        let (threshold, threshold_from) = match segmenter.config().input.presence {
            Some(threshold) => (f64::from(threshold), "weights"),
            None => {
                let val = data.cases(Split::Val);
                let answers = ask_presence(segmenter, &val, &val, sides, &mut tick)?;
                (presence_of(&answers)?.fit_threshold()?, "val")
            }
        };
        let answers = ask_presence(segmenter, cases, &data.cases(split), sides, tick)?;
        let mut kinds: BTreeMap<Absence, Vec<bool>> = BTreeMap::new();
        for answer in &answers {
            if let Some(kind) = answer.absence {
                kinds.entry(kind).or_default().push(f64::from(answer.presence) < threshold);
            }
        }
        let share = |seen: Vec<bool>| {
            (seen.iter().filter(|seen| **seen).count() as f64 / seen.len() as f64, seen.len())
        };
        Ok(Self {
            all: presence_of(&answers)?.report(threshold),
            threshold_from,
            no_target_accuracy_by_kind: kinds
                .into_iter()
                .map(|(kind, seen)| (kind, share(seen)))
                .collect(),
            answers,
        })
    }
}

impl PresenceStudy {
    /// A table to paste.
    pub fn markdown(&self) -> String {
        let percent = |share: Option<f64>| {
            share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share))
        };
        let all = &self.all;
        let mut lines = vec![
            format!(
                "Presence from {:.3} on (threshold of the {}):",
                all.threshold, self.threshold_from
            ),
            String::new(),
            "| asked for | questions | answered rightly |".to_owned(),
            "| --- | --- | --- |".to_owned(),
            format!("| what is there | {} | {} |", all.present, percent(all.target_accuracy)),
            format!("| what is not | {} | {} |", all.absent, percent(all.no_target_accuracy)),
        ];
        for (kind, (share, count)) in &self.no_target_accuracy_by_kind {
            let what = match kind {
                Absence::Given => "empty masks of the set",
                Absence::Covered => "target covered",
                Absence::OtherSide => "the other, free side",
                Absence::Negated => "negation",
                Absence::OffTopic => "off topic",
            };
            lines.push(format!("| – {what} | {count} | {} |", percent(Some(*share))));
        }
        let auroc = all.auroc.map_or_else(|| "–".to_owned(), |area| format!("{area:.4}"));
        lines.extend([String::new(), format!("AUROC {auroc}"), String::new()]);
        lines.join("\n")
    }

    /// `case,sentence,absence,covered,presence`: a row for each question.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_queries(&self, file: &Path, names: &[String]) -> Result<(), EvaluationError> {
        #[derive(Serialize)]
        struct Row<'a> {
            case: &'a str,
            sentence: &'a str,
            absence: Option<Absence>,
            covered: bool,
            presence: f32,
        }
        let rows = self.answers.iter().map(|answer| {
            let PresenceAnswer { case, sentence, absence, covered, presence } = answer;
            let (absence, covered, presence) = (*absence, *covered, *presence);
            Row { case: &names[*case], sentence, absence, covered, presence }
        });
        write_table(file, rows)
    }
}
