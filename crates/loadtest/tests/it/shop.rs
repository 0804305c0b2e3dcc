//! A shop that keeps the contract of the API, or breaks one rule of it on purpose.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The one thing that a shop does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Sells ten more than there are, and says that none is left.
    Oversells,
    /// Sells to a user as often as he asks.
    SellsTwice,
    /// Confirms every tenth order without keeping it.
    NoReceipt,
    /// Shows another order than it confirmed to every tenth user.
    OtherReceipt,
    /// Gives two users the same order.
    SharedOrder,
    /// Tells every tenth buyer that none is left, and keeps the order.
    SoldOutWithOrder,
    /// Says "sold out" with ten units left.
    KeepsSomeBack,
    /// Does not count every second order.
    Miscounts,
    /// Puts units back.
    StockRises,
    /// Answers in words of its own.
    Mumbles,
    /// Says nothing about every tenth user.
    SilentOnSome,
    /// Says nothing about anybody.
    SilentOnAll,
    /// Refuses each token at its first use.
    StaleTokens,
    /// Has no tokens at all.
    NoTokens,
    /// Is too busy for every purchase at its first try.
    BusyAtFirst,
    /// Leaves every tenth purchase without an answer at its first try, after storing it.
    LosesAnswers,
}

pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    fault: Fault,
    stock: i64,
    sold: i64,
    counted: i64,
    orders: HashMap<String, String>,
    keys: HashMap<String, String>,
    tried: HashSet<String>,
    tokens: usize,
    statuses: u64,
}

type Answered = Response<UnsyncBoxBody<Bytes, Infallible>>;

impl Shop {
    pub(crate) async fn open(stock: i64, fault: Fault) -> Self {
        Self::open_with(stock, fault, None).await
    }

    pub(crate) async fn open_with(stock: i64, fault: Fault, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            fault,
            stock,
            sold: 0,
            counted: 0,
            orders: HashMap::new(),
            keys: HashMap::new(),
            tried: HashSet::new(),
            tokens: 0,
            statuses: 0,
        }));
        tokio::spawn(accept(listener, tls, Arc::clone(&state)));
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many tokens were fetched.
    pub(crate) fn tokens(&self) -> usize {
        self.state.lock().unwrap().tokens
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<Mutex<State>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&state)));
            let http = http1::Builder::new();
            // A client may go away at any time.
            match tls {
                None => drop(http.serve_connection(TokioIo::new(stream), service).await),
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        drop(http.serve_connection(TokioIo::new(stream), service).await);
                    }
                }
            }
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Answered, std::io::Error> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let body = body
        .collect()
        .await
        .map_err(std::io::Error::other)?
        .to_bytes();
    let mut locked = state.lock().unwrap();
    Ok(match (&head.method, path.as_str()) {
        (&Method::GET, "/api/status") => json_answer(200, &locked.status()),
        (&Method::GET, "/api/events") => events(Arc::clone(&state)),
        (&Method::GET, "/api/csrf") if locked.fault == Fault::NoTokens => {
            json_answer(404, &json!({}))
        }
        (&Method::GET, "/api/csrf") => locked.token(200, &json!({})),
        (&Method::POST, "/api/purchase") => {
            let header = |name: &str| {
                head.headers
                    .get(name)
                    .map(|value| value.to_str().unwrap().to_owned())
            };
            let (token, cookie) = (header("x-csrf-token"), header(COOKIE.as_str()));
            let cookie =
                cookie.and_then(|cookie| Some(cookie.strip_prefix("csrfToken=")?.to_owned()));
            let first_token = token.as_deref() == cookie.as_deref();
            let is_stale = locked.fault == Fault::StaleTokens
                && token
                    .as_ref()
                    .is_none_or(|token| !token.starts_with("second"));
            if locked.fault != Fault::NoTokens && (token.is_none() || !first_token || is_stale) {
                return Ok(locked.token(403, &json!({"error": "csrf", "reason": "invalid"})));
            }
            let wire: Value = serde_json::from_slice(&body).unwrap();
            let key = header("idempotency-key").unwrap();
            match locked.buy(wire["userId"].as_str().unwrap(), &key) {
                Some((status, body)) => json_answer(status, &body),
                None => return Err(std::io::Error::other("the answer is lost")),
            }
        }
        (&Method::GET, path) => {
            let user = path
                .strip_prefix("/api/purchase/")
                .unwrap()
                .replace("%40", "@");
            locked.look_up(&user)
        }
        _ => json_answer(404, &json!({})),
    })
}

