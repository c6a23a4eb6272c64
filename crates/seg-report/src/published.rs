//! A published pair of Dice and IoU, beside what was scored here.

use std::path::Path;

use seg_metrics::{Convention, Package, PublishedPair};
use serde_json::Value;

use crate::error::ReportError;
use crate::format::signed;

/// A Dice or IoU in `[0, 1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnScore {
    /// Per image or pooled, whichever was asked.
    pub value: f64,
    /// Lower and upper end of its 95 % interval.
    pub ci95: [f64; 2],
}

/// Dice and IoU under one convention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnPair {
    /// Dice of the set.
    pub dice: OwnScore,
    /// IoU of the set.
    pub iou: OwnScore,
}

/// What a `scores.json` says of the control `true`.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnScores {
    /// The number of cases.
    pub cases: u64,
    /// Which part of the set.
    pub split: String,
    /// Means over images.
    pub per_image: OwnPair,
    /// Scores of all pixels together.
    pub pooled: OwnPair,
}

impl OwnScores {
    /// Reads a `scores.json` as [`ScoreReport::write`](crate::ScoreReport::write) leaves it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is not valid JSON, or lacks a number, which is then named.
    pub fn read(file: &Path) -> Result<Self, ReportError> {
        let text = std::fs::read(file)
            .map_err(|source| ReportError::Read { file: file.to_owned(), source })?;
        let json: Value = serde_json::from_slice(&text)
            .map_err(|source| ReportError::NoJson { file: file.to_owned(), source })?;
        let lacks = |key: &str| ReportError::Key { file: file.to_owned(), key: key.to_owned() };
        let own = |key: &str| at(&json, &format!("controls.true.{key}"));
        let share = |value: Option<&Value>| {
            value.and_then(Value::as_f64).filter(|share| (0.0..=1.0).contains(share))
        };
        // A value and its interval.
        let score = |value: &str, interval: &str| {
            let missing = |key: &str| lacks(&format!("controls.true.{key}"));
            let end = |place| {
                let end = share(own(interval).and_then(|ends| ends.get(place)));
                end.ok_or_else(|| missing(interval))
            };
            let value = share(own(value)).ok_or_else(|| missing(value))?;
            Ok::<_, ReportError>(OwnScore { value, ci95: [end(0)?, end(1)?] })
        };
        Ok(Self {
            cases: own("cases")
                .and_then(Value::as_u64)
                .ok_or_else(|| lacks("controls.true.cases"))?,
            split: at(&json, "split")
                .and_then(Value::as_str)
                .ok_or_else(|| lacks("split"))?
                .to_owned(),
            per_image: OwnPair {
                dice: score("per_image.dice.mean", "per_image.dice.ci95")?,
                iou: score("per_image.iou.mean", "per_image.iou.ci95")?,
            },
            pooled: OwnPair {
                dice: score("pooled.dice", "pooled.dice_ci95")?,
                iou: score("pooled.iou", "pooled.iou_ci95")?,
            },
        })
    }
}

/// The value at a path of keys with points between them.
fn at<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(json, |value, key| value.get(key))
}

