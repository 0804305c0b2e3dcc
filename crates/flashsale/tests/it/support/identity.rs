//! The shop that says who buys: its keys, its tokens, and buyers who are signed in there.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::books;
use super::client::{Answer, CSRF_COOKIE, CSRF_HEADER};
use super::contract::assert_error;
use super::http::{Connection, Request, Response, encoded};
use super::server::{Home, Setup, TestServer};

pub(crate) const AUDIENCE: &str = "flashsale";
pub(crate) const COOKIE: &str = "shopToken";

/// A key of the shop, as `flashsale token keys` makes it.
pub(crate) struct ShopKey {
    home: Home,
    algorithm: &'static str,
}

impl ShopKey {
    pub(crate) async fn make(algorithm: &'static str) -> Self {
        let home = Home::new();
        let arguments = ["token", "keys", "--algorithm", algorithm, "--output", "."];
        let made = books::run(home.path(), &arguments).await;
        assert_eq!(made.code, Some(0), "{made:?}");
        Self { home, algorithm }
    }

    /// What signs.
    pub(crate) fn private(&self) -> PathBuf {
        match self.algorithm {
            "HS256" => self.public(),
            _ => self.home.path().join("private.pem"),
        }
    }

    /// What the server needs.
    pub(crate) fn public(&self) -> PathBuf {
        self.home.path().join("keys.json")
    }

    /// The key in the document for the server.
    pub(crate) fn jwk(&self) -> Value {
        let text = std::fs::read(self.public()).expect("the document");
        let mut document: Value = serde_json::from_slice(&text).expect("JSON");
        document["keys"][0].take()
    }

    /// A token for this buyer, good for an hour unless it is said otherwise.
    pub(crate) async fn token(&self, subject: &str) -> String {
        self.token_with(subject, AUDIENCE, &[]).await
    }

    pub(crate) async fn token_with(&self, subject: &str, audience: &str, more: &[&str]) -> String {
        sign(&self.private(), subject, audience, more).await
    }
}

/// A token under a key in this file.
pub(crate) async fn sign(key: &Path, subject: &str, audience: &str, more: &[&str]) -> String {
    let key = key.to_str().expect("temporary paths are plain text");
    let mut arguments = vec!["token", "sign", "--key", key];
    arguments.extend(["--subject", subject, "--audience", audience]);
    arguments.extend(more);
    let signed = books::run(Path::new("/"), &arguments).await;
    assert_eq!(signed.code, Some(0), "{signed:?}");
    signed.stdout.trim().to_owned()
}

/// A server that takes tokens under this key.
pub(crate) fn with_tokens(setup: Setup, keys: &Path, algorithms: &str) -> Setup {
    setup
        .env("IDENTITY", "token")
        .env("TOKEN_KEYS", keys.display())
        .env("TOKEN_ALGORITHMS", algorithms)
        .env("TOKEN_AUDIENCE", AUDIENCE)
        .env("TOKEN_COOKIE", COOKIE)
}

/// A buyer with a token of the shop, and one against forged requests.
pub(crate) struct SignedIn {
    connection: Connection,
    token: String,
    pub(crate) csrf_token: String,
}

impl SignedIn {
    pub(crate) async fn open(server: &TestServer, token: &str) -> Self {
        let connection = Connection::open(server.address())
            .await
            .expect("a connection");
        let mut buyer = Self {
            connection,
            token: token.to_owned(),
            csrf_token: String::new(),
        };
        let response = buyer.get("/api/csrf").await;
        let csrf_token = response.json()["csrfToken"].as_str().map(str::to_owned);
        buyer.csrf_token =
            csrf_token.unwrap_or_else(|| panic!("no CSRF token: {}", response.text()));
        buyer
    }

    pub(crate) async fn send(&mut self, request: &Request) -> Response {
        self.connection.send(request).await.expect("an answer")
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.token));
        self.send(&request).await
    }

    /// A purchase with all that it needs.
    pub(crate) fn purchase(&self, body: &str) -> Request {
        purchase(&self.csrf_token, body).header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) async fn buy(&mut self, body: &str) -> Answer {
        let request = self.purchase(body);
        Answer::of(&self.send(&request).await)
    }

    /// What the server tells of an order of this user.
    pub(crate) async fn look_up(&mut self, user: &str) -> Response {
        self.get(&format!("/api/purchase/{}", encoded(user))).await
    }
}

/// A purchase that does not say who buys.
pub(crate) fn purchase(csrf_token: &str, body: &str) -> Request {
    Request::post("/api/purchase")
        .header("content-type", "application/json")
        .header(CSRF_HEADER, csrf_token)
        .header("cookie", format!("{CSRF_COOKIE}={csrf_token}"))
        .body(body)
}

/// Refused, because it is not known who asks.
#[track_caller]
pub(crate) fn assert_unauthorized(response: &Response, reason: &str) {
    let body = assert_error(response, 401, "unauthorized", &["reason"]);
    assert_eq!(body["reason"], reason, "{body}");
    let challenge = response.header("www-authenticate").expect("a challenge");
    match reason {
        "missing" => assert_eq!(challenge, "Bearer"),
        _ => assert!(
            challenge.starts_with("Bearer error=\"invalid_token\", error_description=\""),
            "{challenge}"
        ),
    }
}
