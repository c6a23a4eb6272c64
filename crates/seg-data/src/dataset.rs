//! A folder of cases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;
use sha2::{Digest, Sha256};

use crate::case::{Case, ReadOptions, Split};
use crate::error::DataError;
use crate::group::{self, SharedGroup};
use crate::layout::Layout;
use crate::note::{DataNote, Notes};
use crate::row_filter::RowFilter;

/// How a set is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// How pictures and masks are read.
    pub reading: ReadOptions,
    /// The layout of the folder; `None` takes the first of [`Layout::ALL`] that the folder has.
    pub layout: Option<Layout>,
    /// Which rows of a manifest are cases. The files of the others need not be there.
    pub rows: RowFilter,
    /// A regular expression on pictures' names without the ending. What its first group matches (or
    /// the whole expression, if it has no group) is the case's group (QaTa: `sub-S\d+`). If it does
    /// not match, the table decides.
    pub group_pattern: Option<String>,
}

/// A set of cases whose files all exist.
#[derive(Clone, Debug)]
pub struct Dataset {
    folder: PathBuf,
    layout: Layout,
    cases: Vec<Case>,
    notes: Vec<DataNote>,
}

impl Dataset {
    /// Reads the tables of a folder that lies in one of the following ways; the first that is there
    /// counts.
    ///
    /// - Manifest: `manifest.csv` (or `.tsv`, `.xlsx`; a header, values with commas, semicolons, tabs or
    ///   bars between them) or `manifest.jsonl` (an object a line) with `image`, `mask`, `text` and
    ///   `split`, and `group` if need be; paths relative to the folder. `text` may be called `sentence`,
    ///   `caption`, `description` or `prompt`; `group` may be called `patient`, `subject` or
    ///   `case_group`. Several masks, with `;` between (or in a JSON list), are united; an empty value
    ///   (or `null`) is an empty mask. Further columns are not looked at.
    /// - MedCLIPSeg: `Train_Folder/img`, `Train_Folder/label`, `Prompts_Folder/Train_text.xlsx` (or
    ///   `.csv`) with the columns `Image`, `Description` and `Ground Truth`; the same for `Val` and
    ///   `Test`, whose table is `Test_text_original` or `Test_text`.
    /// - LViT: `Train_Folder/img`, `Train_Folder/labelcol`, `Train_Folder/Train_text.xlsx` (or `.csv`)
    ///   with the columns `Image` and `Description`; the same for `Val` and `Test`. The mask of `img/X`
    ///   is `labelcol/mask_X.png` (QaTa) or `labelcol/X.png` (MoNuSeg).
    /// - LGMS: `Train/Images`, `Train/GTs`, `prompt/train.csv` with the columns `Image` and
    ///   `Description`; the same for `Test`. The first 80 % of `train.csv` are train, the others
    ///   val. Masks are called as in LViT.
    ///
    /// Tables are in UTF-8 or, with its mark, UTF-16. Names of columns and folders may differ in capital
    /// letters, `Validation_Folder` is `Val_Folder`. A name that differs from its file in capital letters
    /// or back slashes, or that a spreadsheet turned into a number or a date, is taken if exactly one
    /// file fits; each kind of that is one of the [`notes`](Self::notes). In folders, `X_mask_1.png`
    /// belongs to `X_mask.png` unless a row names it, and what is no picture is passed over.
    ///
    /// Masks are read as [`MaskRule::Auto`](seg_image::MaskRule::Auto) says. Pictures are not decoded
    /// here; [`load`](crate::load) and
    /// [`check`](crate::check) do.
    ///
    /// # Errors
    ///
    /// If a table is missing or broken, a row lacks a value or a file, or a picture has no row (a
    /// manifest need not name all). The message names file and row.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        Self::open_with(folder, &OpenOptions::default())
    }

    /// Opens a set with a mask rule, a layout, some of its rows, or groups from pictures' names; else like
    /// [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), if the pattern is not a valid regular expression, and if rows are to be
    /// chosen by a column that is not there or by a value that none has.
    pub fn open_with(folder: &Path, options: &OpenOptions) -> Result<Self, DataError> {
        let pattern = options.group_pattern.as_deref().map(|pattern| {
            Regex::new(pattern).map_err(|source| DataError::Pattern {
                pattern: pattern.to_owned(),
                source: Box::new(source),
            })
        });
        let pattern = pattern.transpose()?;
        let layout = match options.layout {
            Some(layout) => layout,
            None => Layout::find(folder)?,
        };
        let mut notes = Notes::default();
        let mut cases = layout.read(folder, &options.rows, &mut notes)?;
        for case in &mut cases {
            case.reading = options.reading;
            if let Some(found) = pattern.as_ref().and_then(|pattern| pattern.captures(&case.id)) {
                let found = found.get(1).or_else(|| found.get(0));
                case.group = found.map(|found| found.as_str().to_owned());
            }
        }
        let notes = notes.into_vec();
        Ok(Self { folder: folder.to_owned(), layout, cases, notes })
    }

    /// The cases of a split, in the table's order.
    pub fn cases(&self, split: Split) -> Vec<&Case> {
        self.cases.iter().filter(|case| case.split == split).collect()
    }

    /// What was read otherwise than it is written, or left out; each kind once.
    pub fn notes(&self) -> &[DataNote] {
        &self.notes
    }

    /// The folder that it was opened in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The layout of the folder.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// SHA-256 of the tables, in hexadecimal, by their paths in the folder: which version of the
    /// sentences this is.
    ///
    /// # Errors
    ///
    /// If a table can no longer be read.
    pub fn table_hashes(&self) -> Result<BTreeMap<String, String>, DataError> {
        let tables = self.cases.iter().map(|case| &*case.origin.table).collect::<BTreeSet<_>>();
        let hash = |table: &Path| {
            let failed = |source| DataError::Read { file: table.to_owned(), source };
            let digest = Sha256::digest(std::fs::read(table).map_err(failed)?);
            let hex = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok((group::relative(table, &self.folder), hex))
        };
        tables.into_iter().map(hash).collect()
    }

    /// The groups that have cases in more than one split, by name; a picture without a group is a
    /// group of its own. Scores on a split that shares patients with train are too high.
    pub fn shared_groups(&self) -> Vec<SharedGroup> {
        group::shared(&self.cases, &self.folder)
    }

    /// The set with other splits: whole groups (cases of one group or one picture) in an order that
    /// the seed decides, the first part train, the next val, the last test. The parts' numbers of
    /// cases are as near to the shares as whole groups allow; if there are few groups, a part may
    /// be empty.
    ///
    /// Shares are relative to their sum. A share that is negative or not a number counts as 0; if
    /// all do, every case is in train. The result depends neither on the order of the rows nor on
    /// the folder's path.
    pub fn resplit(&self, shares: [f64; 3], seed: u64) -> Self {
        let mut set = self.clone();
        group::deal(&mut set.cases, &set.folder, shares, seed);
        set
    }
}
