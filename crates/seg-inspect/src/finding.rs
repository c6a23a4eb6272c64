//! Findings and their severity.

use std::fmt;

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Training would stop or learn nothing.
    Error,
    /// Scores would be too high, or sentences untrue.
    Warning,
    /// Worth knowing, and worth reporting.
    Note,
}

impl Level {
    /// All, worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What it is, for programs: `unreadable`, `shared_group` ...
    pub code: &'static str,
    /// What it is and what to do, for people.
    pub message: String,
    /// Every place where it occurs: table and row, or file. Empty if it concerns the whole set.
    pub places: Vec<String>,
}

impl Finding {
    pub(crate) fn new(level: Level, code: &'static str, message: String) -> Self {
        Self { level, code, message, places: Vec::new() }
    }

    pub(crate) fn at<P: fmt::Display>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.places = places.into_iter().map(|place| place.to_string()).collect();
        self
    }
}

/// `1 case`, `2 cases`; nouns whose plural takes an s.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
