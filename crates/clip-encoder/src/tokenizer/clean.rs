//! What CLIP's reference does to a sentence before it is split: repair, HTML entities, whitespace,
//! lower case.

mod repair;

use htmlize::unescape as unescape_named;

/// The text that is split into pieces.
pub(super) fn clean(sentence: &str) -> String {
    let text = unescape(&unescape(&repair::repair(sentence)));
    collapse(&text).to_lowercase()
}

/// Trims, and makes each run of whitespace one space. The ends also lose U+001C to U+001F, which
/// Python's `strip` takes for whitespace and its `regex` package does not.
fn collapse(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    let mut out = String::with_capacity(text.len());
    let mut in_space = false;
    for c in text.trim_matches(ends).chars() {
        if !c.is_whitespace() {
            out.push(c);
        } else if !in_space {
            out.push(' ');
        }
        in_space = c.is_whitespace();
    }
    out
}

/// Python's `html.unescape`, once over the text: named references as HTML5 has them, with or
/// without the semicolon, and numbers in Python's own reading of the standard.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('&');
    out.extend(parts.next());
    for part in parts {
        match part.strip_prefix('#').and_then(numeric) {
            Some((decoded, rest)) => {
                out.extend(decoded);
                out.push_str(rest);
            }
            // A part holds one `&`, so that what is decoded is never read as a reference again.
            None => out.push_str(&unescape_named(format!("&{part}"))),
        }
    }
    out
}

/// The character of the number after `&#`, if there is a number, and what follows it. Characters
/// that HTML forbids are dropped.
fn numeric(text: &str) -> Option<(Option<char>, &str)> {
    let (digits, radix) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (number, rest) = digits.split_at_checked(end)?;
    if number.is_empty() {
        return None;
    }
    let rest = rest.strip_prefix(';').unwrap_or(rest);
    // A number too long for 32 bits is beyond the last character all the same.
    let code = u32::from_str_radix(number, radix).unwrap_or(u32::MAX);
    let decoded = match code {
        0 => Some('\u{fffd}'),
        0x80..=0x9f => char::from_u32(code).map(windows_1252),
        0x1..=0x8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ if code <= 0x10_ffff && code & 0xfffe == 0xfffe => None,
        _ => Some(char::from_u32(code).unwrap_or('\u{fffd}')),
    };
    Some((decoded, rest))
}

/// What Windows-1252 has in the place of a C1 control character; others stay.
fn windows_1252(c: char) -> char {
    // Five bytes have no character there and stay control characters.
    const TABLE: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let place = u32::from(c).checked_sub(0x80).and_then(|at| usize::try_from(at).ok());
    place.and_then(|at| TABLE.get(at)).copied().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: Python 3.11's `html.unescape`.
    #[test]
    fn references_are_read_as_python_reads_them() {
        for (text, expected) in [
            ("&amp;amp; &amp &ampx &notit; &notin;", "&amp; & &x ¬it; ∉"),
            ("&#65;&#x42;&#X43 &#68x &#", "ABC Dx &#"),
            (
                "&#0;&#128;&#x9d;&#1;&#xFFFE;&#xD800;&#99999999999;",
                "\u{fffd}€\u{9d}\u{fffd}\u{fffd}",
            ),
            ("&#x; &#xg; &#13;", "&#x; &#xg; \r"),
            ("&CounterClockwiseContourIntegral; &nosuch; &", "∳ &nosuch; &"),
        ] {
            assert_eq!(unescape(text), expected, "{text}");
        }
    }

    #[test]
    fn whitespace_is_one_space() {
        assert_eq!(collapse(" \u{1c}a \t\u{a0}b\u{1c}c\n"), "a b\u{1c}c");
        assert_eq!(collapse(" \n "), "");
    }

    #[test]
    fn lower_case_knows_the_final_sigma() {
        assert_eq!(clean("ΟΔΟΣ İ"), "οδος i\u{307}");
    }
}
