//! Behind the counter: who may come in, what is shown, and what is measured.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::console::Console;
use crate::support::contract::assert_error;
use crate::support::events::EventStream;
use crate::support::http::{Connection, Request, Response};
use crate::support::server::{HOUR_MS, Setup, TestServer};
use crate::support::{load, machine_alone, now_ms};

const ROUTES: [&str; 6] = [
    "/admin/live",
    "/admin/sale",
    "/admin/orders",
    "/admin/orders.csv",
    "/admin/orders.jsonl",
    "/metrics",
];

fn sign_in(token: &str) -> Request {
    Request::post("/admin/session")
        .header("content-type", "application/json")
        .body(json!({ "token": token }).to_string())
}

fn cookie_of(response: &Response) -> String {
    let cookie = response.header("set-cookie").expect("a cookie");
    cookie.split(';').next().expect("a pair").to_owned()
}

#[tokio::test]
async fn nothing_is_shown_to_who_has_no_token() {
    let server = TestServer::setup().start().await;
    let console = server.console();
    for path in ROUTES {
        let wrong = [
            Request::get(path),
            Request::get(path).header("authorization", "Bearer wrong-wrong-wrong"),
            Request::get(path).header("authorization", "Bearer"),
            Request::get(path).header("authorization", &console.token),
            Request::get(path).header("cookie", format!("flashsaleAdmin={}", console.token)),
        ];
        for request in wrong {
            let refused = console.ask(&request).await;
            assert_error(&refused, 401, "unauthorized", &[]);
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        }
        console.get(path).await;
    }
    let unsigned = console.brake(true).without("authorization");
    assert_error(&console.ask(&unsigned).await, 401, "unauthorized", &[]);
    assert_eq!(server.client().await.status().await["paused"], false);
}

#[tokio::test]
async fn a_browser_signs_in_once_and_out_again() {
    let server = TestServer::setup().start().await;
    let console = server.console();
    let wrong = "not-the-token-at-all";
    let bearer = Request::get("/admin/sale").header("authorization", format!("Bearer {wrong}"));
    for guess in [sign_in(wrong), bearer] {
        let asked_at = Instant::now();
        assert_error(&console.ask(&guess).await, 401, "unauthorized", &[]);
        let took = asked_at.elapsed();
        assert!(took >= Duration::from_millis(500), "a guess takes {took:?}");
    }
    for odd in ["", "{}", "[]", r#"{"token":1}"#] {
        let odd = sign_in("").body(odd);
        assert_error(&console.ask(&odd).await, 400, "bad_request", &[]);
    }
    let huge = sign_in(&"x".repeat(5_000));
    assert_error(&console.ask(&huge).await, 413, "payload_too_large", &[]);

    let welcome = console.ask(&sign_in(&console.token)).await;
    assert_eq!(welcome.status, 204, "{}", welcome.text());
    let cookie = welcome.header("set-cookie").expect("a cookie");
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains(&console.token),
        "the cookie is not the token"
    );
    let pair = cookie_of(&welcome);
    let inside = console
        .ask(&Request::get("/admin/sale").header("cookie", &pair))
        .await;
    assert_eq!(inside.status, 200, "{}", inside.text());
    let bye = console
        .ask(&Request::new("DELETE", "/admin/session").header("cookie", &pair))
        .await;
    assert_eq!(bye.status, 204);
    assert!(
        bye.header("set-cookie")
            .expect("a cookie")
            .contains("Max-Age=0")
    );

    // With another token nobody is in any more.
    let (setup, _) = server.stop().await;
    let token = "another-token-of-the-shop";
    let server = setup.env("ADMIN_TOKEN", token).start().await;
    let console = server.console();
    assert_eq!(console.token, token);
    let outside = console
        .ask(&Request::get("/admin/sale").header("cookie", &pair))
        .await;
    assert_error(&outside, 401, "unauthorized", &[]);
    console.get("/admin/sale").await;
}

