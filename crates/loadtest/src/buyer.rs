//! One connection, and what a browser would do with it: fetch a token, buy, and do as the answer says.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_TYPE, COOKIE, HOST, HeaderValue};
use hyper::{HeaderMap, Method, Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rand::RngExt as _;
use tokio::time::{Instant, sleep};

use crate::Plan;
use crate::answer::{self, Answer, LookUp, Status};
use crate::claims::Claims;
use crate::exchange::{Connection, Reply, Trouble};
use crate::feed::{Feed, Ticket, wait_until};
use crate::tally::Tallies;

const CSRF_TOKEN: &str = "x-csrf-token";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The first pause after a lost connection or a late answer. It doubles each time.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// All that a path may hold as it is (RFC 3986, unreserved).
const IN_PATH: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One connection of a buyer. It is opened when it is needed, and again when it was lost.
pub(crate) struct Buyer {
    plan: Arc<Plan>,
    connection: Option<Connection>,
    /// What every request of this buyer carries.
    headers: HeaderMap,
    purchase: Uri,
    has_token: bool,
}

impl Buyer {
    pub(crate) fn new(plan: &Arc<Plan>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, plan.target.host_header());
        if !plan.keep_alive {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Self {
            purchase: uri(plan, "/api/purchase"),
            plan: Arc::clone(plan),
            connection: None,
            headers,
            has_token: false,
        }
    }

    /// Fetches a token, once: it serves every purchase of this buyer until the server refuses it.
    pub(crate) async fn prepare(&mut self) -> Result<(), String> {
        if self.has_token {
            return Ok(());
        }
        let reply = self
            .get("/api/csrf")
            .await
            .map_err(|trouble| sentence(&trouble))?;
        if let Some(token) = answer::read_token(&reply)? {
            self.take_token(&token, &reply)?;
        }
        self.has_token = true;
        Ok(())
    }

    /// Makes attempts until there are no more.
    pub(crate) async fn buy_all(
        mut self,
        number: usize,
        feed: &Feed,
        tallies: &Tallies,
        claims: &Claims,
    ) {
        while let Some(ticket) = feed.take() {
            let jitter = match self.plan.jitter {
                Duration::ZERO => Duration::ZERO,
                jitter => jitter.mul_f64(rand::rng().random()),
            };
            if ticket.due_at.is_some() || jitter > Duration::ZERO {
                let due_at = ticket.due_at.unwrap_or_else(Instant::now) + jitter;
                tokio::select! {
                    () = wait_until(due_at) => {}
                    () = feed.stopped() => return,
                }
            }
            self.buy(number, ticket, feed, tallies, claims).await;
        }
    }

    /// One attempt, repeated under the same key as long as the answer asks for it.
    async fn buy(
        &mut self,
        number: usize,
        ticket: Ticket,
        feed: &Feed,
        tallies: &Tallies,
        claims: &Claims,
    ) {
        let body = Bytes::from(format!(
            "{{\"userId\":\"{}\"}}",
            self.plan.user_id(ticket.user)
        ));
        let key = HeaderValue::try_from(self.plan.idempotency_key(ticket.user, ticket.attempt));
        let key = key.expect("hexadecimal digits fit a header");
        let mut due_at = ticket.due_at;
        let mut retries = 0;
        let mut has_new_token = false;
        loop {
            let sent_at = Instant::now();
            let result = match self.prepare().await {
                Ok(()) => {
                    claims.tries(ticket.user);
                    self.post(&body, &key).await
                }
                Err(reason) => Err(Trouble::Broken(reason)),
            };
            let answer = Answer::read(result.as_ref());
            let now = Instant::now();
            // A repetition has its own time; only the first had to wait for this connection.
            let since = due_at.take().unwrap_or(sent_at);
            tallies
                .part(number)
                .count(answer.kind(), now, now.saturating_duration_since(since));
            claims.hears(ticket.user, &answer);

            let pause = match &answer {
                Answer::Csrf(token) if !has_new_token => {
                    has_new_token = true;
                    if result.is_ok_and(|reply| self.take_token(token, &reply).is_ok()) {
                        continue;
                    }
                    None
                }
                Answer::Busy(pause) | Answer::RateLimited(pause) => Some(*pause),
                Answer::TimedOut | Answer::Lost(_) | Answer::Failed(_) => {
                    Some(RETRY_PAUSE * 2_u32.saturating_pow(retries.min(8)))
                }
                Answer::Purchased(_)
                | Answer::AlreadyPurchased(_)
                | Answer::SoldOut
                | Answer::NotActive => return,
                _ => None,
            };
            match pause {
                Some(pause) if retries < self.plan.retries_max && !feed.is_over(now + pause) => {
                    retries += 1;
                    sleep(pause).await;
                }
                _ => return claims.gives_up(ticket.user),
            }
        }
    }

    /// Asks for the state of the sale.
    pub(crate) async fn status(&mut self) -> Result<Status, String> {
        let reply = self
            .get("/api/status")
            .await
            .map_err(|trouble| sentence(&trouble))?;
        answer::read(&reply).map_err(|reason| format!("GET /api/status {reason}"))
    }

    /// Asks whether a user has an order. None when the server is too busy to say.
    pub(crate) async fn look_up(&mut self, user: u32) -> Result<Option<LookUp>, String> {
        let id = self.plan.user_id(user);
        let path = format!("/api/purchase/{}", utf8_percent_encode(&id, &IN_PATH));
        let reply = self
            .get(&path)
            .await
            .map_err(|trouble| sentence(&trouble))?;
        if matches!(reply.status.as_u16(), 429 | 503) {
            return Ok(None);
        }
        let look_up =
            answer::read(&reply).map_err(|reason| format!("GET /api/purchase/{{userId}} {reason}"));
        look_up.map(Some)
    }

    async fn get(&mut self, path: &str) -> Result<Reply, Trouble> {
        let uri = uri(&self.plan, path);
        self.send(|headers| request(Method::GET, &uri, headers, Bytes::new()))
            .await
    }

    async fn post(&mut self, body: &Bytes, key: &HeaderValue) -> Result<Reply, Trouble> {
        let uri = self.purchase.clone();
        self.send(|headers| {
            let mut request = request(Method::POST, &uri, headers, body.clone());
            let headers = request.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(IDEMPOTENCY_KEY, key.clone());
            request
        })
        .await
    }

    /// Sends a request over the open connection, or over a new one. A server may close an idle connection at
    /// any time, so a request that never left is sent over a new one without further ado.
    async fn send(
        &mut self,
        request: impl Fn(&HeaderMap) -> Request<Full<Bytes>>,
    ) -> Result<Reply, Trouble> {
        if let Some(mut connection) = self.connection.take() {
            match connection
                .exchange(request(&self.headers), self.plan.timeout)
                .await
            {
                Err(Trouble::NotSent) => {}
                result => return self.keep(connection, result),
            }
        }
        let mut connection = Connection::open(&self.plan.target, self.plan.timeout).await?;
        let result = connection
            .exchange(request(&self.headers), self.plan.timeout)
            .await;
        self.keep(connection, result)
    }

    fn keep(
        &mut self,
        connection: Connection,
        result: Result<Reply, Trouble>,
    ) -> Result<Reply, Trouble> {
        let closes = |reply: &Reply| {
            let value = reply.headers.get(CONNECTION).map(HeaderValue::as_bytes);
            value.is_some_and(|value| value.eq_ignore_ascii_case(b"close"))
        };
        if self.plan.keep_alive && result.as_ref().is_ok_and(|reply| !closes(reply)) {
            self.connection = Some(connection);
        }
        result
    }

    /// Takes a token as a browser would: the cookie that came with it, and the token for the header.
    fn take_token(&mut self, token: &str, reply: &Reply) -> Result<(), String> {
        let unfit = || "sent a token that fits no header".to_owned();
        let cookies: Vec<_> = reply
            .headers
            .get_all(hyper::header::SET_COOKIE)
            .iter()
            .filter_map(|cookie| Some(cookie.to_str().ok()?.split(';').next()?.trim()))
            .collect();
        if !cookies.is_empty() {
            let cookies = HeaderValue::try_from(cookies.join("; ")).map_err(|_| unfit())?;
            self.headers.insert(COOKIE, cookies);
        }
        let token = HeaderValue::try_from(token).map_err(|_| unfit())?;
        self.headers.insert(CSRF_TOKEN, token);
        Ok(())
    }
}

pub(crate) fn request(
    method: Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = headers.clone();
    request
}

pub(crate) fn uri(plan: &Plan, path: &str) -> Uri {
    let path = plan.target.path(path);
    path.parse()
        .expect("the prefix was read as a URL, and the rest is escaped")
}

/// Why there is no answer, for a person.
pub(crate) fn sentence(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Connect(reason) => format!("cannot be reached: {reason}"),
        Trouble::TimedOut => "did not answer in time".to_owned(),
        Trouble::NotSent => "closed the connection before the request was sent".to_owned(),
        Trouble::Broken(reason) => format!("broke the connection off: {reason}"),
    }
}
