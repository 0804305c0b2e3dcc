//! Every route, in one list.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Request, Response, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use http_body_util::Full;
use hyper::body::Incoming;
use tower::Service as _;

use crate::answer::{Answer, Body, Reply};
use crate::handlers::{check, csrf, events, fallback, health, openapi, page, purchase, status};
use crate::middleware::limit::Peer;
use crate::middleware::{self, Asked, give_way, limit};
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
        let limited = from_fn_with_state(Arc::clone(&app), limit::by_address);
        // Without a token nobody can buy, and health is asked for when there is load: neither is held.
        let held = from_fn_with_state(Arc::clone(&app), give_way::looks);
        let rest = Router::new()
            .route("/api/status", any(async || fallback::only("GET,HEAD")))
            .route("/api/events", get(events::follow).layer(held.clone()))
            .route("/api/csrf", get(csrf::issue).layer(limited.clone()))
            .route(
                "/api/check",
                post(check::begin).layer(limited.clone()).get(check::show),
            )
            .route("/api/pass", post(check::pass).layer(limited.clone()))
            .route("/api/purchase", any(async || fallback::only("POST")))
            .route(
                "/api/purchase/{user_id}",
                get(purchase::look_up).layer(held.clone()).layer(limited),
            )
            .route(
                "/api/openapi.json",
                get(openapi::public).layer(held.clone()),
            )
            .route("/api/docs", get(page::documentation).layer(held.clone()))
            .route("/api", any(fallback::not_found))
            .route("/api/", any(fallback::not_found))
            .route("/api/{*rest}", any(fallback::not_found))
            .route("/livez", get(health::live))
            .route("/readyz", get(health::ready))
            .fallback_service(
                get(page::show)
                    .layer(held)
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
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
        let permission = self.app.origins.asked_by(&request);
        let mut response = match &permission {
            Some(permission) if permission.is_question => self.permit(&request).await,
            _ => self.route(request, peer.ip()).await,
        };
        if let Some(permission) = permission {
            permission.write(response.headers_mut());
        }
        response
    }

    fn connected(&self) {
        self.app.meters.accepted.increment();
    }

    fn disconnected(&self) {
        self.app.meters.ended.increment();
    }

    fn stopping(&self) {
        self.app.live.end();
        self.app.load.end();
    }
}

impl Routes {
    /// What nearly all of a sale's requests ask for is called right here, without the boxes that the router
    /// puts around each handler and each layer; the router has the rest.
    async fn route(&self, mut request: Request<Incoming>, peer: IpAddr) -> Response<Body> {
        let app = &*self.app;
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/api/purchase") => {
                let asked = Asked::new(app, &request, "/api/purchase");
                // Pinned here and not moved on: a future that is moved into another takes its room twice.
                let reply = pin!(async {
                    let allowed = limit::check(app, peer, request.headers())
                        .and_then(|()| give_way::buys(app))
                        .and_then(|()| middleware::admit(app, request.headers()));
                    match allowed {
                        Ok(buyer) => purchase::buy(app, request, buyer, peer).await,
                        Err(refusal) => unread::refuse(refusal, request.into_body(), app).await,
                    }
                });
                middleware::around(app, asked, reply).await
            }
            (&Method::GET | &Method::HEAD, "/api/status") => {
                let asked = Asked::new(app, &request, "/api/status");
                let reply = async {
                    match app.load.give_way().await {
                        Ok(()) => status::show(app, request.headers()).into(),
                        Err(refusal) => Answer::Refused(refusal).into(),
                    }
                };
                middleware::around(app, asked, reply).await
            }
            _ => {
                request.extensions_mut().insert(Peer(peer));
                match self.rest.clone().call(request).await {
                    Ok(response) => response.map(Body::Right),
                    Err(never) => match never {},
                }
            }
        }
    }

    /// A browser asks whether a page may send a request; what it is told is written outside.
    async fn permit(&self, question: &Request<Incoming>) -> Response<Body> {
        let asked = Asked::new(&self.app, question, "-");
        let mut nothing = Response::new(Full::default());
        *nothing.status_mut() = StatusCode::NO_CONTENT;
        middleware::around(&self.app, asked, async { Reply::from(nothing) }).await
    }
}
