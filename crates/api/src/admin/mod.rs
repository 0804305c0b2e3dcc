//! Behind the counter: what the person who answers for a sale sees and does, on a listener of its own.
//!
//! In reading order:
//! - [`AdminRoutes`]: every route, in one list;
//! - [`session`]: who may come in;
//! - [`history`]: what happened in each second of the last minutes; [`live`] hands it out;
//! - [`about`]: the settings; [`brake`]: stop selling, and go on;
//! - [`orders`]: the orders as a table and as files;
//! - [`metrics`]: the same numbers for Prometheus.

pub mod about;
pub(crate) mod brake;
pub mod history;
pub(crate) mod live;
mod metrics;
pub(crate) mod orders;
pub mod process;
pub mod session;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{Request, Response};
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post, put};
use hyper::body::Incoming;
use tower::Service as _;

use crate::answer::Body;
use crate::handlers::{fallback, openapi, page};
use crate::server::Site;
use crate::{App, middleware};
use about::About;
use history::History;
use process::Process;
use session::Sessions;

/// Everything that the routes behind the counter need, made once for the process.
#[derive(Debug)]
pub struct Admin {
    /// What they look at.
    pub app: Arc<App>,
    /// Who may come in.
    pub sessions: Sessions,
    /// What does not change while the node runs.
    pub about: About,
    /// The last minutes.
    pub history: History,
    /// Reads what the system says of this process, where it can be asked.
    pub process: fn() -> Option<Process>,
}

/// All that is behind the counter, and the page for it.
#[derive(Debug)]
pub struct AdminRoutes(Router);

impl AdminRoutes {
    /// Made once for the process.
    pub fn new(admin: Arc<Admin>) -> Self {
        let app = Arc::clone(&admin.app);
        let inside = Router::new()
            .route("/admin/sale", get(about::show))
            .route("/admin/live", get(live::show))
            .route("/admin/orders", get(orders::table::show))
            .route("/admin/orders.csv", get(orders::file::csv))
            .route("/admin/orders.jsonl", get(orders::file::jsonl))
            .route("/admin/brake", put(brake::set))
            .route("/admin/openapi.json", get(openapi::admin))
            .route("/metrics", get(metrics::show))
            .layer(from_fn_with_state(Arc::clone(&admin), session::authorize));
        let routes = Router::new()
            .route("/admin/session", post(session::begin).delete(session::end))
            .merge(inside)
            .route("/admin", any(fallback::not_found))
            .route("/admin/{*rest}", any(fallback::not_found))
            .fallback_service(
                get(page::console)
                    .fallback(fallback::method_not_allowed)
                    .with_state(Arc::clone(&app)),
            )
            .method_not_allowed_fallback(fallback::method_not_allowed)
            .with_state(admin);
        Self(middleware::around_each(routes, app))
    }
}

impl Site for AdminRoutes {
    async fn answer(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Body> {
        match self.0.clone().call(request).await {
            Ok(response) => response.map(Body::Right),
            Err(never) => match never {},
        }
    }
}
