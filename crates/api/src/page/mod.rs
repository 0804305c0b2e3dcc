//! The files of the web page, as they are built into the binary and as the shop has set them up.
//!
//! Beside a file lies the same packed by Brotli and by gzip, made when the page was built, so that nothing
//! is packed while a sale is on. What is made at the start, the buyers' entry and the shop's own files, is sent as
//! it is.

mod encoding;

use std::collections::HashMap;

use axum::http::HeaderValue;
use bytes::Bytes;

use crate::etag;
use crate::shop::Shop;
pub(crate) use encoding::{Accepted, Encoding};

/// What buyers get at `/`.
const BUYERS: &str = "/index.html";
/// The documentation of the API.
const DOCUMENTATION: &str = "/api.html";
/// The page behind the counter.
const CONSOLE: &str = "/console.html";

/// The files by their path, which begins with `/`.
#[derive(Debug, Default)]
pub struct Page(HashMap<String, File>);

#[derive(Debug)]
pub(crate) struct File {
    pub(crate) content_type: &'static str,
    pub(crate) policy: HeaderValue,
    plain: Variant,
    gzip: Option<Variant>,
    brotli: Option<Variant>,
    cached: Cached,
}

/// One form of a file.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) body: Bytes,
    pub(crate) etag: HeaderValue,
}

/// How long a browser may show a file without asking again.
#[derive(Debug)]
enum Cached {
    /// Not at all: the same path has another content tomorrow.
    Never,
    /// For ever: the path holds a hash of the content.
    ForEver,
    /// For ever, if this is the query: it holds the hash.
    WithQuery(String),
}

/// Everything comes from this server, nothing is inline, and nobody may frame the page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'",
);

/// The same, and what this origin sends besides.
fn policy_with(script_origin: Option<&str>) -> HeaderValue {
    let Some(origin) = script_origin else {
        return POLICY;
    };
    let own = POLICY;
    let own = own.to_str().expect("it is plain ASCII");
    let scripts = format!("script-src 'self' {origin}");
    let policy = own.replace("script-src 'self'", &scripts);
    HeaderValue::try_from(format!("{policy}; frame-src {origin}"))
        .expect("an origin is plain ASCII")
}

/// The shop's own picture comes from outside. As an SVG it may bring styles, but no scripts and no
/// requests, also when somebody opens it by itself.
const PICTURE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
);

impl Page {
    /// Takes paths and contents, and writes the shop into the buyers' entry. `script_origin` is where else
    /// that entry may load a script from, and show a frame of: the widget of a check.
    pub fn new(
        files: &[(&'static str, &'static [u8])],
        shop: &Shop,
        product_description: &str,
        script_origin: Option<&str>,
    ) -> Self {
        let mut page = Self::default();
        for (path, body) in files {
            if !is_packed(path) {
                page.0
                    .insert((*path).to_owned(), File::built(path, body, files));
            }
        }
        page.set_up(shop, product_description, script_origin);
        page
    }

    fn set_up(&mut self, shop: &Shop, product_description: &str, script_origin: Option<&str>) {
        // Built without the page, the program has no use for the shop's look either.
        let Some(entry) = self.0.get_mut(BUYERS) else {
            return;
        };
        let text = std::str::from_utf8(&entry.plain.body).expect("the page is UTF-8");
        let text = shop.written_into(text, product_description);
        *entry = File::made(
            BUYERS,
            text.into(),
            policy_with(script_origin),
            Cached::Never,
        );
        for made in shop.files() {
            let cached = made.query.map_or(Cached::ForEver, Cached::WithQuery);
            let file = File::made(&made.path, made.body, PICTURE_POLICY, cached);
            self.0.insert(made.path, file);
        }
    }

    /// A file for buyers.
    pub(crate) fn public(&self, path: &str) -> Option<&File> {
        match path {
            "/" => self.0.get(BUYERS),
            CONSOLE | DOCUMENTATION => None,
            path => self.0.get(path),
        }
    }

    /// The documentation of the API.
    pub(crate) fn documentation(&self) -> Option<&File> {
        self.0.get(DOCUMENTATION)
    }

    /// A file for the shop, behind the counter.
    pub(crate) fn console(&self, path: &str) -> Option<&File> {
        match path {
            "/" => self.0.get(CONSOLE),
            path if path.starts_with("/assets/") => self.0.get(path),
            _ => None,
        }
    }
}

impl File {
    fn built(path: &str, body: &'static [u8], all: &[(&'static str, &'static [u8])]) -> Self {
        let beside = |ending: &str| {
            let of_file = |name: &str| name.strip_suffix(ending) == Some(path);
            let found = all.iter().find(|(name, _)| of_file(name));
            found.map(|(_, body)| Variant::new(Bytes::from_static(body)))
        };
        let is_named_by_hash = path.starts_with("/assets/");
        Self {
            gzip: beside(GZIP_ENDING),
            brotli: beside(BROTLI_ENDING),
            ..Self::made(
                path,
                Bytes::from_static(body),
                POLICY,
                if is_named_by_hash {
                    Cached::ForEver
                } else {
                    Cached::Never
                },
            )
        }
    }

    fn made(path: &str, body: Bytes, policy: HeaderValue, cached: Cached) -> Self {
        Self {
            content_type: content_type(path),
            policy,
            plain: Variant::new(body),
            gzip: None,
            brotli: None,
            cached,
        }
    }

    /// The form that the client likes best.
    pub(crate) fn variant(&self, accepted: Accepted) -> (Encoding, &Variant) {
        let encoding = accepted.best(|encoding| self.form(encoding).is_some());
        (encoding, self.form(encoding).unwrap_or(&self.plain))
    }

    fn form(&self, encoding: Encoding) -> Option<&Variant> {
        match encoding {
            Encoding::Identity => Some(&self.plain),
            Encoding::Gzip => self.gzip.as_ref(),
            Encoding::Brotli => self.brotli.as_ref(),
        }
    }

    /// Whether clients get different bytes by what they accept.
    pub(crate) fn varies(&self) -> bool {
        self.gzip.is_some() || self.brotli.is_some()
    }

    /// Whether these very bytes are what the URL will always mean.
    pub(crate) fn is_immutable(&self, query: Option<&str>) -> bool {
        match &self.cached {
            Cached::Never => false,
            Cached::ForEver => true,
            Cached::WithQuery(expected) => query == Some(expected),
        }
    }
}

impl Variant {
    fn new(body: Bytes) -> Self {
        let etag = etag::strong(&body);
        Self { body, etag }
    }
}

const GZIP_ENDING: &str = ".gz";
const BROTLI_ENDING: &str = ".br";

fn is_packed(path: &str) -> bool {
    path.ends_with(GZIP_ENDING) || path.ends_with(BROTLI_ENDING)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        Some("avif") => "image/avif",
        Some("ico") => "image/x-icon",
        Some("webp") => "image/webp",
        Some("woff2") => "font/woff2",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
