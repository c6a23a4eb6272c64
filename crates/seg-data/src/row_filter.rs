//! Which rows of a manifest are cases.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::DataError;

/// Which rows of a manifest are cases: those that have, in each column named here, one of its values.
/// Without a column, all.
///
/// As text, `class=Normal,Non-COVID`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowFilter(BTreeMap<String, Values>);

/// One value or several, as TOML writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

impl Values {
    fn list(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        }
    }
}

/// The text is not a [`RowFilter`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}`: expected a column and its values, such as class=Normal,Non-COVID")]
pub struct UnknownFilter(pub String);

impl FromStr for RowFilter {
    type Err = UnknownFilter;

    fn from_str(text: &str) -> Result<Self, UnknownFilter> {
        let refused = || UnknownFilter(text.to_owned());
        let (column, values) = text.split_once('=').ok_or_else(refused)?;
        let values = values.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>();
        let column = column.trim();
        if column.is_empty() {
            return Err(refused());
        }
        Ok(Self([(column.to_owned(), Values::Several(values))].into()))
    }
}

impl fmt::Display for RowFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column =
            |(column, values): (&String, &Values)| format!("{column}={}", values.list().join(","));
        f.write_str(&self.0.iter().map(column).collect::<Vec<_>>().join(" "))
    }
}

impl RowFilter {
    /// Whether it takes every row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This filter and another: a column that both name may have the values of either.
    pub fn and(mut self, other: Self) -> Self {
        for (column, values) in other.0 {
            let mut all =
                self.0.remove(&column).map_or(Vec::new(), |values| values.list().to_vec());
            all.extend_from_slice(values.list());
            self.0.insert(column, Values::Several(all));
        }
        self
    }

    /// The columns that it asks about.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A filter at work on a table's rows.
pub(crate) struct Choice<'a> {
    filter: &'a RowFilter,
    /// The values of each of its columns, in the filter's order.
    seen: Vec<BTreeSet<String>>,
}

impl<'a> Choice<'a> {
    pub(crate) fn new(filter: &'a RowFilter) -> Self {
        Self { filter, seen: vec![BTreeSet::new(); filter.0.len()] }
    }

    /// The columns that it asks about.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.filter.columns()
    }

    /// Whether a row with these values, in the order of [`RowFilter::columns`], is a case. An empty cell
    /// is an empty text.
    pub(crate) fn takes(&mut self, values: impl Iterator<Item = String>) -> bool {
        let mut takes = true;
        for ((value, wanted), seen) in values.zip(self.filter.0.values()).zip(&mut self.seen) {
            takes &= wanted.list().contains(&value);
            seen.insert(value);
        }
        takes
    }

    /// Whether each value that is asked for is one of the table's.
    ///
    /// # Errors
    ///
    /// The first value that no row has: a slip of the pen would leave out cases in silence.
    pub(crate) fn check(&self, table: &Path) -> Result<(), DataError> {
        for ((column, wanted), seen) in self.filter.0.iter().zip(&self.seen) {
            if let Some(value) = wanted.list().iter().find(|value| !seen.contains(*value)) {
                /// Values that a message lists.
                const LISTED: usize = 12;
                let mut found = seen.iter().take(LISTED).map(|value| format!("`{value}`"));
                let mut found = found.by_ref().collect::<Vec<_>>().join(", ");
                if seen.len() > LISTED {
                    found += &format!(" and {} more", seen.len() - LISTED);
                }
                let (file, column, value) = (table.to_owned(), column.clone(), value.clone());
                return Err(DataError::NoSuchValue { file, column, value, found });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_a_text_and_joins_others() {
        let filter = "class = Normal, Non-COVID".parse::<RowFilter>().unwrap();
        assert_eq!(filter.to_string(), "class=Normal,Non-COVID");
        let more = filter.and("class=x".parse().unwrap()).and("kind=lungs".parse().unwrap());
        assert_eq!(more.to_string(), "class=Normal,Non-COVID,x kind=lungs");
        for wrong in ["class", "=x", ""] {
            let error = wrong.parse::<RowFilter>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{wrong}`: expected a column")), "{error}");
        }
    }

    #[test]
    fn rows_are_taken_by_all_columns() {
        let filter = "a=1,2".parse::<RowFilter>().unwrap().and("b=".parse().unwrap());
        let mut choice = Choice::new(&filter);
        let mut takes = |a: &str, b: &str| choice.takes([a.to_owned(), b.to_owned()].into_iter());
        assert_eq!([takes("1", ""), takes("2", "x"), takes("3", "")], [true, false, false]);
        assert!(choice.check(Path::new("t.csv")).is_ok());
        let filter = "a=9".parse::<RowFilter>().unwrap();
        let mut choice = Choice::new(&filter);
        assert!(!choice.takes(["1".to_owned()].into_iter()));
        let error = choice.check(Path::new("t.csv")).unwrap_err().to_string();
        assert_eq!(error, "t.csv: no row has `9` in the column `a`; there are `1`");
    }
}
