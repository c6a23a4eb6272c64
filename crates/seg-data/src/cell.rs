//! A cell of a table, and which file a cell means that a spreadsheet has changed.

use std::fmt;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Text, not empty, without blanks around it.
    Text(String),
    /// A number of a workbook.
    Number(f64),
    /// A day of a workbook.
    Date { year: u32, month: u32, day: u32 },
    /// What is no value: `#NAME?`, `TRUE`, a time.
    Other(String),
}

/// What spreadsheets leave where they could not compute: a sentence that starts with `=` or `-`.
const ERRORS: [&str; 7] = ["#NAME?", "#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NUM!", "#NULL!"];

impl Cell {
    /// A text, which may be a spreadsheet's error.
    pub(crate) fn new(text: String) -> Self {
        if ERRORS.contains(&text.as_str()) { Self::Other(text) } else { Self::Text(text) }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// What it is, for a message.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Text(text) => format!("`{text}`"),
            Self::Number(_) => format!("the number {self}"),
            Self::Date { .. } => format!("the date {self}"),
            Self::Other(text) => format!("`{text}`, which is no text"),
        }
    }

    /// Whether a file's name, without its ending, can have become this number or date.
    pub(crate) fn can_be(&self, name: &str) -> bool {
        match self {
            Self::Number(number) => is_number(name, *number),
            // A text file's number has lost its zeros in a spreadsheet before.
            Self::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                name.bytes().all(|byte| byte.is_ascii_digit())
                    && name.trim_start_matches('0') == text.trim_start_matches('0')
            }
            Self::Date { year, month, day } => is_date(name, [*year, *month, *day]),
            Self::Text(_) | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Other(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Date { year, month, day } => write!(f, "{year}-{month:02}-{day:02}"),
        }
    }
}

fn is_number(name: &str, number: f64) -> bool {
    let plain = name.chars().all(|sign| sign.is_ascii_digit() || "+-.eE".contains(sign));
    plain && name.parse::<f64>().is_ok_and(|read| read == number)
}

/// `2020-03-01`, `1.3.2020`, `3-1` (of any year), `1-Mar`, `MAR1`, `3-2020` (its first day).
fn is_date(name: &str, [year, month, day]: [u32; 3]) -> bool {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = name.to_lowercase();
    let mut parts = Vec::new();
    for part in name.split(|sign: char| !sign.is_alphanumeric()).filter(|part| !part.is_empty()) {
        let border = part.find(|sign: char| sign.is_ascii_digit()).unwrap_or(part.len());
        let (letters, digits) = part.split_at(border);
        let of_letters = MONTHS.iter().position(|start| letters.starts_with(start));
        parts.extend((!letters.is_empty()).then(|| of_letters.map_or(0, |at| at as u32 + 101)));
        // What is no number is no part of a date.
        parts.extend((!digits.is_empty()).then(|| digits.parse().unwrap_or(0)));
    }
    // A month in letters cannot be taken for a day.
    let is_month = |part: u32| part == month || part == month + 100;
    let is_year = |part: u32| part == year || (part < 100 && part == year % 100);
    match parts[..] {
        [a, b, c] => {
            (is_year(a) && is_month(b) && c == day)
                || (a == day && is_month(b) && is_year(c))
                || (is_month(a) && b == day && is_year(c))
        }
        [a, b] => {
            (a == day && is_month(b))
                || (is_month(a) && b == day)
                || (day == 1 && is_month(a) && is_year(b))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_a_name_without_its_zeros() {
        let one = Cell::Number(1.0);
        assert!(["1", "001", "1.0"].iter().all(|name| one.can_be(name)));
        assert!(["10", "x1", "1 ", "", "inf"].iter().all(|name| !one.can_be(name)));
        assert!(Cell::Number(100_000.0).can_be("1E5"));
        assert!(
            Cell::Text("7".to_owned()).can_be("007") && !Cell::Text("7".to_owned()).can_be("70")
        );
    }

    #[test]
    fn a_date_is_a_name_that_looks_like_one() {
        let date = Cell::Date { year: 2026, month: 2, day: 1 };
        for name in
            ["1-2", "2-1", "02_01", "2026-02-01", "1.2.26", "Feb-1", "FEB1", "1 feb", "2-2026"]
        {
            assert!(date.can_be(name), "{name}");
        }
        for name in ["1-3", "2026-01-03", "mar1", "1", "x", "1-2-3-4", "2026-02-02"] {
            assert!(!date.can_be(name), "{name}");
        }
        assert_eq!(date.kind(), "the date 2026-02-01");
    }

    proptest! {
        #[test]
        fn any_name_is_compared(name in "\\PC{0,12}", number: f64) {
            let cells = [Cell::Number(number), Cell::Date { year: 2020, month: 3, day: 1 }];
            let _ = cells.map(|cell| cell.can_be(&name));
        }
    }
}
