//! Who may come in: whoever knows the token. A program sends it with each request; a browser sends it
//! once, for a cookie that scripts cannot read and other sites cannot make it send.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flashsale_sale::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::Admin;
use crate::answer::{Answer, Refusal};
use crate::handlers::is_json;
use crate::signed::{COOKIES_TRIED_MAX, NONCE_BYTES, Signer, bearer_token, cookies_in};
use crate::signing_keys::{Purpose, SigningKeys};

/// The shortest token, in characters: one that cannot be guessed is at least so long.
pub const TOKEN_CHARS_MIN: usize = 16;
/// How long a browser stays in, in milliseconds: a long working day.
const SESSION_MS: u64 = 12 * 60 * 60 * 1000;
/// How long a wrong token waits for its answer, so that guessing takes time.
const WRONG_TOKEN_PAUSE: Duration = Duration::from_millis(500);
/// The longest body that is read here, in bytes.
const BODY_BYTES_MAX: usize = 4096;
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Knows the token, and the cookies that were given out for it.
pub struct Sessions {
    /// A hash, so that comparing takes the same time whatever is compared.
    token: [u8; 32],
    signer: Signer,
    /// Whether the cookie is for HTTPS alone.
    secure: bool,
}

impl Sessions {
    /// For this token. With another one, nobody is in any more. With `secure`, browsers take the cookie over
    /// HTTPS alone.
    pub fn new(token: &str, secure: bool) -> Self {
        let key = Sha256::digest([b"session\0", token.as_bytes()].concat());
        Self {
            token: Sha256::digest(token).into(),
            signer: Signer::new(
                Arc::new(SigningKeys::new(&[key])),
                Purpose::Session,
                SESSION_MS,
            ),
            secure,
        }
    }

    fn is_token(&self, given: &[u8]) -> bool {
        Sha256::digest(given).ct_eq(&self.token).into()
    }

    fn cookie(&self, now: Timestamp, nonce: [u8; NONCE_BYTES]) -> String {
        let session = self.signer.issue(now, nonce, b"");
        self.cookie_line(&session, SESSION_MS / 1000)
    }

    fn cookie_line(&self, value: &str, seconds: u64) -> String {
        let name = self.cookie_name();
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }

    fn cookie_name(&self) -> &'static str {
        if self.secure {
            "__Host-flashsaleAdmin"
        } else {
            "flashsaleAdmin"
        }
    }

    fn is_in(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        let bearer = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        if let Some(token) = bearer.and_then(bearer_token) {
            return self.is_token(token);
        }
        let cookies = headers.get_all(COOKIE);
        cookies
            .iter()
            .flat_map(|line| cookies_in(line.as_bytes(), self.cookie_name()))
            .take(COOKIES_TRIED_MAX)
            .any(|session| self.signer.age_ms(session, now, b"").is_ok())
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(hidden)")
    }
}

/// Lets only those through who are in, and only requests that they meant.
pub(super) async fn authorize(
    State(admin): State<Arc<Admin>>,
    request: Request,
    next: Next,
) -> Result<Response, Answer> {
    let headers = request.headers();
    if !admin.sessions.is_in(headers, admin.app.now()) {
        if headers.contains_key(AUTHORIZATION) {
            tokio::time::sleep(WRONG_TOKEN_PAUSE).await;
        }
        return Err(Refusal::Unauthorized.into());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) && is_foreign(headers) {
        return Err(Refusal::Forbidden.into());
    }
    Ok(next.run(request).await)
}

/// Whether a browser says that the request does not come from the page of this listener.
fn is_foreign(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site != "same-origin";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    let authority = origin.as_bytes().splitn(3, |byte| *byte == b'/').nth(2);
    authority != host
}

/// What signs in.
#[derive(Deserialize, ToSchema)]
#[schema(as = SignIn)]
pub(crate) struct Key {
    /// The token of the console.
    token: String,
}

