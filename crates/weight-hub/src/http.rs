//! Requests to the hub, and what its answers mean.

use std::io::{self, Read};
use std::time::Duration;

use serde::Deserialize;
use ureq::http::header::HeaderMap;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body, Proxy};

use crate::name::is_commit;
use crate::tls::tls;
use crate::{HubError, HubName, HubSettings};

/// Redirects of one request; the hub has two at most.
const MAX_REDIRECTS: usize = 5;
/// Bytes of a repository's listing; one of 100 000 files has ten million.
const MAX_LISTING: u64 = 32 << 20;
const CONNECT: Duration = Duration::from_secs(20);
/// Longest time without a byte.
const SILENCE: Duration = Duration::from_secs(60);

/// What answers requests.
pub(crate) struct Http<'a> {
    agent: Agent,
    settings: &'a HubSettings,
    /// Why there is no `https`, if there is none.
    no_tls: Option<String>,
}

/// What the hub says of a file before it is fetched.
pub(crate) struct Head {
    pub(crate) commit: String,
    /// The name of the content: the SHA-256 of a large file, for others as Git has it.
    pub(crate) etag: String,
    pub(crate) size: Option<u64>,
}

impl Head {
    /// The SHA-256 of the content in hexadecimal, if it is known.
    pub(crate) fn sha256(&self) -> Option<&str> {
        let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        Some(self.etag.as_str()).filter(|etag| etag.len() == 64 && etag.bytes().all(is_hex))
    }
}

/// A repository at a commit.
pub(crate) struct Listing {
    pub(crate) commit: String,
    pub(crate) files: Vec<String>,
}

/// A file's content, from byte `start` on.
pub(crate) struct Content {
    pub(crate) start: u64,
    /// Bytes of the whole file, if the server says so.
    pub(crate) size: Option<u64>,
    pub(crate) body: Box<dyn Read>,
}

