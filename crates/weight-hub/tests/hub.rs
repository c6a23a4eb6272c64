//! Fetching from a hub on this machine.

#![allow(clippy::unwrap_used)]

mod server;

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use weight_hub::{FetchEvent, Fetched, Hub, HubError, HubSettings};

use server::{COMMIT, Reply, Repository, Server, nobody};

/// The hub at an endpoint, with a cache of its own.
struct Setting {
    cache: TempDir,
    settings: HubSettings,
}

impl Setting {
    fn new(endpoint: &str) -> Self {
        let cache = tempfile::tempdir().unwrap();
        let mut settings = HubSettings::new(cache.path());
        settings.endpoint = endpoint.to_owned();
        settings.pause = Duration::ZERO;
        Self { cache, settings }
    }

    fn at(mut self, endpoint: &str) -> Self {
        self.settings.endpoint = endpoint.to_owned();
        self
    }

    fn offline(mut self) -> Self {
        self.settings.offline = true;
        self
    }

    fn fetch(&self, name: &str) -> Result<Fetched, HubError> {
        Ok(self.fetch_told(name)?.0)
    }

    fn fetch_told(&self, name: &str) -> Result<(Fetched, Vec<FetchEvent>), HubError> {
        let mut told = Vec::new();
        let hub = Hub::new(self.settings.clone());
        let fetched = hub.fetch(&name.parse().unwrap(), &mut |event| told.push(event))?;
        Ok((fetched, told))
    }

    fn error(&self, name: &str) -> String {
        self.fetch(name).unwrap_err().to_string()
    }

