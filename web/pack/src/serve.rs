//! Serves a folder on this machine alone.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::ensure;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use tokio::net::TcpListener;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// No connection but to the page's own files, for the page and for its worker.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
                      style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'";

/// Serves until it is stopped; port 0 takes a free one. Prints the address.
pub fn serve(folder: &Path, port: u16) -> anyhow::Result<()> {
    let built = folder.join("index.html").is_file();
    ensure!(built, "{} has no page yet: build it first", folder.display());
    let always = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    let files = Router::new()
        .fallback_service(ServeDir::new(folder))
        .layer(always(CONTENT_SECURITY_POLICY, POLICY))
        .layer(always(CACHE_CONTROL, "no-cache"))
        .layer(always(X_CONTENT_TYPE_OPTIONS, "nosniff"));
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        println!("http://{}/", listener.local_addr()?);
        axum::serve(listener, files).await?;
        Ok(())
    })
}
