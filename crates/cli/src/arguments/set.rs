//! Which set, and which of its cases.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use causal_clip_seg_cli::Console;
use seg_data::{Case, Dataset, OpenOptions, RowFilter, Split, stratified};

use crate::arguments::ReadArgs;

#[derive(clap::Args)]
pub(crate) struct DataArgs {
    /// Folder of the set: manifest.csv, .tsv, .jsonl or .xlsx with the columns image, mask, text and split, or
    /// the layout of LViT's, MedCLIPSeg's or LGMS's sets
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// What belongs together, as a regular expression on the pictures' names (for QaTa-COV19: sub-S\d+);
    /// confidence intervals resample whole groups
    #[arg(long, value_name = "PATTERN")]
    group: Option<String>,
    /// Only rows of a manifest whose column has one of these values; several columns must all fit
    #[arg(long = "where", value_name = "COLUMN=VALUE,...")]
    rows: Vec<RowFilter>,
    #[command(flatten)]
    reading: ReadArgs,
}

impl DataArgs {
    /// The set, read as the flags say, else as the weights with this metadata were trained; what was
    /// read otherwise than it is written is said.
    pub(crate) fn open_noted(
        &self,
        metadata: &BTreeMap<String, String>,
        console: Console,
    ) -> anyhow::Result<Dataset> {
        let set = self.open(metadata)?;
        set.notes().iter().for_each(|note| console.note(note.to_string()));
        Ok(set)
    }

    /// The set, read as the flags say, else as the weights with this metadata were trained.
    pub(crate) fn open(&self, metadata: &BTreeMap<String, String>) -> anyhow::Result<Dataset> {
        let options = OpenOptions {
            group_pattern: self.group.clone(),
            rows: self.rows.iter().cloned().fold(RowFilter::default(), RowFilter::and),
            reading: self.reading.options(metadata),
            ..OpenOptions::default()
        };
        Dataset::open_with(&self.data, &options).context("cannot open the set")
    }
}

#[derive(clap::Args)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Part of the set: train, val or test
    #[arg(long, default_value_t = Split::Test)]
    pub(crate) split: Split,
    /// Use at most so many cases of the split, drawn by the seed and spread over kinds of sentence and
    /// groups
    #[arg(long, value_name = "N")]
    pub(crate) cases: Option<usize>,
    /// Seed of whatever is drawn: cases, the sentences of other cases, confidence intervals
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

impl SetArgs {
    /// As many of the cases as are to be used, at least one.
    pub(crate) fn choose<'a>(&self, cases: Vec<&'a Case>) -> anyhow::Result<Vec<&'a Case>> {
        let chosen = match self.cases {
            Some(count) => stratified(&cases, count, self.seed),
            None => cases,
        };
        let (folder, split) = (self.data.data.display(), self.split);
        ensure!(!chosen.is_empty(), "{folder}: found no case to use in the split {split}");
        Ok(chosen)
    }
}
