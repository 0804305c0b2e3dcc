//! The console of a server, as a program uses it.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::http::{Connection, Request, Response};
use super::openapi;

/// Where the console listens, and what signs in there.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

impl Console {
    /// One request on a connection of its own, as it is.
    pub(crate) async fn ask(&self, request: &Request) -> Response {
        let mut connection = Connection::open(self.address).await.expect("a connection");
        let response = connection.send(request).await.expect("an answer");
        let told = openapi::check_admin(&request.method, &request.path, &response);
        assert_eq!(told, Ok(()), "the answer is not in the document");
        response
    }

    /// The same request with the token.
    pub(crate) fn signed(&self, request: Request) -> Request {
        request.header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        let response = self.ask(&self.signed(Request::get(path))).await;
        assert_eq!(response.status, 200, "GET {path}: {}", response.text());
        response
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        self.get(path).await.json()
    }

    pub(crate) fn brake(&self, paused: bool) -> Request {
        let request =
            Request::new("PUT", "/admin/brake").header("content-type", "application/json");
        self.signed(request)
            .body(json!({ "paused": paused }).to_string())
    }

    /// Pulls the brake or lets it go, where that must succeed.
    pub(crate) async fn set_brake(&self, paused: bool) -> Value {
        let response = self.ask(&self.brake(paused)).await;
        assert_eq!(response.status, 200, "{}", response.text());
        let body = response.json();
        assert_eq!(body["paused"], paused, "{body}");
        assert_eq!(body["pausedAt"].is_u64(), paused, "{body}");
        body
    }
}
