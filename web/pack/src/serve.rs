//! Serves a folder on this machine alone.

use std::fs::File;
use std::path::{Component, Path};

use anyhow::anyhow;
use tiny_http::{Header, Method, Request, Response, Server};

/// No connection but to the page's own files, for the page and for its worker.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
                      style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'none'";

/// Files that are sent at the same time.
const THREADS: usize = 6;

/// Serves until it is stopped; port 0 takes a free one. Prints the address.
pub fn serve(folder: &Path, port: u16) -> anyhow::Result<()> {
    let server = Server::http(("127.0.0.1", port)).map_err(|error| anyhow!(error))?;
    println!("http://{}/", server.server_addr());
    // One thread would make every file wait for the weights.
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for request in server.incoming_requests() {
                    if let Err(error) = answer(folder, request) {
                        eprintln!("{error}"); // the browser went away
                    }
                }
            });
        }
    });
    Ok(())
}

fn answer(folder: &Path, request: Request) -> std::io::Result<()> {
    let name = request.url().split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    let name = if name.is_empty() { "index.html" } else { name };
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    let file = (plain && *request.method() == Method::Get).then(|| File::open(folder.join(name)));
    let Some(Ok(file)) = file else {
        return request.respond(Response::from_string("not found").with_status_code(404));
    };
    let mut response = Response::from_file(file);
    for (field, value) in [
        ("Content-Type", kind(name)),
        ("Content-Security-Policy", POLICY),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
    ] {
        if let Ok(header) = Header::from_bytes(field, value) {
            response.add_header(header);
        }
    }
    request.respond(response)
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("jpg") => "image/jpeg",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
