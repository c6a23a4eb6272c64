//! Bars of the words' importance.

use maud::{Markup, html};

use crate::format::signed;
use crate::reading::importance::WordImportance;

/// In the picture's units: a row, the words, the bars, and all.
const ROW: usize = 24;
const WORDS: f64 = 130.0;
const BARS: f64 = 560.0;
const WIDTH: f64 = 900.0;

/// A bar for each word, with its interval as a line.
pub(super) fn chart(words: &[WordImportance]) -> Markup {
    let ends = words.iter().filter_map(|word| word.change.ci95.map(|[_, high]| high));
    // Up to a multiple of 0.2, so that a quarter of it is a round number.
    let most = (ends.fold(0.05, f64::max) * 5.0).ceil() / 5.0;
    let x = |value: f64| WORDS + BARS * (value / most).clamp(0.0, 1.0);
    let height = ROW * words.len() + ROW;
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label="importance of words" {
            @for step in 0..=4 {
                @let value = most * f64::from(step) / 4.0;
                line.grid x1=(tenth(x(value))) x2=(tenth(x(value))) y1="0" y2=(height - ROW) {}
                text.tick x=(tenth(x(value))) y=(height - 6) text-anchor="middle" { (format!("{value:.2}")) }
            }
            @for (row, word) in words.iter().enumerate() {
                @let top = ROW * row;
                @let mean = word.change.mean.unwrap_or_default();
                text x=(WORDS - 10.0) y=(top + 16) text-anchor="end" { (word.word) }
                rect.bar x=(WORDS) y=(top + 5) width=(tenth(x(mean) - WORDS)) height=(ROW - 10) rx="3" {}
                @if let Some([low, high]) = word.change.ci95 {
                    line.whisker x1=(tenth(x(low))) x2=(tenth(x(high))) y1=(top + ROW / 2) y2=(top + ROW / 2) {}
                }
                text.tick x=(WORDS + BARS + 16.0) y=(top + 16) {
                    (format!("{mean:.3}")) ", " (word.count) " times"
                    @if let Some(dice) = word.dice_change.mean { ", Dice " (signed(Some(dice), 3)) }
                }
            }
        }
    }
}

/// To a tenth of a unit: finer is not seen.
fn tenth(value: f64) -> String {
    format!("{value:.1}")
}
