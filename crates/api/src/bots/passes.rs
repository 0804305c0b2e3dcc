//! Passes: signed cookies that name their buyer, in a way that only we can read.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use flashsale_sale::{Timestamp, UserId};

use super::{Granted, PassReason};
use crate::signed::{COOKIES_TRIED_MAX, InvalidToken, Signer, cookies_in};
use crate::signing_keys::{Purpose, SigningKeys};

/// Makes and checks them.
pub(super) struct Passes {
    signer: Signer,
    /// Whether the cookie is for HTTPS alone.
    secure: bool,
}

impl Passes {
    pub(super) fn new(keys: Arc<SigningKeys>, lifetime_ms: u64, secure: bool) -> Self {
        let signer = Signer::new(keys, Purpose::Pass, lifetime_ms);
        Self { signer, secure }
    }

    /// The line of the cookie that holds a new one.
    pub(super) fn issue(&self, now: Timestamp, user: &UserId) -> Granted {
        let pass = self.signer.issue_named(now, user.as_str().as_bytes());
        let name = self.cookie_name();
        let secure = if self.secure { "; Secure" } else { "" };
        let lifetime_ms = self.signer.lifetime_ms();
        let seconds = lifetime_ms.div_ceil(1000);
        Granted {
            text: format!(
                "{name}={pass}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
            ),
            expires_at: Timestamp(now.0 + lifetime_ms),
        }
    }

    /// Whether one of the cookies is a good pass of this user; if not, what is wrong with the best of them.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        user: &UserId,
        now: Timestamp,
    ) -> Result<(), PassReason> {
        let mut best = PassReason::Missing;
        let cookies = headers.get_all(COOKIE);
        let passes = cookies
            .iter()
            .flat_map(|line| cookies_in(line.as_bytes(), self.cookie_name()))
            .take(COOKIES_TRIED_MAX);
        for pass in passes {
            let age = self
                .signer
                .age_of_named_ms(pass, now, user.as_str().as_bytes());
            let reason = match age {
                Ok(_age_ms) => return Ok(()),
                Err(InvalidToken::Forged) => PassReason::Invalid,
                Err(InvalidToken::Expired) => PassReason::Expired,
                Err(InvalidToken::OfAnother) => PassReason::OtherUser,
            };
            best = best.max(reason);
        }
        Err(best)
    }

    fn cookie_name(&self) -> &'static str {
        if self.secure {
            "__Host-salePass"
        } else {
            "salePass"
        }
    }
}

impl std::fmt::Debug for Passes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passes")
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const LIFETIME_MS: u64 = 1_500;

    fn passes(secure: bool) -> Passes {
        let keys = Arc::new(SigningKeys::new(&[[1; 32]]));
        Passes::new(keys, LIFETIME_MS, secure)
    }

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    #[track_caller]
    fn check(cookies: &str, at: u64, expected: Result<(), PassReason>) {
        let headers = HeaderMap::from_iter([(COOKIE, cookies.try_into().unwrap())]);
        let checked = passes(false).check(&headers, &user("ada"), Timestamp(at));
        assert_eq!(checked, expected, "{cookies}");
    }

    #[test]
    fn a_pass_is_found_among_others_and_what_is_wrong_is_told() {
        let pair = |name: &str| {
            let line = passes(false).issue(NOW, &user(name)).text;
            line.split(';').next().unwrap().to_owned()
        };
        let (ada, bob) = (pair("ada"), pair("bob"));
        check("a=1", NOW.0, Err(PassReason::Missing));
        check("salePass=", NOW.0, Err(PassReason::Missing));
        check("salePass=x", NOW.0, Err(PassReason::Invalid));
        check(&ada, NOW.0 + LIFETIME_MS, Ok(()));
        check(&ada, NOW.0 + LIFETIME_MS + 1, Err(PassReason::Expired));
        check(&bob, NOW.0, Err(PassReason::OtherUser));
        check(&format!("salePass=x; {bob}; {ada}"), NOW.0, Ok(()));
        let planted = "salePass=x; ".repeat(COOKIES_TRIED_MAX);
        check(&format!("{planted}{ada}"), NOW.0, Err(PassReason::Invalid));
    }

    #[test]
    fn the_cookie_is_for_the_server_alone() {
        let secure = passes(true).issue(NOW, &user("ada"));
        assert_eq!(secure.expires_at, Timestamp(NOW.0 + LIFETIME_MS));
        assert!(secure.text.starts_with("__Host-salePass="));
        let tail = "; Path=/; Max-Age=2; HttpOnly; SameSite=Lax";
        assert!(secure.text.ends_with(&format!("{tail}; Secure")));
        assert!(passes(false).issue(NOW, &user("ada")).text.ends_with(tail));
    }
}
