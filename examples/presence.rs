//! Whether a network sees that what is asked for is not there, for people to read.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use causal_clip_seg::Segmenter;
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::{Case, Dataset, Split};
use seg_report::PresenceReport;
use serde::Serialize;
use trainer::{Absence, Asked, Sides, ask_presence, presence_of};

/// How well a network tells what is there from what is not.
#[derive(Debug, Serialize)]
pub struct PresenceStudy {
    /// Of all questions.
    #[serde(flatten)]
    pub all: PresenceReport,
    /// `weights` or `val`.
    pub threshold_from: &'static str,
    /// The share of each kind of question about what is not there that is seen as such, and how many
    /// there are.
    pub no_target_accuracy_by_kind: BTreeMap<Absence, (f64, usize)>,
    #[serde(skip)]
    asked: Vec<Asked>,
}

/// Asks the cases for what is there and what is not. Without a threshold in the weights one is
/// fitted on the set's val split.
///
/// # Errors
///
/// If a picture or mask cannot be read, or there is nothing to fit a threshold on.
pub fn presence_study(
    segmenter: &Segmenter,
    data: &Dataset,
    cases: &[&Case],
    split: Split,
    sides: Sides,
) -> anyhow::Result<PresenceStudy> {
    let (threshold, threshold_from) = match segmenter.config().input.presence {
        Some(threshold) => (f64::from(threshold), "weights"),
        None => {
            let val = data.cases(Split::Val);
            if split == Split::Val {
                eprintln!(
                    "note: the threshold of presence is fitted on the cases it is reported on"
                );
            }
            let asked = ask(segmenter, (&val, &val), sides, "presence, val")?;
            let fitted = presence_of(&asked)?.fit_threshold();
            (fitted.context("fitting a threshold of presence on the split val")?, "val")
        }
    };
    let asked = ask(segmenter, (cases, &data.cases(split)), sides, "presence")?;
    let mut kinds: BTreeMap<Absence, Vec<bool>> = BTreeMap::new();
    for query in &asked {
        if let Some(kind) = query.absence {
            kinds.entry(kind).or_default().push(f64::from(query.presence) < threshold);
        }
    }
    let share = |seen: Vec<bool>| {
        (seen.iter().filter(|seen| **seen).count() as f64 / seen.len() as f64, seen.len())
    };
    Ok(PresenceStudy {
        all: presence_of(&asked)?.report(threshold),
        threshold_from,
        no_target_accuracy_by_kind: kinds.into_iter().map(|(k, seen)| (k, share(seen))).collect(),
        asked,
    })
}

fn ask(
    segmenter: &Segmenter,
    (cases, split): (&[&Case], &[&Case]),
    sides: Sides,
    name: &'static str,
) -> anyhow::Result<Vec<Asked>> {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}")?;
    let bar = ProgressBar::new(cases.len() as u64).with_style(style).with_message(name);
    let asked = ask_presence(segmenter, cases, split, sides, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(asked)
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
    pub fn write_queries(&self, file: &Path, names: &[String]) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Row<'a> {
            case: &'a str,
            sentence: &'a str,
            absence: Option<Absence>,
            covered: bool,
            presence: f32,
        }
        let mut table = csv::Writer::from_writer(Vec::new());
        for asked in &self.asked {
            let Asked { case, sentence, absence, covered, presence } = asked;
            let (absence, covered, presence) = (*absence, *covered, *presence);
            table.serialize(Row { case: &names[*case], sentence, absence, covered, presence })?;
        }
        Ok(whole_file::write(file, &table.into_inner()?)?)
    }
}
