//! The cache on disk, in the layout of Hugging Face's own libraries.
//!
//! ```text
//! models--OWNER--REPO/
//!     refs/main                       the commit that `main` was when it was last asked for
//!     blobs/ETAG                      a file's content
//!     blobs/ETAG.incomplete           as much of it as was fetched
//!     snapshots/COMMIT/FILE           -> ../../blobs/ETAG
//! .locks/models--OWNER--REPO/ETAG.lock
//! ```

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use weight_files::{MAX_INDEX, files_of_index, weights_among};

use crate::name::is_commit;
use crate::{HubError, HubName};

/// A repository's part of the cache.
pub(crate) struct Cache {
    folder: PathBuf,
    locks: PathBuf,
}

/// A file that one process at a time may fetch.
pub(crate) struct Lock {
    /// Where the file's content grows.
    pub(crate) part: PathBuf,
    /// Unlocked when it is closed.
    _file: Option<File>,
}

/// What index files end in.
const INDEX: &str = ".index.json";

pub(crate) fn is_index(file: &str) -> bool {
    file.ends_with(INDEX)
}

impl Cache {
    pub(crate) fn new(cache: &Path, name: &HubName) -> Self {
        let repository = format!("models--{}", name.repository().replace('/', "--"));
        Self { folder: cache.join(&repository), locks: cache.join(".locks").join(repository) }
    }

    /// The commit that a revision was when it was last asked for.
    pub(crate) fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let mut text = String::new();
        let file = File::open(self.folder.join("refs").join(revision)).ok()?;
        file.take(100).read_to_string(&mut text).ok()?;
        Some(text.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    pub(crate) fn remember(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if is_commit(revision) || self.commit(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        let file = self.folder.join("refs").join(revision);
        make_folder(&file)?;
        whole_file::write(&file, commit.as_bytes())
            .map_err(|error| HubError::Write { file, source: error.source })
    }

    /// Where a file of a commit is, or will be.
    pub(crate) fn snapshot(&self, commit: &str, file: &str) -> PathBuf {
        let mut path = self.folder.join("snapshots").join(commit);
        path.extend(file.split('/'));
        path
    }

    pub(crate) fn has(&self, commit: &str, file: &str) -> bool {
        self.snapshot(commit, file).is_file()
    }

    /// The weights of a commit, if all of their files are there.
    pub(crate) fn find(&self, commit: &str, file: Option<&str>) -> Option<String> {
        let file = match file {
            Some(file) => file.to_owned(),
            None => weights_among(|name| self.has(commit, name))?.to_owned(),
        };
        let whole = self.has(commit, &file)
            && (!is_index(&file)
                || self.shards(commit, &file).ok()?.iter().all(|shard| self.has(commit, shard)));
        whole.then_some(file)
    }

    /// The files that an index names, as files of the repository.
    pub(crate) fn shards(&self, commit: &str, index: &str) -> Result<Vec<String>, HubError> {
        let path = self.snapshot(commit, index);
        let mut json = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_INDEX).read_to_end(&mut json));
        read.map_err(|source| HubError::Read { file: path.clone(), source })?;
        let beside =
            index.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let names = files_of_index(&json, &path)?;
        Ok(names.into_iter().map(|name| format!("{beside}{name}")).collect())
    }

