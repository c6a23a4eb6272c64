//! Whether wording goes with where things lie, measured and not known: in any language.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::words::words;

/// Whether wording goes with one of two opposite ends of pictures: left and right, or above and below.
///
/// ```
/// use seg_sentences::Tie;
/// let told = ["Infiltrat rechts.", "Infiltrat links."];
/// let cases = (0..40).map(|i| (told[i % 2], i % 2 == 1));
/// assert!(matches!(Tie::measure(cases), Tie::Word { agreeing: 40, cases: 40, .. }));
/// assert_eq!(Tie::measure((0..40).map(|i| ("Infiltrat.", i % 2 == 1))), Tie::None { cases: 40 });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "tie")]
pub enum Tie {
    /// Too few things lie at one of the ends to tell.
    NotMeasurable {
        /// How many do.
        cases: usize,
    },
    /// Nearly all lie at one end, which any word may mean.
    OneEnd {
        /// Those at that end.
        agreeing: usize,
        /// All cases that lie at either end.
        cases: usize,
    },
    /// A word, or its beginning, goes with an end far more often than by chance.
    Word {
        /// In lower case; `...` stands for other endings.
        word: String,
        /// Cases in which it is there at one end, or not there at the other.
        agreeing: usize,
        /// All cases that lie at either end.
        cases: usize,
    },
    /// No wording does, of as many cases as would have shown it.
    None {
        /// How many lie at either end.
        cases: usize,
    },
}

/// A tie by chance is taken for one so seldom.
const CHANCE: f64 = 0.01;

impl Tie {
    /// Measures sentences with the end at which their things lie; leave out what lies at neither.
    pub fn measure<'a>(cases: impl IntoIterator<Item = (&'a str, bool)>) -> Self {
        /// Fewer are one-sided by chance too often.
        const FEWEST: usize = 8;
        /// From this share on all lie at one end, but for slips.
        const ONE_END: f64 = 0.9;
        let cases = cases.into_iter().collect::<Vec<_>>();
        let (all, second) = (cases.len(), cases.iter().filter(|(_, second)| *second).count());
        let most = second.max(all - second);
        if all < FEWEST {
            return Self::NotMeasurable { cases: all };
        }
        if most as f64 >= ONE_END * all as f64 {
            return Self::OneEnd { agreeing: most, cases: all };
        }
        let mut found = BTreeMap::<String, [usize; 2]>::new();
        for (sentence, second) in &cases {
            for piece in pieces(sentence) {
                found.entry(piece).or_default()[usize::from(*second)] += 1;
            }
        }
        // What is in all of them tells nothing.
        found.retain(|_, counts| counts[0] + counts[1] < all);
        let chances = LogFactorials::up_to(all);
        let probability = |counts: [usize; 2]| chances.fisher(counts, [all - second, second]);
        let tests = found.len() as f64;
        // Could a word that is there at one end and nowhere else have been told from chance?
        if probability([0, second]) * tests.max(1.0) > CHANCE {
            return Self::NotMeasurable { cases: all };
        }
        let best = found
            .into_iter()
            .map(|(word, counts)| (probability(counts), word, counts))
            // A whole word says more than a beginning.
            .min_by(|a, b| {
                a.0.total_cmp(&b.0).then(a.1.ends_with("...").cmp(&b.1.ends_with("...")))
            });
        match best {
            Some((chance, word, [first, behind])) if chance * tests <= CHANCE => {
                let agreeing = first + second - behind;
                Self::Word { word, agreeing: agreeing.max(all - agreeing), cases: all }
            }
            _ => Self::None { cases: all },
        }
    }
}

/// What of a sentence may say an end: words, the beginnings of long ones, and single signs of scripts
/// that put no blanks between words.
fn pieces(sentence: &str) -> BTreeSet<String> {
    /// Letters of a beginning, and of a word that is longer than its beginning by an ending.
    const START: usize = 4;
    const LONG: usize = 6;
    /// From here on a sign is a word or a syllable: Chinese, Japanese, Korean.
    const SIGNS: char = '\u{2e80}';
    let mut pieces = BTreeSet::new();
    for word in words(sentence) {
        let word = word.to_lowercase();
        if word.chars().count() >= LONG {
            pieces.insert(word.chars().take(START).collect::<String>() + "...");
        }
        pieces.extend(word.chars().filter(|sign| *sign >= SIGNS).map(String::from));
        pieces.insert(word);
    }
    pieces
}

