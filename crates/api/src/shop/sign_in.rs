//! Where the page sends a buyer to sign in.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;

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
    /// As it was written, but for the scheme, which is in small letters.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SignInUrl {
    type Err = InvalidSignInUrl;

    fn from_str(text: &str) -> Result<Self, InvalidSignInUrl> {
        let text = text.trim();
        // Browsers read a backslash as a slash, so a path with one may lead to another origin.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains('\\');
        let uri: Uri = text.parse().map_err(|_| InvalidSignInUrl)?;
        let is_path = text.starts_with('/') && !text.starts_with("//");
        let is_address = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty());
        if is_plain && text.len() <= SIGN_IN_URL_BYTES_MAX && (is_path || is_address) {
            // Browsers do not mind the case of a scheme, and whoever reads the address later need not either.
            let address = match (uri.scheme_str(), text.split_once(':')) {
                (Some(scheme), Some((_, rest))) => format!("{scheme}:{rest}"),
                _ => text.to_owned(),
            };
            Ok(Self(address))
        } else {
            Err(InvalidSignInUrl)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_address_of_the_web_or_a_path() {
        for good in [
            "https://shop.example/sign-in?back=https%3A%2F%2Fdrop.shop.example%2F",
            "http://127.0.0.1:3000",
            "https://shop.example/#sign-in",
            "/account/sign-in",
            "/",
        ] {
            let parsed = good.parse::<SignInUrl>();
            assert_eq!(parsed.as_ref().map(SignInUrl::as_str), Ok(good));
        }
        let shouted = "HTTPS://Shop.example/Sign-in".parse::<SignInUrl>();
        assert_eq!(
            shouted.as_ref().map(SignInUrl::as_str),
            Ok("https://Shop.example/Sign-in")
        );
        let padded = " https://shop.example/ ".parse::<SignInUrl>();
        assert_eq!(
            padded.as_ref().map(SignInUrl::as_str),
            Ok("https://shop.example/")
        );
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
            "https:///sign-in",
            "https:shop.example",
            "javascript:alert(1)",
            "javascript://shop.example/%0Aalert(1)",
            "data:text/html,x",
            "ftp://shop.example/",
            "https://shop.example/a b",
            "/a\nb",
            "/söhne",
            &long,
        ] {
            assert_eq!(bad.parse::<SignInUrl>(), Err(InvalidSignInUrl), "{bad:?}");
        }
    }
}