impl State {
    fn status(&mut self) -> Value {
        self.statuses += 1;
        let sold = if self.fault == Fault::Miscounts {
            self.counted
        } else {
            self.sold
        };
        let back = i64::from(
            self.fault == Fault::StockRises && self.sold > 0 && self.statuses.is_multiple_of(2),
        );
        let total = self.stock;
        json!({
            "status": if sold >= total { "sold_out" } else { "active" },
            "startsAt": 1_000, "endsAt": 9_000_000_000_000_u64, "serverTime": 2_000,
            "stock": total - sold + back, "sold": sold,
            "productId": "p", "productDescription": "<b>Dishes</b>",
        })
    }

    fn token(&mut self, status: u16, body: &Value) -> Answered {
        self.tokens += 1;
        let which = if status == 200 { "first" } else { "second" };
        let token = format!("{which}-{}", self.tokens);
        let mut body = body.clone();
        body["csrfToken"] = token.clone().into();
        let mut response = json_answer(status, &body);
        let cookie = HeaderValue::try_from(format!("csrfToken={token}; Path=/; SameSite=Lax"));
        response.headers_mut().insert(SET_COOKIE, cookie.unwrap());
        response
    }

    /// Status and body, or nothing when the answer is to get lost.
    fn buy(&mut self, user: &str, key: &str) -> Option<(u16, Value)> {
        let is_first_try = self.tried.insert(key.to_owned());
        let is_tenth = self.sold % 10 == 3;
        match self.fault {
            Fault::Mumbles => return Some((200, json!({"ok": true}))),
            Fault::BusyAtFirst if is_first_try => {
                return Some((503, json!({"status": "busy", "retryAfterMs": 5})));
            }
            _ => {}
        }
        if self.fault != Fault::SellsTwice
            && let Some(order) = self.orders.get(user)
        {
            return Some(if self.keys[user] == key {
                (200, json!({"status": "purchased", "orderId": order}))
            } else {
                (
                    409,
                    json!({"status": "already_purchased", "orderId": order}),
                )
            });
        }
        let limit = match self.fault {
            Fault::Oversells => self.stock + 10,
            Fault::KeepsSomeBack => self.stock - 10,
            _ => self.stock,
        };
        if self.sold >= limit {
            return Some((410, json!({"status": "sold_out"})));
        }
        self.sold += 1;
        self.counted += self.sold % 2;
        let number = if self.fault == Fault::SharedOrder {
            self.sold / 2
        } else {
            self.sold
        };
        let order = format!("order-{number}");
        if !(self.fault == Fault::NoReceipt && is_tenth) {
            self.orders.insert(user.to_owned(), order.clone());
            self.keys.insert(user.to_owned(), key.to_owned());
        }
        match self.fault {
            Fault::SoldOutWithOrder if is_tenth => Some((410, json!({"status": "sold_out"}))),
            Fault::LosesAnswers if is_tenth => None,
            _ => Some((200, json!({"status": "purchased", "orderId": order}))),
        }
    }

    fn look_up(&self, user: &str) -> Answered {
        let order = self.orders.get(user);
        let number = order.and_then(|order| order.strip_prefix("order-")?.parse::<u32>().ok());
        let is_tenth = number.is_some_and(|number| number % 10 == 3);
        let order = match self.fault {
            Fault::SilentOnAll => return json_answer(500, &json!({"error": "internal"})),
            Fault::SilentOnSome if is_tenth => {
                return json_answer(500, &json!({"error": "internal"}));
            }
            Fault::OtherReceipt if is_tenth => Some("another".to_owned()),
            _ => order.cloned(),
        };
        json_answer(
            200,
            &json!({"purchased": order.is_some(), "orderId": order}),
        )
    }
}

/// The status, twenty times a second, between heartbeats.
fn events(state: Arc<Mutex<State>>) -> Answered {
    let events = stream::unfold(state, |state| async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let status = state.lock().unwrap().status();
        let text = format!(": heartbeat\n\nevent: status\ndata: {status}\n\n");
        Some((Ok(Frame::data(Bytes::from(text))), state))
    });
    let mut response = Response::new(StreamBody::new(Box::pin(events)).boxed_unsync());
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn json_answer(status: u16, body: &Value) -> Answered {
    let mut response = Response::new(Full::from(body.to_string()).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}
