//! The shape of every answer of the HTTP contract, and of the refusals that no handler makes.

use std::time::Duration;

use crate::support::contract::{
    assert_common, assert_error, assert_json, assert_order_id, assert_outcome,
};
use crate::support::faults::{ENOSPC, Word};
use crate::support::http::{Connection, Request};
use crate::support::now_ms;
use crate::support::server::{HOUR_MS, TestServer};

#[tokio::test]
async fn a_purchase_is_answered_in_the_contracts_words() {
    let server = TestServer::setup().stock(1).start().await;
    let mut client = server.client().await;
    let door = client.door().clone();

    let first = client.send(&door.purchase("ada")).await.expect("an answer");
    let body = assert_json(&first, 200, &["status", "orderId"]);
    assert_eq!(body["status"], "purchased");
    assert_eq!(first.header("cache-control"), Some("no-store"));
    let order_id = assert_order_id(&body["orderId"]);

    let again = client.send(&door.purchase("ada")).await.expect("an answer");
    let body = assert_outcome(&again, 409, "already_purchased", &["orderId"]);
    assert_eq!(body["orderId"], order_id);

    let late = client.send(&door.purchase("bob")).await.expect("an answer");
    assert_outcome(&late, 410, "sold_out", &[]);
}

#[tokio::test]
async fn a_purchase_outside_the_window_names_the_phase() {
    let starts_at = now_ms() + HOUR_MS;
    let setup = TestServer::setup().window(starts_at, starts_at + HOUR_MS);
    let server = setup.with_faults().start().await;
    for (phase, later_ms) in [("upcoming", 0), ("ended", 7_200_000)] {
        server.faults().set(Word::ClockShiftMs, later_ms);
        let response = server.ask(&server.door().await.purchase("ada")).await;
        let body = assert_outcome(&response, 403, "not_active", &["phase"]);
        assert_eq!(body["phase"], phase);
        let status = server.client().await.status().await;
        assert_eq!(status["status"], phase, "{status}");
        assert_eq!(status["sold"], 0, "{status}");
    }
}

#[tokio::test]
async fn busy_says_when_to_come_back() {
    let setup = TestServer::setup()
        .with_faults()
        .env("PURCHASE_DEADLINE_MS", 100);
    let server = setup.start().await;
    let door = server.door().await;
    server.faults().set(Word::StallSyncMs, 5_000);
    let response = server.ask(&door.purchase("ada")).await;
    server.faults().set(Word::StallSyncMs, 0);
    let body = assert_outcome(&response, 503, "busy", &["retryAfterMs"]);
    let ms = body["retryAfterMs"].as_u64().expect("milliseconds");
    let seconds = response
        .header("retry-after")
        .and_then(|text| text.parse::<u64>().ok());
    assert_eq!(seconds, Some(ms.div_ceil(1_000)), "{body}");
    assert!(ms > 0, "{body}");
}

#[tokio::test]
async fn the_status_has_every_field() {
    let (starts_at, ends_at) = (now_ms() - HOUR_MS, now_ms() + HOUR_MS);
    let setup = TestServer::setup().stock(7).window(starts_at, ends_at);
    let setup = setup
        .env("PRODUCT_ID", "lamp-7")
        .env("PRODUCT_DESCRIPTION", "Lämp \"7\"");
    let server = setup.start().await;
    server.client().await.buy("ada").await.purchased();
    let before = now_ms();
    let response = server.ask(&Request::get("/api/status")).await;
    let fields = [
        "status",
        "startsAt",
        "endsAt",
        "stock",
        "sold",
        "productId",
        "productDescription",
        "serverTime",
        "paused",
        "ready",
        "identity",
    ];
    let body = assert_json(&response, 200, &fields);
    assert_eq!(body["status"], "active");
    assert_eq!(
        (&body["paused"], &body["ready"]),
        (&false.into(), &true.into())
    );
    assert_eq!(body["startsAt"], starts_at);
    assert_eq!(body["endsAt"], ends_at);
    assert_eq!((&body["stock"], &body["sold"]), (&6.into(), &1.into()));
    assert_eq!(body["productId"], "lamp-7");
    assert_eq!(body["productDescription"], "Lämp \"7\"");
    let time = body["serverTime"].as_i64().expect("a time");
    assert!(
        (before..=now_ms()).contains(&time),
        "{time} is not between {before} and now"
    );
}