    pub(crate) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// Waits until no other process fetches the file, and tells once that it does.
    pub(crate) fn lock(&self, etag: &str, wait: impl FnOnce()) -> Result<Lock, HubError> {
        let blob = self.blob(etag);
        let file = self.locks.join(format!("{etag}.lock"));
        make_folder(&blob)?;
        make_folder(&file)?;
        let denied = |source| HubError::Write { file: file.clone(), source };
        let lock =
            File::options().create(true).truncate(false).write(true).open(&file).map_err(denied)?;
        let locked = match lock.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                wait();
                lock.lock()
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        match locked {
            Ok(()) => Ok(Lock { part: beside(&blob, "incomplete"), _file: Some(lock) }),
            // Some network file systems have no locks: each process fetches for itself, the last one stays.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                let part = beside(&blob, &format!("{}.incomplete", std::process::id()));
                Ok(Lock { part, _file: None })
            }
            Err(error) => Err(denied(error)),
        }
    }

    /// Shows a blob as a file of a commit.
    pub(crate) fn link(&self, commit: &str, file: &str, etag: &str) -> Result<(), HubError> {
        let path = self.snapshot(commit, file);
        make_folder(&path)?;
        if path.is_file() {
            return Ok(());
        }
        let up = "../".repeat(2 + file.matches('/').count());
        match symlink(Path::new(&format!("{up}blobs/{etag}")), &path) {
            Ok(()) => Ok(()),
            // Another process was quicker.
            Err(_) if path.is_file() => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // It leads nowhere: its blob was deleted by hand and has another name now.
                let again = std::fs::remove_file(&path)
                    .and_then(|()| symlink(Path::new(&format!("{up}blobs/{etag}")), &path));
                again.map_err(|source| HubError::Write { file: path, source })
            }
            // Windows asks for a right that few have, and some disks have no links.
            Err(_) => {
                let blob = self.blob(etag);
                let copied = std::fs::hard_link(&blob, &path).or_else(|_| {
                    let part = beside(&path, "incomplete");
                    std::fs::copy(&blob, &part).and_then(|_| std::fs::rename(&part, &path))
                });
                copied.map_err(|source| HubError::Write { file: path, source })
            }
        }
    }
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, link)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The path with an ending more.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Makes the folder that a file will be in.
fn make_folder(file: &Path) -> Result<(), HubError> {
    let Some(folder) = file.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder)
        .map_err(|source| HubError::Write { file: folder.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn cache(folder: &Path) -> Cache {
        Cache::new(folder, &"hf:ada/net".parse().unwrap())
    }

    #[test]
    fn a_blob_is_shown_under_its_name_in_a_folder_too() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        for file in ["model.safetensors", "sub/sub/x.bin"] {
            let lock = cache.lock("etag", || ()).unwrap();
            std::fs::write(&lock.part, b"weights").unwrap();
            whole_file::finish(&lock.part, &cache.blob("etag")).unwrap();
            for _ in 0..2 {
                cache.link(COMMIT, file, "etag").unwrap();
            }
            assert_eq!(std::fs::read(cache.snapshot(COMMIT, file)).unwrap(), b"weights");
            assert_eq!(cache.find(COMMIT, Some(file)).as_deref(), Some(file));
        }
        assert_eq!(cache.find(COMMIT, None).as_deref(), Some("model.safetensors"));
    }

    #[test]
    fn a_revision_is_remembered_and_nonsense_in_its_place_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        cache.remember("refs/pr/7", COMMIT).unwrap();
        assert_eq!(cache.commit("refs/pr/7").as_deref(), Some(COMMIT));
        assert_eq!(cache.commit(COMMIT).as_deref(), Some(COMMIT));
        assert_eq!(cache.commit("main"), None);
        std::fs::write(folder.path().join("models--ada--net/refs/main"), "../../etc").unwrap();
        assert_eq!(cache.commit("main"), None);
    }

    #[test]
    fn an_index_without_its_files_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let index = cache.snapshot(COMMIT, "sub/a.index.json");
        std::fs::create_dir_all(index.parent().unwrap()).unwrap();
        std::fs::write(&index, r#"{"weight_map":{"x":"1.bin","y":"2.bin"}}"#).unwrap();
        std::fs::write(cache.snapshot(COMMIT, "sub/1.bin"), "").unwrap();
        assert_eq!(cache.find(COMMIT, Some("sub/a.index.json")), None);
        std::fs::write(cache.snapshot(COMMIT, "sub/2.bin"), "").unwrap();
        assert!(cache.find(COMMIT, Some("sub/a.index.json")).is_some());
    }
}
