//! The settings of who is believed to buy.

#![expect(clippy::doc_markdown, reason = "these comments are the text of --help")]

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use flashsale_api::identity::algorithm::Algorithm;
use flashsale_api::shop::sign_in::SignInUrl;

/// How buyers show who they are (docs/identity.md says more).
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Who buys")]
pub(crate) struct IdentitySettings {
    /// Who is believed to buy
    #[arg(long, env, default_value = "open")]
    pub(crate) identity: IdentityMode,
    /// File with the keys that the shop's tokens are signed with: a JWKS document, or public keys in PEM.
    /// It is read again when it changes
    #[arg(long, env)]
    pub(crate) token_keys: Option<PathBuf>,
    /// How they may be signed, with commas between: HS256, EdDSA, ES256, RS256
    #[arg(long, env)]
    pub(crate) token_algorithms: Option<Algorithms>,
    /// The shop's name for this server, which must stand in a token's "aud"
    #[arg(long, env, value_parser = parse_name)]
    pub(crate) token_audience: Option<String>,
    /// Who must stand in a token's "iss" [default: it is not looked at]
    #[arg(long, env, value_parser = parse_name)]
    pub(crate) token_issuer: Option<String>,
    /// Cookie in which a browser may send the token [default: none, only the header Authorization]
    #[arg(long, env, value_parser = parse_cookie)]
    pub(crate) token_cookie: Option<String>,
    /// Where the page sends buyers to sign in: an address, or a path of this origin [default: the page says it
    /// in words]
    #[arg(long, env)]
    pub(crate) shop_sign_in_url: Option<SignInUrl>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IdentityMode {
    /// Whoever sends a user id is believed to be that user: for demos, and behind a front that knows its users
    Open,
    /// Whom a signed token of the shop names
    Token,
}

/// A list that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Algorithms(pub(crate) Vec<Algorithm>);

impl FromStr for Algorithms {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |name: &str| name.trim().parse();
        let all: Result<_, &str> = text.split(',').map(one).collect();
        all.map(Self)
            .map_err(|wanted| format!("{wanted}, with commas between them"))
    }
}

fn parse_name(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err("write the name as it stands in the tokens");
    }
    Ok(text.to_owned())
}

/// The name of a cookie is a token of HTTP (RFC 6265, 4.1.1).
fn parse_cookie(text: &str) -> Result<String, &'static str> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if text.is_empty() || !text.chars().all(in_name) {
        return Err("write the name of a cookie: letters, digits, - and _");
    }
    if text.ends_with("csrfToken") || text.ends_with("salePass") {
        return Err("this is the name of a cookie of the server's own; choose another");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_are_a_list() {
        let all = |text: &str| text.parse::<Algorithms>().map(|Algorithms(all)| all);
        assert_eq!(all("EdDSA"), Ok(vec![Algorithm::EdDsa]));
        assert_eq!(
            all("HS256, RS256"),
            Ok(vec![Algorithm::Hs256, Algorithm::Rs256])
        );
        for bad in ["", "none", "HS256,", "HS256 RS256", "eddsa", "HS512"] {
            assert!(all(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_cookie_has_a_name_of_its_own() {
        for good in ["shopToken", "__Host-shop", "a.b"] {
            assert_eq!(parse_cookie(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "a b",
            "a=b",
            "a;b",
            "é",
            "csrfToken",
            "__Host-csrfToken",
            "salePass",
        ] {
            assert!(parse_cookie(bad).is_err(), "{bad:?}");
        }
    }
}
