//! Sentences that name some of a picture's lesions, or a lung.
//!
//! A sentence is made from a [`Description`] and means every lesion that it fits.

use super::finding::{Extent, Kind, PhantomLesion};
use super::side::{Side, Zone};
use super::stream::Stream;

/// What a sentence says of the lesions it means; what it leaves open fits all.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Description {
    kind: Option<Kind>,
    extent: Option<Extent>,
    /// A lesion is in one of them.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    side: Option<Side>,
    zone: Option<Zone>,
}

/// How one picture's sentences are worded. The same for all of them, so that the sentence about
/// the other side differs in the side alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wording {
    sentence: usize,
    place: usize,
    lung: usize,
}

impl Description {
    pub(super) fn fits(&self, finding: &PhantomLesion) -> bool {
        let here = |place: &Place| {
            place.side.is_none_or(|side| side == finding.side)
                && place.zone.is_none_or(|zone| zone == finding.zone)
        };
        self.kind.is_none_or(|kind| kind == finding.kind)
            && self.extent.is_none_or(|extent| extent == finding.extent)
            && self.places.iter().any(here)
    }

    /// A lesion of any kind in a third of a lung.
    pub(super) fn spot(side: Side, zone: Zone) -> Self {
        let places = vec![Place { side: Some(side), zone: Some(zone) }];
        Self { kind: None, extent: None, places }
    }

    /// Every description that fits at least one finding, each once, in a fixed order.
    pub(super) fn all(findings: &[PhantomLesion]) -> Vec<Self> {
        let kinds = [None].into_iter().chain(Kind::BOTH.map(Some));
        let extents = [None].into_iter().chain(Extent::BOTH.map(Some));
        let sides = [None].into_iter().chain(Side::BOTH.map(Some));
        let zones = [None].into_iter().chain(Zone::ALL.map(Some));
        let places = sides.flat_map(|side| zones.clone().map(move |zone| Place { side, zone }));
        let places = places.collect::<Vec<_>>();
        let mut all = Vec::new();
        for kind in kinds {
            for extent in extents.clone() {
                // Large among nodules is small among opacities: without a kind, size means nothing.
                if kind.is_none() && extent.is_some() {
                    continue;
                }
                let one = places.iter().map(|place| vec![*place]);
                all.extend(one.map(|places| Self { kind, extent, places }));
            }
        }
        // Two spots with a lesion each.
        let spots = places.iter().filter(|place| place.side.is_some() && place.zone.is_some());
        for (i, first) in spots.clone().enumerate() {
            for second in spots.clone().skip(i + 1) {
                let pair = |places| Self { kind: None, extent: None, places };
                let single = |place: &&Place| pair(vec![**place]).count(findings) == 1;
                if single(&first) && single(&second) {
                    all.push(pair(vec![*first, *second]));
                }
            }
        }
        all.retain(|description| description.count(findings) > 0);
        all
    }

    pub(super) fn count(&self, findings: &[PhantomLesion]) -> usize {
        findings.iter().filter(|finding| self.fits(finding)).count()
    }

    /// How often it is chosen, compared to others: plain ones more often.
    pub(super) fn weight(&self) -> f64 {
        match (self.kind, self.extent) {
            (None, _) => 4.0,
            (Some(_), None) => 2.0,
            (Some(_), Some(_)) => 1.0,
        }
    }

    /// The sentence, when the description fits `count` lesions.
    pub(super) fn sentence(&self, count: usize, wording: Wording) -> String {
        let (noun, nouns) = match self.kind {
            None => ("lesion", "lesions"),
            Some(Kind::Nodule) => ("nodule", "nodules"),
            Some(Kind::Opacity) => ("opacity", "opacities"),
        };
        let adjective = match self.extent {
            None => "",
            Some(Extent::Small) => "small ",
            Some(Extent::Large) => "large ",
        };
        let single = format!("{adjective}{noun}");
        let named = if count == 1 { single.clone() } else { format!("{adjective}{nouns}") };
        let places = self.places.iter().filter_map(|place| place.words(wording.place));
        let places = places.collect::<Vec<_>>();
        let list = places.iter().map(|place| format!("the {place}")).collect::<Vec<_>>();
        let within = match list.is_empty() {
            true => String::new(),
            false => format!(" in {}", list.join(" and ")),
        };
        let number = match count {
            1 => "one",
            2 => "two",
            3 => "three",
            _ => "four",
        };
        match wording.sentence {
            0 => format!("The {named}{within}."),
            1 => capital(&format!("{named}{within}.")),
            2 => format!("Every {single}{within}."),
            3 => format!("All {adjective}{nouns}{within}."),
            4 if places.is_empty() => capital(&format!("{number} {named}.")),
            _ => capital(&format!("{number} {named}, {}.", places.join(" and "))),
        }
    }
}

