//! What the edits of one kind did.

use std::collections::BTreeSet;

use seg_metrics::{Bootstrap, MetricError};
use serde::Serialize;

use crate::reading::CaseRecord;
use crate::reading::effect::EditEffect;
use crate::reading::mean::{Mean, median};
use seg_sentences::EditKind;

/// What the edits of one kind did, over all cases that have one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EditSummary {
    /// Which kind.
    pub edit: EditKind,
    /// The number of edits.
    pub cases: usize,
    /// The number of groups.
    pub groups: usize,
    /// Answers to edited sentences that are empty.
    pub empty: usize,
    /// [`EditEffect::dice_to_original`].
    pub dice_to_original: Mean,
    /// [`EditEffect::shift`].
    pub shift: Mean,
    /// [`EditEffect::area_ratio`].
    pub area_ratio: AreaRatio,
    /// The share of those with a verdict that moved the right way, in `[0, 1]`:
    /// [`EditEffect::moved_right`].
    pub moved_right: Mean,
    /// [`EditEffect::probability_change`].
    pub probability_change: Mean,
    /// [`EditEffect::dice_reference`].
    pub dice_reference: Mean,
    /// The answers against both true masks, over the edited sentences that have one; `None` if none
    /// has.
    pub both_references: Option<PairedDice>,
}

/// The new area over the old one, over cases where that is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AreaRatio {
    /// Its mean; a few small old areas weigh heavily.
    #[serde(flatten)]
    pub mean: Mean,
    /// Its median.
    pub median: Option<f64>,
}

/// The answers to edited sentences against both true masks, over the same cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairedDice {
    /// Against the true mask of the edited sentence: high where the sentence decides.
    pub edited: Mean,
    /// Against the true mask of the original sentence: high where it does not.
    pub original: Mean,
}

impl EditSummary {
    /// Summarises the records of a kind; `None` if there are none.
    pub(crate) fn from_records(
        kind: EditKind,
        records: &[CaseRecord],
        bootstrap: &Bootstrap,
    ) -> Result<Option<Self>, MetricError> {
        let records = records.iter().filter(|record| record.edit.kind() == kind);
        let records = records.collect::<Vec<_>>();
        if records.is_empty() {
            return Ok(None);
        }
        let values = |value: fn(&EditEffect) -> Option<f64>| {
            records
                .iter()
                .filter_map(move |record| Some((record.group.as_str(), value(&record.effect)?)))
        };
        let mean = |value| Mean::from_values(values(value), bootstrap);
        let ratio: fn(&EditEffect) -> Option<f64> = |found| found.area_ratio;
        let edited = mean(|found| found.dice_edited_reference)?;
        let both_references = match edited.cases {
            0 => None,
            _ => Some(PairedDice {
                edited,
                original: mean(|found| found.dice_edited_reference.and(found.dice_reference))?,
            }),
        };
        Ok(Some(Self {
            edit: kind,
            cases: records.len(),
            groups: records.iter().map(|record| &record.group).collect::<BTreeSet<_>>().len(),
            empty: records.iter().filter(|record| record.effect.empty).count(),
            dice_to_original: mean(|found| Some(found.dice_to_original))?,
            shift: mean(|found| found.shift)?,
            area_ratio: AreaRatio {
                mean: mean(ratio)?,
                median: median(values(ratio).map(|(_, value)| value)),
            },
            moved_right: mean(|found| found.moved_right.map(|moved| f64::from(u8::from(moved))))?,
            probability_change: mean(|found| found.probability_change)?,
            dice_reference: mean(|found| found.dice_reference)?,
            both_references,
        }))
    }
}
