//! The tokens against forged requests: a signed double-submit.
//!
//! A token goes out as a cookie and in the answer's body, and comes back as the cookie and in a header:
//! another site can make a browser send the cookie, but not read it, and so not send the header. The
//! signature keeps others from planting a pair of their own making. Where buyers are known by a token, it
//! covers the buyer as well, so that nobody can plant a pair that was made for himself.

use std::sync::Arc;

use flashsale_sale::{Timestamp, UserId};
use subtle::ConstantTimeEq as _;

use crate::signed::{NONCE_BYTES, Signer, cookies_in};
use crate::signing_keys::{Purpose, SigningKeys};

pub use crate::signed::InvalidToken;

/// How long a token is good, in milliseconds. A page that is open for longer gets a new one with the
/// refusal of the old one.
pub const TOKEN_LIFETIME_MS: u64 = 2 * 60 * 60 * 1000;

/// Makes and checks tokens.
#[derive(Clone)]
pub struct Csrf {
    signer: Signer,
    /// Whether the cookie is for HTTPS alone.
    secure: bool,
}

impl Csrf {
    /// Tokens under these keys. With `secure` the cookie carries `Secure` and the `__Host-` prefix, and
    /// browsers take it over HTTPS alone.
    pub fn new(keys: Arc<SigningKeys>, secure: bool) -> Self {
        let signer = Signer::new(keys, Purpose::Csrf, TOKEN_LIFETIME_MS);
        Self { signer, secure }
    }

    /// A new token for this buyer, if he is known.
    pub fn issue(
        &self,
        now: Timestamp,
        nonce: [u8; NONCE_BYTES],
        buyer: Option<&UserId>,
    ) -> String {
        self.signer.issue(now, nonce, holder(buyer))
    }

    /// Whether a token is one of ours, for this buyer, and still good.
    pub fn check(
        &self,
        token: &[u8],
        now: Timestamp,
        buyer: Option<&UserId>,
    ) -> Result<(), InvalidToken> {
        self.signer.age_ms(token, now, holder(buyer)).map(|_| ())
    }

    /// Whether a token for this buyer has at least half of its life left.
    pub fn is_fresh(&self, token: &[u8], now: Timestamp, buyer: Option<&UserId>) -> bool {
        self.signer
            .age_ms(token, now, holder(buyer))
            .is_ok_and(|age_ms| age_ms < TOKEN_LIFETIME_MS / 2)
    }

    /// Compares two tokens in a time that does not tell where they differ.
    pub fn equal(&self, one: &[u8], other: &[u8]) -> bool {
        one.ct_eq(other).into()
    }

    /// The value of the `Set-Cookie` header that carries a token.
    pub fn cookie(&self, token: &str) -> String {
        let name = self.cookie_name();
        let secure = if self.secure { "; Secure" } else { "" };
        let seconds = TOKEN_LIFETIME_MS / 1000;
        format!("{name}={token}; Path=/; Max-Age={seconds}; SameSite=Lax{secure}")
    }

    /// The tokens in one line of a `Cookie` header.
    pub fn tokens_in<'a>(&self, line: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        cookies_in(line, self.cookie_name())
    }

    fn cookie_name(&self) -> &'static str {
        if self.secure {
            "__Host-csrfToken"
        } else {
            "csrfToken"
        }
    }
}

fn holder(buyer: Option<&UserId>) -> &[u8] {
    buyer.map_or(b"", |buyer| buyer.as_str().as_bytes())
}

impl std::fmt::Debug for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Csrf")
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Arc<SigningKeys> {
        Arc::new(SigningKeys::new(&[[1; 32]]))
    }

    #[test]
    fn the_cookie_of_https_has_another_name() {
        let secure = Csrf::new(keys(), true);
        let cookie = secure.cookie("t");
        assert!(cookie.starts_with("__Host-csrfToken=t; Path=/; "));
        assert!(cookie.ends_with("; Secure"));
        assert_eq!(secure.tokens_in(b"csrfToken=a").count(), 0);
        assert_eq!(secure.tokens_in(b"__Host-csrfToken=a").count(), 1);
        let plain = Csrf::new(keys(), false);
        assert_eq!(plain.tokens_in(b"csrfToken=a").count(), 1);
    }

    #[test]
    fn a_token_is_fresh_for_half_of_its_life() {
        let csrf = Csrf::new(keys(), false);
        let now = Timestamp(1_800_000_000_000);
        let token = csrf.issue(now, [7; 16], None);
        let later = |ms| Timestamp(now.0 + ms);
        assert!(csrf.is_fresh(token.as_bytes(), later(TOKEN_LIFETIME_MS / 2 - 1), None));
        assert!(!csrf.is_fresh(token.as_bytes(), later(TOKEN_LIFETIME_MS / 2), None));
        assert_eq!(
            csrf.check(token.as_bytes(), later(TOKEN_LIFETIME_MS), None),
            Ok(())
        );
    }
}
