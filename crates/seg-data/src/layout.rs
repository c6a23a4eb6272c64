//! Which published layout a folder has.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::case::Case;
use crate::error::DataError;
use crate::finder::entry;
use crate::note::Notes;
use crate::row_filter::RowFilter;
use crate::{lgms, lvit, manifest, medclipseg};

/// The layout of a set's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `manifest.csv`, `.tsv`, `.jsonl` or `.xlsx`.
    Manifest,
    /// `Prompts_Folder` beside `Train_Folder/{img, label}`, Val, Test.
    MedClipSeg,
    /// `Train_Folder/{img, labelcol, Train_text.xlsx}`, Val, Test.
    Lvit,
    /// `prompt/{train, test}.csv` beside `Train/{Images, GTs}`, Test.
    Lgms,
}

impl Layout {
    /// All, in the order in which a folder is searched for them.
    pub const ALL: [Self; 4] = [Self::Manifest, Self::MedClipSeg, Self::Lvit, Self::Lgms];

    /// The first that a folder has.
    pub(crate) fn find(folder: &Path) -> Result<Self, DataError> {
        Self::ALL.into_iter().find(|layout| layout.is_in(folder)).ok_or_else(|| DataError::Layout {
            folder: folder.to_owned(),
            sought: Self::ALL.map(Self::sought).join("; "),
            hint: below(folder),
        })
    }

    fn is_in(self, folder: &Path) -> bool {
        let has = |name| entry(folder, name).is_some_and(|found| found.is_dir());
        match self {
            Self::Manifest => manifest::table(folder).is_some(),
            Self::MedClipSeg => has(medclipseg::PROMPTS),
            Self::Lvit => lvit::is_in(folder),
            Self::Lgms => has(lgms::PROMPT),
        }
    }

    /// The cases of a folder that lies so, as far as the filter takes them.
    pub(crate) fn read(
        self,
        folder: &Path,
        filter: &RowFilter,
        notes: &mut Notes,
    ) -> Result<Vec<Case>, DataError> {
        if self != Self::Manifest && !filter.is_empty() {
            return Err(DataError::NoManifest { folder: folder.to_owned(), layout: self });
        }
        let absent = || {
            let (folder, sought) = (folder.to_owned(), self.sought().to_owned());
            DataError::Layout { folder, sought, hint: String::new() }
        };
        let cases = match self {
            Self::Manifest => {
                let table = manifest::table(folder).ok_or_else(absent)?;
                manifest::read(&table, filter, notes)?
            }
            Self::MedClipSeg => medclipseg::read(folder, notes)?,
            Self::Lvit => lvit::read(folder, notes)?,
            Self::Lgms => lgms::read(folder, notes)?,
        };
        if cases.is_empty() { Err(absent()) } else { Ok(cases) }
    }

    /// What shows it, for a message.
    fn sought(self) -> &'static str {
        match self {
            Self::Manifest => "manifest.csv, manifest.tsv, manifest.jsonl or manifest.xlsx",
            Self::MedClipSeg => {
                "Prompts_Folder with Train_Folder, Val_Folder or Test_Folder (MedCLIPSeg)"
            }
            Self::Lvit => "Train_Folder, Val_Folder or Test_Folder (LViT)",
            Self::Lgms => "prompt/train.csv or prompt/test.csv (LGMS)",
        }
    }
}

/// Where a set lies that was unpacked one folder deeper, as the end of a message.
fn below(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>();
    folders.sort();
    let found = folders.iter().find(|folder| Layout::ALL.iter().any(|layout| layout.is_in(folder)));
    found.map_or(String::new(), |folder| format!("; there is one in {}", folder.display()))
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manifest => "manifest",
            Self::MedClipSeg => "medclipseg",
            Self::Lvit => "lvit",
            Self::Lgms => "lgms",
        })
    }
}

/// The text is not the name of a [`Layout`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown layout `{0}`: expected manifest, medclipseg, lvit or lgms")]
pub struct UnknownLayout(pub String);

impl FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(name: &str) -> Result<Self, UnknownLayout> {
        let found = Self::ALL.into_iter().find(|layout| layout.to_string() == name);
        found.ok_or_else(|| UnknownLayout(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_has_a_name() {
        for layout in Layout::ALL {
            assert_eq!(layout.to_string().parse(), Ok(layout));
        }
        let error = "coco".parse::<Layout>().unwrap_err().to_string();
        assert_eq!(error, "unknown layout `coco`: expected manifest, medclipseg, lvit or lgms");
    }
}
