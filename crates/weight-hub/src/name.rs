//! Names on the hub.

use std::fmt;
use std::str::FromStr;

use crate::HubError;

/// A repository of models on the hub, or a file in it: `hf:OWNER/REPO[/FILE][@REVISION]`.
///
/// FILE may lie in a folder of the repository, and has no `@` in it. Without FILE the repository is read as a folder of weights is.
/// REVISION is a branch, a tag, `refs/pr/7` or a commit; without it `main`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HubName {
    repository: String,
    file: Option<String>,
    revision: String,
}

/// What a name starts with.
const START: &str = "hf:";
const MAIN: &str = "main";
/// As the hub has it for OWNER/REPO.
const MAX_REPOSITORY: usize = 96;
/// Bytes of a file's or a revision's name; file systems end at 255 for each part.
const MAX_PART: usize = 200;
const MAX_PATH: usize = 1000;

impl HubName {
    /// Whether a text is meant as a name on the hub, a right one or a wrong one.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(START)
    }

    /// `OWNER/REPO`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The file in the repository, with `/` between folders.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The branch, tag or commit.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Whether the revision is a full commit, whose files never change.
    pub fn is_pinned(&self) -> bool {
        is_commit(&self.revision)
    }

    /// The name of a file in this repository at a commit: what a fetch found.
    #[cfg(feature = "http")]
    pub(crate) fn pinned(&self, file: &str, commit: &str) -> Self {
        let (file, revision) = (Some(file.to_owned()), commit.to_owned());
        Self { repository: self.repository.clone(), file, revision }
    }
}

impl FromStr for HubName {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let refused = |what| HubError::Name { text: text.chars().take(200).collect(), what };
        let rest =
            text.strip_prefix(START).ok_or_else(|| refused("it does not start with `hf:`"))?;
        if rest.contains("://") {
            return Err(refused("an address is no name"));
        }
        let (path, revision) = match rest.split_once('@') {
            Some((path, revision)) => (path, revision),
            None => (rest, MAIN),
        };
        let mut parts = path.splitn(3, '/');
        let (Some(owner), Some(repository)) = (parts.next(), parts.next()) else {
            return Err(refused("there is no REPO"));
        };
        let file = parts.next();
        let of_repository = format!("{owner}/{repository}");
        if !is_word(owner) || !is_word(repository) || of_repository.len() > MAX_REPOSITORY {
            return Err(refused(
                "OWNER and REPO are letters, digits, `-`, `_` and `.`, not at an end and not `--` or `..`",
            ));
        }
        if file.is_some_and(|file| !is_path(file, |c| !c.is_control() && !"\\:*?\"<>|".contains(c)))
        {
            return Err(refused("FILE is no file's name in a repository"));
        }
        if !is_path(revision, |c| c.is_ascii_alphanumeric() || "._-+".contains(c)) {
            return Err(refused("REVISION is no branch, tag or commit"));
        }
        let (file, revision) = (file.map(str::to_owned), revision.to_owned());
        Ok(Self { repository: of_repository, file, revision })
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{START}{}", self.repository)?;
        if let Some(file) = &self.file {
            write!(f, "/{file}")?;
        }
        match self.revision.as_str() {
            MAIN => Ok(()),
            revision => write!(f, "@{revision}"),
        }
    }
}

pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The hub's rule for the two parts of a repository's name. With it `models--OWNER--REPO` is one
/// repository's folder alone.
fn is_word(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let at_end = |c: char| "-.".contains(c);
    !text.is_empty()
        && text.chars().all(inside)
        && !text.starts_with(at_end)
        && !text.ends_with(at_end)
        && !text.contains("--")
        && !text.contains("..")
}

/// Whether a text is a relative path that stays below where it starts, on every system.
pub(crate) fn is_path(text: &str, inside: impl Fn(char) -> bool) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part.len() <= MAX_PART
            && part != "."
            && part != ".."
            && !part.ends_with([' ', '.'])
            && part.chars().all(&inside)
    };
    text.len() <= MAX_PATH && text.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_parts_are_read_and_written_again() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (text, expected) in [
            ("hf:a/b", ("a/b", None, "main")),
            ("hf:a/b@v1.0", ("a/b", None, "v1.0")),
            ("hf:a/b_c.d/x.bin", ("a/b_c.d", Some("x.bin"), "main")),
            ("hf:a/b/sub/x y.bin@refs/pr/7", ("a/b", Some("sub/x y.bin"), "refs/pr/7")),
        ] {
            let name: HubName = text.parse().unwrap();
            assert_eq!((name.repository(), name.file(), name.revision()), expected);
            assert_eq!(name.to_string(), text);
            assert!(!name.is_pinned());
        }
        let name: HubName = format!("hf:a/b@{commit}").parse().unwrap();
        assert!(name.is_pinned());
        assert_eq!("hf:a/b@main".parse::<HubName>().unwrap().to_string(), "hf:a/b");
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_form() {
        for text in [
            "hf:",
            "hf:a",
            "hf:a/",
            "hf:/a",
            "hf:/etc/passwd",
            "hf:../b",
            "hf:a/..",
            "hf:a/b/",
            "hf:a/b//c",
            "hf:a/b/../c",
            "hf:a/b/c/..",
            "hf:a/b/./c",
            "hf:a/b/c\\d",
            "hf:a/b/C:",
            "hf:a/b/c\n",
            "hf:a/b@",
            "hf:a/b@../main",
            "hf:a/b@x/../../y",
            "hf:a/b@x y",
            "hf:a/b@x@y",
            "hf:a--b/c",
            "hf:-a/b",
            "hf:a b/c",
            "hf:https://huggingface.co/a/b",
            "hf:a/b?x=1",
            "phantom",
        ] {
            let error = text.parse::<HubName>().unwrap_err().to_string();
            assert!(error.contains("hf:OWNER/REPO[/FILE][@REVISION]"), "{text}: {error}");
        }
        assert!(format!("hf:a/{}", "b".repeat(100)).parse::<HubName>().is_err());
        assert!(format!("hf:a/b/{}", "c".repeat(300)).parse::<HubName>().is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_an_error(text in "(hf:)?[a-c./@ -]{0,12}.{0,4}") {
            if let Ok(name) = text.parse::<HubName>() {
                prop_assert_eq!(name.to_string().parse::<HubName>().unwrap(), name.clone());
                let path = std::path::Path::new(name.file().unwrap_or("x")).to_owned();
                let plain = |part| matches!(part, std::path::Component::Normal(_));
                prop_assert!(path.components().all(plain));
            }
        }
    }
}
