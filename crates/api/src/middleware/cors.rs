//! Lets pages of other origins use the API, those that the shop names and no others (Fetch Standard, "CORS
//! protocol").

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request};
use url::Url;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, correlation-id, idempotency-key, x-correlation-id, x-csrf-token, \
     x-xsrf-token",
);
const EXPOSED: HeaderValue =
    HeaderValue::from_static("correlation-id, etag, ratelimit, ratelimit-policy, retry-after");
/// How long a browser may keep the answer to its question, in seconds.
const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("600");

/// The origins whose pages may use the API.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Takes an origin as browsers write it: `https://shop.example`, and the port unless it is the usual one.
    /// Fails with a sentence about any other text.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let wrong = |why: &str| Err(format!("{text:?} is no origin: {why}"));
        if text.contains('*') {
            return wrong(
                "each is named in full, because who may use the API may order with the cookies of its buyers",
            );
        }
        let Ok(address) = Url::parse(text) else {
            return wrong("write it as https://shop.example");
        };
        if !matches!(address.scheme(), "https" | "http") {
            return wrong("it begins with https:// or http://");
        }
        let as_sent = address.origin().ascii_serialization();
        if as_sent != text {
            return wrong(&format!("browsers write it as {as_sent}"));
        }
        let origin = HeaderValue::try_from(text).map_err(|_| format!("{text:?} is no origin"))?;
        self.0.push(origin);
        Ok(())
    }

    /// Whether a browser says that the request comes from a page of one of them.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        !self.0.is_empty() && self.of(headers).is_some()
    }

    fn of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.0.contains(origin).then(|| origin.clone())
    }

    /// What is to be written on the answer to this request, if anything is.
    pub(crate) fn asked_by<B>(&self, request: &Request<B>) -> Option<Permission> {
        if self.0.is_empty() || !request.uri().path().starts_with("/api/") {
            return None;
        }
        let is_question = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        Some(Permission {
            origin: self.of(request.headers()),
            is_question,
        })
    }
}

/// What a browser is told of one request.
#[derive(Debug)]
pub(crate) struct Permission {
    /// Who may read the answer; none for strangers.
    origin: Option<HeaderValue>,
    /// Whether the browser only asks if it may send the request.
    pub(crate) is_question: bool,
}

impl Permission {
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        // A cache must not give one origin what was meant for another.
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = self.origin else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        if self.is_question {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
        } else {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in [
            "https://shop.example",
            "http://localhost:5173",
            "https://shop.example:8443",
            "http://[::1]:5173",
            "http://[::1]",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(Origins::default().add(good), Ok(()), "{good}");
        }
        for wrong in [
            "",
            "*",
            "null",
            "shop.example",
            "https://*.shop.example",
            "https://shop.example/",
            "https://",
            "https://shop.example/page",
            "ftp://shop.example",
            "https://Shop.example",
            "https://shop.example:443",
            "http://shop.example:80",
            "https://ada@shop.example",
            "https://shop.example:",
            "https://shop.example:x",
            "https://a b",
            "https://shop.example:99999",
            "https://shop.example?",
            "https://shop.example#",
            "https://shop.example:08443",
            "https://bücher.example",
            "http://[:1:]:0346",
            "http://[0:0::1]",
            "http://0x7f.1",
        ] {
            assert!(Origins::default().add(wrong).is_err(), "{wrong}");
        }
    }
}