impl Place {
    /// Without the article; nothing where the whole picture is meant.
    fn words(self, wording: usize) -> Option<String> {
        let zone = self.zone.map(|zone| match zone {
            Zone::Upper => "upper",
            Zone::Middle => "middle",
            Zone::Lower => "lower",
        });
        Some(match (self.side.map(side_word), zone) {
            (None, None) => return None,
            (Some(side), None) => format!("{side} lung"),
            (None, Some(zone)) => format!("{zone} third of either lung"),
            (Some(side), Some(zone)) => match wording {
                0 => format!("{zone} {side} lung"),
                1 => format!("{zone} third of the {side} lung"),
                _ => format!("{zone} zone of the {side} lung"),
            },
        })
    }
}

impl Wording {
    pub(super) fn new(stream: &mut Stream) -> Self {
        Self {
            sentence: stream.pick([0, 0, 1, 1, 2, 3, 4]),
            place: stream.pick([0, 0, 1, 2]),
            lung: stream.below(3),
        }
    }

    /// Names one lung.
    pub(super) fn lung(self, side: Side) -> String {
        let side = side_word(side);
        match self.lung {
            0 => format!("The {side} lung."),
            1 => format!("The whole {side} lung."),
            _ => format!("All of the {side} lung."),
        }
    }

    /// Names a third of a lung.
    pub(super) fn third(self, side: Side, zone: Zone) -> String {
        let place = Place { side: Some(side), zone: Some(zone) }.words(self.place);
        let place = place.unwrap_or_default();
        match self.lung {
            0 => format!("The {place}."),
            1 => format!("The whole {place}."),
            _ => format!("All of the {place}."),
        }
    }

    /// Names both lungs.
    pub(super) fn lungs(self) -> String {
        ["Both lungs.", "The left and the right lung.", "The lungs on both sides."]
            [self.lung.min(2)]
        .to_owned()
    }
}

fn side_word(side: Side) -> &'static str {
    match side {
        Side::Left => "left",
        Side::Right => "right",
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use seg_image::BinaryMask;

    fn finding(side: Side, zone: Zone, kind: Kind, extent: Extent) -> PhantomLesion {
        PhantomLesion { side, zone, kind, extent, mask: BinaryMask::from_fn(1, 1, |_, _| true) }
    }

    #[test]
    fn sentences_say_what_the_description_says() {
        let large = Description {
            kind: Some(Kind::Opacity),
            extent: Some(Extent::Large),
            places: vec![Place { side: Some(Side::Left), zone: None }],
        };
        let pair = Description {
            places: [(Side::Left, Zone::Upper), (Side::Right, Zone::Lower)]
                .map(|(side, zone)| Place { side: Some(side), zone: Some(zone) })
                .to_vec(),
            ..Description::spot(Side::Left, Zone::Upper)
        };
        let every = Description {
            kind: Some(Kind::Nodule),
            extent: None,
            places: vec![Place { side: None, zone: None }],
        };
        let say = |description: &Description, count, sentence, place| {
            description.sentence(count, Wording { sentence, place, lung: 0 })
        };
        assert_eq!(say(&large, 1, 0, 0), "The large opacity in the left lung.");
        assert_eq!(say(&large, 2, 1, 0), "Large opacities in the left lung.");
        assert_eq!(say(&every, 3, 2, 0), "Every nodule.");
        assert_eq!(say(&every, 1, 3, 0), "All nodules.");
        assert_eq!(say(&pair, 2, 4, 0), "Two lesions, upper left lung and lower right lung.");
        assert_eq!(
            say(&pair, 2, 0, 1),
            "The lesions in the upper third of the left lung and the lower third of the right lung."
        );
    }

    #[test]
    fn descriptions_fit_something_and_pairs_are_of_single_lesions() {
        let findings = [
            finding(Side::Left, Zone::Upper, Kind::Nodule, Extent::Small),
            finding(Side::Right, Zone::Lower, Kind::Opacity, Extent::Large),
            finding(Side::Right, Zone::Lower, Kind::Nodule, Extent::Large),
        ];
        let all = Description::all(&findings);
        assert!(all.iter().all(|description| description.count(&findings) > 0));
        assert!(all.iter().all(|description| description.places.len() == 1));
        let pairs = Description::all(&findings[..2]);
        assert_eq!(pairs.iter().filter(|description| description.places.len() == 2).count(), 1);
    }
}