    /// The names of the files in `blobs`.
    fn blobs(&self) -> Vec<String> {
        let folder = self.cache.path().join("models--ada--net/blobs");
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(|e| name(e).into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content() -> Vec<u8> {
    (0..700_000_u32).map(|i| (i % 251) as u8).collect()
}

/// One large file, with its hash.
fn large() -> Repository {
    let content = content();
    let mut repository = Repository::new(&[("model.safetensors", &content)]);
    repository.sha256 = Some(sha256(&content));
    repository
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn a_repository_is_listed_its_weights_fetched_and_laid_out_as_other_libraries_do() {
    let server = large().start();
    let hub = Setting::new(&server.endpoint());
    let (found, told) = hub.fetch_told("hf:ada/net").unwrap();
    assert_eq!(found.name.to_string(), format!("hf:ada/net/model.safetensors@{COMMIT}"));
    assert_eq!(read(&found.path), content());
    let repository = hub.cache.path().join("models--ada--net");
    assert_eq!(found.path, repository.join("snapshots").join(COMMIT).join("model.safetensors"));
    assert_eq!(read(&repository.join("refs/main")), COMMIT.as_bytes());
    assert_eq!(hub.blobs(), [sha256(&content())]);
    #[cfg(unix)]
    assert_eq!(
        std::fs::read_link(&found.path).unwrap(),
        Path::new("../../blobs").join(sha256(&content()))
    );

    let FetchEvent::Started { file, size, there } = &told[0] else { panic!("{told:?}") };
    assert_eq!((file.as_str(), *size, *there), ("model.safetensors", Some(700_000), 0));
    let bytes = |event: &FetchEvent| if let FetchEvent::Read(n) = event { *n } else { 0 };
    assert_eq!(told.iter().map(bytes).sum::<u64>(), 700_000);
    assert_eq!(told.last(), Some(&FetchEvent::Finished));

    // Once more: the branch is asked for, the file is not.
    let before = server.asked().len();
    assert_eq!(hub.fetch("hf:ada/net").unwrap(), found);
    assert_eq!(server.asked()[before..], ["GET /api/models/ada/net/revision/main"]);
}

#[test]
fn a_file_of_git_is_fetched_by_its_name() {
    let server = Repository::new(&[("sub/net.bin", b"weights")]).start();
    let hub = Setting::new(&server.endpoint());
    let found = hub.fetch("hf:ada/net/sub/net.bin").unwrap();
    assert_eq!(read(&found.path), b"weights");
    assert_eq!(hub.blobs(), ["git-7"]);
}

#[test]
fn a_full_commit_that_is_there_is_not_asked_for() {
    let server = large().start();
    let hub = Setting::new(&server.endpoint());
    let found = hub.fetch("hf:ada/net").unwrap();
    let before = server.asked().len();
    assert_eq!(hub.fetch(&found.name.to_string()).unwrap(), found);
    assert_eq!(hub.fetch(&format!("hf:ada/net@{COMMIT}")).unwrap(), found);
    assert_eq!(server.asked().len(), before);
}

#[test]
fn what_is_not_what_the_hub_says_is_not_kept() {
    let mut repository = large();
    repository.sha256 = Some(sha256(b"something else"));
    let server = repository.start();
    let hub = Setting::new(&server.endpoint());
    let error = hub.error("hf:ada/net");
    assert!(error.contains(&sha256(&content())), "{error}");
    assert!(error.contains(&sha256(b"something else")), "{error}");
    assert!(hub.blobs().is_empty());

    for size in [699_999, 700_001] {
        let mut repository = large();
        repository.size = Some(size);
        let server = repository.start();
        let hub = Setting::new(&server.endpoint());
        let error = hub.error("hf:ada/net");
        assert!(
            error.contains(&format!("700000 bytes are sent, {size} were announced")),
            "{error}"
        );
        assert!(hub.blobs().is_empty());
    }
}

#[test]
fn more_than_was_announced_is_not_kept() {
    // Without a length the end of the body is the end of the file.
    let server = Server::start(|request| match request.path.as_str() {
        path if path.ends_with("/x.bin") && request.method == "HEAD" => {
            let headers = [("x-repo-commit", COMMIT), ("etag", "\"e\""), ("x-linked-size", "5")];
            Reply::new(200, &headers, b"")
        }
        _ => Reply::new(200, &[("transfer-encoding", "chunked")], b"8\r\n12345678\r\n0\r\n\r\n"),
    });
    let hub = Setting::new(&server.endpoint());
    let error = hub.error("hf:ada/net/x.bin");
    assert!(error.contains("8 bytes are sent, 5 were announced"), "{error}");
    assert!(hub.blobs().is_empty());
}

#[test]
fn a_cut_is_gone_on_from() {
    let repository = large();
    repository.cuts.lock().unwrap().extend([300_000, 0, 100_000]);
    let server = repository.start();
    let hub = Setting::new(&server.endpoint());
    let found = hub.fetch("hf:ada/net").unwrap();
    assert_eq!(read(&found.path), content());
    let asked = server.asked().into_iter().filter(|line| line.contains("/content/"));
    assert_eq!(
        asked.collect::<Vec<_>>(),
        [
            "GET /content/model.safetensors",
            "GET /content/model.safetensors bytes=300000-",
            "GET /content/model.safetensors bytes=300000-",
            "GET /content/model.safetensors bytes=400000-",
        ]
    );
}

#[test]
fn a_later_run_goes_on_where_an_earlier_one_gave_up() {
    let repository = large();
    repository.cuts.lock().unwrap().extend([300_000, 0, 0, 0]);
    let server = repository.start();
    let hub = Setting::new(&server.endpoint());
    let error = hub.error("hf:ada/net");
    assert!(error.contains("cut after 300000 of 700000 bytes"), "{error}");
    assert_eq!(hub.blobs(), [format!("{}.incomplete", sha256(&content()))]);
    let (found, told) = hub.fetch_told("hf:ada/net").unwrap();
    assert_eq!(read(&found.path), content());
    assert!(matches!(told[0], FetchEvent::Started { there: 300_000, .. }), "{told:?}");
    assert_eq!(hub.blobs(), [sha256(&content())]);
}

#[test]
fn a_server_without_ranges_begins_anew() {
    let mut repository = large();
    repository.ranges = false;
    repository.cuts.lock().unwrap().extend([300_000]);
    let server = repository.start();
    let hub = Setting::new(&server.endpoint());
    let (found, told) = hub.fetch_told("hf:ada/net").unwrap();
    assert_eq!(read(&found.path), content());
    let again = |event: &&FetchEvent| matches!(event, FetchEvent::Started { there: 0, .. });
    assert_eq!(told.iter().filter(again).count(), 2);
}

#[test]
fn a_spoiled_part_of_an_earlier_run_is_fetched_again() {
    for spoiled in [vec![7; 1000], vec![7; 700_000], vec![7; 800_000]] {
        let server = large().start();
        let hub = Setting::new(&server.endpoint());
        let blobs = hub.cache.path().join("models--ada--net/blobs");
        std::fs::create_dir_all(&blobs).unwrap();
        let part = blobs.join(format!("{}.incomplete", sha256(&content())));
        std::fs::write(part, &spoiled).unwrap();
        let found = hub.fetch("hf:ada/net").unwrap();
        assert_eq!(read(&found.path), content(), "{} bytes", spoiled.len());
    }
}

#[test]
fn refusals_say_what_to_do() {
    let answer = |status, headers: &'static [(&'static str, &'static str)]| {
        let server = Server::start(move |_| Reply::new(status, headers, b""));
        Setting::new(&server.endpoint()).error("hf:ada/net/x.bin")
    };
    let error = answer(401, &[("x-error-code", "RepoNotFound")]);
    assert!(error.starts_with("hf:ada/net/x.bin: ") && error.contains("set HF_TOKEN"), "{error}");
    let error =
        answer(403, &[("x-error-code", "GatedRepo"), ("x-error-message", "Ask the author")]);
    assert!(error.contains("Ask the author; accept its terms at http://127.0.0.1"), "{error}");
    for (code, missing) in [
        ("EntryNotFound", "no such file"),
        ("RevisionNotFound", "no such revision"),
        ("RepoNotFound", "no such repository"),
        ("", "no such repository, revision or file"),
    ] {
        let server =
            Server::start(move |_| Reply::new(404, &[("x-error-code", code)], b"<html>no</html>"));
        let error = Setting::new(&server.endpoint()).error("hf:ada/net/x.bin@v2");
        assert!(error.starts_with("hf:ada/net/x.bin@v2: ") && error.contains(missing), "{error}");
    }
    let error = answer(500, &[]);
    assert!(error.contains("answered 500; try again later"), "{error}");
}

#[test]
fn a_server_in_trouble_is_asked_again_for_a_file_it_began() {
    let repository = large();
    let failures = std::sync::atomic::AtomicUsize::new(2);
    let server = Server::start(move |request| {
        let fails = request.path.starts_with("/content/")
            && failures
                .try_update(
                    std::sync::atomic::Ordering::SeqCst,
                    std::sync::atomic::Ordering::SeqCst,
                    |n| n.checked_sub(1),
                )
                .is_ok();
        if fails { Reply::new(503, &[], b"") } else { repository.answer(request) }
    });
    assert!(Setting::new(&server.endpoint()).fetch("hf:ada/net").is_ok());
}

#[test]
fn what_no_hub_answers_is_refused() {
    for (headers, expected) in [
        (&[("etag", "\"e\"")][..], "X-Repo-Commit"),
        (&[("x-repo-commit", "../.."), ("etag", "\"e\"")], "X-Repo-Commit"),
        (&[("x-repo-commit", COMMIT)], "ETag"),
        (&[("x-repo-commit", COMMIT), ("etag", "\"../../x\"")], "ETag"),
    ] {
        let server = Server::start(move |_| Reply::new(200, headers, b"x"));
        let hub = Setting::new(&server.endpoint());
        let error = hub.error("hf:ada/net/x.bin");
        assert!(error.contains("does not answer as a hub does"), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    for listing in ["<html>", "{}", r#"{"sha":"../..","siblings":[]}"#] {
        let server = Server::start(move |_| Reply::new(200, &[], listing.as_bytes()));
        let error = Setting::new(&server.endpoint()).error("hf:ada/net");
        assert!(error.contains("does not answer as a hub does"), "{listing}: {error}");
    }
}

#[test]
fn a_file_over_the_limit_is_not_fetched() {
    let server = large().start();
    let mut hub = Setting::new(&server.endpoint());
    hub.settings.limit = 1000;
    let error = hub.error("hf:ada/net");
    assert!(error.contains("larger than 1000 bytes"), "{error}");
    assert!(!server.asked().iter().any(|line| line.contains("/content/")));

    // A size that is not announced, or a lie, allocates nothing and is counted.
    let server = Server::start(|_| {
        let headers = [
            ("x-repo-commit", COMMIT),
            ("etag", "\"e\""),
            ("content-length", "9000000000000000000"),
        ];
        Reply::new(200, &headers, b"x")
    });
    let hub = Setting::new(&server.endpoint());
    assert!(hub.error("hf:ada/net/x.bin").contains("larger than"));
}

#[test]
fn offline_the_cache_answers_and_nothing_is_asked() {
    let server = large().start();
    let hub = Setting::new(&server.endpoint()).offline();
    let error = hub.error("hf:ada/net/model.safetensors");
    for part in ["HF_HUB_OFFLINE", "`model.safetensors`", "HF_HOME", "/ada/net"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(hub.error("hf:ada/net").contains("download its weights"));
    assert!(server.asked().is_empty());

    let hub = Setting::new(&server.endpoint());
    let found = hub.fetch("hf:ada/net").unwrap();
    let asked = server.asked().len();
    let hub = hub.offline();
    assert_eq!(hub.fetch("hf:ada/net").unwrap(), found);
    assert_eq!(hub.fetch("hf:ada/net/model.safetensors").unwrap(), found);
    assert_eq!(hub.fetch(&format!("hf:ada/net@{COMMIT}")).unwrap(), found);
    assert!(hub.error("hf:ada/net@v2").contains("not in the cache"));
    assert_eq!(server.asked().len(), asked);
}

#[test]
fn without_a_network_the_cache_answers_with_a_note() {
    let server = large().start();
    let hub = Setting::new(&server.endpoint());
    let found = hub.fetch("hf:ada/net").unwrap();
    let hub = hub.at(&nobody());
    let (again, told) = hub.fetch_told("hf:ada/net").unwrap();
    assert_eq!(again, found);
    let [FetchEvent::Note(note)] = &told[..] else { panic!("{told:?}") };
    assert!(note.contains(COMMIT) && note.contains("no answer from"), "{note}");

    let error = Setting::new(&nobody()).error("hf:ada/net");
    for part in ["cannot reach 127.0.0.1", "HTTPS_PROXY", "HF_HOME", "give the file's path"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_network_in_several_files_is_fetched_with_all_of_them() {
    let index = br#"{"metadata":{},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#;
    let files: [(&'static str, &[u8]); 4] = [
        ("model.safetensors.index.json", index),
        ("m-1.safetensors", b"one"),
        ("m-2.safetensors", b"second"),
        ("other.bin", b"no part of it"),
    ];
    let server = Repository::new(&files).start();
    let hub = Setting::new(&server.endpoint());
    let found = hub.fetch("hf:ada/net").unwrap();
    assert!(found.path.ends_with("model.safetensors.index.json"));
    assert_eq!(read(&found.path.with_file_name("m-1.safetensors")), b"one");
    assert_eq!(read(&found.path.with_file_name("m-2.safetensors")), b"second");
    assert!(!found.path.with_file_name("other.bin").exists());
    let before = server.asked().len();
    assert_eq!(hub.fetch(&found.name.to_string()).unwrap(), found);
    assert_eq!(server.asked().len(), before);

    // One of them is not there any more: the index alone is not the network.
    std::fs::remove_file(found.path.with_file_name("m-2.safetensors")).unwrap();
    assert!(hub.offline().error(&found.name.to_string()).contains("not in the cache"));
}

#[test]
fn an_index_that_leads_elsewhere_is_refused() {
    let index = br#"{"weight_map":{"a":"../../../x"}}"#;
    let server = Repository::new(&[("model.safetensors.index.json", index)]).start();
    let error = Setting::new(&server.endpoint()).error("hf:ada/net");
    assert!(error.contains("expected a file beside the index"), "{error}");
}

#[test]
fn a_repository_without_weights_says_what_it_has() {
    let server = Repository::new(&[("README.md", b""), ("RN50.pt", b"x")]).start();
    let error = Setting::new(&server.endpoint()).error("hf:ada/net");
    assert!(error.ends_with("name one (hf:ada/net/FILE): RN50.pt"), "{error}");
}

#[test]
fn the_token_goes_to_the_endpoint_and_to_no_other_host() {
    let store = large().start();
    let mut repository = large();
    repository.elsewhere = Some(store.endpoint());
    let server = repository.start();
    let mut hub = Setting::new(&server.endpoint());
    hub.settings.token = Some("hf_secret".to_owned());
    assert_eq!(read(&hub.fetch("hf:ada/net").unwrap().path), content());
    let token = |request: &server::Request| request.headers.get("authorization").cloned();
    assert!(!server.seen().is_empty() && !store.seen().is_empty());
    for request in server.seen() {
        assert_eq!(token(&request).as_deref(), Some("Bearer hf_secret"), "{request:?}");
    }
    for request in store.seen() {
        assert_eq!(token(&request), None, "{request:?}");
    }
}

#[test]
fn a_repository_that_was_renamed_is_followed_on_the_hub_itself() {
    let repository = large();
    let server = Server::start(move |request| match request.path.strip_prefix("/ada/old") {
        Some(rest) => Reply::new(307, &[("location", &format!("/ada/net{rest}"))], b""),
        None => repository.answer(request),
    });
    let hub = Setting::new(&server.endpoint());
    let found = hub.fetch("hf:ada/old/model.safetensors").unwrap();
    assert_eq!(read(&found.path), content());
}

#[test]
fn redirects_without_end_are_an_error() {
    let server = Server::start(|request| Reply::new(302, &[("location", &request.path)], b""));
    assert!(Setting::new(&server.endpoint()).fetch("hf:ada/net").is_err());
    assert!(Setting::new(&server.endpoint()).fetch("hf:ada/net/x.bin").is_err());
    let server = Server::start(|_| Reply::new(302, &[("location", "file:///etc/passwd")], b""));
    assert!(Setting::new(&server.endpoint()).fetch("hf:ada/net").is_err());
    assert!(Setting::new(&server.endpoint()).fetch("hf:ada/net/x.bin").is_err());
}

#[test]
fn two_at_once_fetch_a_file_once() {
    let server = large().start();
    let hub = Setting::new(&server.endpoint());
    let paths = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| hub.fetch("hf:ada/net"))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().unwrap().path).collect::<Vec<_>>()
    });
    assert!(paths.iter().all(|path| read(path) == content()));
    let fetched = server.asked().into_iter().filter(|line| line.contains("/content/")).count();
    assert_eq!(fetched, 1);
    assert_eq!(hub.blobs(), [sha256(&content())]);
}

#[test]
#[cfg(unix)]
fn a_disk_that_takes_no_more_is_an_error_and_no_file() {
    // Every write to it fails as on a full disk.
    if !Path::new("/dev/full").exists() {
        return;
    }
    let server = large().start();
    let hub = Setting::new(&server.endpoint());
    let blobs = hub.cache.path().join("models--ada--net/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let part = blobs.join(format!("{}.incomplete", sha256(&content())));
    std::os::unix::fs::symlink("/dev/full", part).unwrap();
    let error = hub.fetch("hf:ada/net").unwrap_err();
    assert!(error.to_string().starts_with("cannot write "), "{error}");
    assert!(!blobs.join(sha256(&content())).exists());

    let hub = Setting::new(&server.endpoint());
    std::fs::write(hub.cache.path().join("models--ada--net"), b"a file in the way").unwrap();
    assert!(hub.error("hf:ada/net").contains("HF_HOME chooses another folder"));
}
