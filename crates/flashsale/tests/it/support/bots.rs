//! The check before the sale: a buyer who passes it, and a service that stands in for Turnstile and its like.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::client::{CSRF_COOKIE, CSRF_HEADER};
use super::contract::{assert_error, assert_json};
use super::http::{Request, Response};
use super::server::{Setup, TestServer};
use super::tls::Certificate;

/// The least work that a server may ask for: a test has better things to do.
pub(crate) const BITS: u8 = 8;
/// The cookie that holds a pass.
pub(crate) const PASS_COOKIE: &str = "salePass";
/// The secret that the stand-in expects: with letters that a form must write in another way.
pub(crate) const SECRET: &str = "s3cret&=+%/of-the-shop";
pub(crate) const SITE_KEY: &str = "0x4AAA-site-key";

/// A sale that asks for a little work.
pub(crate) fn with_work(setup: Setup) -> Setup {
    setup
        .env("BOT_CHECK", "proof-of-work")
        .env("PROOF_OF_WORK_BITS", BITS)
}

/// Somebody who buys without a browser, and keeps cookies by hand.
pub(crate) struct Visitor<'a> {
    server: &'a TestServer,
    csrf_token: String,
}

impl<'a> Visitor<'a> {
    pub(crate) async fn enter(server: &'a TestServer) -> Self {
        let csrf_token = server.door().await.csrf_token;
        Self { server, csrf_token }
    }

    /// The same visitor at another server, with the same token against forged requests.
    pub(crate) fn at(&self, server: &'a TestServer) -> Self {
        Self {
            server,
            csrf_token: self.csrf_token.clone(),
        }
    }

    /// A request that is meant, with these cookies beside that of the token.
    pub(crate) fn request(&self, path: &str, body: &Value, cookies: &str) -> Request {
        Request::post(path)
            .header("content-type", "application/json")
            .header(CSRF_HEADER, &self.csrf_token)
            .header(
                "cookie",
                format!("{CSRF_COOKIE}={}{cookies}", self.csrf_token),
            )
            .body(body.to_string())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.server.ask(&self.request(path, body, "")).await
    }

    /// A challenge for this user.
    pub(crate) async fn challenge(&self, user: &str) -> Challenge {
        let response = self.post("/api/check", &json!({ "userId": user })).await;
        let body = assert_json(&response, 200, &["challenge", "bits", "expiresAt"]);
        Challenge {
            text: body["challenge"].as_str().expect("a text").to_owned(),
            bits: u32::try_from(body["bits"].as_u64().expect("a number")).expect("a small one"),
        }
    }

    /// Shows work that is done, whoever did it.
    pub(crate) async fn show(&self, user: &str, challenge: &str, nonce: &str) -> Response {
        let body = json!({ "userId": user, "challenge": challenge, "nonce": nonce });
        self.post("/api/pass", &body).await
    }

    /// Does the work, and returns the cookie with the pass.
    pub(crate) async fn earn(&self, user: &str) -> String {
        let challenge = self.challenge(user).await;
        let response = self.show(user, &challenge.text, &challenge.solve()).await;
        pass_of(&response)
    }

    /// Shows what the widget of a service gave.
    pub(crate) async fn show_token(&self, user: &str, token: &str) -> Response {
        let body = json!({ "userId": user, "token": token });
        self.post("/api/pass", &body).await
    }

    /// A purchase with these cookies.
    pub(crate) async fn buy(&self, user: &str, cookies: &[&str]) -> Response {
        let line = [&[""], cookies].concat().join("; ");
        let request = self.request("/api/purchase", &json!({ "userId": user }), &line);
        self.server.ask(&request).await
    }
}

/// Something to work on.
pub(crate) struct Challenge {
    pub(crate) text: String,
    pub(crate) bits: u32,
}

impl Challenge {
    pub(crate) fn solve(&self) -> String {
        self.find(|zeros| zeros >= self.bits)
    }

    /// What anybody may try who has not done the work.
    pub(crate) fn miss(&self) -> String {
        self.find(|zeros| zeros < self.bits)
    }

    fn find(&self, wanted: impl Fn(u32) -> bool) -> String {
        let zeros = |nonce: &u64| {
            let hash = Sha256::digest(format!("{}.{nonce}", self.text));
            u64::from_be_bytes(hash[..8].try_into().expect("eight bytes")).leading_zeros()
        };
        let found = (0..u64::MAX).find(|nonce| wanted(zeros(nonce)));
        found.expect("one of so many").to_string()
    }
}

