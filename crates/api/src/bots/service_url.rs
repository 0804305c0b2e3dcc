//! Where a service is: an address with HTTPS, or one of this machine.

use std::str::FromStr;

use axum::http::Uri;
use url::{Host, Url};

/// The longest address, in characters.
const URL_CHARS_MAX: usize = 500;

/// An address of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl {
    url: Url,
    uri: Uri,
}

impl ServiceUrl {
    /// As browsers write it.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Its scheme, host and port.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl FromStr for ServiceUrl {
    type Err = &'static str;

    /// Fails with a sentence.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str =
            "write it as https://service.example/path; http is for addresses of this machine alone";
        let url = Url::parse(text).map_err(|_| WANTED)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it may have no user and no password");
        }
        // It becomes part of a Content-Security-Policy, where a semicolon would begin a new rule.
        let in_domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        let is_of_machine = match url.host() {
            Some(Host::Domain(name)) if name.chars().all(in_domain) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => return Err(WANTED),
        };
        let is_trusted = url.scheme() == "https" || url.scheme() == "http" && is_of_machine;
        // HTTP leaves the fragment out; whoever writes one means something else.
        if !is_trusted || url.fragment().is_some() || url.as_str().len() > URL_CHARS_MAX {
            return Err(WANTED);
        }
        let uri = url.as_str().parse().map_err(|_| WANTED)?;
        Ok(Self { url, uri })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_reached_by_https_or_on_this_machine() {
        for (text, origin, path) in [
            (
                "https://a.example/turnstile/v0/siteverify",
                "https://a.example",
                "/turnstile/v0/siteverify",
            ),
            (
                "https://A.example:8443/api.js?render=explicit",
                "https://a.example:8443",
                "/api.js?render=explicit",
            ),
            (
                "http://127.0.0.1:4711/verify",
                "http://127.0.0.1:4711",
                "/verify",
            ),
            ("http://[::1]:4711/verify", "http://[::1]:4711", "/verify"),
            ("http://localhost", "http://localhost", "/"),
        ] {
            let url: ServiceUrl = text.parse().unwrap();
            assert_eq!(url.origin(), origin);
            assert_eq!(url.as_str(), format!("{origin}{path}"));
            assert_eq!(url.uri().to_string(), url.as_str());
        }
        for wrong in [
            "",
            "a.example/verify",
            "/verify",
            "http://a.example/verify",
            "http://localhost.example/",
            "ftp://127.0.0.1/",
            "https://ada:secret@a.example/",
            "https://a.example;script-src/",
            "https://a'b.example/",
            "https://a.example/#x",
            "https://:8443/x",
            "https://a.example:99999/x",
        ] {
            assert!(wrong.parse::<ServiceUrl>().is_err(), "{wrong}");
        }
    }
}
