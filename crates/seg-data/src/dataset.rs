//! A folder of cases.

use std::path::Path;

use crate::case::{Case, Split};
use crate::error::DataError;
use crate::{lvit, manifest};

/// A set whose rows all have their files.
#[derive(Clone, Debug)]
pub struct Dataset {
    cases: Vec<Case>,
}

impl Dataset {
    /// Reads the tables of a folder: `manifest.csv` where there is one, else the LViT layout.
    ///
    /// - `manifest.csv`: UTF-8, a header, columns `image`, `mask`, `text`, `split`; paths relative
    ///   to the folder; further columns are not looked at.
    /// - LViT: `Train_Folder/img`, `Train_Folder/labelcol`, `Train_Folder/Train_text.xlsx` with the
    ///   columns `Image` and `Description`; the same for `Val` and `Test`. The mask of `img/X` is
    ///   `labelcol/mask_X.png` (QaTa) or `labelcol/X.png` (MoNuSeg).
    ///
    /// Pictures are not decoded here; [`load`](crate::load) does.
    ///
    /// # Errors
    ///
    /// If a table is missing or broken, a row lacks a value or a file, or a picture has no row. The
    /// message names file and row.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let table = folder.join("manifest.csv");
        let cases = if table.exists() { manifest::read(&table)? } else { lvit::read(folder)? };
        Ok(Self { cases })
    }

    /// The cases of a split, in the table's order.
    pub fn cases(&self, split: Split) -> Vec<&Case> {
        self.cases.iter().filter(|case| case.split == split).collect()
    }
}
