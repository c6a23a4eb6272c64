//! An inspection as one page.

mod sections;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::finding::{Finding, Level, count};
use crate::inspection::Inspection;
use crate::sheet::Tile;

/// Places shown for a finding; report.json has all.
const PLACES: usize = 400;

pub(crate) fn page(inspection: &Inspection) -> String {
    let title = format!("{}: inspection", inspection.name);
    let body = html! {
        (head(inspection))
        main {
            (findings(&inspection.findings))
            (sections::splits(inspection))
            (sections::groups(inspection))
            (sections::duplicates(inspection))
            (sections::sides(inspection))
            (sections::augmentation(inspection))
            (sections::sentences(inspection))
            (sections::misspellings(inspection))
            (sections::files(inspection))
            (sections::cases(inspection))
        }
    };
    seg_report::page(&title, include_str!("html/page.css"), &body)
}

fn head(inspection: &Inspection) -> Markup {
    let verdict = match (inspection.can_train(), inspection.count(Level::Warning)) {
        (false, _) => ("error", "Training would fail"),
        (true, 0) => ("fine", "Ready for training"),
        (true, _) => ("warning", "Can be trained on; read the warnings"),
    };
    html! {
        header {
            h1 { (inspection.name) }
            p.verdict.(verdict.0) { (verdict.1) }
            p.counts {
                @for level in Level::ALL {
                    @let found = inspection.count(level);
                    span.badge.(level).none[found == 0] { (count(found, &level.to_string())) } " "
                }
                span.muted { (inspection.layout) " layout" }
            }
        }
    }
}

fn findings(findings: &[Finding]) -> Markup {
    html! {
        section #findings {
            h2 { "Findings" }
            @if findings.is_empty() { p { "Nothing was found." } }
            @for finding in findings {
                div.finding.(finding.level) {
                    span.badge.(finding.level) { (finding.level) }
                    div {
                        p { (finding.message) }
                        @if !finding.places.is_empty() {
                            details open[finding.places.len() <= 3] {
                                summary { (count(finding.places.len(), "place")) }
                                ul {
                                    @for place in finding.places.iter().take(PLACES) { li { (place) } }
                                    @if finding.places.len() > PLACES {
                                        li { "and " (finding.places.len() - PLACES) " more, all of them in the report" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Cases side by side.
fn tiles(tiles: &[Tile]) -> Markup {
    html! {
        div.tiles {
            @for tile in tiles {
                figure {
                    img loading="lazy" alt=(tile.sentence)
                        src={ "data:image/jpeg;base64," (STANDARD.encode(&tile.picture)) };
                    figcaption { (tile.sentence) span.muted { (tile.place) } }
                }
            }
        }
    }
}