#[tokio::test]
async fn an_unchanged_status_is_not_sent_again() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let first = client.get("/api/status").await;
    let tag = first.header("etag").expect("an ETag").to_owned();
    assert!(
        tag.starts_with("W/\""),
        "the time differs, so it is weak: {tag}"
    );
    assert_eq!(first.header("cache-control"), Some("public, max-age=1"));

    let strong = tag.trim_start_matches("W/").to_owned();
    for known in [
        tag.clone(),
        strong,
        format!("\"other\", {tag}"),
        "*".to_owned(),
    ] {
        let request = Request::get("/api/status").header("if-none-match", &known);
        let response = client.send(&request).await.expect("an answer");
        assert_eq!(response.status, 304, "{known}");
        assert_eq!(response.header("etag"), Some(tag.as_str()), "{known}");
        assert_eq!(response.header("cache-control"), Some("public, max-age=1"));
        assert_common(&response);
    }
    client.buy("ada").await.purchased();
    for known in [tag.as_str(), "\"other\"", "W/\"\"", ""] {
        let request = Request::get("/api/status").header("if-none-match", known);
        let response = client.send(&request).await.expect("an answer");
        assert_eq!(response.status, 200, "{known:?}: something was sold");
        assert_ne!(response.header("etag"), Some(tag.as_str()));
        assert_eq!(response.json()["sold"], 1);
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    for path in [
        "/api/status",
        "/api/csrf",
        "/api/purchase/nobody",
        "/livez",
        "/readyz",
    ] {
        let get = client.get(path).await;
        // The connection stays in step: the answer to HEAD has no body that the next could meet.
        let head = client
            .send(&Request::new("HEAD", path))
            .await
            .expect("an answer");
        assert_eq!(head.status, get.status, "{path}");
        assert_common(&head);
        for name in ["content-type", "content-length", "cache-control", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    let missing = client
        .send(&Request::new("HEAD", "/api/nothing"))
        .await
        .expect("an answer");
    assert_eq!(missing.status, 404);
    client.buy("after-head").await.purchased();
}

#[tokio::test]
async fn a_token_comes_with_its_cookie() {
    let server = TestServer::setup().start().await;
    let response = server.ask(&Request::get("/api/csrf")).await;
    let body = assert_json(&response, 200, &["csrfToken"]);
    let token = body["csrfToken"].as_str().expect("a token");
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let cookie = response.header("set-cookie").expect("a cookie");
    let mut attributes = cookie.split("; ");
    assert_eq!(
        attributes.next(),
        Some(format!("csrfToken={token}").as_str())
    );
    let attributes: Vec<&str> = attributes.collect();
    assert!(
        attributes.contains(&"Path=/") && attributes.contains(&"SameSite=Lax"),
        "{cookie}"
    );
    for unwanted in ["HttpOnly", "Secure", "Domain"] {
        assert!(!cookie.contains(unwanted), "{cookie}");
    }
    let other = server.ask(&Request::get("/api/csrf")).await;
    assert_ne!(
        other.json()["csrfToken"],
        token,
        "every visitor has a token of their own"
    );
    let kept = Request::get("/api/csrf").header("cookie", format!("csrfToken={token}"));
    assert_eq!(
        server.ask(&kept).await.json()["csrfToken"],
        token,
        "a second tab has the same"
    );
}

#[tokio::test]
async fn a_look_up_says_whether_and_which() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let none = client.get("/api/purchase/ada").await;
    let body = assert_json(&none, 200, &["purchased", "orderId"]);
    assert_eq!(
        (&body["purchased"], body["orderId"].is_null()),
        (&false.into(), true)
    );
    let order_id = client.buy("ada").await.purchased();
    let one = client.get("/api/purchase/ada").await;
    let body = assert_json(&one, 200, &["purchased", "orderId"]);
    assert_eq!(
        (&body["purchased"], &body["orderId"]),
        (&true.into(), &order_id.into())
    );
    assert_eq!(one.header("cache-control"), Some("no-store"));
    assert_error(
        &client.get("/api/purchase/ab").await,
        422,
        "invalid_user",
        &[],
    );
}

#[tokio::test]
async fn the_probes_tell_alive_from_ready() {
    let server = TestServer::setup().with_faults().start().await;
    let door = server.door().await;
    for (path, word) in [("/livez", "live"), ("/readyz", "ready")] {
        let response = server.ask(&Request::get(path)).await;
        assert_eq!(assert_json(&response, 200, &["status"])["status"], word);
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    server.faults().set(Word::WriteErrno, ENOSPC);
    assert_outcome(
        &server.ask(&door.purchase("ada")).await,
        503,
        "busy",
        &["retryAfterMs"],
    );
    let response = server.ask(&Request::get("/readyz")).await;
    let body = assert_json(&response, 503, &["status", "reasons"]);
    assert_eq!(body["status"], "not_ready");
    let reasons = body["reasons"].as_array().expect("a list");
    assert!(
        !reasons.is_empty() && reasons.iter().all(serde_json::Value::is_string),
        "{body}"
    );
    assert_eq!(
        server.ask(&Request::get("/livez")).await.status,
        200,
        "it lives all the same"
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_told_so() {
    let server = TestServer::setup()
        .env("BODY_TIMEOUT_MS", 200)
        .start()
        .await;
    let request = server
        .door()
        .await
        .purchase("ada")
        .header("content-length", "1000");
    let mut connection = Connection::open(server.address())
        .await
        .expect("a connection");
    let response = connection.send(&request).await.expect("an answer");
    assert_error(&response, 408, "request_timeout", &[]);
    let rest = connection.until_closed(Duration::from_secs(5)).await;
    assert_eq!(
        rest,
        Some(Vec::new()),
        "nothing else can follow on this connection"
    );
}
