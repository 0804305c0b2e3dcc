//! Refuses what another site made the browser send.
//!
//! Two walls: the browser's own word on where a request comes from, and the signed double-submit
//! token, which another site can neither read nor set.

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use flashsale_sale::UserId;

use crate::App;
use crate::answer::{CsrfReason, Refusal};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
const X_XSRF_TOKEN: HeaderName = HeaderName::from_static("x-xsrf-token");

/// Refuses a request that its sender may not have meant. `buyer` is who has sent it, where that is known.
pub(super) fn check(app: &App, headers: &HeaderMap, buyer: Option<&UserId>) -> Result<(), Refusal> {
    let csrf = |reason| Refusal::Csrf {
        reason,
        token: app.csrf.issue(app.now(), app.bytes(), buyer),
    };
    if is_foreign(app, headers) {
        return Err(csrf(CsrfReason::CrossSite));
    }
    let mut given = headers
        .get_all(X_CSRF_TOKEN)
        .iter()
        .chain(headers.get_all(X_XSRF_TOKEN));
    let header = given.next();
    if given.next().is_some() {
        return Err(Refusal::BadRequest(
            "the CSRF token must be sent in one header, once",
        ));
    }
    let cookies = headers.get_all(COOKIE);
    let mut cookies = cookies
        .iter()
        .flat_map(|line| app.csrf.tokens_in(line.as_bytes()))
        .peekable();
    if cookies.peek().is_none() {
        return Err(csrf(CsrfReason::MissingCookie));
    }
    let Some(header) = header
        .map(HeaderValue::as_bytes)
        .filter(|value| !value.is_empty())
    else {
        return Err(csrf(CsrfReason::MissingHeader));
    };
    // A sibling site can add a cookie of the same name; it cannot set the header.
    if !cookies.any(|cookie| app.csrf.equal(cookie, header)) {
        return Err(csrf(CsrfReason::Mismatch));
    }
    app.csrf
        .check(header, app.now(), buyer)
        .map_err(|_| csrf(CsrfReason::Invalid))
}

/// Asks the browser: `Sec-Fetch-Site`, or `Origin` where a browser does not send that. A client that
/// sends neither is no browser, so nobody can make it send what its user did not mean. Of the pages of
/// other origins, only those are at home here that the shop names: not its other subdomains either.
fn is_foreign(app: &App, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        // With `none` the user did it: by the address bar, or a bookmark.
        let is_own = matches!(site.as_bytes(), b"same-origin" | b"none");
        return !is_own && !app.origins.allow(headers);
    }
    if app.origins.allow(headers) {
        return false;
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    let origin = origin.as_bytes();
    let authority = origin
        .strip_prefix(b"https://")
        .or_else(|| origin.strip_prefix(b"http://"));
    authority.is_none() || authority != host
}
