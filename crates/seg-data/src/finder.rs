//! Files by the names that tables have for them.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::note::{NoteKind, Notes};

/// Finds files whose names tables write a little otherwise. A folder is listed once.
#[derive(Default)]
pub(crate) struct Finder {
    /// The entries of folders, by [`folded`] name.
    listed: HashMap<PathBuf, HashMap<String, Vec<String>>>,
}

/// What a table's name stands for.
enum Found {
    One(PathBuf),
    None,
    /// Several differ from it in capital letters only.
    Several(Vec<String>),
}

impl Finder {
    /// The file of that name in a folder: the very name, or the one file that differs from it in back
    /// slashes, capital letters or the form of accents, which is noted.
    ///
    /// # Errors
    ///
    /// If none or several fit: the path that was looked for, and what may help.
    pub(crate) fn find(
        &mut self,
        folder: &Path,
        name: &str,
        notes: &mut Notes,
    ) -> Result<PathBuf, (PathBuf, String)> {
        let file = folder.join(name);
        if file.is_file() {
            return Ok(file);
        }
        let slashes = name.replace('\\', "/");
        let found = self.walk(folder, &slashes);
        match found {
            Found::One(found) => {
                if slashes != name {
                    notes.add(NoteKind::BackSlashes, || name.to_owned());
                }
                if found != folder.join(&slashes) {
                    let shown = found.strip_prefix(folder).unwrap_or(&found).display().to_string();
                    notes.add(NoteKind::Capitals, || format!("`{name}` for {shown}"));
                }
                Ok(found)
            }
            Found::Several(names) => {
                let names = names.join(", ");
                Err((
                    file,
                    format!("; {names} differ from it in capital letters only: use one's name"),
                ))
            }
            Found::None => {
                let hint = self.hint(folder, &slashes, &file);
                Err((file, hint))
            }
        }
    }

    fn walk(&mut self, folder: &Path, name: &str) -> Found {
        let mut at = folder.to_owned();
        for part in Path::new(name).components() {
            match part {
                Component::Normal(part) => {
                    let next = at.join(part);
                    if next.exists() {
                        at = next;
                        continue;
                    }
                    match self.entries(&at).get(&folded(&part.to_string_lossy())) {
                        Some(names) if names.len() == 1 => at.push(&names[0]),
                        Some(names) => return Found::Several(names.clone()),
                        None => return Found::None,
                    }
                }
                Component::CurDir => {}
                Component::ParentDir => at.push(".."),
                Component::RootDir | Component::Prefix(_) => return Found::None,
            }
        }
        if at.is_file() { Found::One(at) } else { Found::None }
    }

    /// What may have been meant by a name that no file has.
    fn hint(&mut self, folder: &Path, name: &str, file: &Path) -> String {
        let has_drive = name.as_bytes().get(1) == Some(&b':');
        if name.contains("://") {
            return "; download it and give its path".to_owned();
        }
        if has_drive || name.starts_with('/') {
            return "; give its path relative to the table's folder".to_owned();
        }
        if file.is_dir() {
            return "; it is a folder, expected a file".to_owned();
        }
        let path = folder.join(name);
        let (Some(parent), Some(last)) = (path.parent(), path.file_name()) else {
            return String::new();
        };
        let last = last.to_string_lossy().into_owned();
        let stem = folded(&Path::new(&last).file_stem().unwrap_or_default().to_string_lossy());
        let whole = folded(&last);
        let entries = self.entries(parent).values().flatten();
        let is_near = |entry: &&String| {
            let own = folded(&Path::new(entry).file_stem().unwrap_or_default().to_string_lossy());
            own == stem || own == whole
        };
        let near = entries.filter(is_near).cloned().collect::<Vec<_>>();
        match &near[..] {
            [one] => format!("; is {one} meant? then give the whole name"),
            _ => String::new(),
        }
    }

    fn entries(&mut self, folder: &Path) -> &HashMap<String, Vec<String>> {
        self.listed.entry(folder.to_owned()).or_insert_with(|| {
            let mut names = HashMap::<String, Vec<String>>::new();
            // A folder that cannot be listed has no file that fits.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                names.entry(folded(&name)).or_default().push(name);
            }
            names.values_mut().for_each(|names| names.sort());
            names
        })
    }
}

/// The one entry of a folder that is called so but for capital letters; the very name comes first.
pub(crate) fn entry(folder: &Path, name: &str) -> Option<PathBuf> {
    let exact = folder.join(name);
    if exact.exists() {
        return Some(exact);
    }
    let mut finder = Finder::default();
    match finder.entries(folder).get(&folded(name)).map(Vec::as_slice) {
        Some([one]) => Some(folder.join(one)),
        _ => None,
    }
}

/// A name as it is compared: lower case, accents in one form (macOS stores them in another).
pub(crate) fn folded(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, b"").unwrap();
        }
        folder
    }

    fn find(folder: &tempfile::TempDir, name: &str) -> (Result<String, String>, Vec<String>) {
        let mut notes = Notes::default();
        let found = Finder::default().find(folder.path(), name, &mut notes);
        let shown = |file: PathBuf| file.strip_prefix(folder.path()).unwrap().display().to_string();
        let notes = notes.into_vec().iter().map(|note| note.example.clone()).collect();
        (found.map(shown).map_err(|(_, hint)| hint), notes)
    }

    #[test]
    fn one_file_that_fits_is_taken_and_noted() {
        let set = folder(&["Img/p0.png", "img2/P1.PNG", "img2/caf\u{e9}.png"]);
        for (name, file, note) in [
            ("Img/p0.png", "Img/p0.png", None),
            ("img/P0.PNG", "Img/p0.png", Some("`img/P0.PNG` for Img/p0.png")),
            ("img2\\P1.PNG", "img2/P1.PNG", Some("img2\\P1.PNG")),
            ("./img2/p1.png", "img2/P1.PNG", Some("`./img2/p1.png` for img2/P1.PNG")),
            (
                "img2/cafe\u{301}.png",
                "img2/caf\u{e9}.png",
                Some("`img2/cafe\u{301}.png` for img2/caf\u{e9}.png"),
            ),
        ] {
            let (found, notes) = find(&set, name);
            assert_eq!(found.as_deref(), Ok(file), "{name}");
            assert_eq!(notes, note.map(str::to_owned).into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_does_not_fit_says_what_may_help() {
        let set = folder(&["a.png", "A.png", "b.jpg", "d/x.png"]);
        for (name, hint) in [
            ("A.PNG", "; A.png, a.png differ from it in capital letters only: use one's name"),
            ("b.png", "; is b.jpg meant? then give the whole name"),
            ("b", "; is b.jpg meant? then give the whole name"),
            ("d", "; it is a folder, expected a file"),
            ("C:\\set\\a.png", "; give its path relative to the table's folder"),
            ("https://x.org/a.png", "; download it and give its path"),
            ("zzz.png", ""),
        ] {
            assert_eq!(find(&set, name).0, Err(hint.to_owned()), "{name}");
        }
    }
}
