//! Requests that another site may have made the browser send.

use crate::support::client::{Answer, CSRF_COOKIE, CSRF_HEADER, Door};
use crate::support::contract::{assert_csrf, assert_error};
use crate::support::faults::Word;
use crate::support::http::Request;
use crate::support::now_ms;
use crate::support::server::{HOUR_MS, TestServer};

/// A purchase with these two, where they are given.
fn purchase(
    server: &TestServer,
    user: &str,
    cookie: Option<&str>,
    header: Option<&str>,
) -> Request {
    let door = Door {
        address: server.address(),
        csrf_token: String::new(),
    };
    let mut request = door.purchase(user).without("cookie").without(CSRF_HEADER);
    if let Some(token) = cookie {
        request = request.header("cookie", format!("{CSRF_COOKIE}={token}"));
    }
    match header {
        Some(token) => request.header(CSRF_HEADER, token),
        None => request,
    }
}

/// Refused for that reason, nothing is bought, and one retry with what came along succeeds.
async fn check(
    server: &TestServer,
    user: &str,
    reason: &str,
    cookie: Option<&str>,
    header: Option<&str>,
) {
    let response = server.ask(&purchase(server, user, cookie, header)).await;
    let fresh = assert_csrf(&response, reason);
    assert!(
        Some(fresh.as_str()) != cookie && Some(fresh.as_str()) != header,
        "{reason}: the token is new"
    );
    assert_eq!(
        server.client().await.lookup(user).await,
        None,
        "{reason}: nothing was bought"
    );
    let retry = server
        .ask(&purchase(server, user, Some(&fresh), Some(&fresh)))
        .await;
    Answer::of(&retry).purchased();
}

async fn token(server: &TestServer) -> String {
    server.door().await.csrf_token
}

#[tokio::test]
async fn row_48_cookie_and_header_must_be_there_and_agree() {
    let server = TestServer::setup().start().await;
    let (good, other) = (token(&server).await, token(&server).await);
    assert_ne!(good, other);
    check(&server, "neither", "missing_cookie", None, None).await;
    check(&server, "no-cookie", "missing_cookie", None, Some(&good)).await;
    check(
        &server,
        "empty-cookie",
        "missing_cookie",
        Some(""),
        Some(&good),
    )
    .await;
    check(&server, "no-header", "missing_header", Some(&good), None).await;
    check(
        &server,
        "empty-header",
        "missing_header",
        Some(&good),
        Some(""),
    )
    .await;
    check(&server, "another", "mismatch", Some(&good), Some(&other)).await;
    check(
        &server,
        "longer",
        "mismatch",
        Some(&good),
        Some(&format!("{good}A")),
    )
    .await;
    check(
        &server,
        "shorter",
        "mismatch",
        Some(&good),
        Some(&good[1..]),
    )
    .await;
    check(
        &server,
        "other-case",
        "mismatch",
        Some(&good),
        Some(&good.to_uppercase()),
    )
    .await;
}

/// They agree, which proves nothing: only this server's signature does.
#[tokio::test]
async fn row_48_a_token_of_somebody_elses_making_is_refused() {
    let server = TestServer::setup().start().await;
    let good = token(&server).await;
    let changed = |at: usize| {
        let other = if &good[at..=at] == "A" { "Q" } else { "A" };
        format!("{}{other}{}", &good[..at], &good[at + 1..])
    };
    let last = good.len() - 1;
    let forged = [
        ("made-up", "x".to_owned()),
        ("all-a", "A".repeat(good.len())),
        ("truncated", good[..last].to_owned()),
        ("half", good[..good.len() / 2].to_owned()),
        ("longer", format!("{good}AAAA")),
        ("padded", format!("{good}=")),
        ("very-long", "A".repeat(6_000)),
        ("nonce", changed(0)),
        // Between 16 random bytes and the signature lies the time of issue.
        ("time", changed(30)),
        ("signature", changed(50)),
    ];
    for (user, token) in &forged {
        check(&server, user, "invalid", Some(token), Some(token)).await;
    }
    let foreign = TestServer::setup().start().await;
    let token = token(&foreign).await;
    check(
        &server,
        "another-servers-key",
        "invalid",
        Some(&token),
        Some(&token),
    )
    .await;
}