impl<'a> Http<'a> {
    pub(crate) fn new(settings: &'a HubSettings) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A token must not go along, and what the first answer says counts.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(if settings.environment_proxy { Proxy::try_from_env() } else { None })
            .user_agent(concat!("causal-clip-seg/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE));
        // A server in the same building may have no TLS, and needs none of ours.
        let no_tls = match tls() {
            Ok(tls) => {
                config = config.tls_config(tls);
                None
            }
            Err(what) => Some(what),
        };
        Self { agent: config.build().new_agent(), settings, no_tls }
    }

    /// The files of a repository at a revision.
    pub(crate) fn listing(&self, name: &HubName) -> Result<Listing, HubError> {
        #[derive(Deserialize)]
        struct Info {
            sha: String,
            siblings: Vec<Sibling>,
        }
        #[derive(Deserialize)]
        struct Sibling {
            rfilename: String,
        }
        let (repository, revision) = (name.repository(), escaped(name.revision(), ""));
        let address = format!("{}/api/models/{repository}/revision/{revision}", self.endpoint());
        let answer = self.get(&address, None)?;
        self.check(name, &answer)?;
        let refused = |what| self.no_hub(name, what);
        let body = answer.into_body().into_reader().take(MAX_LISTING);
        let info = serde_json::from_reader::<_, Info>(io::BufReader::new(body));
        let info = info.map_err(|error| match error.is_io() {
            true => self.no_answer(error.into()),
            false => refused(format!("expected a listing of the repository, {error}")),
        })?;
        if !is_commit(&info.sha) {
            return Err(refused(format!("expected a commit, found `{:.60}`", info.sha)));
        }
        let files = info.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        Ok(Listing { commit: info.sha, files })
    }

    /// What the hub says of a file.
    pub(crate) fn head(
        &self,
        name: &HubName,
        revision: &str,
        file: &str,
    ) -> Result<Head, HubError> {
        let mut address = self.address(name, revision, file);
        let (mut commit, mut etag, mut size) = (None, None, None);
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.request(&address, None, Method::Head)?;
            self.check(name, &answer)?;
            let (status, headers) = (answer.status(), answer.headers());
            commit = commit.or_else(|| text(headers, "x-repo-commit"));
            let linked = text(headers, "x-linked-etag");
            let is_linked = linked.is_some();
            // A redirect's own length and tag are not the file's.
            let own = |key| if status.is_redirection() { None } else { text(headers, key) };
            etag = etag.or(linked).or_else(|| own("etag"));
            size = size.or_else(|| number(headers, "x-linked-size"));
            size = size.or_else(|| own("content-length")?.parse().ok());
            // A repository that was renamed, and small files, are elsewhere on the hub itself. What is stored
            // elsewhere has been described.
            if !status.is_redirection() || is_linked {
                break;
            }
            address = self.next(name, &address, headers)?;
            if !self.is_endpoint(&address) {
                break;
            }
        }
        let refused = |what: &str| self.no_hub(name, what.to_owned());
        let commit = commit.filter(|commit| is_commit(commit));
        let commit = commit.ok_or_else(|| refused("expected a commit (X-Repo-Commit)"))?;
        let etag = etag.and_then(|etag| plain_etag(&etag));
        let etag = etag.ok_or_else(|| refused("expected a content's name (ETag)"))?;
        Ok(Head { commit, etag, size })
    }

    /// A file's content from byte `from` on, or from its start if the server cannot do that.
    pub(crate) fn content(
        &self,
        name: &HubName,
        commit: &str,
        file: &str,
        from: u64,
    ) -> Result<Content, HubError> {
        let range = (from > 0).then(|| format!("bytes={from}-"));
        let answer = self.get(&self.address(name, commit, file), range.as_deref())?;
        // Nothing after `from`: what is there is not of this file.
        if answer.status().as_u16() == 416 && from > 0 {
            return self.content(name, commit, file, 0);
        }
        self.check(name, &answer)?;
        let headers = answer.headers();
        let (start, size) = match answer.status().as_u16() {
            206 => {
                let range = text(headers, "content-range").and_then(|range| content_range(&range));
                match range {
                    Some((start, size)) if start == from => (start, size),
                    _ => return Err(self.no_hub(name, "another range than asked for".to_owned())),
                }
            }
            200 => (0, number(headers, "content-length")),
            status => return Err(self.no_hub(name, format!("expected a file, found {status}"))),
        };
        Ok(Content { start, size, body: Box::new(answer.into_body().into_reader()) })
    }

    fn endpoint(&self) -> &str {
        &self.settings.endpoint
    }

    fn address(&self, name: &HubName, revision: &str, file: &str) -> String {
        let (repository, revision) = (name.repository(), escaped(revision, ""));
        format!("{}/{repository}/resolve/{revision}/{}", self.endpoint(), escaped(file, "/"))
    }

    fn host(&self) -> String {
        let endpoint = self.endpoint();
        endpoint.split_once("://").map_or(endpoint, |(_, host)| host).to_owned()
    }

    /// Follows redirects; the token goes to the endpoint alone.
    fn get(&self, address: &str, range: Option<&str>) -> Result<Response<Body>, HubError> {
        let mut address = address.to_owned();
        let mut answer = self.request(&address, range, Method::Get)?;
        for _ in 0..MAX_REDIRECTS {
            if !answer.status().is_redirection() {
                break;
            }
            address = self.moved(&address, answer.headers())?;
            answer = self.request(&address, range, Method::Get)?;
        }
        Ok(answer)
    }

    fn request(
        &self,
        address: &str,
        range: Option<&str>,
        method: Method,
    ) -> Result<Response<Body>, HubError> {
        if let Some(what) = self.no_tls.as_ref().filter(|_| address.starts_with("https://")) {
            return Err(HubError::Tls { what: what.clone() });
        }
        let mut request = match method {
            Method::Head => self.agent.head(address),
            Method::Get => self.agent.get(address),
        };
        if let Some(token) = self.settings.token.as_ref().filter(|_| self.is_endpoint(address)) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(range) = range {
            request = request.header("range", range);
        }
        // Compressed, a length is not the file's and a range none of it.
        request.header("accept-encoding", "identity").call().map_err(|error| {
            let host = origin(address).map_or_else(|| self.host(), |(_, host, _)| host);
            HubError::Request { host, source: error.into_io() }
        })
    }

    /// Where a redirect leads.
    fn moved(&self, from: &str, headers: &HeaderMap) -> Result<String, HubError> {
        let refused = |what: String| HubError::Request {
            host: origin(from).map_or_else(|| self.host(), |(_, host, _)| host),
            source: io::Error::other(what),
        };
        let to =
            text(headers, "location").ok_or_else(|| refused("a redirect to nowhere".into()))?;
        let (scheme, rest) = from.split_once("://").unwrap_or(("https", from));
        let host = rest.split('/').next().unwrap_or(rest);
        let to = match () {
            () if to.starts_with("https://") || to.starts_with("http://") => to,
            () if to.starts_with("//") => format!("{scheme}:{to}"),
            () if to.starts_with('/') => format!("{scheme}://{host}{to}"),
            () => return Err(refused(format!("a redirect to `{to:.200}`"))),
        };
        if from.starts_with("https://") && !to.starts_with("https://") {
            return Err(refused("a redirect from https to http".to_owned()));
        }
        Ok(to)
    }

    fn next(&self, name: &HubName, from: &str, headers: &HeaderMap) -> Result<String, HubError> {
        self.moved(from, headers).map_err(|error| match error {
            HubError::Request { source, .. } => self.no_hub(name, source.to_string()),
            other => other,
        })
    }

    fn is_endpoint(&self, address: &str) -> bool {
        let ours = origin(self.endpoint());
        ours.is_some() && origin(address) == ours
    }

    fn no_hub(&self, name: &HubName, what: String) -> HubError {
        HubError::Answer { name: name.to_string(), host: self.host(), what }
    }

    fn no_answer(&self, source: io::Error) -> HubError {
        HubError::Request { host: self.host(), source }
    }

    /// What a refusal means.
    fn check(&self, name: &HubName, answer: &Response<Body>) -> Result<(), HubError> {
        let status = answer.status().as_u16();
        if status < 400 {
            return Ok(());
        }
        let headers = answer.headers();
        let code = text(headers, "x-error-code").unwrap_or_default();
        // A stranger's words, on one line.
        let said = text(headers, "x-error-message").unwrap_or_default();
        let said = said.chars().filter(|c| !c.is_control()).take(200).collect();
        let (page, had_token) = (page(self.settings, name), self.settings.token.is_some());
        let (name, host) = (name.to_string(), self.host());
        Err(match (status, code.as_str()) {
            (_, "GatedRepo") | (403, _) => HubError::Forbidden { name, page, said, had_token },
            (401, _) => HubError::Unauthorized { name, had_token },
            (404, code) => {
                let missing = match code {
                    "EntryNotFound" => "file",
                    "RevisionNotFound" => "revision",
                    "RepoNotFound" => "repository",
                    _ => "repository, revision or file",
                };
                HubError::NotFound { name, missing, page }
            }
            _ => HubError::Status { name, host, status, said },
        })
    }
}

/// Where a person looks for the repository.
pub(crate) fn page(settings: &HubSettings, name: &HubName) -> String {
    format!("{}/{}", settings.endpoint, name.repository())
}

#[derive(Clone, Copy)]
enum Method {
    Head,
    Get,
}

fn text(headers: &HeaderMap, key: &str) -> Option<String> {
    headers.get(key)?.to_str().ok().map(str::to_owned)
}

fn number(headers: &HeaderMap, key: &str) -> Option<u64> {
    text(headers, key)?.parse().ok()
}

/// First byte and size of the whole, of `bytes 5-9/10`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.parse().ok()?, size.parse().ok()))
}

