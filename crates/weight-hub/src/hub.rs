//! Names to files.

use std::path::PathBuf;

use weight_files::weights_among;

use crate::cache::{Cache, is_index};
use crate::download::Download;
use crate::http::{Head, Http, page};
use crate::{FetchEvent, HubError, HubName, HubSettings};

/// The hub and its cache.
///
/// ```no_run
/// use weight_hub::{Hub, HubName};
///
/// let name: HubName = "hf:timm/resnet50_clip.openai/open_clip_pytorch_model.bin".parse()?;
/// let found = Hub::from_env()?.fetch(&name, &mut |_| ())?;
/// println!("{} -> {}", found.name, found.path.display());
/// # Ok::<(), weight_hub::HubError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Hub {
    settings: HubSettings,
}

/// Weights in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// The weight file, or the index of several, which lie beside it.
    pub path: PathBuf,
    /// The name that will always mean this file: with FILE, and the commit as its REVISION.
    pub name: HubName,
}

/// Names of files that an error shows.
const SHOWN: usize = 10;

impl Hub {
    /// The hub by these settings.
    pub fn new(settings: HubSettings) -> Self {
        Self { settings }
    }

    /// The hub by the environment's variables.
    ///
    /// # Errors
    ///
    /// As [`HubSettings::from_env`].
    pub fn from_env() -> Result<Self, HubError> {
        Ok(Self::new(HubSettings::from_env()?))
    }

    /// The files of a name, from the cache or through it; `tell` hears of what takes time.
    ///
    /// If the hub cannot be reached, what the revision was when it was last asked for is taken, with a note.
    ///
    /// # Errors
    ///
    /// If the weights are not in the cache and the hub cannot be reached or asked, or does not give them; if
    /// what it sends is not what it says it sends; if the cache cannot be written.
    pub fn fetch(
        &self,
        name: &HubName,
        tell: &mut dyn FnMut(FetchEvent),
    ) -> Result<Fetched, HubError> {
        let cache = Cache::new(&self.settings.cache, name);
        let kept = || {
            let commit = cache.commit(name.revision())?;
            let file = cache.find(&commit, name.file())?;
            Some(found(&cache, name, &commit, &file))
        };
        if let Some(found) = kept().filter(|_| name.is_pinned() || self.settings.offline) {
            return Ok(found);
        }
        if self.settings.offline {
            return Err(self.absent(name, None));
        }
        let http = Http::new(&self.settings);
        let questions = Questions { http: &http, settings: &self.settings, cache: &cache, name };
        let error = match questions.ask(tell) {
            Err(error) if is_unreachable(&error) => error,
            asked => return asked,
        };
        if let Some(found) = kept() {
            let why = one_line(&error);
            tell(FetchEvent::Note(format!("{name}: taken from the cache ({}), {why}", found.name)));
            return Ok(found);
        }
        Err(match error {
            HubError::Request { .. } => self.absent(name, Some(error)),
            error => error,
        })
    }

    /// What there is neither in the cache nor, for this reason if it was asked, from the hub.
    fn absent(&self, name: &HubName, why: Option<HubError>) -> HubError {
        let file = name.file().map(Into::into);
        let page = page(&self.settings, name).into();
        let (name, cache) = (name.to_string().into(), self.settings.cache.as_path().into());
        match why {
            None => HubError::Offline { name, file, cache, page },
            Some(why) => {
                let host = match &why {
                    HubError::Request { host, .. } => host.as_str().into(),
                    _ => page.clone(),
                };
                HubError::Unreachable { name, host, file, cache, page, source: Box::new(why) }
            }
        }
    }
}

/// A name that the hub is asked for.
struct Questions<'a> {
    http: &'a Http<'a>,
    settings: &'a HubSettings,
    cache: &'a Cache,
    name: &'a HubName,
}

impl Questions<'_> {
    fn ask(&self, tell: &mut dyn FnMut(FetchEvent)) -> Result<Fetched, HubError> {
        let Self { http, cache, name, .. } = self;
        let (commit, file, head) = match name.file() {
            Some(file) => {
                let head = http.head(name, name.revision(), file)?;
                (head.commit.clone(), file.to_owned(), Some(head))
            }
            None => {
                let listing = http.listing(name)?;
                let has = |file: &str| listing.files.iter().any(|name| name == file);
                let Some(file) = weights_among(has) else {
                    return Err(no_weights(name, listing.files));
                };
                (listing.commit, file.to_owned(), None)
            }
        };
        self.bring(&commit, &file, head, tell)?;
        if is_index(&file) {
            for shard in cache.shards(&commit, &file)? {
                self.bring(&commit, &shard, None, tell)?;
            }
        }
        cache.remember(name.revision(), &commit)?;
        Ok(found(cache, name, &commit, &file))
    }

    /// Brings a file of a commit into the cache, unless it is there.
    fn bring(
        &self,
        commit: &str,
        file: &str,
        head: Option<Head>,
        tell: &mut dyn FnMut(FetchEvent),
    ) -> Result<(), HubError> {
        let Self { http, settings, cache, name } = *self;
        if cache.has(commit, file) {
            return Ok(());
        }
        let head = match head {
            Some(head) => head,
            None => http.head(name, commit, file)?,
        };
        // The commit that was asked for is the one that is kept.
        let head = Head { commit: commit.to_owned(), ..head };
        Download { http, settings, cache, name, file, head: &head }.run(tell)
    }
}

fn found(cache: &Cache, name: &HubName, commit: &str, file: &str) -> Fetched {
    Fetched { path: cache.snapshot(commit, file), name: name.pinned(file, commit) }
}

/// Whether the hub is out of reach or out of order, and may have nothing against the question.
fn is_unreachable(error: &HubError) -> bool {
    match error {
        HubError::Request { .. } | HubError::Cut { .. } | HubError::Tls { .. } => true,
        HubError::Status { status, .. } => *status >= 500 || *status == 429,
        _ => false,
    }
}

fn one_line(error: &HubError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The error that shows which files there are, weights first.
fn no_weights(name: &HubName, files: Vec<String>) -> HubError {
    const WEIGHTS: [&str; 6] = [".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".index.json"];
    let is_weights = |file: &String| WEIGHTS.iter().any(|end| file.ends_with(end));
    let (weights, others): (Vec<_>, Vec<_>) = files.into_iter().partition(is_weights);
    let shown = if weights.is_empty() { others } else { weights };
    let plain = |file: &String| file.chars().filter(|c| !c.is_control()).take(200).collect();
    HubError::NoWeights {
        name: name.to_string(),
        repository: name.repository().to_owned(),
        files: shown.iter().take(SHOWN).map(plain).collect(),
    }
}
