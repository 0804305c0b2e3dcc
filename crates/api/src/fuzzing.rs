//! What the fuzz targets reach of the readers that are private here. Nothing else uses it.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flashsale_sale::{StoredOrder, Timestamp, UserId};
use ring::hmac;

use crate::admin::orders::search::Search;
use crate::answer::{Refusal, TokenReason};
use crate::handlers;
use crate::identity::bearer;
use crate::identity::verifier::Verifier;
use crate::middleware::correlation::CorrelationId;
use crate::page::{Accepted, Encoding};
use crate::shop::sign_in::SignInUrl;

/// Whom the body of a purchase names, if it can be read.
pub fn purchase_body(body: &[u8]) -> Option<UserId> {
    handlers::parse_purchase(body).ok()?
}

/// Whether the body for a pass can be read, by a sale that knows the buyer or that does not.
pub fn pass_body(body: &[u8], known: Option<UserId>) -> Option<UserId> {
    let (user, _evidence) = handlers::parse_pass(body, known).ok()?;
    Some(user)
}

/// What a service that checks has said in this answer: yes, no, or why it is neither.
pub fn service_verdict(body: &[u8]) -> Result<bool, String> {
    crate::bots::service::verdict(body)
}

/// Whether the headers say that a body is JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    handlers::is_json(headers)
}

/// The name of a request; a new one is all zeros.
pub fn correlation_id(headers: &HeaderMap) -> String {
    let id = CorrelationId::of_request(headers, |bytes| bytes.fill(0));
    id.as_str().to_owned()
}

/// Whether the client has what this tag names.
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    crate::etag::is_known(headers, tag)
}

/// The coding to send, of those that there are, as its name in a header.
pub fn best_encoding(headers: &HeaderMap, brotli: bool, gzip: bool) -> Option<&'static str> {
    let is_there = |encoding| match encoding {
        Encoding::Brotli => brotli,
        Encoding::Gzip => gzip,
        Encoding::Identity => true,
    };
    Accepted::by(headers).best(is_there).name()
}

/// Whether the search of the console finds an order; none where there is nothing to search for.
pub fn finds(text: &str, order: &StoredOrder<'_>) -> Option<bool> {
    let search = Search::parse(text).ok()?;
    Some(search.finds(order))
}

/// The one token of a request, none where there is none, or an error where there are several.
pub fn only_token<'a>(
    headers: &'a HeaderMap,
    cookie: Option<&'a str>,
) -> Result<Option<&'a [u8]>, String> {
    match bearer::only_token(headers, cookie) {
        Ok(token) => Ok(Some(token)),
        Err(Refusal::NoIdentity(TokenReason::Missing)) => Ok(None),
        Err(refusal) => Err(format!("{refusal:?}")),
    }
}

/// Whom a token names, if it is good at this moment.
pub fn buyer(verifier: &Verifier, token: &[u8], now: Timestamp) -> Option<UserId> {
    verifier.verify(token, now).ok()
}

/// A token of this head and these claims, as they stand, signed with a secret.
pub fn token(head: &[u8], claims: &[u8], secret: &[u8]) -> String {
    let [head, claims] = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    sign(&format!("{head}.{claims}"), secret)
}

/// Head and claims, and behind them the signature that belongs to them.
pub fn sign(message: &str, secret: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}

/// Where buyers sign in, as the page links it.
pub fn sign_in_url(text: &str) -> Option<String> {
    let url: SignInUrl = text.parse().ok()?;
    Some(url.as_str().to_owned())
}
