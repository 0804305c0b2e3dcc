//! Everything that happens to a request around its handler, from the outside in:
//!
//! 1. [`observe`]: gives the request its correlation id, turns a panic into a 500, writes the
//!    answer's common headers, and logs it;
//! 2. [`cors`]: lets pages of the origins that the shop names use the API;
//! 3. [`limit`], for purchases, tokens and look-ups: refuses who asks too often from one address;
//! 4. [`forgery`], for purchases alone: refuses what another site made the browser send.
//!
//! Deadlines for heads, idle connections and slow readers lie below, in the server; the limit and the
//! deadline for a body lie with the one handler that reads one.

pub(crate) mod correlation;
pub mod cors;
mod forgery;
pub(crate) mod limit;
mod observe;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::App;

/// What surrounds the requests that change something.
pub(crate) use forgery::check as against_forgery;
/// What surrounds every request.
pub(crate) use observe::{Asked, observe as around};

/// The same around each route of a router.
pub(crate) fn around_each(routes: Router, app: Arc<App>) -> Router {
    routes.layer(from_fn_with_state(app, observe::observe_routed))
}
