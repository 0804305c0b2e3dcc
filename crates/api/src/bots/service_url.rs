//! Where a service is: an address with HTTPS, or one of this machine.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::Uri;

/// The longest address, in characters.
const URL_CHARS_MAX: usize = 500;

/// An address of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl {
    uri: Uri,
    text: String,
    origin: String,
}

impl ServiceUrl {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its scheme, host and port, as browsers write them.
    pub fn origin(&self) -> &str {
        &self.origin
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
        // Browsers and HTTP leave the fragment out; whoever writes one means something else.
        if text.len() > URL_CHARS_MAX || text.contains('#') {
            return Err(WANTED);
        }
        let uri: Uri = text.parse().map_err(|_| WANTED)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(WANTED);
        };
        if authority.as_str().contains('@') {
            return Err("it may have no user and no password");
        }
        // It becomes part of a Content-Security-Policy, where a semicolon would begin a new rule.
        let in_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        if !authority.as_str().chars().all(in_host) {
            return Err(WANTED);
        }
        let host = authority.host().trim_matches(['[', ']']);
        let has_bad_port =
            authority.port_u16().is_none() && !authority.as_str().ends_with(authority.host());
        if host.is_empty() || has_bad_port {
            return Err(WANTED);
        }
        let is_of_machine = host.eq_ignore_ascii_case("localhost")
            || host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        match scheme {
            "https" => {}
            "http" if is_of_machine => {}
            _ => return Err(WANTED),
        }
        let origin = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
        let text = text.to_owned();
        Ok(Self { uri, text, origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_reached_by_https_or_on_this_machine() {
        let check = |text: &str, origin: &str| {
            let url: ServiceUrl = text.parse().unwrap();
            assert_eq!((url.as_str(), url.origin()), (text, origin));
        };
        check(
            "https://a.example/turnstile/v0/siteverify",
            "https://a.example",
        );
        check(
            "https://A.example:8443/api.js?render=explicit",
            "https://a.example:8443",
        );
        check("http://127.0.0.1:4711/verify", "http://127.0.0.1:4711");
        check("http://[::1]:4711/verify", "http://[::1]:4711");
        check("http://localhost/verify", "http://localhost");
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
            "https:///x",
            "https://:8443/x",
            "https://a.example:/x",
            "https://a.example:99999/x",
        ] {
            assert!(wrong.parse::<ServiceUrl>().is_err(), "{wrong}");
        }
    }
}
