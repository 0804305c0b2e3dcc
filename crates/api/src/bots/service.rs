//! The question to a service whether a person is there: the call `siteverify` that Turnstile, hCaptcha and
//! reCAPTCHA have alike. A form with the secret and the token goes out, and JSON with `success` comes back.
//!
//! Only a whole answer in time that says yes or no counts. Everything else, a slow service, a broken answer,
//! or one that finds fault with our secret, is no answer, and then [`OnFailure`] says what holds.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderValue, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::CheckReason;
use super::service_url::ServiceUrl;
use crate::answer::Refusal;

/// How many questions may be under way at once; more wait, and the time limit counts meanwhile.
const CALLS_MAX: usize = 128;
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The longest token that is handed on, in bytes. Those of the services are shorter.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// How long a connection may wait for the next question.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the log is told that the service does not answer, in milliseconds.
const WARNING_PAUSE_MS: u64 = 10_000;
/// What the services say when the fault is ours or theirs, and not the token's.
const NOT_OF_THE_TOKEN: [&str; 3] = [
    "missing-input-secret",
    "invalid-input-secret",
    "internal-error",
];
/// With these a service, or a front before it, finds fault with what was asked, of which the client chooses the token.
/// If they were no answer, an odd token would let its client in wherever no answer does.
const OF_THE_TOKEN: [StatusCode; 5] = [
    StatusCode::BAD_REQUEST,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::URI_TOO_LONG,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
];

/// What is known of a service.
pub struct ServiceSettings {
    /// Where tokens are shown to it.
    pub verify_url: ServiceUrl,
    /// What it knows us by.
    pub secret: String,
    /// What it knows the page by.
    pub site_key: String,
    /// The script of its widget, which the page loads.
    pub script: ServiceUrl,
    /// How long an answer may take, with the wait for a free place and for a connection.
    pub timeout: Duration,
    /// What holds when there is none.
    pub on_failure: OnFailure,
}

/// What holds when the service does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Nobody gets a pass until it answers again.
    Refuse,
    /// Everybody gets one.
    Admit,
}

/// Asks it.
pub struct Service {
    settings: ServiceSettings,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    calls: Semaphore,
    began: Instant,
    /// When the log was told last that there is no answer, in milliseconds since then, and one more; 0: never.
    warned_at_ms: AtomicU64,
}

/// What is read of an answer. What stands twice, or has another type, makes it none; the rest is passed over.
#[derive(Deserialize)]
struct Wire {
    success: bool,
    #[serde(rename = "error-codes", default)]
    error_codes: Option<Vec<String>>,
}

impl Service {
    /// Fails with a sentence if the system has no certificates to know a service with HTTPS by.
    pub fn new(settings: ServiceSettings) -> Result<Self, String> {
        let needs_roots = settings.verify_url.origin().starts_with("https:");
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config(needs_roots)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(CALLS_MAX)
            .build(connector);
        Ok(Self {
            settings,
            client,
            calls: Semaphore::new(CALLS_MAX),
            began: Instant::now(),
            warned_at_ms: AtomicU64::new(0),
        })
    }

    pub(super) fn site_key(&self) -> &str {
        &self.settings.site_key
    }

    pub(super) fn script(&self) -> &ServiceUrl {
        &self.settings.script
    }

    /// Whether the service takes this token for a person's.
    pub(super) async fn check(&self, token: &str) -> Result<(), Refusal> {
        const REFUSED: Refusal = Refusal::CheckFailed(CheckReason::Refused);
        let is_token = (1..=TOKEN_BYTES_MAX).contains(&token.len())
            && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_token {
            return Err(REFUSED);
        }
        let asked = timeout(self.settings.timeout, self.ask(token)).await;
        match asked.unwrap_or_else(|_elapsed| Err("it takes too long".to_owned())) {
            Ok(true) => Ok(()),
            Ok(false) => Err(REFUSED),
            Err(reason) => {
                self.warn(&reason);
                match self.settings.on_failure {
                    OnFailure::Admit => Ok(()),
                    OnFailure::Refuse => Err(Refusal::CheckUnavailable(reason)),
                }
            }
        }
    }

