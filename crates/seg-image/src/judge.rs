//! The one reading that a mask's values have, or none.

use crate::contents::{Tally, colours, shares};
use crate::mask_file::{Refusal, in_colour};
use crate::mask_rule::Colour;
use crate::note::FileNote;

/// Pixels inside, and what is worth telling about how that was decided.
pub(crate) struct Judged {
    pub(crate) inside: Vec<bool>,
    pub(crate) note: Option<FileNote>,
}

/// A value of 8 or 16 bits.
pub(crate) trait Level: Copy + PartialEq + Into<u16> {
    fn tally(values: &[Self]) -> Tally;
}

impl Level for u8 {
    fn tally(values: &[Self]) -> Tally {
        Tally::grey(values)
    }
}

impl Level for u16 {
    fn tally(values: &[Self]) -> Tally {
        Tally::deep(values)
    }
}

/// So few different values are looked at one by one.
const FEW: usize = 8;

/// Reads grey values, of which `top` is the largest possible one; pixels that are skipped are not
/// looked at.
pub(crate) fn judge_grey<T: Level>(
    values: &[T],
    top: u16,
    width: usize,
    jpeg: bool,
    skip: &impl Fn(usize) -> bool,
) -> Result<Judged, Refusal> {
    let counted = values.iter().enumerate().filter(|(at, _)| !skip(*at)).map(|(_, value)| *value);
    let tally = T::tally(&counted.collect::<Vec<_>>());
    let from = |least: u16, note| {
        let inside = values.iter().map(|value| (*value).into() >= least).collect();
        Ok(Judged { inside, note })
    };
    let half = top / 2 + 1;
    match tally.counts.as_slice() {
        [] | [(0, _)] => return Ok(Judged { inside: vec![false; values.len()], note: None }),
        // One value on a background of 0, or alone.
        [(value, _)] | [(0, _), (value, _)] if *value >= half => return from(*value, None),
        [(1, _)] | [(0, _), (1, _)] => return from(1, Some(FileNote::ZeroAndOne)),
        [(0, _), (value, _)] if !jpeg => return from(*value, Some(FileNote::OneValue)),
        _ => {}
    }
    let refused = |found: &str| {
        Err(Refusal {
            found: format!("{found}: {}", tally.text()),
            choose:
                "choose the mask rule: half for a soft mask, non_zero for everything but 0, or \
                     the label that is meant (and ignore for one that counts nowhere)"
                    .to_owned(),
        })
    };
    if tally.largest() < half {
        return refused("has no value in the upper half of its range");
    }
    let few = tally.counts.len() <= FEW && !jpeg;
    // JPEG and resizing leave values near black and white.
    let margin = match (few, jpeg) {
        (true, _) => 0,
        (false, true) => top / 8,
        (false, false) => top / 16,
    };
    let between = |value: u16| value > margin && value < top - margin;
    let low = top / 16;
    let all = tally.counts.iter().map(|(_, count)| count).sum::<u64>();
    let labels = tally.counts.iter().filter(|(value, _)| (1..=low).contains(value));
    if few && labels.map(|(_, count)| count).sum::<u64>() * 1000 > all {
        return refused("has a few separate values, as labels have");
    }
    let (middle, flat) = plateaus(values, width, |at, value| between(value) && !skip(at));
    if flat >= 4 && flat * 5 > middle {
        return refused("has areas of one value between black and white, as labels have");
    }
    from(half, None)
}

/// How many pixels have a value that is wanted, and how many of these have the same value all around:
/// a soft border has none, an area of labels consists of them.
fn plateaus<T: Level>(
    values: &[T],
    width: usize,
    wanted: impl Fn(usize, u16) -> bool,
) -> (usize, usize) {
    let (mut middle, mut flat) = (0, 0);
    for (at, value) in values.iter().enumerate() {
        if !wanted(at, (*value).into()) {
            continue;
        }
        middle += 1;
        let (x, y) = (at % width, at / width);
        let inner = x > 0 && x + 1 < width && y > 0 && at + width + 1 < values.len();
        let same = |row: usize| values[row - 1..=row + 1].iter().all(|other| other == value);
        flat += usize::from(inner && same(at - width) && same(at) && same(at + width));
    }
    (middle, flat)
}

/// Reads colours: one on a background of black, or of white.
pub(crate) fn judge_colours(
    values: &[Colour],
    jpeg: bool,
    skip: &impl Fn(usize) -> bool,
) -> Result<Judged, Refusal> {
    /// Steps of a channel by which a colour may lie beside the line from the background.
    const BESIDE: f64 = 10.0;
    /// As [`BESIDE`], for the noise that JPEG leaves in colours.
    const BESIDE_IN_JPEG: f64 = 60.0;
    let counted = values.iter().enumerate().filter(|(at, _)| !skip(*at)).map(|(_, value)| *value);
    let found = colours(&counted.collect::<Vec<_>>());
    let near = |colour: &Colour, to: [u8; 3]| {
        let most = if jpeg { 24 } else { 0 };
        colour.0.iter().zip(to).all(|(value, to)| value.abs_diff(to) <= most)
    };
    let black = found.iter().any(|(colour, _)| near(colour, [0; 3]));
    let white = found.iter().any(|(colour, _)| near(colour, [255; 3]));
    let ground = match (black, white) {
        (true, _) => [0; 3],
        (_, true) => [255; 3],
        _ => return Err(in_colour(values)),
    };
    // The commonest colour that is neither the background nor a shade of it.
    let line = |colour: &Colour| [0, 1, 2].map(|i| f64::from(colour.0[i]) - f64::from(ground[i]));
    let length = |line: [f64; 3]| line.iter().map(|part| part * part).sum::<f64>().sqrt();
    let other = found.iter().filter(|(colour, _)| !near(colour, ground));
    let Some((main, _)) = other.max_by_key(|(_, count)| *count) else {
        return Ok(Judged { inside: vec![false; values.len()], note: None });
    };
    let whole = length(line(main));
    // Where on the line from the background to the colour, and how far beside it.
    let place = |colour: &Colour| {
        let part = line(colour);
        let along = part.iter().zip(line(main)).map(|(a, b)| a * b).sum::<f64>() / whole / whole;
        let beside = [0, 1, 2].map(|i| part[i] - along * line(main)[i]);
        (along, length(beside))
    };
    let most = if jpeg { BESIDE_IN_JPEG } else { BESIDE };
    let fits = |colour: &Colour| {
        let (along, beside) = place(colour);
        beside <= most && (-0.25..=1.25).contains(&along)
    };
    let all = found.iter().map(|(_, count)| count).sum::<u64>();
    let strange = found.iter().filter(|(colour, _)| !fits(colour));
    if strange.map(|(_, count)| count).sum::<u64>() * 200 > all {
        let named = found.iter().map(|(colour, count)| (colour.to_string(), *count));
        return Err(Refusal {
            found: format!("has several colours: {}", shares(named)),
            choose:
                "choose the one that is meant as the mask rule, such as \"#ff0000\", or non_zero \
                     for all that is not black"
                    .to_owned(),
        });
    }
    let inside = values.iter().map(|colour| place(colour).0 >= 0.5).collect();
    Ok(Judged { inside, note: Some(FileNote::OneColour) })
}