/// What the browser itself says is believed: another site may make it send a request, not hide where from.
#[tokio::test]
async fn another_site_cannot_pull_the_brake() {
    let server = TestServer::setup().start().await;
    let console = server.console();
    let host = console.address.to_string();
    let pair = cookie_of(&console.ask(&sign_in(&console.token)).await);
    let brake = console
        .brake(true)
        .without("authorization")
        .header("cookie", &pair);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let refused = console.ask(&brake.clone().header(name, value)).await;
        assert_error(&refused, 403, "forbidden", &[]);
        let refused = console
            .ask(&sign_in(&console.token).header(name, value))
            .await;
        assert_error(&refused, 403, "forbidden", &[]);
    }
    let form = brake
        .clone()
        .without("content-type")
        .header("content-type", "text/plain");
    assert_error(
        &console.ask(&form).await,
        415,
        "unsupported_media_type",
        &[],
    );
    let own = brake.header("origin", format!("http://{host}"));
    assert_eq!(console.ask(&own).await.status, 200);
}

#[tokio::test]
async fn it_is_on_a_listener_of_its_own() {
    let server = TestServer::setup().start().await;
    for path in ROUTES
        .into_iter()
        .chain(["/admin/session", "/admin/brake", "/console.html"])
    {
        let response = server.ask(&Request::get(path)).await;
        assert_eq!(response.status, 404, "{path} on the listener of the buyers");
    }
    let console = server.console();
    assert!(console.address.ip().is_loopback());
    let purchase = console.signed(Request::post("/api/purchase"));
    assert_error(
        &console.ask(&purchase).await,
        405,
        "method_not_allowed",
        &[],
    );
    assert_error(
        &console.ask(&Request::get("/admin/nothing")).await,
        404,
        "not_found",
        &[],
    );
    assert_error(
        &console.ask(&Request::get("/nothing")).await,
        404,
        "not_found",
        &[],
    );

    // It may be left out.
    let setup = TestServer::setup().env("ADMIN_PORT", "off");
    let server = setup.start().await;
    server.client().await.buy("ada").await.purchased();
    assert!(!server.home().data().join("admin-token").exists());
}

