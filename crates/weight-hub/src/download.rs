//! One file into the cache.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cache::{Cache, Lock};
use crate::http::{Content, Head, Http};
use crate::{FetchEvent, HubError, HubName, HubSettings};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 18;
/// How often in a row a server may fail without having sent a byte.
const PATIENCE: u32 = 3;

/// A file of a repository that is fetched.
pub(crate) struct Download<'a> {
    pub(crate) http: &'a Http<'a>,
    pub(crate) settings: &'a HubSettings,
    pub(crate) cache: &'a Cache,
    pub(crate) name: &'a HubName,
    pub(crate) file: &'a str,
    pub(crate) head: &'a Head,
}

impl Download<'_> {
    /// Brings the file into the cache, unless it is there.
    pub(crate) fn run(&self, tell: &mut dyn FnMut(FetchEvent)) -> Result<(), HubError> {
        let (etag, commit) = (&self.head.etag, &self.head.commit);
        if self.head.size.is_some_and(|size| size > self.settings.limit) {
            return Err(self.too_large());
        }
        let waiting = || {
            let what = format!("another process fetches {}: waiting for it", self.full_name());
            tell(FetchEvent::Note(what));
        };
        let lock = self.cache.lock(etag, waiting)?;
        if !self.is_there() {
            self.fill(&lock, tell)?;
            let blob = self.cache.blob(etag);
            whole_file::finish(&lock.part, &blob)
                .map_err(|error| HubError::Write { file: blob, source: error.source })?;
            tell(FetchEvent::Finished);
        }
        self.cache.link(commit, self.file, etag)
    }

    fn full_name(&self) -> String {
        self.name.pinned(self.file, &self.head.commit).to_string()
    }

    fn too_large(&self) -> HubError {
        HubError::TooLarge { name: self.full_name(), limit: self.settings.limit }
    }

    /// Whether the cache has the content; one of another length is not it.
    fn is_there(&self) -> bool {
        let found = self.cache.blob(&self.head.etag).metadata();
        found.is_ok_and(|found| self.head.size.is_none_or(|size| size == found.len()))
    }

    /// Reads until the file is whole and what it should be.
    fn fill(&self, lock: &Lock, tell: &mut dyn FnMut(FetchEvent)) -> Result<(), HubError> {
        let mut was_there = length(&lock.part)?;
        if self.head.size.is_some_and(|size| was_there > size) {
            remove(&lock.part)?;
            was_there = 0;
        }
        self.read_all(&lock.part, tell)?;
        match self.check(&lock.part) {
            // What an earlier run left may have been spoiled: once more, from the start.
            Err(HubError::Hash { .. }) if was_there > 0 => {
                remove(&lock.part)?;
                self.read_all(&lock.part, tell)?;
                self.check(&lock.part)
            }
            checked => checked,
        }
        .inspect_err(|error| {
            if matches!(error, HubError::Hash { .. }) {
                let _ = remove(&lock.part);
            }
        })
    }

    /// Reads to the end, again and again after a cut as long as there is progress.
    fn read_all(&self, part: &Path, tell: &mut dyn FnMut(FetchEvent)) -> Result<(), HubError> {
        let mut failures = 0;
        let mut pause = self.settings.pause;
        loop {
            let before = length(part)?;
            if self.head.size == Some(before) && before > 0 {
                return Ok(());
            }
            let error = match self.read_once(part, before, tell) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if length(part)? > before {
                (failures, pause) = (0, self.settings.pause);
            }
            failures += 1;
            if failures == PATIENCE || !is_passing(&error) {
                return Err(error);
            }
            std::thread::sleep(pause);
            pause *= 2;
        }
    }

    fn read_once(
        &self,
        part: &Path,
        before: u64,
        tell: &mut dyn FnMut(FetchEvent),
    ) -> Result<(), HubError> {
        let mut content = self.http.content(self.name, &self.head.commit, self.file, before)?;
        let expected = self.size(&content)?;
        let (file, size) = (self.file.to_owned(), expected);
        tell(FetchEvent::Started { file, size, there: content.start });
        let unwritten = |source| HubError::Write { file: part.to_owned(), source };
        let options = File::options().create(true).truncate(false).write(true).open(part);
        let mut out = options.map_err(unwritten)?;
        // A server that does not know ranges begins anew.
        out.set_len(content.start).map_err(unwritten)?;
        io::Seek::seek(&mut out, io::SeekFrom::End(0)).map_err(unwritten)?;

        let name = || self.full_name();
        let mut found = content.start;
        let mut chunk = vec![0; CHUNK];
        let cut = loop {
            match content.body.read(&mut chunk) {
                Ok(0) => break None,
                Ok(read) => {
                    found += read as u64;
                    if let Some(expected) = expected.filter(|expected| found > *expected) {
                        let name = name();
                        drop(out);
                        remove(part)?;
                        return Err(HubError::Size { name, expected, found });
                    }
                    if found > self.settings.limit {
                        return Err(self.too_large());
                    }
                    out.write_all(&chunk[..read]).map_err(unwritten)?;
                    tell(FetchEvent::Read(read as u64));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        match (cut, expected) {
            (None, None) => Ok(()),
            (None, Some(expected)) if found == expected => Ok(()),
            (_, expected) => Err(HubError::Cut { name: name(), found, expected }),
        }
    }

    /// Bytes of the whole file, by what the hub said and by what is sent, which must agree.
    fn size(&self, content: &Content) -> Result<Option<u64>, HubError> {
        match (self.head.size, content.size) {
            (Some(expected), Some(found)) if expected != found => {
                Err(HubError::Size { name: self.full_name(), expected, found })
            }
            (Some(_), _) => Ok(self.head.size),
            (None, Some(size)) if size > self.settings.limit => Err(self.too_large()),
            (None, size) => Ok(size),
        }
    }

    /// The content against the hash by which the hub names it.
    fn check(&self, part: &Path) -> Result<(), HubError> {
        let Some(expected) = self.head.sha256() else { return Ok(()) };
        let unread = |source| HubError::Read { file: part.to_owned(), source };
        let mut file = File::open(part).map_err(unread)?;
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk).map_err(unread)? {
                0 => break,
                read => hash.update(&chunk[..read]),
            }
        }
        let found = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match found == expected {
            true => Ok(()),
            false => {
                let (name, expected) = (self.full_name(), expected.to_owned());
                Err(HubError::Hash { name, expected, found })
            }
        }
    }
}

/// Whether the same request may have an answer in a moment.
fn is_passing(error: &HubError) -> bool {
    match error {
        HubError::Request { .. } | HubError::Cut { .. } => true,
        HubError::Status { status, .. } => *status >= 500 || *status == 429,
        _ => false,
    }
}

/// Bytes of a file; none if there is none.
fn length(file: &Path) -> Result<u64, HubError> {
    match file.metadata() {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(HubError::Read { file: file.to_owned(), source }),
    }
}

fn remove(file: &Path) -> Result<(), HubError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(HubError::Write { file: file.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
