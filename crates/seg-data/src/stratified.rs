//! Draws a part of a set that is like the whole.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use seeded::{fnv1a64, mix64};

use crate::case::Case;

/// Draws `count` of the cases by `seed`, spread over kinds of sentence and over groups. They keep
/// their order; all are returned if there are no more than `count`.
///
/// Sentences are of one kind if they differ only in capitals and white space. Each kind gets its
/// share of `count`; cases left over by rounding go to the largest remainders, and the seed breaks
/// ties. Within a kind, the next case is the one whose group (or picture, if it has no group) was
/// drawn least often so far, and the seed breaks ties. Rare kinds come first, since they have fewer
/// groups to choose from.
///
/// A set that repeats its seven sentences picture by picture gives all seven and as many pictures
/// as cases; the first cases of its table would give seven sentences of three pictures.
///
/// ```
/// use seg_data::{Dataset, Split, stratified};
/// use seg_data::phantom::{PhantomConfig, write_phantoms};
///
/// let folder = tempfile::tempdir()?;
/// let config = PhantomConfig { size: 64, ..PhantomConfig::default() };
/// write_phantoms(folder.path(), &config, [4, 0, 0], || {})?;
///
/// let set = Dataset::open(folder.path())?;
/// let part = stratified(&set.cases(Split::Train), 4, 7);
/// assert_eq!(part.len(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stratified<'a>(cases: &[&'a Case], count: usize, seed: u64) -> Vec<&'a Case> {
    if count >= cases.len() {
        return cases.to_vec();
    }
    let mut of_kind = BTreeMap::<String, Vec<usize>>::new();
    for (place, case) in cases.iter().enumerate() {
        of_kind.entry(kind(&case.sentence)).or_default().push(place);
    }
    let key = |name: &str| mix64(fnv1a64(name) ^ mix64(seed));
    let mut kinds = of_kind
        .into_iter()
        .map(|(name, places)| (places.len(), key(&name), places))
        .collect::<Vec<_>>();
    kinds.sort(); // rare ones first
    let quotas = quotas(&kinds, count, cases.len());
    let mut taken = BTreeMap::<Unit<'_>, usize>::new();
    let mut chosen = Vec::with_capacity(count);
    for ((_, salt, places), quota) in kinds.iter().zip(quotas) {
        // By each case's own number: another kind more changes the order of no two.
        let mut left = places
            .iter()
            .map(|place| (mix64(fnv1a64(&cases[*place].id) ^ salt), *place))
            .collect::<Vec<_>>();
        left.sort_unstable();
        for _ in 0..quota {
            let uses = |place: usize| taken.get(&Unit::new(cases[place])).copied().unwrap_or(0);
            // The first of those that are as good: the order is the seed's.
            let best = (0..left.len()).min_by_key(|at| uses(left[*at].1));
            let Some(best) = best else { break };
            let (_, place) = left.remove(best);
            *taken.entry(Unit::new(cases[place])).or_default() += 1;
            chosen.push(place);
        }
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|place| cases[place]).collect()
}