#[tokio::test]
async fn what_cannot_be_a_console_is_refused_at_the_start() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = holder.local_addr().expect("its address").port().to_string();
    let check = async |setup: Setup, code: i32, words: &[&str]| {
        let exit = setup.refused().await;
        assert_eq!(exit.code, Some(code), "{exit:?}");
        for word in words {
            assert!(exit.stderr.contains(word), "{word}: {exit:?}");
        }
    };
    let setup = TestServer::setup;
    check(
        setup().env("ADMIN_PORT", "none"),
        2,
        &["admin-port", "or off"],
    )
    .await;
    check(
        setup().env("ADMIN_TOKEN", "secret"),
        2,
        &["ADMIN_TOKEN", "16"],
    )
    .await;
    check(setup().env("PORT", "65535"), 2, &["ADMIN_PORT"]).await;
    check(
        setup().env("ADMIN_PORT", &taken),
        1,
        &[&taken, "ADMIN_PORT"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_second_is_shown_and_adds_up_to_what_happened() {
    let _machine = machine_alone().await;
    let server = TestServer::setup()
        .stock(50)
        .env("ADMIN_TOKEN", "a-token-to-test-with")
        .start()
        .await;
    let console = server.console();
    let settings = console.json("/admin/sale").await;
    assert_eq!(
        (&settings["saleId"], &settings["engine"]),
        (&"drop".into(), &"sqlite".into())
    );
    let text = settings.to_string();
    assert!(
        text.contains(r#"{"name":"SALE_STOCK","value":"50"}"#),
        "{text}"
    );
    assert!(!text.contains(&console.token), "no secret is shown");

    let users: Vec<_> = (0..300).map(|n| format!("user-{n}")).collect();
    load::once_each(&[server.door().await], users, 30)
        .await
        .expect("answers");
    let mut client = server.client().await;
    client.buy("user-0").await;
    let bad = client.door().purchase_body("{");
    client.send(&bad).await.expect("an answer");
    // The second under way ends, and with it everything is told.
    let deadline = Instant::now() + Duration::from_secs(5);
    let total = |samples: &[Value], name: &str| -> u64 {
        samples
            .iter()
            .map(|sample| sample["outcomes"][name].as_u64().expect("a number"))
            .sum()
    };
    let live = loop {
        let live = console.json("/admin/live").await;
        let samples = live["samples"].as_array().expect("samples");
        if total(samples, "refused") == 1 {
            break live;
        }
        assert!(Instant::now() < deadline, "{live}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let samples = live["samples"].as_array().expect("samples");
    let expected = [
        ("purchased", 50),
        ("soldOut", 250),
        ("alreadyPurchased", 1),
        ("failed", 0),
    ];
    for (name, number) in expected {
        assert_eq!(total(samples, name), number, "{name}: {live}");
    }
    let sum = |name: &str, part: &str| -> u64 {
        samples
            .iter()
            .map(|sample| sample[name][part].as_u64().expect("a number"))
            .sum()
    };
    assert_eq!(sum("latency", "count"), 301);
    assert!(
        samples
            .iter()
            .any(|sample| sample["latency"]["p99Us"].as_u64() > Some(0)),
        "{live}"
    );
    assert!(
        samples
            .iter()
            .any(|sample| sample["connections"].as_u64() >= Some(1)),
        "{live}"
    );
    assert!(
        samples
            .iter()
            .any(|sample| sample["batches"].as_u64() >= Some(1)),
        "{live}"
    );
    let state = &live["state"];
    assert_eq!(
        (&state["sold"], &state["stock"]),
        (&50.into(), &0.into()),
        "{state}"
    );
    assert_eq!(
        (&state["status"], &state["ready"]),
        (&"sold_out".into(), &true.into()),
        "{state}"
    );
    check_after(&console, samples).await;
}

/// Who has seen these gets only what came later; who has seen more than there is gets all.
async fn check_after(console: &Console, samples: &[Value]) {
    let last = samples.last().expect("a sample")["sequence"]
        .as_u64()
        .expect("a number");
    let later = console.json(&format!("/admin/live?after={last}")).await;
    let later = later["samples"].as_array().expect("samples");
    assert!(
        later
            .iter()
            .all(|sample| sample["sequence"].as_u64() > Some(last)),
        "{later:?}"
    );
    let all = console.json("/admin/live?after=1000000").await;
    assert!(all["samples"].as_array().expect("samples").len() >= samples.len());
    let odd = console
        .ask(&console.signed(Request::get("/admin/live?after=x")))
        .await;
    assert_error(&odd, 400, "bad_request", &[]);
}

#[tokio::test]
async fn the_metrics_say_what_happened_in_the_words_of_prometheus() {
    let now = now_ms();
    let server = TestServer::setup()
        .stock(1)
        .window(now - 1_000, now + HOUR_MS)
        .start()
        .await;
    let console = server.console();
    let mut client = server.client().await;
    client.buy("ada").await.purchased();
    client.buy("bob").await;
    client.buy("ada").await;
    client.status().await;
    let stream = Connection::open(server.address())
        .await
        .expect("a connection");
    let response = console.get("/metrics").await;
    let content_type = response.header("content-type").expect("a type");
    assert!(
        content_type.starts_with("application/openmetrics-text; version=1.0.0"),
        "{content_type}"
    );
    let text = response.text();
    let samples = parse(&text);
    let check = |name: &str, value: f64| {
        assert_eq!(
            samples.get(name).copied(),
            Some(value),
            "{name} in:\n{text}"
        );
    };
    check(r#"flashsale_purchases_total{outcome="purchased"}"#, 1.0);
    check(r#"flashsale_purchases_total{outcome="sold_out"}"#, 1.0);
    check(
        r#"flashsale_purchases_total{outcome="already_purchased"}"#,
        1.0,
    );
    check("flashsale_purchase_duration_seconds_count", 3.0);
    check(
        r#"flashsale_purchase_duration_seconds_bucket{le="+Inf"}"#,
        3.0,
    );
    check(
        r#"flashsale_http_requests_total{route="/api/purchase",code="2xx"}"#,
        1.0,
    );
    check(
        r#"flashsale_http_requests_total{route="/api/status",code="2xx"}"#,
        1.0,
    );
    check("flashsale_units_sold", 1.0);
    check("flashsale_units_left", 0.0);
    check(r#"flashsale_phase{phase="sold_out"}"#, 1.0);
    check(r#"flashsale_phase{phase="active"}"#, 0.0);
    check("flashsale_paused", 0.0);
    check("flashsale_ready", 1.0);
    check("flashsale_batch_entries_count", 1.0);
    check("flashsale_commit_duration_seconds_count", 1.0);
    let start = samples["flashsale_sale_start_timestamp_seconds"];
    #[expect(clippy::cast_precision_loss, reason = "no clock is so far away")]
    let now = now as f64;
    assert!((start - now / 1000.0 + 1.0).abs() < 0.01, "{start}");
    check("flashsale_overloaded", 0.0);
    check("flashsale_purchases_sent_away_total", 0.0);
    assert!(samples["flashsale_looks_held"] < samples["flashsale_looks_held_max"]);
    assert!((0.0..1.0).contains(&samples["flashsale_request_wait_seconds"]));
    assert!(samples["flashsale_connections"] >= 1.0);
    assert!(samples["process_resident_memory_bytes"] > 1e6);
    assert!(samples["process_cpu_seconds_total"] >= 0.0);
    assert!(samples["process_open_fds"] < samples["process_max_fds"]);
    drop(stream);
}

/// What the alerts wait for is seen when it comes about.
#[tokio::test]
async fn the_metrics_follow_the_streams_and_the_brake() {
    let server = TestServer::setup().start().await;
    let console = server.console();
    let stream = EventStream::open(server.address()).await.expect("a stream");
    console.set_brake(true).await;
    let value = async |name: &str| {
        let samples = parse(&console.get("/metrics").await.text());
        samples.get(name).copied()
    };
    assert_eq!(value("flashsale_event_streams").await, Some(1.0));
    assert_eq!(value("flashsale_paused").await, Some(1.0));
    drop(stream);
    console.set_brake(false).await;
    assert_eq!(value("flashsale_paused").await, Some(0.0));
}

/// A dashboard that asks for what is not there stays empty on the one day that counts.
#[tokio::test]
async fn the_dashboard_and_the_alerts_ask_for_metrics_that_there_are() {
    let server = TestServer::setup().start().await;
    let samples = parse(&server.console().get("/metrics").await.text());
    let is_there = |name: &str| {
        let labelled = format!("{name}{{");
        samples
            .keys()
            .any(|known| known == name || known.starts_with(&labelled))
    };
    for (file, text) in [
        (
            "flashsale.json",
            include_str!("../../../../deploy/grafana/flashsale.json"),
        ),
        ("alerts.yml", include_str!("../../../../deploy/alerts.yml")),
    ] {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let is_metric =
            |word: &&str| word.starts_with("flashsale_") || word.starts_with("process_");
        let names: BTreeSet<_> = words.filter(is_metric).collect();
        assert!(names.len() >= 4, "{file} names {names:?}");
        for name in names {
            assert!(is_there(name), "{file} asks for {name}");
        }
    }
}

/// Reads the format strictly: each metric is described before its samples, no sample comes twice, and the
/// end is marked. Buckets only grow.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let (mut family, mut last_bucket) = (String::new(), 0.0);
    assert!(text.ends_with("# EOF\n"), "{text}");
    for line in text.lines() {
        if let Some(described) = line.strip_prefix("# TYPE ") {
            let (name, _) = described.split_once(' ').expect("a type");
            name.clone_into(&mut family);
            last_bucket = 0.0;
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        let (name, value) = line.rsplit_once(' ').expect("a value");
        assert!(name.starts_with(&family), "{name} under {family}");
        let value: f64 = value.parse().expect("a number");
        if name.contains("_bucket{") {
            assert!(value >= last_bucket, "{line}");
            last_bucket = value;
        }
        assert!(
            samples.insert(name.to_owned(), value).is_none(),
            "{name} twice"
        );
    }
    samples
}
