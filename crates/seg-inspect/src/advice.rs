//! Which changes of pictures keep the sentences true.

use std::collections::BTreeMap;

use seg_augment::AugmentConfig;
use seg_sentences::{Sides, Tie, Turn, rewrite};
use serde::Serialize;

use crate::scan::Scan;
use crate::sides::{Laterality, SideCount, SideFacts, tied, untold};
use crate::spread::{percent, share};

/// Which changes of pictures keep the sentences true, for a recipe.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AugmentAdvice {
    /// The recommended settings; all others have their defaults.
    pub config: AugmentConfig,
    /// The settings as the `[augment]` table of a recipe (TOML).
    pub recipe: String,
    /// Each change, with the reason.
    pub changes: Vec<Advice>,
}

/// Advice on one change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// The change.
    pub change: &'static str,
    /// Whether it keeps the sentences true.
    pub safe: Safety,
    /// Why.
    pub reason: String,
}

/// Whether a change keeps the sentences true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// The sentences stay true as they are.
    Yes,
    /// The sentences stay true if their words turn with the picture, as in seg-augment.
    WithWords,
    /// Sentences would become untrue, or pictures unlike real ones.
    No,
}

impl std::fmt::Display for Safety {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::WithWords => "yes, words turn too",
            Self::No => "no",
        })
    }
}

/// Below this share of sentences that can follow, a change is not worth its vetoes.
const WORTH: f64 = 0.5;

impl AugmentAdvice {
    pub(crate) fn from_scan(scan: &Scan<'_>, facts: &SideFacts) -> Self {
        let sentences = Sentences::from_scan(scan);
        let (sides, why) = whose(facts);
        let flip = horizontal(&sentences, facts, sides, why);
        let standing = sentences.standing();
        let vertical = vertical(&sentences, facts, sides, standing.as_deref());
        let quarter = quarter(&sentences, facts, sides, standing.as_deref());
        let affine = affine(facts);
        let config = config(sides, flip.safe, vertical.safe, quarter.safe);
        let tone = Advice {
            change: "brightness, contrast, gamma, noise",
            safe: Safety::Yes,
            reason: "places do not change; keep them small if sentences mention bright and dark"
                .to_owned(),
        };
        let changes = vec![flip, vertical, quarter, affine, tone];
        Self { recipe: recipe(&config), config, changes }
    }
}

/// Different sentences, with how many cases have each.
struct Sentences<'a> {
    counts: BTreeMap<&'a str, usize>,
    cases: usize,
}

impl<'a> Sentences<'a> {
    fn from_scan(scan: &Scan<'a>) -> Self {
        let mut counts = BTreeMap::new();
        for case in &scan.cases {
            *counts.entry(case.case.sentence.as_str()).or_insert(0) += 1;
        }
        Self { counts, cases: scan.cases.len() }
    }

    /// The share of cases whose sentence meets a condition.
    fn share_of(&self, holds: impl Fn(&str) -> bool) -> f64 {
        let cases = self.counts.iter().filter(|(text, _)| holds(text)).map(|(_, cases)| cases);
        share(cases.sum(), self.cases)
    }

    fn rewritable(&self, turn: Turn, sides: Sides) -> f64 {
        self.share_of(|text| rewrite(text, turn, sides).is_ok())
    }

    /// The most frequent word that says that pictures have an up and a down, if many sentences have
    /// one.
    fn standing(&self) -> Option<String> {
        const WORDS: [&str; 13] = [
            "lung",
            "lungs",
            "chest",
            "thorax",
            "heart",
            "x-ray",
            "radiograph",
            "ultrasound",
            "sonogram",
            "abdomen",
            "brain",
            "spine",
            "retina",
        ];
        const MANY: f64 = 0.1;
        let with = |word: &&str| self.share_of(|text| has(text, word));
        let words =
            WORDS.iter().map(|word| (with(word), *word)).filter(|(share, _)| *share >= MANY);
        words.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word.to_owned())
    }
}

fn has(text: &str, word: &str) -> bool {
    let text = text.to_lowercase();
    text.split(|c: char| !(c.is_alphabetic() || c == '-')).any(|found| found == word)
}

/// The recipe's `sides`, and why.
fn whose(facts: &SideFacts) -> (Sides, String) {
    use Laterality::{Image, Mixed, Patient};
    let (plain, patients) = (&facts.plain, &facts.patients);
    // Words that are not known cannot follow a flip.
    if let Some(why) = tied(&facts.untold.sides, "side") {
        return (Sides::Fixed, why);
    }
    if facts.naming_a_side == 0 {
        return (Sides::Image, "no sentence names a side".to_owned());
    }
    let only = match (plain.measured, patients.measured) {
        (_, 0) => Some(plain),
        (0, _) => Some(patients),
        _ => None,
    };
    let of_only = only.map(|count| count.convention);
    if let (Some(count), Some(Image | Patient)) = (only, of_only) {
        let sides = if of_only == Some(Image) { Sides::Image } else { Sides::Patient };
        return (sides, told(count));
    }
    let why = match [plain.convention, patients.convention] {
        both if both.contains(&Mixed) => {
            "left and right mean sometimes one side and sometimes the other, so words cannot follow a flip"
        }
        [Image | Patient, Image | Patient] => {
            "some sentences name the patient's side and some the picture's: in a mirrored picture, where \
             the heart is on the other side, they would contradict each other"
        }
        _ => "too few one-sided sentences to measure whose left and right they name",
    };
    (Sides::Fixed, why.to_owned())
}

fn told(count: &SideCount) -> String {
    let (agreeing, agreeing_share) = match count.convention {
        Laterality::Patient => (count.measured - count.on_image_side, 1.0 - count.share),
        _ => (count.on_image_side, count.share),
    };
    format!(
        "{agreeing} of {} one-sided sentences ({}) mean {}",
        count.measured,
        percent(agreeing_share),
        count.convention
    )
}