/// The key of a kind of sentence: lower case, one blank between words.
fn kind(sentence: &str) -> String {
    sentence.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many cases each kind gives, by largest remainders; together `count`, which is less than
/// `all`.
fn quotas(kinds: &[(usize, u64, Vec<usize>)], count: usize, all: usize) -> Vec<usize> {
    let exact = |size: usize| count as u128 * size as u128;
    let all = all as u128;
    let mut quotas =
        kinds.iter().map(|(size, ..)| (exact(*size) / all) as usize).collect::<Vec<_>>();
    let mut by_remainder = (0..kinds.len()).collect::<Vec<_>>();
    by_remainder.sort_by_key(|at| (Reverse(exact(kinds[*at].0) % all), kinds[*at].1));
    let rest = count - quotas.iter().sum::<usize>();
    by_remainder.into_iter().take(rest).for_each(|at| quotas[at] += 1);
    quotas
}

/// What cases have in common that makes them alike.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Unit<'a> {
    Group(&'a str),
    Picture(&'a Path),
}

impl<'a> Unit<'a> {
    fn new(case: &'a Case) -> Self {
        case.group.as_deref().map_or(Self::Picture(&case.image), Self::Group)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::case::{Origin, Split};

    fn case(picture: usize, sentence: &str, group: Option<usize>, row: usize) -> Case {
        Case {
            id: format!("{picture}"),
            image: format!("images/{picture}.png").into(),
            masks: Vec::new(),
            reading: crate::ReadOptions::default(),
            sentence: sentence.to_owned(),
            split: Split::Test,
            group: group.map(|group| format!("patient {group}")),
            origin: Origin { table: Arc::from(Path::new("manifest.csv")), row },
        }
    }

    /// Each picture with the same sentences, picture by picture.
    fn repeating(pictures: usize, sentences: usize) -> Vec<Case> {
        let rows = (0..pictures).flat_map(|picture| (0..sentences).map(move |at| (picture, at)));
        let row = |(picture, at)| case(picture, &format!("Sentence {at}."), None, picture);
        rows.map(row).collect()
    }

    fn part(cases: &[Case], count: usize, seed: u64) -> Vec<&Case> {
        stratified(&cases.iter().collect::<Vec<_>>(), count, seed)
    }

    fn distinct<'a, T: Ord>(cases: &[&'a Case], of: impl Fn(&'a Case) -> T) -> usize {
        cases.iter().map(|case| of(case)).collect::<BTreeSet<_>>().len()
    }

    #[test]
    fn remainders_go_to_the_largest() {
        let kinds = [2, 3, 5].map(|size| (size, 0, Vec::new()));
        // 1.4, 2.1 and 3.5 of 7.
        assert_eq!(quotas(&kinds, 7, 10), [1, 2, 4]);
        assert_eq!(quotas(&kinds, 0, 10), [0, 0, 0]);
    }

    #[test]
    fn capitals_and_white_space_make_no_kind() {
        assert_eq!(kind(" Left  Lung.\n"), "left lung.");
        let sentences = ["Left lung.", "left  lung.", "LEFT LUNG.", "Right lung."];
        let cases = sentences.iter().enumerate().map(|(at, text)| case(at, text, None, at));
        let cases = cases.collect::<Vec<_>>();
        let rare = (0..50).filter(|seed| {
            let found = part(&cases, 3, *seed);
            found.iter().any(|case| case.sentence.starts_with('R'))
        });
        assert_eq!(rare.count(), 50); // 0.75 of 3 is rounded up, 2.25 down
    }

    #[test]
    fn groups_are_spread_before_pictures() {
        // Four pictures of each of five patients.
        let cases = (0..20).map(|at| case(at, "A lesion.", Some(at / 4), at)).collect::<Vec<_>>();
        for seed in 0..50 {
            assert_eq!(distinct(&part(&cases, 5, seed), |case| &case.group), 5);
            assert_eq!(distinct(&part(&cases, 12, seed), |case| &case.group), 5);
        }
    }

    proptest! {
        #[test]
        fn a_part_of_a_repeating_set_has_every_sentence_and_as_many_pictures(seed: u64) {
            let cases = repeating(240, 7);
            let found = part(&cases, 20, seed);
            prop_assert_eq!(found.len(), 20);
            prop_assert_eq!(distinct(&found, |case| &case.sentence), 7);
            prop_assert_eq!(distinct(&found, |case| &case.image), 20);
        }

        #[test]
        fn a_seed_gives_one_part_and_another_seed_another(seed: u64, other: u64) {
            let cases = repeating(240, 7);
            prop_assert_eq!(part(&cases, 20, seed), part(&cases, 20, seed));
            prop_assume!(seed != other);
            prop_assert_ne!(part(&cases, 20, seed), part(&cases, 20, other));
        }

        #[test]
        fn a_part_has_the_wanted_size_and_the_sets_order(
            rows in prop::collection::vec((0usize..9, 0usize..5, prop::option::of(0usize..3)), 0..40),
            count in 0usize..50,
            seed: u64,
        ) {
            let cases = rows
                .iter()
                .enumerate()
                .map(|(row, (picture, at, group))| case(*picture, &format!("{at}"), *group, row))
                .collect::<Vec<_>>();
            let found = part(&cases, count, seed);
            prop_assert_eq!(found.len(), count.min(cases.len()));
            prop_assert!(found.is_sorted_by(|a, b| a.origin.row < b.origin.row));
            // Each kind has its share, to less than one case.
            for kind in 0..5 {
                let of = |cases: &[&Case]| {
                    cases.iter().filter(|case| case.sentence == format!("{kind}")).count() as f64
                };
                let share = of(&cases.iter().collect::<Vec<_>>()) * found.len() as f64
                    / cases.len().max(1) as f64;
                prop_assert!((of(&found) - share).abs() < 1.0);
            }
        }
    }
}
