//! The inspection of a set.

use std::collections::BTreeMap;

use seg_data::Dataset;
use serde::Serialize;

use crate::advice::AugmentAdvice;
use crate::duplicates::DuplicateFacts;
use crate::error::InspectError;
use crate::finding::{Finding, Level};
use crate::groups::{GroupFacts, groups};
use crate::html;
use crate::mask_areas;
use crate::masks::MaskFacts;
use crate::notes;
use crate::orientation;
use crate::pictures::{PictureFacts, broken_files};
use crate::scan::Scan;
use crate::sentences::SentenceFacts;
use crate::sheet::Sheets;
use crate::sides::SideFacts;
use crate::spelling::{self, Misspelling, misspellings};
use crate::splits::SplitFacts;
use crate::summary;

/// How a set is inspected.
#[derive(Clone, Copy)]
pub struct InspectOptions<'a> {
    /// Counts the tokens of a sentence, with start and end: the network's tokenizer.
    pub tokens: &'a dyn Fn(&str) -> usize,
    /// Lengths of text towers, in tokens with start and end, for which to report what they cut.
    pub word_lens: &'a [usize],
    /// Called for each case after its files were read, on any thread.
    pub tick: &'a (dyn Fn() + Sync),
}

impl<'a> InspectOptions<'a> {
    /// Options with the lengths of published networks, and without a tick.
    pub fn new(tokens: &'a dyn Fn(&str) -> usize) -> Self {
        // MedEquiSeg and CausalCLIPSeg 16, CRIS 17, CRIS on G-Ref 22, LGMS 24, CLIP itself 77.
        Self { tokens, word_lens: &[16, 17, 22, 24, 77], tick: &|| {} }
    }
}

/// The result of inspecting a set.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// The folder's name.
    pub name: String,
    /// The layout of the set's folder.
    pub layout: String,
    /// SHA-256 of its tables, by their paths in the folder.
    pub tables: BTreeMap<String, String>,
    /// What is wrong or worth knowing, worst first.
    pub findings: Vec<Finding>,
    /// train, val and test.
    pub splits: Vec<SplitFacts>,
    /// Sizes and colour.
    pub pictures: PictureFacts,
    /// Values and area.
    pub masks: MaskFacts,
    /// Lengths and repetitions.
    pub sentences: SentenceFacts,
    /// Likely slips of the pen.
    pub misspellings: Vec<Misspelling>,
    /// Patients.
    pub groups: GroupFacts,
    /// Pictures that are there more than once.
    pub duplicates: DuplicateFacts,
    /// Whose left and right sentences name.
    pub sides: SideFacts,
    /// Which changes of pictures keep the sentences true.
    pub augmentation: AugmentAdvice,
    #[serde(skip)]
    pub(crate) sheets: Sheets,
}

impl Inspection {
    /// Inspects a set: reads every file once, on all cores, and some again for the page.
    ///
    /// # Errors
    ///
    /// If the tables cannot be read again, or a thumbnail cannot be encoded. Files that cannot
    /// be read are findings.
    pub fn run(set: &Dataset, options: &InspectOptions<'_>) -> Result<Self, InspectError> {
        let tables = set.table_hashes();
        let tables = tables.map_err(|source| InspectError::Table { source: Box::new(source) })?;
        let scan = Scan::read(set, options.tick);
        let (of_case, source) = groups(&scan);
        let splits = SplitFacts::all(&scan, &of_case);
        let pictures = PictureFacts::from_scan(&scan);
        let masks = MaskFacts::from_scan(&scan);
        let sentences = SentenceFacts::from_scan(&scan, options.tokens, options.word_lens);
        let misspellings = misspellings(&scan);
        let groups = GroupFacts::from_scan(&scan, &of_case, source);
        let duplicates = DuplicateFacts::from_scan(&scan);
        let sides = SideFacts::from_scan(&scan);
        let augmentation = AugmentAdvice::from_scan(&scan, &sides);
        let sheets = Sheets::from_scan(&scan, &duplicates, &sides)?;
        let mut findings = [
            broken_files(&scan),
            notes::findings(set),
            SplitFacts::findings(&splits, &scan),
            groups.findings(),
            duplicates.findings(),
            masks.findings(&scan),
            mask_areas::findings(&scan),
            sides.findings(),
            spelling::findings(&misspellings),
            sentences.findings(),
            pictures.findings(),
            orientation::findings(&scan).into_iter().collect(),
        ]
        .concat();
        findings.sort_by_key(|finding| finding.level);
        Ok(Self {
            name: scan.folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            layout: set.layout().to_string(),
            tables,
            findings,
            splits,
            pictures,
            masks,
            sentences,
            misspellings,
            groups,
            duplicates,
            sides,
            augmentation,
            sheets,
        })
    }

    /// Whether training would start and could learn: there are no findings of level error.
    pub fn can_train(&self) -> bool {
        self.count(Level::Error) == 0
    }

    /// How many findings are of a level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// One page with all of it, pictures inside; it needs no other file and no script.
    pub fn html(&self) -> String {
        html::page(self)
    }

    /// The findings and the splits, for a terminal.
    pub fn summary(&self) -> String {
        summary::text(self)
    }
}
