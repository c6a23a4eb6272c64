//! Which files are pictures, by their names.

use std::path::Path;

/// Endings of pictures, whether they can be read or not: a format that cannot must be called so.
const ENDINGS: [&str; 20] = [
    "png", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "bmp", "gif", "webp", "pgm", "ppm", "pnm",
    "dcm", "dicom", "nii", "gz", "npy", "mha", "nrrd",
];

/// What systems and editors leave in folders, which nobody needs to be told of.
const LITTER: [&str; 4] = ["thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"];

/// Whether an ending, without its dot, is a picture's.
pub(crate) fn has_picture_ending(ending: &str) -> bool {
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// Whether a file is a picture by its name.
pub(crate) fn is_picture(file: &Path) -> bool {
    file.extension().is_some_and(|ending| has_picture_ending(&ending.to_string_lossy()))
}

/// Whether a file is one that a system or an editor left.
pub(crate) fn is_litter(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX" || LITTER.contains(&name.to_lowercase().as_str())
}
