//! Every route, in one list.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Request, Response};
use axum::routing::{any, get};
use hyper::body::Incoming;
use tower::Service as _;

use crate::answer::{Body, Reply};
use crate::handlers::{csrf, events, fallback, health, openapi, page, purchase, status};
use crate::middleware::{self, Asked};
use crate::server::Site;
use crate::{App, unread};

/// The whole API and the page.
#[derive(Debug)]
pub struct Routes {
    app: Arc<App>,
    rest: Router,
}

impl Routes {
    /// Made once for the process.
    pub fn new(app: Arc<App>) -> Self {
        let rest = Router::new()
            .route("/api/status", any(async || fallback::only("GET,HEAD")))
            .route("/api/events", get(events::follow))
            .route("/api/csrf", get(csrf::issue))
            .route("/api/purchase", any(async || fallback::only("POST")))
            .route("/api/purchase/{user_id}", get(purchase::look_up))
            .route("/api/openapi.json", get(openapi::public))
            .route("/api/docs", get(page::documentation))
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
        let rest = middleware::around_each(rest, Arc::clone(&app));
        Self { app, rest }
    }
}

impl Site for Routes {
    /// Answers a request. What nearly all of a sale's requests ask for is called right here, without
    /// the boxes that the router puts around each handler and each layer; the router has the rest.
    async fn answer(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Body> {
        let app = &*self.app;
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/api/purchase") => {
                let asked = Asked::new(app, &request, "/api/purchase");
                // Pinned here and not moved on: a future that is moved into another takes its room twice.
                let reply = pin!(async {
                    match middleware::admit(app, request.headers()) {
                        Ok(buyer) => purchase::buy(app, request, buyer).await,
                        Err(refusal) => unread::refuse(refusal, request.into_body(), app).await,
                    }
                });
                middleware::around(app, asked, reply).await
            }
            (&Method::GET | &Method::HEAD, "/api/status") => {
                let asked = Asked::new(app, &request, "/api/status");
                let reply = async { Reply::from(status::show(app, request.headers())) };
                middleware::around(app, asked, reply).await
            }
            _ => match self.rest.clone().call(request).await {
                Ok(response) => response.map(Body::Right),
                Err(never) => match never {},
            },
        }
    }

    fn connected(&self) {
        self.app.meters.accepted.increment();
    }

    fn disconnected(&self) {
        self.app.meters.ended.increment();
    }

    fn stopping(&self) {
        self.app.live.end();
    }
}
