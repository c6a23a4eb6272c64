//! A report as one page.

mod chart;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::format;
use crate::page::page as whole_page;
use crate::reading::error::ReadingError;
use crate::reading::example::{EditExample, ExampleAnswer, Tile, tiles};
use crate::reading::mean::Mean;
use crate::reading::report::ReadingReport;
use crate::reading::summary::EditSummary;
use crate::reading::title::{asks, title};
use seg_sentences::EditKind;

/// Bytes of all pictures, before base64 makes four of three: the page stays below 5 MB.
const PICTURES: usize = 3_500_000;

pub(crate) fn page(
    report: &ReadingReport,
    examples: &[EditExample],
) -> Result<String, ReadingError> {
    let tiles = tiles(examples, PICTURES)?;
    let title = format!("{}: does the sentence decide?", report.name);
    let body = html! {
        header {
            h1 { (report.name) }
            p.verdict { "Does the sentence decide?" }
            p.muted {
                (report.trials) " edited sentences of " (report.cases) " cases in "
                (report.groups) " groups. Each is asked of the picture as it is, and its answer \
                held against the answer to the original sentence."
            }
        }
        main {
            (headlines(report))
            (edits(report))
            (words(report))
            (pictures(&tiles, examples.len()))
            (how(report))
        }
    };
    Ok(whole_page(&title, include_str!("html/page.css"), &body))
}

/// The share that moved the right way, of the kinds where that is seen.
fn headlines(report: &ReadingReport) -> Markup {
    let judged = report.edits.iter().filter(|summary| summary.moved_right.cases > 0);
    html! {
        div.cards {
            @for summary in judged {
                div.card.(grade(&summary.moved_right)) {
                    p.value { (percent(summary.moved_right.mean)) }
                    p.what { (title(summary.edit)) ": " (asks(summary.edit)) }
                    p.muted { (percent_interval(&summary.moved_right)) ", of " (summary.moved_right.cases) }
                }
            }
        }
    }
}

/// Whether the interval lies above one half, below it, or around it; few cases count as around it.
fn grade(share: &Mean) -> &'static str {
    const FEW: usize = 5;
    match share.ci95.filter(|_| share.cases >= FEW) {
        Some([low, _]) if low > 0.5 => "fine",
        Some([_, high]) if high < 0.5 => "error",
        _ => "warning",
    }
}

fn edits(report: &ReadingReport) -> Markup {
    let both = report.edits.iter().any(|summary| summary.both_references.is_some());
    let changes = report.edits.iter().any(|summary| summary.probability_change.cases > 0);
    html! {
        section {
            h2 { "Edits" }
            div.scroll { table {
                tr {
                    th { "edit" } th.n { "cases" } th.n { "empty answers" } th.n { "Dice to original" }
                    th.n { "moved right" } th.n { "shift" } th.n { "area ratio" }
                    @if changes { th.n { "change of probability" } }
                    th.n { "Dice, original's mask" }
                    @if both { th.n { "Dice, edited sentence's mask" } }
                }
                @for summary in &report.edits {
                    tr {
                        td.edit { (title(summary.edit)) } td.n { (summary.cases) } td.n { (summary.empty) }
                        (mean_cell(&summary.dice_to_original, number))
                        (mean_cell(&summary.moved_right, percent))
                        (mean_cell(&summary.shift, signed))
                        td.n {
                            (number(summary.area_ratio.mean.mean))
                            div.muted { "median " (number(summary.area_ratio.median)) }
                        }
                        @if changes { (mean_cell(&summary.probability_change, number)) }
                        (mean_cell(&summary.dice_reference, number))
                        @if both { (paired(summary)) }
                    }
                }
            } }
            p.muted {
                "Dice to original: 1 where the edit changed nothing. Shift: how far the centroid moved \
                towards what the edited sentence names, in widths or heights of the picture. Small \
                numbers: 95 % interval and, in brackets, how many cases have the number."
            }
        }
    }
}

/// Against the edited sentence's true mask, and what the same answers have against the original's.
fn paired(summary: &EditSummary) -> Markup {
    html! {
        td.n {
            @match &summary.both_references {
                Some(both) => {
                    (number(both.edited.mean))
                    (interval(&both.edited, number))
                    div.muted { "same, original's: " (number(both.original.mean)) }
                }
                None => "–",
            }
        }
    }
}

fn mean_cell(mean: &Mean, write: fn(Option<f64>) -> String) -> Markup {
    html! { td.n { (write(mean.mean)) (interval(mean, write)) } }
}

fn interval(mean: &Mean, write: fn(Option<f64>) -> String) -> Markup {
    html! {
        @if let Some([low, high]) = mean.ci95 {
            div.muted { (write(Some(low))) " to " (write(Some(high))) " (" (mean.cases) ")" }
        }
    }
}

fn words(report: &ReadingReport) -> Markup {
    let words = &report.words;
    html! {
        @if report.edit(EditKind::LeaveOut).is_some() {
            section {
                h2 { "Words" }
                @if words.words.is_empty() { p { "No word was left out often enough." } }
                @else {
                    p {
                        "How much the answer changes without a word: 1 - Dice to the answer with it, mean \
                        and 95 % interval. To the right how often it was left out, and what that did to \
                        Dice against the reference."
                    }
                    (chart::chart(&words.words))
                }
                p.muted {
                    (words.words.len()) " of " (words.frequent) " words; " (words.rare)
                    " more were left out fewer than 5 times."
                }
            }
        }
    }
}

fn pictures(tiles: &[Tile<'_>], all: usize) -> Markup {
    html! {
        @if !tiles.is_empty() {
            section {
                h2 { "Examples" }
                p {
                    span.key.answer {} "the answer " span.key.reference {} "what is true, where that is known"
                }
                div.examples {
                    @for tile in tiles {
                        @let example = tile.example;
                        div.example {
                            h3 { (title(example.edit.kind())) span.muted { (example.case) } }
                            div.pair {
                                (figure(&example.original, &tile.pictures[0], "original"))
                                (figure(&example.edited, &tile.pictures[1], "edited"))
                            }
                        }
                    }
                }
                @if tiles.len() < all {
                    p.muted { (all - tiles.len()) " more examples would make the page too large." }
                }
            }
        }
    }
}

fn figure(shown: &ExampleAnswer, picture: &[u8], which: &str) -> Markup {
    html! {
        figure {
            img loading="lazy" alt=(shown.sentence)
                src={ "data:image/jpeg;base64," (STANDARD.encode(picture)) };
            figcaption {
                (shown.sentence)
                span.muted { (which) @if shown.answer.area() == 0 { ", empty answer" } }
            }
        }
    }
}

fn how(report: &ReadingReport) -> Markup {
    html! {
        section {
            h2 { "How it was counted" }
            p { (report.rules) }
            p.muted {
                "Intervals: percentile bootstrap, " (report.bootstrap.resamples)
                " resamples of whole groups, seed " (report.bootstrap.seed) "."
            }
        }
    }
}

fn number(value: Option<f64>) -> String {
    format::number(value, 3)
}

fn signed(value: Option<f64>) -> String {
    format::signed(value, 3)
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{:.0} %", 100.0 * share))
}

fn percent_interval(mean: &Mean) -> String {
    mean.ci95.map_or("–".to_owned(), |[low, high]| {
        format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high)
    })
}
