//! An inspection in a terminal.

use std::fmt::Write;

use crate::finding::{Level, count};
use crate::inspection::Inspection;

/// Places shown for a finding; the page and the report have all.
const PLACES: usize = 3;

pub(crate) fn text(inspection: &Inspection) -> String {
    let mut text = String::new();
    // A String takes all that is written.
    let _ = writeln!(text, "{} ({} layout)", inspection.name, inspection.layout);
    let _ = writeln!(
        text,
        "{:<7}{:>8}{:>10}{:>8}{:>12}{:>8}",
        "split", "cases", "pictures", "groups", "mask area", "empty"
    );
    for split in inspection.splits.iter().filter(|split| split.cases > 0) {
        let area = split.mean_area.map_or("-".to_owned(), |area| format!("{:.2} %", 100.0 * area));
        let _ = writeln!(
            text,
            "{:<7}{:>8}{:>10}{:>8}{area:>12}{:>8}",
            split.split, split.cases, split.pictures, split.groups, split.empty
        );
    }
    for finding in &inspection.findings {
        let _ = writeln!(text, "{}: {}", finding.level, finding.message);
        for place in finding.places.iter().take(PLACES) {
            let _ = writeln!(text, "    {place}");
        }
        if finding.places.len() > PLACES {
            let _ = writeln!(text, "    and {} more", finding.places.len() - PLACES);
        }
    }
    for advice in &inspection.augmentation.changes {
        let _ = writeln!(text, "{}: {} ({})", advice.change, advice.safe, advice.reason);
    }
    let counts = Level::ALL.map(|level| count(inspection.count(level), &level.to_string()));
    let verdict = if inspection.can_train() { "can be trained on" } else { "cannot be trained on" };
    let _ = writeln!(text, "{}: {verdict}", counts.join(", "));
    text
}
