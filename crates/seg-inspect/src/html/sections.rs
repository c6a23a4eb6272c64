//! The page's sections, one for each of an inspection's.

use maud::{Markup, html};

use super::tiles;
use crate::advice::Safety;
use crate::duplicates::DuplicateGroup;
use crate::finding::count;
use crate::groups::GroupSource;
use crate::inspection::Inspection;
use crate::sides::SideCount;
use crate::spread::{MedianRange, percent};

/// Rows of long tables; report.json has all.
const ROWS: usize = 40;

pub(super) fn splits(inspection: &Inspection) -> Markup {
    html! {
        section {
            h2 { "Splits" }
            div.scroll { table {
                tr {
                    th { "split" } th.n { "cases" } th.n { "pictures" } th.n { "groups" }
                    th.n { "mean mask area" } th.n { "empty masks" } th.n { "full masks" }
                }
                @for split in &inspection.splits {
                    tr {
                        td { (split.split) } td.n { (split.cases) } td.n { (split.pictures) }
                        td.n { (split.groups) }
                        td.n { (split.mean_area.map_or("–".to_owned(), |area| format!("{:.2} %", 100.0 * area))) }
                        td.n { (split.empty) } td.n { (split.full) }
                    }
                }
            } }
        }
    }
}

pub(super) fn groups(inspection: &Inspection) -> Markup {
    let groups = &inspection.groups;
    html! {
        section {
            h2 { "Groups (patients)" }
            @if groups.source == GroupSource::None { p { "Not known." } }
            @else {
                p {
                    (count(groups.groups, "group")) " (" (groups.source) "), "
                    (count(groups.without, "case")) " without one."
                }
            }
            @if !groups.shared.is_empty() {
                table {
                    tr { th { "splits" } th.n { "shared groups" } }
                    @for pair in &groups.pairs {
                        tr { td { (pair.splits[0]) " and " (pair.splits[1]) } td.n { (pair.groups) } }
                    }
                }
                table {
                    tr { th { "split" } th.n { "cases whose group is in an earlier split" } th.n { "cases with a group" } }
                    @for affected in &groups.affected {
                        tr { td { (affected.split) } td.n { (affected.cases) } td.n { (affected.known) } }
                    }
                }
            }
        }
    }
}

pub(super) fn duplicates(inspection: &Inspection) -> Markup {
    let facts = &inspection.duplicates;
    html! {
        section {
            h2 { "Duplicates" }
            p {
                "Pictures are compared by their pixels and by a difference hash of 256 bits: up to 8 bits "
                "apart they are nearly equal, up to 24 similar. "
                @if facts.several_sentences > 0 {
                    (count(facts.several_sentences, "picture")) " with several sentences; they are not duplicates. "
                }
            }
            @if facts.pairs.is_empty() { p { "No two pictures are alike." } }
            @else {
                table {
                    tr { th { "closeness" } th { "splits" } th.n { "pairs" } }
                    @for pair in &facts.pairs {
                        tr {
                            td { (pair.closeness) }
                            td { (pair.splits[0]) " and " (pair.splits[1]) }
                            td.n { (pair.pairs) }
                        }
                    }
                }
            }
            div.sheets {
                @for (sheet, group) in inspection.sheets.duplicates.iter().zip(&facts.groups) {
                    div style={ "--tiles:" (sheet.tiles.len()) } {
                        h3 { (sheet.title) }
                        (conflicts(group))
                        (tiles(&sheet.tiles))
                        @if group.pictures.len() > sheet.tiles.len() {
                            p.muted { (count(group.pictures.len(), "picture")) " in all." }
                        }
                    }
                }
            }
            @if facts.groups.len() > inspection.sheets.duplicates.len() {
                p.muted {
                    (facts.groups.len() - inspection.sheets.duplicates.len())
                    " more groups are in the report."
                }
            }
        }
    }
}

fn conflicts(group: &DuplicateGroup) -> Markup {
    html! {
        @if !group.conflicts.is_empty() {
            p { "Masks contradict each other:" }
            @for conflict in &group.conflicts {
                p.muted {
                    "rows " (conflict.first.row) " and " (conflict.second.row) ", Dice "
                    (format!("{:.2}", conflict.dice)) @if conflict.one_empty { ", one is empty" }
                }
            }
        }
    }
}

pub(super) fn sides(inspection: &Inspection) -> Markup {
    let facts = &inspection.sides;
    let height =
        |height: Option<f64>| height.map_or("–".to_owned(), |height| format!("{height:.2}"));
    html! {
        section {
            h2 { "Sides and heights" }
            p { "Measured on the masks of sentences that name one side only." }
            table {
                tr { th { "words" } th.n { "sentences" } th.n { "on the picture's side" } th { "share" } th { "meaning" } }
                (side_row("left, right", &facts.plain))
                @if facts.patients.measured > 0 {
                    (side_row("the patient's left, right", &facts.patients))
                }
            }
            table {
                tr { th { "words" } th.n { "sentences" } th.n { "mean height of the mask (0 top, 1 bottom)" } }
                @for (i, (name, mean)) in [
                    ("upper, top", facts.heights.upper), ("middle, center", facts.heights.middle),
                    ("lower, bottom", facts.heights.lower),
                ].into_iter().enumerate() {
                    tr { td { (name) } td.n { (facts.heights.measured[i]) } td.n { (height(mean)) } }
                }
            }
            @if !inspection.sheets.disagreements.is_empty() {
                h3 { "Not on the side that the sentence names, worst first" }
                (tiles(&inspection.sheets.disagreements))
            }
        }
    }
}