/// Logarithms of factorials.
struct LogFactorials(Vec<f64>);

impl LogFactorials {
    fn up_to(largest: usize) -> Self {
        let mut sum = 0.0;
        let logarithm = |number: usize| {
            sum += (number.max(1) as f64).ln();
            sum
        };
        Self((0..=largest).map(logarithm).collect())
    }

    fn choose(&self, all: usize, some: usize) -> f64 {
        self.0[all] - self.0[some] - self.0[all - some]
    }

    /// Fisher's exact test, both sides: the chance that a word which is there in as many cases is
    /// spread over the two ends as unevenly as this, or more so.
    fn fisher(&self, [first, second]: [usize; 2], ends: [usize; 2]) -> f64 {
        let (there, all) = (first + second, ends[0] + ends[1]);
        let whole = self.choose(all, there);
        let chance = |first: usize| {
            (self.choose(ends[0], first) + self.choose(ends[1], there - first) - whole).exp()
        };
        let own = chance(first) * (1.0 + 1e-9);
        let possible = there.saturating_sub(ends[1])..=there.min(ends[0]);
        possible.map(chance).filter(|chance| *chance <= own).sum::<f64>().min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn measure(told: [&str; 2], count: usize, second: impl Fn(usize) -> bool) -> Tie {
        Tie::measure((0..count).map(|i| (told[i % 2], second(i))))
    }

    /// By hand: of the 70 ways to lay 4 of 8, two are as uneven as 4 and 0, and 34 as 3 and 1.
    #[test]
    fn chances_are_fishers() {
        let chances = LogFactorials::up_to(8);
        assert!((chances.fisher([4, 0], [4, 4]) - 2.0 / 70.0).abs() < 1e-12);
        assert!((chances.fisher([3, 1], [4, 4]) - 34.0 / 70.0).abs() < 1e-12);
    }

    #[test]
    fn any_language_that_tells_sides_is_tied() {
        for (told, word) in [
            (["Opacity in the RLL.", "Opacity in the LLL."], "lll"),
            (["Lésion du poumon gauche", "Lésion du poumon droit"], "droit"),
            (["右肺下叶病变", "左肺下叶病变"], "右"),
            (["затемнение справа", "затемнение слева"], "слева"),
        ] {
            let found = measure(told, 40, |i| i % 2 == 1);
            let Tie::Word { word: found, agreeing: 40, cases: 40 } = found else {
                panic!("{told:?}: {found:?}")
            };
            assert_eq!(found, word);
            // The other way round as well, and with a slip or two.
            assert!(matches!(measure(told, 40, |i| i % 2 == 0), Tie::Word { .. }));
            let slips = measure(told, 40, |i| (i % 2 == 1) != (i < 2));
            assert!(matches!(slips, Tie::Word { agreeing: 38, .. }), "{slips:?}");
            // Where lesions do not care what is said.
            assert_eq!(measure(told, 40, |i| i % 4 < 2), Tie::None { cases: 40 });
        }
    }

    #[test]
    fn endings_do_not_hide_a_side() {
        let told =
            ["linke", "linker", "linkes", "linkem", "rechte", "rechter", "rechtes", "rechtem"];
        let long = told.map(|word| format!("{word}nseits ein Herd"));
        let cases = (0..48).map(|i| (long[i % 8].as_str(), i % 8 < 4));
        assert!(matches!(Tie::measure(cases), Tie::Word { agreeing: 48, .. }));
    }

    #[test]
    fn little_is_not_taken_for_none() {
        assert_eq!(measure(["a", "b"], 7, |i| i % 2 == 1), Tie::NotMeasurable { cases: 7 });
        // Every second word is tied, and eight cases cannot show it.
        assert_eq!(measure(["a", "b"], 8, |i| i % 2 == 1), Tie::NotMeasurable { cases: 8 });
        assert_eq!(measure(["a", "a"], 20, |_| true), Tie::OneEnd { agreeing: 20, cases: 20 });
    }

    proptest! {
        #[test]
        fn any_sentences_are_measured(cases in prop::collection::vec(("\\PC{0,12}", any::<bool>()), 0..40)) {
            let _ = Tie::measure(cases.iter().map(|(text, second)| (text.as_str(), *second)));
        }
    }
}
