//! Training cases without a target.

use evaluation::{Cover, TwoHalves};
use seeded::SplitMix64;
use seg_sentences::{Edit, Grammar};

/// How training shows a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The case as it is.
    AsItIs,
    /// The target, with the rest of the picture covered: a cover alone means nothing.
    Beside(Cover),
    /// The picture without the target.
    Covered(Cover),
    /// Another sentence, and nothing to find.
    Asked(String),
    /// Random words, and nothing to find.
    Nonsense,
}

/// Draws what training makes of a case: with the chance `negatives` something that is not there, as
/// often by the picture as by the words where both can be; with half of it a covered picture that
/// still shows the target.
///
/// Nonsense is rare: it is easily told, and much of it teaches that a wording never seen before
/// means nothing.
pub(crate) fn draw(
    negatives: f64,
    stream: &mut SplitMix64,
    sentence: &str,
    halves: Option<TwoHalves>,
    free_side: Option<String>,
) -> Variant {
    // In [0, 1).
    let chance = f64::from(stream.uniform() + 1.0) / 2.0;
    if chance >= 1.5 * negatives {
        return Variant::AsItIs;
    }
    if chance >= negatives {
        return halves.map_or(Variant::AsItIs, |halves| Variant::Beside(halves.other));
    }
    let covered = halves.map(|halves| Variant::Covered(halves.target));
    let swapped = free_side.map(Variant::Asked);
    let negated = Grammar::default().apply(Edit::Negate, sentence).map(Variant::Asked);
    let ways = [(6, covered), (6, swapped), (3, negated), (1, Some(Variant::Nonsense))];
    let mut ways = ways
        .into_iter()
        .filter_map(|(weight, way)| Some(std::iter::repeat_n(way?, weight)))
        .flatten()
        .collect::<Vec<_>>();
    let way = stream.below(ways.len());
    ways.swap_remove(way)
}

/// Draws what a picture with several questions has covered, with the chance `1.5 · negatives`: twice as
/// often the half that holds a target as the half beside it.
pub(crate) fn draw_cover(
    negatives: f64,
    stream: &mut SplitMix64,
    halves: &[TwoHalves],
) -> Option<Cover> {
    if !stream.chance(1.5 * negatives) || halves.is_empty() {
        return None;
    }
    let TwoHalves { target, other } = halves[stream.below(halves.len())];
    Some(if stream.below(3) == 0 { other } else { target })
}

/// Draws what is asked in place of one of several questions: with the chance `negatives / 4` a negation,
/// or, a quarter as often, random words.
pub(crate) fn draw_question(negatives: f64, stream: &mut SplitMix64, sentence: &str) -> Variant {
    if !stream.chance(negatives / 4.0) {
        return Variant::AsItIs;
    }
    let negated = Grammar::default().apply(Edit::Negate, sentence).map(Variant::Asked);
    negated.filter(|_| stream.below(4) > 0).unwrap_or(Variant::Nonsense)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_questions_share_a_cover() {
        let mut stream = SplitMix64::new(4);
        let halves = Cover::halves((0..20).map(|x| (2..6).contains(&x)), 20).unwrap();
        let (mut hidden, mut beside, mut asked) = (0, 0, 0);
        for _ in 0..10_000 {
            match draw_cover(0.2, &mut stream, &[halves]) {
                Some(cover) if cover == halves.target => hidden += 1,
                Some(_) => beside += 1,
                None => {}
            }
            let question = draw_question(0.2, &mut stream, "Left lung.");
            asked += usize::from(question != Variant::AsItIs);
        }
        assert!((1900..2100).contains(&hidden) && (900..1100).contains(&beside));
        assert!((420..580).contains(&asked), "{asked}");
        assert_eq!(draw_cover(1.0, &mut stream, &[]), None);
    }

    #[test]
    fn the_share_of_what_is_not_there_is_the_recipes() {
        let (mut stream, target) =
            (SplitMix64::new(3), Cover::halves((0..20).map(|x| (2..6).contains(&x)), 20));
        let (mut absent, mut beside) = (0, 0);
        for _ in 0..10_000 {
            match draw(0.2, &mut stream, "One lesion, left lung.", target, None) {
                Variant::AsItIs => {}
                Variant::Beside(_) => beside += 1,
                _ => absent += 1,
            }
        }
        assert!((1900..2100).contains(&absent) && (900..1100).contains(&beside));
        let as_it_is = draw(0.0, &mut stream, "One lesion.", target, None);
        assert_eq!(as_it_is, Variant::AsItIs);
    }
}