/// The cookie of an answer that gives a pass, as a browser sends it back.
#[track_caller]
pub(crate) fn pass_of(response: &Response) -> String {
    assert_json(response, 200, &["expiresAt"]);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let line = response.header("set-cookie").expect("a cookie");
    let (pair, rest) = line.split_once("; ").expect("a pair and more");
    assert!(pair.starts_with(&format!("{PASS_COOKIE}=")), "{line}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(rest.split("; ").any(|one| one == attribute), "{line}");
    }
    pair.to_owned()
}

/// Refused, because the pass is no good for that reason.
#[track_caller]
pub(crate) fn assert_pass_required(response: &Response, reason: &str) {
    let body = assert_error(response, 403, "pass_required", &["reason"]);
    assert_eq!(body["reason"], reason, "{body}");
}

/// Refused, because the check is not passed.
#[track_caller]
pub(crate) fn assert_check_failed(response: &Response, reason: &str) {
    let body = assert_error(response, 403, "check_failed", &["reason"]);
    assert_eq!(body["reason"], reason, "{body}");
    assert_eq!(response.header("set-cookie"), None, "{body}");
}

/// What the stand-in does with a question.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// This status and this body.
    Body(u16, String),
    /// Nothing, and the connection stays open.
    Nothing,
    /// Half of an answer, and the connection is closed.
    Half,
}

/// A service that answers as it is told, and remembers what it was asked.
pub(crate) struct StandIn {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    state: Arc<Mutex<State>>,
    /// Dropped with it, and so are the connections.
    _tasks: JoinSet<()>,
}

struct State {
    says: Says,
    questions: Vec<String>,
    connections: usize,
}

impl StandIn {
    pub(crate) async fn start(says: Says) -> Self {
        Self::over(None, says).await
    }

    /// One with HTTPS.
    pub(crate) async fn secure(certificate: &Certificate, says: Says) -> Self {
        let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions that there are")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der.clone()], key)
            .expect("a certificate and its key");
        Self::over(Some(TlsAcceptor::from(Arc::new(config))), says).await
    }

    async fn over(tls: Option<TlsAcceptor>, says: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State {
            says,
            questions: Vec::new(),
            connections: 0,
        }));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::clone(&state);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().expect("no holder panics").connections += 1;
                let (state, tls) = (Arc::clone(&shared), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => answer(stream, state).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                answer(stream, state).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            scheme,
            state,
            _tasks: tasks,
        }
    }

    pub(crate) fn now_says(&self, says: Says) {
        self.state.lock().expect("no holder panics").says = says;
    }

    /// The bodies that were sent to it.
    pub(crate) fn questions(&self) -> Vec<String> {
        self.state
            .lock()
            .expect("no holder panics")
            .questions
            .clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().expect("no holder panics").connections
    }

    /// A sale that asks it.
    pub(crate) fn asked_by(&self, setup: Setup) -> Setup {
        let origin = format!("{}://{}", self.scheme, self.address);
        let secret = setup.home().path().join("secret");
        std::fs::write(&secret, format!("{SECRET}\n")).expect("a file is written");
        setup
            .env("BOT_CHECK", "service")
            .env("BOT_SERVICE_VERIFY_URL", format!("{origin}/siteverify"))
            .env("BOT_SERVICE_SECRET_FILE", secret.display())
            .env("BOT_SERVICE_SITE_KEY", SITE_KEY)
            .env("BOT_SERVICE_SCRIPT", format!("{origin}/api.js"))
    }
}

/// Answers one request after the other.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Mutex<State>>) {
    let mut unread = Vec::new();
    while let Some(body) = question(&mut stream, &mut unread).await {
        let says = {
            let mut state = state.lock().expect("no holder panics");
            state.questions.push(body);
            state.says.clone()
        };
        let (status, body) = match says {
            Says::Body(status, body) => (status, body),
            Says::Nothing => continue,
            Says::Half => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"success\":";
                let _ = stream.write_all(head).await;
                return;
            }
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream
            .write_all(&[head.as_bytes(), body.as_bytes()].concat())
            .await
            .is_err()
        {
            return;
        }
    }
}

/// The body of the next request; none when there is no more.
async fn question(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&unread[..end]).to_ascii_lowercase();
            assert!(head.starts_with("post /siteverify http/1.1"), "{head}");
            assert!(head.contains("content-type: application/x-www-form-urlencoded"));
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length?.trim().parse().ok()?;
            if unread.len() >= end + 4 + length {
                let rest = unread.split_off(end + 4 + length);
                let body = std::mem::replace(unread, rest).split_off(end + 4);
                return String::from_utf8(body).ok();
            }
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}