/// Describes which convention a published pair follows and, if given, sets our scores under that
/// convention beside it. Scores under another convention cannot be computed from a pair, so none
/// are given.
pub fn describe_pair(pair: &PublishedPair, own: Option<&OwnScores>) -> String {
    let decimals = pair.dice().decimals().max(pair.iou().decimals()).clamp(2, 6);
    let convention = pair.convention();
    let verdict = match convention {
        Convention::Pooled => {
            "Pooled: within rounding, Dice is 2 IoU / (1 + IoU). Means over images satisfy that only \
             if all images score alike."
        }
        Convention::PerImage => {
            "Per image: Dice is less than 2 IoU / (1 + IoU), so both are means over images (or over \
             classes or runs: the pair alone does not tell)."
        }
        Convention::Neither => {
            "Neither: Dice is more than 2 IoU / (1 + IoU), or less than IoU. The two numbers come from \
             different masks or conventions, or one is mistyped."
        }
    };
    let mut lines = vec![
        format!(
            "Dice {}, IoU {}: 2 IoU / (1 + IoU) is {:.decimals$}, Dice differs by {} points.",
            pair.dice(),
            pair.iou(),
            pair.pooled_dice(),
            signed(Some(pair.gap()), decimals + 1),
        ),
        verdict.to_owned(),
    ];
    lines.extend(printed_by(convention));
    lines.push(
        "The two numbers cannot be converted to another convention: that needs per-image counts."
            .to_owned(),
    );
    if let Some(own) = own {
        lines.extend([
            String::new(),
            "| in percent | convention | Dice (95 % interval) | IoU (95 % interval) |".to_owned(),
            "| --- | --- | --- | --- |".to_owned(),
        ]);
        let named = match convention {
            Convention::Pooled => "pooled",
            Convention::PerImage => "per image",
            Convention::Neither => "neither",
        };
        lines.push(format!("| published | {named} | {} | {} |", pair.dice(), pair.iou()));
        lines.extend(own_rows(pair, own, decimals));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Which packages print pairs of this kind, with their own names for Dice and IoU.
fn printed_by(convention: Convention) -> Option<String> {
    let mut printed = Vec::<(&str, Vec<&str>)>::new();
    for (package, call) in Package::with_pairs_of(convention) {
        match printed.last_mut() {
            Some((name, calls)) if *name == package.name => calls.push(call),
            _ => printed.push((package.name, vec![call])),
        }
    }
    let printed = printed.iter().map(|(name, calls)| format!("{name} ({})", calls.join(", ")));
    let printed = printed.collect::<Vec<_>>().join("; ");
    (!printed.is_empty()).then(|| {
        format!(
            "Pairs of this kind are printed by {printed}. They differ in what empty masks score: \
             `score --as PACKAGE` shows each on masks that you have."
        )
    })
}

/// Ours in the pair's convention and the difference; in both and no difference where it has none.
fn own_rows(pair: &PublishedPair, own: &OwnScores, decimals: usize) -> Vec<String> {
    let row = |named: &str, ours: &OwnPair| {
        let [dice, iou] = [ours.dice, ours.iou].map(|score| {
            let [low, high] = score.ci95.map(|end| 100.0 * end);
            format!("{:.decimals$} ({low:.decimals$} to {high:.decimals$})", 100.0 * score.value)
        });
        format!("| ours, {}, {} cases | {named} | {dice} | {iou} |", own.split, own.cases)
    };
    let difference = |ours: &OwnPair| {
        let [dice, iou] = [(ours.dice, pair.dice()), (ours.iou, pair.iou())]
            .map(|(ours, theirs)| signed(Some(100.0 * ours.value - theirs.value()), decimals));
        format!("| ours minus published, points | | {dice} | {iou} |")
    };
    match pair.convention() {
        Convention::PerImage => vec![row("per image", &own.per_image), difference(&own.per_image)],
        Convention::Pooled => vec![row("pooled", &own.pooled), difference(&own.pooled)],
        Convention::Neither => vec![row("per image", &own.per_image), row("pooled", &own.pooled)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(dice: &str, iou: &str) -> PublishedPair {
        PublishedPair::new(dice.parse().unwrap(), iou.parse().unwrap()).unwrap()
    }

    fn own() -> OwnScores {
        let score = |value: f64| OwnScore { value, ci95: [value - 0.01, value + 0.02] };
        OwnScores {
            cases: 500,
            split: "test".to_owned(),
            per_image: OwnPair { dice: score(0.7627), iou: score(0.6482) },
            pooled: OwnPair { dice: score(0.8417), iou: score(0.7267) },
        }
    }

    #[test]
    fn a_pair_per_image_stands_beside_ours_per_image() {
        let text = describe_pair(&pair("83.66", "75.11"), Some(&own()));
        for part in [
            "Dice 83.66, IoU 75.11: 2 IoU / (1 + IoU) is 85.79, Dice differs by -2.126 points.",
            "Per image: ",
            "| published | per image | 83.66 | 75.11 |",
            "| ours, test, 500 cases | per image | 76.27 (75.27 to 78.27) | 64.82 (63.82 to 66.82) |",
            "| ours minus published, points | | -7.39 | -10.29 |",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("84.17"), "{text}");
        let alone = describe_pair(&pair("83.66", "75.11"), None);
        assert!(text.starts_with(alone.trim_end()) && !alone.contains("ours"), "{alone}");
    }

    #[test]
    fn a_pooled_pair_stands_beside_ours_pooled() {
        let text = describe_pair(&pair("90.88", "83.28"), Some(&own()));
        for part in [
            "is 90.88, Dice differs by +0.003 points.",
            "Pooled: ",
            "| ours, test, 500 cases | pooled | 84.17 (83.17 to 86.17) | 72.67 (71.67 to 74.67) |",
            "| ours minus published, points | | -6.71 | -10.61 |",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn a_pair_of_neither_has_no_difference() {
        let text = describe_pair(&pair("90.88", "82.00"), Some(&own()));
        assert!(text.contains("Neither: ") && !text.contains("minus"), "{text}");
        assert!(text.contains("| per image | 76.27") && text.contains("| pooled | 84.17"));
    }
}
