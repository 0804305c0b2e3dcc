//! Everything that happens to a request around its handler, from the outside in:
//!
//! 1. [`observe`]: gives the request its correlation id, turns a panic into a 500, writes the
//!    answer's common headers, and logs it;
//! 2. [`cors`]: lets pages of the origins that the shop names use the API;
//! 3. [`limit`], for purchases, passes, tokens and look-ups: refuses who asks too often from one address;
//! 4. [`give_way`]: holds what only looks, and sends purchases away, when there are more than can be served;
//! 5. [`identity::buyer`], for purchases and passes: says who has sent it, and refuses whoever cannot show it;
//! 6. [`forgery`], for the same: refuses what another site made the browser send.
//!
//! Deadlines for heads, idle connections and slow readers lie below, in the server; the limit and the
//! deadline for a body lie with the handlers that read one.

pub(crate) mod correlation;
pub mod cors;
mod forgery;
pub(crate) mod give_way;
pub(crate) mod limit;
mod observe;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::middleware::from_fn_with_state;
use flashsale_sale::UserId;

use crate::answer::Refusal;
use crate::{App, identity};

/// What surrounds every request.
pub(crate) use observe::{Asked, observe as around};

/// What surrounds the requests that change something: who has sent this one, and meant it. The token
/// against forged requests is bound to the buyer, so the buyer comes first.
pub(crate) fn admit(app: &App, headers: &HeaderMap) -> Result<Option<UserId>, Refusal> {
    let buyer = identity::buyer(app, headers)?;
    forgery::check(app, headers, buyer.as_ref())?;
    Ok(buyer)
}

/// The same around each route of a router.
pub(crate) fn around_each(routes: Router, app: Arc<App>) -> Router {
    routes.layer(from_fn_with_state(app, observe::observe_routed))
}
