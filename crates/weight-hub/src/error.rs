//! Why weights were not fetched.

use std::path::{Path, PathBuf};

use weight_files::WeightFileError;

/// Why a name on the hub gave no weights. What was fetched before is unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum HubError {
    /// A text that is no name.
    #[error("`{text}`: {what}; expected hf:OWNER/REPO[/FILE][@REVISION]")]
    Name { text: String, what: &'static str },
    /// The program cannot fetch.
    #[error(
        "{name}: this program was built without the feature `hub`; build it with that, or download the file and \
         give its path"
    )]
    Feature { name: String },
    /// An environment variable, or a file that one names, is of no use.
    #[error("{variable}: {what}")]
    Setting { variable: &'static str, what: String },
    /// Nothing may be asked of the network, and the weights are not in the cache.
    #[error(
        "{name}: not in the cache ({}), and HF_HUB_OFFLINE is set; unset it, set HF_HOME to a cache that has it, \
         or download {} from {page} elsewhere and give the file's path in place of the name",
        cache.display(), what(file.as_deref())
    )]
    Offline { name: Box<str>, file: Option<Box<str>>, cache: Box<Path>, page: Box<str> },
    /// The network gave no answer, and the weights are not in the cache.
    #[error(
        "{name}: cannot reach {host}, and the weights are not in the cache ({}); check the connection (HTTPS_PROXY, SSL_CERT_FILE, \
         HF_ENDPOINT for a mirror), set HF_HOME to a cache that has them, or download {} from {page} elsewhere \
         and give the file's path in place of the name",
        cache.display(), what(file.as_deref())
    )]
    Unreachable {
        name: Box<str>,
        host: Box<str>,
        file: Option<Box<str>>,
        cache: Box<Path>,
        page: Box<str>,
        source: Box<HubError>,
    },
    /// A request without an answer, or an answer that broke off.
    #[error("no answer from {host}")]
    Request { host: String, source: std::io::Error },
    /// There are no certificates to tell a server by, or no TLS for this processor.
    #[error("cannot make a safe connection: {what}")]
    Tls { what: String },
    /// 401: the hub says so of what does not exist, too, if it is not told who asks.
    #[error(
        "{name}: the hub wants to know who asks (401): the repository is private or gated, or there is none of \
         that name. Check the name; if it is right, {}",
        token(*had_token)
    )]
    Unauthorized { name: String, had_token: bool },
    /// 403.
    #[error(
        "{name}: the hub does not let you read it (403){}; accept its terms at {page} and {}",
        reason(said), token(*had_token)
    )]
    Forbidden { name: String, page: String, said: String, had_token: bool },
    /// 404.
    #[error("{name}: the hub has no such {missing} (404); see {page}")]
    NotFound { name: String, missing: &'static str, page: String },
    /// Any other answer that is none.
    #[error("{name}: {host} answered {status}{}; try again later", reason(said))]
    Status { name: String, host: String, status: u16, said: String },
    /// An answer that no hub gives.
    #[error("{name}: {host} does not answer as a hub does: {what}")]
    Answer { name: String, host: String, what: String },
    /// The repository has no weights under a name that is known for them.
    #[error(
        "{name}: no file in it has a name that is known for weights; name one (hf:{repository}/FILE){}",
        named(files)
    )]
    NoWeights { name: String, repository: String, files: Vec<String> },
    /// The file is larger than this program fetches.
    #[error("{name}: larger than {limit} bytes")]
    TooLarge { name: String, limit: u64 },
    /// The server sends another file than it announced.
    #[error("{name}: {found} bytes are sent, {expected} were announced; nothing was kept")]
    Size { name: String, expected: u64, found: u64 },
    /// The connection was cut, and cut again.
    #[error(
        "{name}: cut after {found}{} bytes; the same command goes on from there",
        expected.map_or(String::new(), |all| format!(" of {all}"))
    )]
    Cut { name: String, found: u64, expected: Option<u64> },
    /// What was read is not what the hub has.
    #[error("{name}: its SHA-256 is {found}, the hub says {expected}; nothing was kept, try again")]
    Hash { name: String, expected: String, found: String },
    /// The index of several files.
    #[error(transparent)]
    Index(#[from] WeightFileError),
    /// A file of the cache could not be read.
    #[error("cannot read {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    /// A file of the cache could not be written: the disk is full, or the folder not writable.
    #[error("cannot write {} (HF_HOME chooses another folder for the cache)", file.display())]
    Write { file: PathBuf, source: std::io::Error },
}

fn what(file: Option<&str>) -> String {
    file.map_or("its weights".to_owned(), |file| format!("`{file}`"))
}

fn token(had: bool) -> &'static str {
    match had {
        true => "use a token that may read it (HF_TOKEN, or `hf auth login`)",
        false => "set HF_TOKEN to a token that may read it, or run `hf auth login`",
    }
}

fn reason(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

fn named(files: &[String]) -> String {
    if files.is_empty() { String::new() } else { format!(": {}", files.join(", ")) }
}
