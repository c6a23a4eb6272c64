//! What the set's reader noted, as findings.

use seg_data::{DataNote, Dataset, NoteKind};

use crate::finding::{Finding, Level};

/// A finding for each note: what may change results is a warning.
pub(crate) fn findings(set: &Dataset) -> Vec<Finding> {
    let finding = |note: &DataNote| {
        let (level, code) = match note.kind {
            NoteKind::OtherTable => (Level::Warning, "other_table"),
            NoteKind::OtherSheet => (Level::Warning, "other_sheet"),
            NoteKind::OtherColumn => (Level::Warning, "other_column"),
            NoteKind::NearColumn => (Level::Warning, "near_column"),
            NoteKind::OtherPart => (Level::Warning, "other_part"),
            NoteKind::Unnamed => (Level::Warning, "unnamed_mask"),
            NoteKind::SharedMask => (Level::Warning, "shared_mask"),
            NoteKind::United => (Level::Note, "united_mask"),
            NoteKind::Stray => (Level::Note, "stray_file"),
            _ => (Level::Note, "reading"),
        };
        Finding::new(level, code, note.to_string())
    };
    set.notes().iter().map(finding).collect()
}
