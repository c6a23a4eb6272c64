//! Whether the sentence decides, over a set.

use std::collections::BTreeSet;
use std::path::Path;

use seg_metrics::{Bootstrap, MetricError};
use seg_sentences::{EditKind, Sides};
use serde::Serialize;

use crate::drawing::Drawing;
use crate::json::pretty;
use crate::reading::CaseRecord;
use crate::reading::effect::EditEffect;
use crate::reading::error::ReadingError;
use crate::reading::example::EditExample;
use crate::reading::importance::WordImportances;
use crate::reading::summary::EditSummary;
use crate::reading::{html, markdown};

/// Whether the sentence decides, over a set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReadingReport {
    /// What was asked, for the title: the set and its split, for instance.
    pub name: String,
    /// Different cases.
    pub cases: usize,
    /// Different groups.
    pub groups: usize,
    /// Edited sentences.
    pub trials: usize,
    /// Whose left and right the sentences name, where they do not say so.
    pub sides: Sides,
    /// How intervals were drawn; groups are drawn whole.
    pub bootstrap: Drawing,
    /// [`EditEffect::RULES`].
    pub rules: &'static str,
    /// By kind, of those that were tried.
    pub edits: Vec<EditSummary>,
    /// Which words the answer depends on.
    pub words: WordImportances,
}

impl ReadingReport {
    pub(crate) fn from_records(
        records: &[CaseRecord],
        sides: Sides,
        bootstrap: &Bootstrap,
    ) -> Result<Self, ReadingError> {
        if records.is_empty() {
            return Err(ReadingError::NoTrial);
        }
        let failed =
            |what: String| move |source: MetricError| ReadingError::Interval { what, source };
        let summary = |kind: EditKind| {
            EditSummary::from_records(kind, records, bootstrap)
                .map_err(failed(kind.to_string()))
                .transpose()
        };
        let count =
            |of: fn(&CaseRecord) -> &String| records.iter().map(of).collect::<BTreeSet<_>>().len();
        let groups = count(|record| &record.group);
        Ok(Self {
            name: "Reading".to_owned(),
            cases: count(|record| &record.case),
            groups,
            trials: records.len(),
            sides,
            bootstrap: Drawing::new(bootstrap, true, groups),
            rules: EditEffect::RULES,
            edits: EditKind::ALL.into_iter().filter_map(summary).collect::<Result<_, _>>()?,
            words: WordImportances::from_records(records, bootstrap)
                .map_err(failed("the importance of words".to_owned()))?,
        })
    }

    /// The report with another name.
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// What the edits of a kind did; `None` if none was tried.
    pub fn edit(&self, kind: EditKind) -> Option<&EditSummary> {
        self.edits.iter().find(|summary| summary.edit == kind)
    }

    /// One page with the numbers and as many of the examples as fit into 5 MB, pictures inside.
    ///
    /// # Errors
    ///
    /// If a picture cannot be encoded.
    pub fn html(&self, examples: &[EditExample]) -> Result<String, ReadingError> {
        html::page(self, examples)
    }

    /// Tables of the edits and of the words, for people to read.
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// Writes `reading.json`, `reading.md` and `reading.html` into an existing folder. Missing
    /// numbers are `null`.
    ///
    /// # Errors
    ///
    /// If a picture cannot be encoded or a file cannot be written; an earlier one is then
    /// unchanged.
    pub fn write(&self, folder: &Path, examples: &[EditExample]) -> Result<(), ReadingError> {
        let file = folder.join("reading.json");
        let failed = |source| ReadingError::Json { file: file.clone(), source };
        let json = pretty(self).map_err(failed)?;
        let page = self.html(examples)?;
        whole_file::write(&file, &json)?;
        whole_file::write(&folder.join("reading.md"), self.markdown().as_bytes())?;
        Ok(whole_file::write(&folder.join("reading.html"), page.as_bytes())?)
    }
}