#[tokio::test]
async fn row_48_a_token_expires() {
    let now = now_ms();
    let setup = TestServer::setup()
        .window(now - HOUR_MS, now + 24 * HOUR_MS)
        .with_faults();
    let server = setup.start().await;
    let token = token(&server).await;
    server
        .faults()
        .set(Word::ClockShiftMs, 2 * HOUR_MS - 60_000);
    let late = server
        .ask(&purchase(
            &server,
            "just-in-time",
            Some(&token),
            Some(&token),
        ))
        .await;
    Answer::of(&late).purchased();
    server
        .faults()
        .set(Word::ClockShiftMs, 2 * HOUR_MS + 60_000);
    check(&server, "too-late", "invalid", Some(&token), Some(&token)).await;
    // One from the future was not made by this clock either.
    let future = self::token(&server).await;
    server.faults().set(Word::ClockShiftMs, 0);
    check(
        &server,
        "too-early",
        "invalid",
        Some(&future),
        Some(&future),
    )
    .await;
}

/// The key lies with the ledger, so a page that is open over a restart goes on.
#[tokio::test]
async fn row_48_a_token_outlives_a_restart() {
    let server = TestServer::setup().start().await;
    let token = token(&server).await;
    let server = server.kill().await.start().await;
    Answer::of(
        &server
            .ask(&purchase(&server, "ada", Some(&token), Some(&token)))
            .await,
    )
    .purchased();
}

#[tokio::test]
async fn row_48_the_cookie_is_found_among_others() {
    let server = TestServer::setup().start().await;
    let token = token(&server).await;
    let lines = [
        format!("a=1; csrfToken={token}; b=2"),
        format!("a=1;csrfToken={token}"),
        // A sibling site can set a cookie of the same name; it cannot read or set the header.
        format!("csrfToken=planted; csrfToken={token}"),
        format!("csrfToken={token}; csrfToken=planted"),
    ];
    for (number, line) in lines.iter().enumerate() {
        let request = purchase(&server, &format!("buyer-{number}"), None, Some(&token));
        Answer::of(&server.ask(&request.header("cookie", line)).await).purchased();
    }
    let names = ["xcsrfToken", "csrfTokenx", "CSRFTOKEN", "__Host-csrfToken"];
    for name in names {
        let request = purchase(&server, "nobody", None, Some(&token));
        let response = server
            .ask(&request.header("cookie", format!("{name}={token}")))
            .await;
        assert_csrf(&response, "missing_cookie");
    }
}

#[tokio::test]
async fn row_48_secure_cookies_are_bound_to_https_and_host() {
    const NAME: &str = "__Host-csrfToken";
    let server = TestServer::setup()
        .env("SECURE_COOKIES", "true")
        .start()
        .await;
    let response = server.ask(&Request::get("/api/csrf")).await;
    let body = response.json();
    let token = body["csrfToken"].as_str().expect("a token");
    let cookie = response.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with(&format!("{NAME}={token}; ")), "{cookie}");
    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    for wanted in ["Secure", "Path=/", "SameSite=Lax"] {
        assert!(
            attributes.contains(&wanted),
            "{wanted} is missing: {cookie}"
        );
    }
    assert!(!cookie.contains("Domain"), "{cookie}");

    // The name without the prefix could have been set by anybody.
    let plain = server
        .ask(&purchase(&server, "ada", Some(token), Some(token)))
        .await;
    let body = assert_error(&plain, 403, "csrf", &["reason", "csrfToken"]);
    assert_eq!(body["reason"], "missing_cookie");
    let fresh = body["csrfToken"].as_str().expect("a token");
    let cookie = plain.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with(&format!("{NAME}={fresh}; ")), "{cookie}");
    let retry =
        purchase(&server, "ada", None, Some(fresh)).header("cookie", format!("{NAME}={fresh}"));
    Answer::of(&server.ask(&retry).await).purchased();
}