fn horizontal(sentences: &Sentences<'_>, facts: &SideFacts, sides: Sides, why: String) -> Advice {
    let change = "horizontal flip";
    if facts.naming_a_side == 0 {
        return unnamed(change, &[(&facts.untold.sides, "side")]);
    }
    if sides == Sides::Fixed {
        return Advice { change, safe: Safety::No, reason: why };
    }
    let follow = sentences.rewritable(Turn::FLIP_HORIZONTAL, sides);
    let reason = format!("{why}; {} of sentences can be rewritten", percent(follow));
    let safe = if follow >= WORTH { Safety::WithWords } else { Safety::No };
    Advice { change, safe, reason }
}

/// Advice where no sentence names a place that is known: whether a place is meant is measured.
fn unnamed(change: &'static str, ties: &[(&Tie, &str)]) -> Advice {
    let mut free = Vec::new();
    for (tie, what) in ties {
        match untold(tie, what) {
            Ok(reason) => return Advice { change, safe: Safety::No, reason },
            Err(reason) => free.push(reason),
        }
    }
    Advice { change, safe: Safety::Yes, reason: free.join("; ") }
}

fn vertical(
    sentences: &Sentences<'_>,
    facts: &SideFacts,
    sides: Sides,
    standing: Option<&str>,
) -> Advice {
    let change = "vertical flip";
    let no = |reason: String| Advice { change, safe: Safety::No, reason };
    if let Some(word) = standing {
        return no(upright(word));
    }
    if let Some(reason) = tied(&facts.untold.heights, "height") {
        return no(reason);
    }
    if facts.naming_a_height == 0 && facts.naming_a_side == 0 {
        return unnamed(change, &[(&facts.untold.heights, "height")]);
    }
    if !facts.heights_agree() {
        return no("heights could not be measured, or do not match the masks".to_owned());
    }
    let follow = sentences.rewritable(Turn::FLIP_VERTICAL, sides);
    let reason = format!("{} of sentences can be rewritten", percent(follow));
    let safe = if follow >= WORTH { Safety::WithWords } else { Safety::No };
    Advice { change, safe, reason }
}

fn quarter(
    sentences: &Sentences<'_>,
    facts: &SideFacts,
    sides: Sides,
    standing: Option<&str>,
) -> Advice {
    let change = "quarter turns";
    let no = |reason: String| Advice { change, safe: Safety::No, reason };
    if let Some(word) = standing {
        return no(upright(word));
    }
    let ties = [(&facts.untold.sides, "side"), (&facts.untold.heights, "height")];
    if let Some(reason) = ties.iter().find_map(|(tie, what)| tied(tie, what)) {
        return no(reason);
    }
    if facts.naming_a_side == 0 && facts.naming_a_height == 0 {
        return unnamed(change, &ties);
    }
    if sides != Sides::Image || !facts.heights_agree() {
        return no("sides can become heights only if both are known to be the picture's".to_owned());
    }
    let follow = sentences.rewritable(Turn::QUARTER, sides);
    let reason = format!("{} of sentences can be rewritten", percent(follow));
    let safe = if follow >= WORTH { Safety::WithWords } else { Safety::No };
    Advice { change, safe, reason }
}

fn upright(word: &str) -> String {
    format!(
        "sentences mention \"{word}\": such pictures have an up and a down and do not occur turned"
    )
}

fn affine(facts: &SideFacts) -> Advice {
    let places = facts.naming_a_side + facts.naming_a_height > 0;
    let reason = match places {
        true => {
            "keep it small: 5 degrees, 2.5 % of the side, a factor of 1.07; more could move a mask to \
             where its words are wrong"
        }
        false => "no sentence names a place; keep it small all the same",
    };
    Advice { change: "small rotation, shift, zoom", safe: Safety::Yes, reason: reason.to_owned() }
}

fn config(sides: Sides, flip: Safety, vertical: Safety, quarter: Safety) -> AugmentConfig {
    let probability = |safe, value| if safe == Safety::No { 0.0 } else { value };
    AugmentConfig {
        flip_horizontal: probability(flip, 0.5),
        flip_vertical: probability(vertical, 0.5),
        quarter_turns: probability(quarter, 0.5),
        affine: 0.5,
        rotate: 5.0,
        shift: 0.025,
        zoom: 0.07,
        sides,
        ..AugmentConfig::default()
    }
}

fn recipe(config: &AugmentConfig) -> String {
    let mut lines = vec!["[augment]".to_owned()];
    let settings = [
        ("flip_horizontal", config.flip_horizontal),
        ("flip_vertical", config.flip_vertical),
        ("quarter_turns", config.quarter_turns),
        ("affine", config.affine),
        ("rotate", config.rotate),
        ("shift", config.shift),
        ("zoom", config.zoom),
    ];
    let set = settings.into_iter().filter(|(_, value)| *value > 0.0);
    lines.extend(set.map(|(key, value)| format!("{key} = {value:?}")));
    let sides = match config.sides {
        Sides::Image => "image",
        Sides::Patient => "patient",
        Sides::Fixed => "fixed",
    };
    lines.push(format!("sides = \"{sides}\""));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipe_says_what_the_settings_are() {
        for (sides, flip) in [(Sides::Image, Safety::WithWords), (Sides::Fixed, Safety::No)] {
            let config = config(sides, flip, Safety::No, Safety::No);
            config.check().unwrap();
            let text = recipe(&config);
            let read: BTreeMap<String, AugmentConfig> = toml::from_str(&text).unwrap();
            assert_eq!(read.get("augment"), Some(&config), "{text}");
        }
    }
}
