//! A hub for tests, on this machine: repositories in memory, and what goes wrong with them on demand.

#![allow(clippy::unwrap_used, dead_code)] // helpers of tests; not every file needs all of them

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A question as it came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// By names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The connection is closed after so many bytes of the body.
    pub cut: Option<usize>,
}

impl Reply {
    pub fn new(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { status, headers, body: body.to_vec(), cut: None }
    }
}

/// Something that listens until it is dropped.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, stopped, answer) = (Arc::clone(&seen), Arc::clone(&stop), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let _ = serve(stream.unwrap(), &log, answer.as_ref());
                });
            }
        });
        Self { address, seen, stop, thread: Some(thread) }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All questions so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// `GET /path`, and the range if one was asked for.
    pub fn asked(&self) -> Vec<String> {
        let line = |request: &Request| {
            let range = request.headers.get("range").map(|range| format!(" {range}"));
            format!("{} {}{}", request.method, request.path, range.unwrap_or_default())
        };
        self.seen().iter().map(line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An address where nobody listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &(dyn Fn(&Request) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let mut words = first.split(' ').map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((key, value)) = line.split_once(": ") else { break };
        headers.insert(key.to_lowercase(), value.to_owned());
    }
    let request = Request { method, path, headers };
    log.lock().unwrap().push(request.clone());
    let reply = answer(&request);

    let mut out = stream;
    let mut head = format!("HTTP/1.1 {} Said\r\nConnection: close\r\n", reply.status);
    if !reply
        .headers
        .iter()
        .any(|(key, _)| ["content-length", "transfer-encoding"].contains(&key.as_str()))
    {
        head += &format!("content-length: {}\r\n", reply.body.len());
    }
    for (key, value) in &reply.headers {
        head += &format!("{key}: {value}\r\n");
    }
    out.write_all(format!("{head}\r\n").as_bytes())?;
    if request.method != "HEAD" {
        out.write_all(&reply.body[..reply.cut.unwrap_or(reply.body.len()).min(reply.body.len())])?;
    }
    out.flush()?;
    out.shutdown(std::net::Shutdown::Write)?;
    // Until the other side has read everything.
    let _ = out.take(1).read(&mut [0]);
    Ok(())
}

/// A repository, `ada/net`, whose `main` is [`COMMIT`].
pub struct Repository {
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// What the hub says is the SHA-256 of every file; without it files are Git's.
    pub sha256: Option<String>,
    /// What the hub says is the size, if not the true one.
    pub size: Option<u64>,
    /// Where contents are, if elsewhere.
    pub elsewhere: Option<String>,
    /// Contents end after so many bytes, the first answer after the first, and so on.
    pub cuts: Mutex<Vec<usize>>,
    pub ranges: bool,
}

impl Repository {
    pub fn new(files: &[(&'static str, &[u8])]) -> Self {
        Self {
            files: files.iter().map(|(name, content)| (*name, content.to_vec())).collect(),
            sha256: None,
            size: None,
            elsewhere: None,
            cuts: Mutex::new(Vec::new()),
            ranges: true,
        }
    }

    pub fn start(self) -> Server {
        Server::start(move |request| self.answer(request))
    }

    pub fn answer(&self, request: &Request) -> Reply {
        let path = request.path.as_str();
        let missing = |code| Reply::new(404, &[("x-error-code", code)], b"no");
        if let Some(revision) = path.strip_prefix("/api/models/ada/net/revision/") {
            if revision != "main" && revision != COMMIT {
                return missing("RevisionNotFound");
            }
            let file = |(name, _): &(&str, _)| format!(r#"{{"rfilename":"{name}"}}"#);
            let files = self.files.iter().map(file).collect::<Vec<_>>().join(",");
            let listing = format!(r#"{{"sha":"{COMMIT}","siblings":[{files}],"tags":[]}}"#);
            return Reply::new(200, &[], listing.as_bytes());
        }
        if let Some(file) = path.strip_prefix("/content/") {
            return self.content(file, request);
        }
        let Some(rest) = path.strip_prefix("/ada/net/resolve/") else {
            return missing("RepoNotFound");
        };
        let (revision, file) = rest.split_once('/').unwrap();
        if revision != "main" && revision != COMMIT {
            return missing("RevisionNotFound");
        }
        let Some((_, content)) = self.files.iter().find(|(name, _)| *name == file) else {
            return missing("EntryNotFound");
        };
        match &self.sha256 {
            Some(sha256) => {
                let elsewhere = self.elsewhere.clone().unwrap_or_default();
                let to = format!("{elsewhere}/content/{file}");
                let (etag, size) =
                    (format!("\"{sha256}\""), self.size.unwrap_or(content.len() as u64));
                let headers = [
                    ("location", to.as_str()),
                    ("x-repo-commit", COMMIT),
                    ("x-linked-etag", &etag),
                    ("x-linked-size", &size.to_string()),
                    ("etag", "\"of-the-redirect\""),
                ];
                Reply::new(302, &headers, b"Found. Redirecting")
            }
            None => {
                let mut reply = self.content(file, request);
                reply.headers.push(("x-repo-commit".to_owned(), COMMIT.to_owned()));
                reply.headers.push(("etag".to_owned(), format!("W/\"git-{}\"", content.len())));
                reply
            }
        }
    }

    fn content(&self, file: &str, request: &Request) -> Reply {
        let (_, content) = self.files.iter().find(|(name, _)| *name == file).unwrap();
        let range = request.headers.get("range").filter(|_| self.ranges);
        let from = range.map(|range| {
            let from = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
            from.unwrap().parse::<usize>().unwrap()
        });
        let mut reply = match from {
            Some(from) if from >= content.len() => Reply::new(416, &[], b""),
            Some(from) => {
                let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
                Reply::new(206, &[("content-range", &range)], &content[from..])
            }
            None => Reply::new(200, &[], content),
        };
        if request.method == "GET" {
            let mut cuts = self.cuts.lock().unwrap();
            if !cuts.is_empty() {
                reply.cut = Some(cuts.remove(0));
            }
        }
        reply
    }
}
