//! What is refused: a setting, or a turn of a sentence.

/// Why an [`AugmentConfig`](crate::AugmentConfig) was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum AugmentError {
    /// A setting has a value that it cannot have.
    #[error("{key} is {value}: {expected}")]
    Setting { key: &'static str, value: f64, expected: &'static str },
}

/// Why a sentence cannot follow a turn of its picture: the first word in the way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum Veto {
    /// The set allows no turn.
    #[error("the sentences of this set must not be turned (sides are fixed)")]
    Fixed,
    /// A side or height of the patient, under another turn than a horizontal flip.
    #[error("`{word}` is said of the patient, and only a horizontal flip can be put into words")]
    Patient { word: String },
    /// A part of the body, under a quarter turn.
    #[error("`{word}` is a part of the body, and its sides have no words after this turn")]
    Anatomy { word: String },
    /// A word that is no longer true and has no counterpart.
    #[error("`{word}` is not true after this turn")]
    Orientation { word: String },
    /// A phrase that has no counterpart.
    #[error("`{words}` cannot be said of the turned picture")]
    Phrase { words: String },
    /// A word that may be a misspelt place.
    #[error("`{word}` may be a misspelt side or height: correct the sentence")]
    Unclear { word: String },
}