    async fn ask(&self, token: &str) -> Result<bool, String> {
        let _place = self.calls.acquire().await;
        let answer = self
            .client
            .request(self.question(token))
            .await
            .map_err(|error| {
                // The error itself only says that sending went wrong.
                error
                    .source()
                    .map_or_else(|| error.to_string(), ToString::to_string)
            })?;
        let status = answer.status();
        if OF_THE_TOKEN.contains(&status) {
            return Ok(false);
        }
        if !status.is_success() {
            return Err(format!("its status is {}", status.as_u16()));
        }
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
        let body = body
            .collect()
            .await
            .map_err(|_| "its answer is cut short or too long")?;
        verdict(&body.to_bytes())
    }

    fn question(&self, token: &str) -> Request<Full<Bytes>> {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let form = format!(
            "secret={}&response={}",
            encoded(&self.settings.secret),
            encoded(token)
        );
        let mut request = Request::new(Full::from(form));
        *request.method_mut() = axum::http::Method::POST;
        request.uri_mut().clone_from(self.settings.verify_url.uri());
        let headers = request.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        request
    }

    /// Now and then, because a whole crowd may be waiting.
    fn warn(&self, reason: &str) {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.warned_at_ms.load(Ordering::Relaxed);
        if last != 0 && now_ms < last.saturating_add(WARNING_PAUSE_MS) {
            return;
        }
        let mine = self.warned_at_ms.compare_exchange(
            last,
            now_ms.saturating_add(1),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if mine.is_ok() {
            tracing::warn!(
                reason,
                passes_given = self.settings.on_failure == OnFailure::Admit,
                "the service of BOT_CHECK does not answer as it should"
            );
        }
    }
}

/// It has a secret.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service(hidden)")
    }
}

/// Yes or no, or why the answer is neither.
pub(crate) fn verdict(body: &[u8]) -> Result<bool, String> {
    const NOT_JSON: &str = "its answer is not the JSON that was asked for";
    // A struct would also be read from an array.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(NOT_JSON.to_owned());
    }
    let wire: Wire = serde_json::from_slice(body).map_err(|_| NOT_JSON.to_owned())?;
    if wire.success {
        return Ok(true);
    }
    let codes = wire.error_codes.unwrap_or_default();
    match NOT_OF_THE_TOKEN
        .into_iter()
        .find(|known| codes.iter().any(|code| code == known))
    {
        Some(code) => Err(format!("it says {code}")),
        None => Ok(false),
    }
}

fn tls_config(needs_roots: bool) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if needs_roots {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err("the system holds no certificates to trust".to_owned());
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_word_counts() {
        let check = |body: &str, expected: Option<bool>| {
            assert_eq!(verdict(body.as_bytes()).ok(), expected, "{body}");
        };
        check(r#"{"success":true}"#, Some(true));
        check(
            " {\n \"hostname\" : \"a\", \"success\" : true, \"x\" : [ {} ] } ",
            Some(true),
        );
        check(r#"{"success":true,"error-codes":null}"#, Some(true));
        check(r#"{"success":false}"#, Some(false));
        check(
            r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#,
            Some(false),
        );
        check(
            r#"{"success":false,"error-codes":["bad-request"]}"#,
            Some(false),
        );
        check(
            r#"{"success":false,"error-codes":["invalid-input-secret"]}"#,
            None,
        );
        for no_answer in [
            "",
            "{}",
            "true",
            "[true]",
            r#"{"success":"true"}"#,
            r#"{"success":1}"#,
            r#"{"success":false,"success":true}"#,
            r#"{"success":true}x"#,
            r#"{"success":false,"error-codes":"no"}"#,
        ] {
            check(no_answer, None);
        }
    }
}