fn side_row(words: &str, count: &SideCount) -> Markup {
    html! {
        tr {
            td { (words) } td.n { (count.measured) } td.n { (count.on_image_side) }
            td { @if count.measured > 0 { (bar(count.share)) } @else { "–" } }
            td { (count.convention) }
        }
    }
}

fn bar(share: f64) -> Markup {
    html! {
        span.bar { i style={ "width:" (format!("{:.1}", 100.0 * share)) "%" } {} } (percent(share))
    }
}

pub(super) fn augmentation(inspection: &Inspection) -> Markup {
    let advice = &inspection.augmentation;
    html! {
        section {
            h2 { "Augmentation that keeps the sentences true" }
            div.scroll { table {
                tr { th { "change" } th { "safe" } th { "why" } }
                @for advice in &advice.changes {
                    tr {
                        td { (advice.change) }
                        td.yes[advice.safe != Safety::No].no[advice.safe == Safety::No] { (advice.safe) }
                        td { (advice.reason) }
                    }
                }
            } }
            p { "For a recipe:" }
            pre { (advice.recipe) }
        }
    }
}

pub(super) fn sentences(inspection: &Inspection) -> Markup {
    let facts = &inspection.sentences;
    html! {
        section {
            h2 { "Sentences" }
            p { "Lengths in tokens, with start and end; the share that a text tower of a length would cut." }
            div.scroll { table {
                tr {
                    th { "split" } th.n { "cases" } th.n { "distinct" } th.n { "min" } th.n { "median" } th.n { "max" }
                    @for cut in &facts.all.cut { th.n { "> " (cut.word_len) } }
                    th.n { "in train" }
                }
                @for row in facts.splits.iter().chain([&facts.all]) {
                    tr {
                        td { (row.split) } td.n { (row.cases) } td.n { (row.distinct) }
                        td.n { (row.tokens.min) } td.n { (row.tokens.median) } td.n { (row.tokens.max) }
                        @for cut in &row.cut { td.n { (percent(cut.share)) } }
                        td.n { (row.in_train.map_or("–".to_owned(), percent)) }
                    }
                }
            } }
            @if let Some((sentence, row)) = &facts.longest {
                p { "The longest (" (row) "): " q { (sentence) } }
            }
            h3 { "The commonest" }
            table {
                tr { th { "sentence" } th.n { "cases" } th { "share" } }
                @for common in &facts.commonest {
                    tr { td { (common.sentence) } td.n { (common.cases) } td { (bar(common.share)) } }
                }
            }
        }
    }
}

pub(super) fn misspellings(inspection: &Inspection) -> Markup {
    html! {
        @if !inspection.misspellings.is_empty() {
            section {
                h2 { "Likely misspelt" }
                table {
                    tr { th { "found" } th { "likely meant" } th.n { "times" } th { "rows" } }
                    @for slip in inspection.misspellings.iter().take(ROWS) {
                        tr {
                            td { code { (slip.word) } } td { (slip.meant) } td.n { (slip.occurrences) }
                            td {
                                @for (i, row) in slip.rows.iter().take(4).enumerate() {
                                    @if i > 0 { "; " } (row)
                                }
                                @if slip.rows.len() > 4 { "; and " (slip.rows.len() - 4) " more" }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn files(inspection: &Inspection) -> Markup {
    let (pictures, masks) = (&inspection.pictures, &inspection.masks);
    html! {
        section {
            h2 { "Files" }
            table {
                tr { th { "" } th.n { "min" } th.n { "median" } th.n { "max" } }
                (spread("picture width (pixels)", &pictures.width, 1.0, 0))
                (spread("picture height (pixels)", &pictures.height, 1.0, 0))
                (spread("mask area (% of the picture)", &masks.area, 100.0, 2))
            }
            p {
                (count(pictures.readable, "picture")) " of " (count(pictures.sizes.len(), "size")) ", "
                (pictures.grey) " grey and " (pictures.colour) " in colour. "
                (count(masks.files, "mask file")) " with the values "
                @for (i, value) in masks.values.iter().take(ROWS).enumerate() {
                    @if i > 0 { ", " } (value.value)
                }
                @if masks.values.len() > ROWS { " ..." }
                "; " (masks.blurred) " of them with values between."
            }
            h3 { "Tables" }
            @for (table, hash) in &inspection.tables {
                p { (table) br; code.hash { "sha256 " (hash) } }
            }
        }
    }
}

fn spread(name: &str, spread: &MedianRange, factor: f64, decimals: usize) -> Markup {
    let number = |value: f64| format!("{:.decimals$}", factor * value);
    html! {
        tr { td { (name) } td.n { (number(spread.min)) } td.n { (number(spread.median)) } td.n { (number(spread.max)) } }
    }
}

pub(super) fn cases(inspection: &Inspection) -> Markup {
    html! {
        @for sheet in &inspection.sheets.splits {
            section {
                h2 { "Some cases: " (sheet.title) }
                (tiles(&sheet.tiles))
            }
        }
    }
}
