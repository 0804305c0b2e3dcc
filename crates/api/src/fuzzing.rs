//! What the fuzz targets reach of the readers that are private here. Nothing else uses it.

use axum::http::HeaderMap;
use flashsale_sale::{StoredOrder, UserId};

use crate::admin::orders::search::Search;
use crate::handlers;
use crate::middleware::correlation::CorrelationId;
use crate::page::{Accepted, Encoding};

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
