//! A buyer: one connection, a CSRF token, and the contract's answers by name.

use std::io;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::http::{Connection, Request, Response, encoded};

/// The two places in which a browser carries the token.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";
pub(crate) const CSRF_COOKIE: &str = "csrfToken";

/// What a purchase was answered, as the HTTP contract names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Purchased(String),
    AlreadyPurchased(String),
    SoldOut,
    NotActive,
    Paused,
    Busy,
    /// Anything else, kept whole for the message of the assertion that it fails.
    Other(u16, String),
}

impl Answer {
    pub(crate) fn of(response: &Response) -> Self {
        let body = response.json();
        let order_id = || body["orderId"].as_str().map(str::to_owned);
        match (response.status, body["status"].as_str(), order_id()) {
            (200, Some("purchased"), Some(id)) => Self::Purchased(id),
            (409, Some("already_purchased"), Some(id)) => Self::AlreadyPurchased(id),
            (410, Some("sold_out"), _) => Self::SoldOut,
            (403, Some("not_active"), _) if body["phase"] == "paused" => Self::Paused,
            (403, Some("not_active"), _) => Self::NotActive,
            (503, Some("busy"), _) => Self::Busy,
            (status, ..) => Self::Other(status, response.text()),
        }
    }

    /// The order that the answer names, if it names one.
    pub(crate) fn order_id(&self) -> Option<&str> {
        match self {
            Self::Purchased(id) | Self::AlreadyPurchased(id) => Some(id),
            _ => None,
        }
    }

    /// The order of a purchase confirmed by this very answer.
    #[track_caller]
    pub(crate) fn purchased(self) -> String {
        match self {
            Self::Purchased(id) => id,
            other => panic!("expected `purchased`, got {other:?}"),
        }
    }
}

/// Where a server listens, and a token that it accepts: all that a client needs to begin.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) csrf_token: String,
}

impl Door {
    /// Fetches a token. It names no user and no connection, so one serves all clients of a test.
    pub(crate) async fn of(address: SocketAddr) -> io::Result<Self> {
        let response = Connection::open(address)
            .await?
            .send(&Request::get("/api/csrf"))
            .await?;
        match response.json()["csrfToken"].as_str() {
            Some(token) => Ok(Self {
                address,
                csrf_token: token.to_owned(),
            }),
            None => Err(io::Error::other(format!(
                "no CSRF token: {} {}",
                response.status,
                response.text()
            ))),
        }
    }

    /// A purchase that carries all it should.
    pub(crate) fn purchase(&self, user: &str) -> Request {
        self.purchase_body(json!({ "userId": user }).to_string())
    }

    /// The same with a body of the test's own.
    pub(crate) fn purchase_body(&self, body: impl Into<Vec<u8>>) -> Request {
        Request::post("/api/purchase")
            .header("content-type", "application/json")
            .header(CSRF_HEADER, &self.csrf_token)
            .header("cookie", format!("{CSRF_COOKIE}={}", self.csrf_token))
            .body(body)
    }
}

pub(crate) struct Client {
    connection: Connection,
    door: Door,
}

impl Client {
    pub(crate) async fn open(door: &Door) -> io::Result<Self> {
        Ok(Self {
            connection: Connection::open(door.address).await?,
            door: door.clone(),
        })
    }

    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    pub(crate) async fn send(&mut self, request: &Request) -> io::Result<Response> {
        self.connection.send(request).await
    }

    pub(crate) async fn try_buy(&mut self, user: &str) -> io::Result<Answer> {
        Ok(Answer::of(
            &self.connection.send(&self.door.purchase(user)).await?,
        ))
    }

    pub(crate) async fn try_buy_with_key(&mut self, user: &str, key: &str) -> io::Result<Answer> {
        let request = self.door.purchase(user).header("idempotency-key", key);
        Ok(Answer::of(&self.connection.send(&request).await?))
    }

    /// Buys where an answer must come, whatever it is.
    #[track_caller]
    pub(crate) fn buy(&mut self, user: &str) -> impl Future<Output = Answer> {
        let sent = self.try_buy(user);
        async { sent.await.expect("an answer to a purchase") }
    }

    pub(crate) async fn buy_with_key(&mut self, user: &str, key: &str) -> Answer {
        self.try_buy_with_key(user, key)
            .await
            .expect("an answer to a purchase")
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response {
        self.connection
            .send(&Request::get(path))
            .await
            .unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// The order that the server shows for a user.
    pub(crate) async fn lookup(&mut self, user: &str) -> Option<String> {
        let response = self.get(&format!("/api/purchase/{}", encoded(user))).await;
        assert_eq!(
            response.status,
            200,
            "look-up of {user:?}: {}",
            response.text()
        );
        let body = response.json();
        let order_id = body["orderId"].as_str().map(str::to_owned);
        assert_eq!(body["purchased"], Value::Bool(order_id.is_some()), "{body}");
        order_id
    }

    pub(crate) async fn status(&mut self) -> Value {
        let response = self.get("/api/status").await;
        assert_eq!(response.status, 200, "{}", response.text());
        response.json()
    }
}
