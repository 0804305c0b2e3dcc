//! The files of the web page, as they are built into the binary.

use std::collections::HashMap;

use axum::http::HeaderValue;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// The files by their path, which begins with `/`. `/` itself is `/index.html`.
#[derive(Debug, Default)]
pub struct Page(HashMap<&'static str, File>);

#[derive(Debug)]
pub(crate) struct File {
    pub(crate) body: Bytes,
    pub(crate) content_type: &'static str,
    pub(crate) etag: HeaderValue,
    /// The name holds a hash of the contents, so that another content has another name.
    pub(crate) is_immutable: bool,
}

impl Page {
    /// Takes paths and contents.
    pub fn new(files: &[(&'static str, &'static [u8])]) -> Self {
        Self(
            files
                .iter()
                .map(|(path, body)| (*path, File::new(path, body)))
                .collect(),
        )
    }

    pub(crate) fn find(&self, path: &str) -> Option<&File> {
        self.0.get(if path == "/" { "/index.html" } else { path })
    }
}

impl File {
    fn new(path: &str, body: &'static [u8]) -> Self {
        let hash = Sha256::digest(body);
        let hash = u64::from_be_bytes(hash[..8].try_into().expect("eight of 32 bytes"));
        Self {
            body: Bytes::from_static(body),
            content_type: content_type(path),
            etag: HeaderValue::try_from(format!("\"{hash:016x}\"")).expect("plain ASCII"),
            is_immutable: path.starts_with("/assets/"),
        }
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("webp") => "image/webp",
        Some("woff2") => "font/woff2",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