/// `POST /admin/session`.
pub(super) async fn begin(
    State(admin): State<Arc<Admin>>,
    request: Request,
) -> Result<Response, Answer> {
    if is_foreign(request.headers()) {
        return Err(Refusal::Forbidden.into());
    }
    let key: Key = read_json(&admin, request).await?;
    if !admin.sessions.is_token(key.token.trim().as_bytes()) {
        tracing::warn!("somebody has tried to sign in to the console with a wrong token");
        tokio::time::sleep(WRONG_TOKEN_PAUSE).await;
        return Err(Refusal::Unauthorized.into());
    }
    let cookie = admin.sessions.cookie(admin.app.now(), admin.app.bytes());
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// `DELETE /admin/session`: the browser forgets its cookie.
pub(super) async fn end(
    State(admin): State<Arc<Admin>>,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    if is_foreign(&headers) {
        return Err(Refusal::Forbidden.into());
    }
    let cookie = admin.sessions.cookie_line("", 0);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// Reads a small body, bounded in length and time.
pub(super) async fn read_json<T: DeserializeOwned>(
    admin: &Admin,
    request: Request<Body>,
) -> Result<T, Refusal> {
    if !is_json(request.headers()) {
        return Err(Refusal::UnsupportedMediaType);
    }
    let reading = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX);
    let body = tokio::time::timeout(admin.app.body_timeout, reading)
        .await
        .map_err(|_elapsed| Refusal::RequestTimeout)?
        .map_err(|_too_long_or_broken| Refusal::PayloadTooLarge)?;
    serde_json::from_slice(&body)
        .map_err(|_| Refusal::BadRequest("the body is not the JSON object that is asked for here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    #[track_caller]
    fn check(name: HeaderName, value: &str, is_in: bool) {
        let headers = HeaderMap::from_iter([(name, HeaderValue::try_from(value).unwrap())]);
        assert_eq!(
            Sessions::new("a long token here", false).is_in(&headers, NOW),
            is_in,
            "{value}"
        );
    }

    #[test]
    fn only_who_knows_the_token_is_in() {
        check(AUTHORIZATION, "Bearer a long token here", true);
        check(AUTHORIZATION, "bearer  a long token here ", true);
        for wrong in [
            "Bearer",
            "Bearer ",
            "Bearer another token",
            "Basic a long token here",
        ] {
            check(AUTHORIZATION, wrong, false);
        }
        let sessions = Sessions::new("a long token here", false);
        let cookie = sessions.cookie(NOW, [1; 16]);
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        check(COOKIE, pair, true);
        let old = sessions.cookie(Timestamp(NOW.0 - SESSION_MS - 1), [1; 16]);
        check(COOKIE, old.split(';').next().unwrap(), false);
        let secure = Sessions::new("a long token here", true).cookie(NOW, [1; 16]);
        assert!(
            secure.starts_with("__Host-flashsaleAdmin=") && secure.ends_with("; Secure"),
            "{secure}"
        );
        check(COOKIE, secure.split(';').next().unwrap(), false);
        let foreign = Sessions::new("another long token", false).cookie(NOW, [1; 16]);
        check(COOKIE, foreign.split(';').next().unwrap(), false);
        check(COOKIE, "flashsaleAdmin=a long token here", false);
    }

    #[test]
    fn a_browser_says_where_a_request_comes_from() {
        let check = |pairs: &[(HeaderName, &'static str)], foreign: bool| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(name, HeaderValue::from_static(value));
            }
            assert_eq!(is_foreign(&headers), foreign, "{pairs:?}");
        };
        check(&[], false);
        check(&[(SEC_FETCH_SITE, "same-origin")], false);
        check(&[(SEC_FETCH_SITE, "same-site")], true);
        check(&[(SEC_FETCH_SITE, "cross-site")], true);
        check(
            &[(ORIGIN, "http://127.0.0.1:4001"), (HOST, "127.0.0.1:4001")],
            false,
        );
        check(
            &[(ORIGIN, "http://127.0.0.1:4000"), (HOST, "127.0.0.1:4001")],
            true,
        );
        check(&[(ORIGIN, "null"), (HOST, "127.0.0.1:4001")], true);
    }
}