/// `W/"abc"` as the name of a file, if it is one.
fn plain_etag(etag: &str) -> Option<String> {
    let etag = etag.strip_prefix("W/").unwrap_or(etag);
    let etag = etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"')).unwrap_or(etag);
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    ((1..=128).contains(&etag.len()) && etag.bytes().all(inside)).then(|| etag.to_owned())
}

/// Scheme, host and port.
fn origin(address: &str) -> Option<(String, String, u16)> {
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some((scheme, uri.host()?.to_ascii_lowercase(), port))
}

/// Text inside an address; what is in `kept` stays.
fn escaped(text: &str, kept: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let mut escaped = String::new();
    for byte in text.bytes() {
        match plain(byte) || kept.as_bytes().contains(&byte) {
            true => escaped.push(byte.into()),
            false => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped() {
        assert_eq!(escaped("sub/x y.bin", "/"), "sub/x%20y.bin");
        assert_eq!(escaped("refs/pr/7", ""), "refs%2Fpr%2F7");
        assert_eq!(escaped("ä?#%", "/"), "%C3%A4%3F%23%25");
    }

    #[test]
    fn a_tag_names_a_file_or_is_none() {
        assert_eq!(plain_etag("W/\"ab-12\"").as_deref(), Some("ab-12"));
        assert_eq!(plain_etag("\"ab\"").as_deref(), Some("ab"));
        for hostile in ["\"../../x\"", "", "\"\"", "a.b", "a/b", &"a".repeat(200)] {
            assert_eq!(plain_etag(hostile), None, "{hostile}");
        }
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("lines 1-2/3"), None);
    }

    #[test]
    fn a_host_is_the_same_with_its_port_alone() {
        assert_eq!(origin("https://A.org/x"), origin("https://a.org:443"));
        assert_ne!(origin("http://a.org"), origin("https://a.org"));
        assert_ne!(origin("http://a.org:80"), origin("http://a.org:81"));
        assert_ne!(origin("https://a.org"), origin("https://a.org.evil.org"));
        assert_ne!(origin("https://a.org"), origin("https://a.org@evil.org"));
    }
}
