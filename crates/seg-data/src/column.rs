//! What columns are called, and which one a misspelt name means.

/// Names of the column of pictures; the first that is there counts, here and below.
pub(crate) const IMAGE: [&str; 8] =
    ["image", "image path", "image file", "img", "picture", "filename", "file name", "file"];
/// Names of the column of masks. Not "label": it is a class in many tables, and an empty class would
/// be an empty mask.
pub(crate) const MASK: [&str; 7] =
    ["mask", "mask path", "mask file", "masks", "ground truth", "gt", "segmentation"];
/// Names of the column of sentences.
pub(crate) const TEXT: [&str; 7] =
    ["text", "sentence", "caption", "description", "prompt", "expression", "phrase"];
/// Names of the column of the part.
pub(crate) const SPLIT: [&str; 4] = ["split", "set", "subset", "partition"];
/// Names of the column of what belongs together.
pub(crate) const GROUP: [&str; 6] =
    ["group", "patient", "subject", "case group", "patient id", "subject id"];

/// A name as it is compared: lower case, one blank between words.
pub(crate) fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Whether it is any of the names of columns.
pub(crate) fn known(name: &str) -> bool {
    let name = plain(name);
    let all: [&[&str]; 5] = [&IMAGE, &MASK, &TEXT, &SPLIT, &GROUP];
    all.iter().any(|names| names.contains(&name.as_str()))
}

/// The column whose name is nearest to one of those that are sought, if it is near.
pub(crate) fn near<'a>(
    columns: impl Iterator<Item = &'a str>,
    sought: &[&'static str],
) -> Option<(&'a str, &'static str)> {
    /// From here on it is a slip of the pen.
    const NEAR: f64 = 0.72;
    let pairs = columns.flat_map(|column| sought.iter().map(move |name| (column, *name)));
    // Short names are like everything.
    let pairs = pairs.filter(|(column, name)| name.len() > 3 && column.len() > 2 && !known(column));
    let scored = pairs.map(|(column, name)| {
        (strsim::normalized_damerau_levenshtein(&plain(column), name), (column, name))
    });
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness >= NEAR).map(|(_, pair)| pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_near() {
        let found = |names: &[&'static str], sought| near(names.iter().copied(), sought);
        assert_eq!(found(&["imgae", "maks"], &IMAGE), Some(("imgae", "image")));
        assert_eq!(found(&["x", "Patiant"], &GROUP), Some(("Patiant", "patient")));
        assert_eq!(found(&["age", "text"], &IMAGE), None);
        assert!(known("Ground_Truth") && !known("age"));
    }
}
