//! Every route, in one list.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};

use crate::App;
use crate::handlers::{csrf, fallback, health, page, purchase, status};
use crate::middleware;

/// The whole API and the page.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/api/status", get(status::show))
        .route("/api/csrf", get(csrf::issue))
        .route(
            "/api/purchase",
            middleware::against_forgery(post(purchase::buy), &app),
        )
        .route("/api/purchase/{user_id}", get(purchase::look_up))
        .route("/api", any(fallback::not_found))
        .route("/api/", any(fallback::not_found))
        .route("/api/{*rest}", any(fallback::not_found))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback_service(
            get(page::show)
                .fallback(fallback::method_not_allowed)
                .with_state(Arc::clone(&app)),
        )
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .with_state(Arc::clone(&app));
    middleware::around(routes, app)
}
