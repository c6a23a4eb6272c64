//! Broken text made whole: the steps of the Python package `ftfy` (6.3) that sentences meet.
//!
//! Typographic quotes, ligatures, full-width letters, control characters, entities, composed
//! accents, and UTF-8 that was read as Latin-1 or Windows-1252, as a whole line. ftfy also undoes
//! other encodings and broken parts of a line, by a table of unlikely letter pairs; this does not.

use std::sync::LazyLock;

use htmlize::unescape as unescape_named;
use regex::{Captures, Regex};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{unescape, windows_1252};

/// Layers of damage that are undone. ftfy goes on to the end, which takes quadratic time on
/// entities that are escaped again and again.
const ROUNDS: usize = 16;

static ENTITY: LazyLock<Regex> = LazyLock::new(|| expression("&#?[0-9A-Za-z]{1,24};"));
static TERMINAL_ESCAPE: LazyLock<Regex> = LazyLock::new(|| expression(r"\x1b\[[\d;]*[a-zA-Z]"));

fn expression(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant")
}

/// The sentence, line by line, until nothing changes.
pub(super) fn repair(sentence: &str) -> String {
    // What has a tag may be real HTML: ftfy leaves the entities to others from there on.
    let mut entities = true;
    let mut out = String::with_capacity(sentence.len());
    for line in sentence.split_inclusive('\n') {
        entities &= !line.contains('<');
        // Most lines are plain ASCII with nothing to repair.
        let plain = |b: u8| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\x0c');
        if line.bytes().all(plain) && !(entities && line.contains('&')) {
            out.push_str(line);
            continue;
        }
        let mut line = line.to_owned();
        for _ in 0..ROUNDS {
            let repaired = round(&line, entities);
            if repaired == line {
                break;
            }
            line = repaired;
        }
        out.push_str(&line);
    }
    out
}

fn round(line: &str, entities: bool) -> String {
    let mut text = line.to_owned();
    if entities {
        text = ENTITY.replace_all(&text, |found: &Captures<'_>| entity(&found[0])).into_owned();
    }
    for _ in 0..ROUNDS {
        match misread_utf8(&text) {
            Some(read) => text = read,
            None => break,
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after_return = c == '\r' && chars.peek() == Some(&'\n');
        if !after_return {
            replace(windows_1252(c), &mut out);
        }
    }
    let out = TERMINAL_ESCAPE.replace_all(&out, "");
    let out: String = out.chars().filter(|&c| !is_stray_control(c)).collect();
    if is_nfc(&out) { out } else { out.nfc().collect() }
}

/// One reference with its semicolon, decoded if all of it is one; also `&EACUTE;`, which HTML5
/// does not know but text in capitals has.
fn entity(reference: &str) -> String {
    if reference.starts_with("&#") {
        let decoded = unescape(reference);
        return if decoded.contains(';') { reference.to_owned() } else { decoded };
    }
    let whole = |name: &str| {
        let decoded = unescape_named(name);
        let is_whole = decoded != name && (!decoded.ends_with(';') || name == "&semi;");
        is_whole.then(|| decoded.into_owned())
    };
    if let Some(decoded) = whole(reference) {
        return decoded;
    }
    let lower = reference.to_ascii_lowercase();
    let in_capitals = reference == reference.to_ascii_uppercase();
    if in_capitals
        && unescape_named(reference) == reference
        && let Some(decoded) = whole(&lower)
    {
        return decoded.to_uppercase();
    }
    reference.to_owned()
}

/// The text behind UTF-8 that was read as Latin-1 or Windows-1252: all of it, or nothing.
///
/// Where the bytes of a whole line happen to be UTF-8, it was hardly meant otherwise; ftfy also
/// asks its table of unlikely pairs, which agrees on all common ones.
fn misread_utf8(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let latin_1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    let read = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
    latin_1.and_then(read).or_else(|| {
        let windows: Option<Vec<u8>> = text.chars().map(windows_1252_byte).collect();
        windows.and_then(read)
    })
}

/// The byte of a character in Windows-1252, where unassigned bytes are themselves.
fn windows_1252_byte(c: char) -> Option<u8> {
    match u8::try_from(c) {
        Ok(byte) => (windows_1252(c) == c).then_some(byte),
        Err(_) => (0x80..=0x9f).find(|&byte| windows_1252(char::from(byte)) == c),
    }
}

/// One character in its plain form: ligatures apart, widths normal, quotes straight, line breaks
/// `\n`.
fn replace(c: char, out: &mut String) {
    match c {
        '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => out.push('\''),
        '\u{201c}'..='\u{201f}' => out.push('"'),
        '\u{149}' => out.push_str("'n"),
        // Digraphs and Latin ligatures, but for the long s of U+FB05, which stays long.
        '\u{132}' | '\u{133}' | '\u{1c4}'..='\u{1cc}' | '\u{1f1}'..='\u{1f3}' => {
            out.extend(std::iter::once(c).nfkc());
        }
        '\u{fb05}' => out.push_str("\u{17f}t"),
        '\u{fb00}'..='\u{fb06}' => out.extend(std::iter::once(c).nfkc()),
        '\u{3000}' => out.push(' '),
        '\u{ff01}'..='\u{ffef}' => out.extend(std::iter::once(c).nfkc()),
        _ => out.push(c),
    }
}

/// Control characters that no sentence means: not tabs, breaks, joiners or marks of direction.
fn is_stray_control(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}'
        | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: `ftfy.fix_text` 6.3.1.
    #[test]
    fn common_damage_is_undone_as_ftfy_does() {
        for (text, expected) in [
            ("Ménière’s “x”", "Ménière's \"x\""),
            ("ﬁbrosis ﬅ ŉ Ǆ", "fibrosis ſt 'n DŽ"),
            ("ＦＵＬＬ，　ｶ", "FULL, カ"),
            ("MÃ©niÃ¨re itâ€™s", "Ménière it's"),
            ("ÃƒÂ©", "é"),
            ("e\u{301}", "é"),
            ("a\u{1b}[31mb\u{1b}[0m\u{7}c", "abc"),
            ("a\r\nb\rc\u{2028}d", "a\nb\nc\nd"),
            ("c1 \u{9a} x", "c1 š x"),
            ("&EACUTE; &amp;amp;lt; &notit;", "É < &notit;"),
            ("<b> &amp;", "<b> &amp;"),
        ] {
            assert_eq!(repair(text), expected, "{text:?}");
        }
    }

    #[test]
    fn escapes_of_escapes_do_not_take_quadratic_time() {
        let nested = format!("&{}", "amp;".repeat(200_000));
        assert!(repair(&nested).len() < nested.len());
    }
}
