//! Where the page sends a buyer to sign in.

use std::fmt;
use std::str::FromStr;

use url::{Position, Url};

/// The longest address, in bytes.
pub const SIGN_IN_URL_BYTES_MAX: usize = 2048;

/// An address of the web, or a path on the server's own origin. A link can be trusted with it: it is never a
/// script, and never leads to another origin by way of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInUrl(String);

/// The text is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSignInUrl;

impl fmt::Display for InvalidSignInUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write an address, like https://shop.example/sign-in, or a path, like /sign-in")
    }
}

impl std::error::Error for InvalidSignInUrl {}

impl SignInUrl {
    /// As browsers write it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SignInUrl {
    type Err = InvalidSignInUrl;

    fn from_str(text: &str) -> Result<Self, InvalidSignInUrl> {
        let here = Url::parse("https://here.invalid").expect("it is an address");
        let address = here.join(text).map_err(|_| InvalidSignInUrl)?;
        let written = if text.trim_start().starts_with('/') && address.origin() == here.origin() {
            &address[Position::BeforePath..]
        } else if Url::parse(text).is_ok() && matches!(address.scheme(), "http" | "https") {
            address.as_str()
        } else {
            return Err(InvalidSignInUrl);
        };
        // So a path can begin once its dots are gone, and browsers take what follows for a host.
        if written.len() > SIGN_IN_URL_BYTES_MAX || written.starts_with("//") {
            return Err(InvalidSignInUrl);
        }
        Ok(Self(written.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_address_of_the_web_or_a_path() {
        let back = "https://shop.example/sign-in?back=https%3A%2F%2Fdrop.shop.example%2F";
        for (good, written) in [
            (back, back),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/"),
            (
                "https://shop.example/#sign-in",
                "https://shop.example/#sign-in",
            ),
            ("/account/sign-in", "/account/sign-in"),
            ("/", "/"),
            (
                "HTTPS://Shop.example/Sign-in",
                "https://shop.example/Sign-in",
            ),
            (" https://shop.example/ ", "https://shop.example/"),
            ("/söhne?an=a b", "/s%C3%B6hne?an=a%20b"),
        ] {
            let parsed = good.parse::<SignInUrl>();
            assert_eq!(parsed.as_ref().map(SignInUrl::as_str), Ok(written));
        }
    }

    #[test]
    fn what_leads_elsewhere_or_runs_is_none() {
        let long = format!("/{}", "a".repeat(SIGN_IN_URL_BYTES_MAX));
        for bad in [
            "",
            "shop.example",
            "sign-in",
            "//shop.example/sign-in",
            "/\\shop.example",
            "https://",
            "javascript:alert(1)",
            "javascript://shop.example/%0Aalert(1)",
            "data:text/html,x",
            "ftp://shop.example/",
            &long,
        ] {
            assert_eq!(bad.parse::<SignInUrl>(), Err(InvalidSignInUrl), "{bad:?}");
        }
    }
}
