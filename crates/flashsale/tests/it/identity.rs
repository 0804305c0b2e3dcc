//! Buyers who show who they are by a signed token of the shop.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flashsale_testkit::{Program, RedisServer};
use serde_json::json;

use crate::support::client::Answer;
use crate::support::contract::{assert_csrf, assert_error, assert_json, assert_order_id};
use crate::support::faults::Word;
use crate::support::http::{Connection, Request, Response};
use crate::support::identity::{
    COOKIE, ShopKey, SignedIn, assert_unauthorized, purchase, with_tokens,
};
use crate::support::server::{HOUR_MS, Setup, TestServer};

/// A sale on each engine. A Redis lives as long as its setup is used.
async fn on_each_engine() -> Vec<(Setup, Option<RedisServer>)> {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let on_redis = TestServer::setup().on_redis(&redis.url());
    vec![(TestServer::setup(), None), (on_redis, Some(redis))]
}

#[tokio::test]
async fn row_51_an_order_is_of_whom_the_token_names() {
    let key = ShopKey::make("EdDSA").await;
    let token = key.token("Ada@Example.com").await;
    for (setup, _redis) in on_each_engine().await {
        let server = with_tokens(setup, &key.public(), "EdDSA").start().await;
        let mut ada = SignedIn::open(&server, &token).await;
        let csrf = ada.get("/api/csrf").await;
        let body = assert_json(&csrf, 200, &["csrfToken", "userId"]);
        assert_eq!(body["userId"], "ada@example.com");

        for other in ["bob@example.com", "ada", "ada@example.co"] {
            let request = ada.purchase(&json!({ "userId": other }).to_string());
            assert_error(&ada.send(&request).await, 403, "other_user", &[]);
        }
        let request = ada.purchase(r#"{"userId":42}"#);
        assert_error(&ada.send(&request).await, 422, "invalid_user", &[]);
        assert!(server.orders().await.is_empty(), "nothing was bought");

        let order = ada.buy("{}").await.purchased();
        let again = Answer::AlreadyPurchased(order.clone());
        for body in [
            "{}",
            r#"{"userId":null}"#,
            r#"{"userId":" ADA@example.com "}"#,
        ] {
            assert_eq!(ada.buy(body).await, again, "{body}");
        }
        let orders = server.orders().await;
        assert_eq!(orders.len(), 1, "{orders:?}");
        assert_eq!(orders[0].user_id, "ada@example.com");
        assert_eq!(orders[0].order_id, order);
        let mut client = Connection::open(server.address())
            .await
            .expect("a connection");
        let status = client
            .send(&Request::get("/api/status"))
            .await
            .expect("an answer");
        assert_eq!(status.json()["identity"], "token");
    }
}

/// What differs between any two answers.
fn without_its_own(response: &Response) -> Vec<(&'static str, Option<String>)> {
    let names = [
        "content-type",
        "cache-control",
        "content-length",
        "connection",
        "set-cookie",
    ];
    let value = |name| response.header(name).map(str::to_owned);
    names.iter().map(|name| (*name, value(name))).collect()
}

#[tokio::test]
async fn row_51_a_receipt_is_told_to_its_owner_alone() {
    let key = ShopKey::make("ES256").await;
    let (ada, bob) = (key.token("ada@example.com").await, key.token("bob").await);
    for (setup, _redis) in on_each_engine().await {
        let setup = with_tokens(setup, &key.public(), "ES256");
        let server = setup.start().await;
        let mut ada = SignedIn::open(&server, &ada).await;
        let mut bob = SignedIn::open(&server, &bob).await;
        let order = ada.buy("{}").await.purchased();
        for same in ["ada@example.com", "ADA@Example.com"] {
            let body = assert_json(&ada.look_up(same).await, 200, &["purchased", "orderId"]);
            assert_eq!(assert_order_id(&body["orderId"]), order);
        }
        let nobodys = bob.look_up("nobody").await;
        for user in ["ada@example.com", "ADA@example.com", "bob", "a:b"] {
            let response = bob.look_up(user).await;
            let body = assert_json(&response, 200, &["purchased", "orderId"]);
            assert_eq!(
                body,
                json!({ "purchased": false, "orderId": null }),
                "{user}"
            );
            assert_eq!(
                without_its_own(&response),
                without_its_own(&nobodys),
                "{user}"
            );
        }
        assert_error(&bob.look_up("ab").await, 422, "invalid_user", &[]);
    }
}

/// What stands in memory is as little for strangers as what must be asked for.
#[tokio::test]
async fn row_51_without_a_good_token_nothing_is_sold_or_told() {
    let (key, other) = (ShopKey::make("EdDSA").await, ShopKey::make("EdDSA").await);
    let setup = TestServer::setup().stock(1);
    let server = with_tokens(setup, &key.public(), "EdDSA").start().await;
    let good = key.token("ada@example.com").await;
    let mut ada = SignedIn::open(&server, &good).await;
    ada.buy("{}").await.purchased();
    let csrf = ada.csrf_token.clone();

    let base64 = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let (_, claims) = message.split_once('.').expect("three parts");
    let bad: Vec<(String, &str)> = vec![
        ("x".to_owned(), "invalid"),
        (message.to_owned(), "invalid"),
        (format!("{message}."), "invalid"),
        (format!("{message}.{signature}="), "invalid"),
        (format!("{good} {good}"), "invalid"),
        (good[..good.len() - 1].to_owned(), "invalid"),
        (
            format!("{}.{claims}.", base64(r#"{"alg":"none"}"#)),
            "invalid",
        ),
        (
            format!("{}.{claims}.{signature}", base64(r#"{"alg":"HS256"}"#)),
            "invalid",
        ),
        (format!("{good}.{}", "A".repeat(10_000)), "invalid"),
        (other.token("ada@example.com").await, "invalid"),
        (
            key.token_with("ada@example.com", "other", &[]).await,
            "invalid",
        ),
        (
            key.token_with("ada@example.com", "flashsale", &["--expires", "8d"])
                .await,
            "invalid",
        ),
        (
            key.token_with("ada@example.com", "flashsale", &["--expires", "1700000000"])
                .await,
            "expired",
        ),
        (
            key.token_with("ada@example.com", "flashsale", &["--not-before", "2m"])
                .await,
            "not_yet_valid",
        ),
    ];
    let mut given: Vec<(Option<Vec<u8>>, &str)> = vec![(None, "missing")];
    given.extend(
        bad.into_iter()
            .map(|(token, reason)| (Some(format!("Bearer {token}").into_bytes()), reason)),
    );
    given.push((Some(b"Bearer \xff\xfe.\xff.\xff".to_vec()), "invalid"));
    given.push((Some(b"Basic YWRhOmFkYQ==".to_vec()), "missing"));
    let mut connection = Connection::open(server.address())
        .await
        .expect("a connection");
    for (value, reason) in &given {
        for request in [
            purchase(&csrf, "{}"),
            purchase(&csrf, r#"{"userId":"ada@example.com"}"#),
            purchase("", "not even JSON"),
            Request::get("/api/csrf"),
            Request::get("/api/purchase/ada@example.com"),
            Request::get("/api/purchase/a"),
        ] {
            let request = match value {
                Some(value) => request.header("authorization", value),
                None => request,
            };
            let response = connection.send(&request).await.expect("an answer");
            assert_unauthorized(&response, reason);
            assert!(!response.text().contains("example"), "{}", response.text());
            assert_eq!(response.header("set-cookie"), None);
        }
    }
    for public in ["/api/status", "/livez", "/readyz", "/api/openapi.json"] {
        let response = connection
            .send(&Request::get(public))
            .await
            .expect("an answer");
        assert_eq!(response.status, 200, "{public}");
    }
    assert_eq!(server.orders().await.len(), 1);
}

#[tokio::test]
async fn row_51_a_token_comes_once_in_the_header_or_in_the_cookie() {
    let key = ShopKey::make("HS256").await;
    let token = key.token("ada@example.com").await;
    let server = with_tokens(TestServer::setup(), &key.public(), "HS256")
        .start()
        .await;
    let bearer = format!("Bearer {token}");
    let cookie = format!("a=1; {COOKIE}={token}");
    let csrf = Request::get("/api/csrf");
    for one in [
        csrf.clone().header("authorization", &bearer),
        csrf.clone().header("cookie", &cookie),
        csrf.clone()
            .header("cookie", &cookie)
            .header("authorization", "Basic YTpi"),
    ] {
        assert_eq!(server.ask(&one).await.status, 200, "{one:?}");
    }
    for twice in [
        csrf.clone()
            .header("authorization", &bearer)
            .header("cookie", &cookie),
        csrf.clone()
            .header("authorization", &bearer)
            .header("authorization", &bearer),
        csrf.clone()
            .header("cookie", &cookie)
            .header("cookie", &cookie),
        csrf.clone()
            .header("cookie", format!("{cookie}; {COOKIE}=planted")),
    ] {
        assert_error(&server.ask(&twice).await, 400, "bad_request", &[]);
    }
    // A whole purchase by cookies alone, as a browser makes it.
    let signed_in = SignedIn::open(&server, &token).await;
    let request = purchase(&signed_in.csrf_token, "{}").header("cookie", &cookie);
    Answer::of(&server.ask(&request).await).purchased();

    let setup = with_tokens(TestServer::setup(), &key.public(), "HS256");
    let server = setup.without("TOKEN_COOKIE").start().await;
    let response = server.ask(&csrf.clone().header("cookie", &cookie)).await;
    assert_unauthorized(&response, "missing");
    let planted = csrf
        .header("authorization", &bearer)
        .header("cookie", &cookie);
    assert_eq!(server.ask(&planted).await.status, 200);
}

/// Somebody who can plant cookies in another's browser must not make him buy with his own token.
#[tokio::test]
async fn row_48_a_csrf_token_is_for_its_buyer_alone() {
    let key = ShopKey::make("EdDSA").await;
    let server = with_tokens(TestServer::setup(), &key.public(), "EdDSA")
        .start()
        .await;
    let mut ada = SignedIn::open(&server, &key.token("ada@example.com").await).await;
    let mut bob = SignedIn::open(&server, &key.token("bob@example.com").await).await;
    // Also one that was made where identity is open, by a node with the same key.
    let open = server.kill().await.env("IDENTITY", "open");
    let open = ["KEYS", "ALGORITHMS", "AUDIENCE", "COOKIE"]
        .iter()
        .fold(open, |setup, name| setup.without(&format!("TOKEN_{name}")));
    let open = open.start().await;
    let nobodys = open.door().await.csrf_token;
    let server = with_tokens(open.kill().await, &key.public(), "EdDSA")
        .start()
        .await;

    let own = bob.csrf_token.clone();
    bob = SignedIn::open(&server, &key.token("bob@example.com").await).await;
    for foreign in [ada.csrf_token.clone(), nobodys] {
        bob.csrf_token = foreign;
        let request = bob.purchase("{}");
        let fresh = assert_csrf(&bob.send(&request).await, "invalid");
        // It is asked for anew where a browser brings that of whoever was signed in before.
        let line = format!("csrfToken={}", bob.csrf_token);
        let token = key.token("bob@example.com").await;
        let request = Request::get("/api/csrf").header("cookie", line);
        let request = request.header("authorization", format!("Bearer {token}"));
        let given = bob.send(&request).await.json()["csrfToken"].clone();
        assert_ne!(given, json!(bob.csrf_token));
        // The fresh one is his, and nobody else's.
        ada = SignedIn::open(&server, &key.token("ada@example.com").await).await;
        ada.csrf_token = fresh.clone();
        let request = ada.purchase("{}");
        assert_csrf(&ada.send(&request).await, "invalid");
        bob.csrf_token = fresh;
        bob.buy("{}").await.order_id().expect("an order");
    }
    // A restart and a new token of the shop change nothing: it is the buyer that counts.
    bob.csrf_token = own;
    bob.buy("{}").await.order_id().expect("an order");
    assert_eq!(server.orders().await.len(), 1);
}

/// The one clock of the sale counts, not that of the machine under it.
#[tokio::test]
async fn row_51_a_token_ends_by_the_clock_of_the_sale() {
    let key = ShopKey::make("EdDSA").await;
    let now = crate::support::now_ms();
    let setup = TestServer::setup().window(now - HOUR_MS, now + 9 * HOUR_MS);
    let setup = with_tokens(setup.with_faults(), &key.public(), "EdDSA");
    let server = setup.start().await;
    let token = key
        .token_with("ada", "flashsale", &["--expires", "1h"])
        .await;
    let mut ada = SignedIn::open(&server, &token).await;
    server.faults().set(Word::ClockShiftMs, HOUR_MS - 60_000);
    ada.buy("{}").await.purchased();
    server.faults().set(Word::ClockShiftMs, HOUR_MS + 60_000);
    let request = ada.purchase("{}");
    assert_unauthorized(&ada.send(&request).await, "expired");
    server.faults().set(Word::ClockShiftMs, 0);
    let token = key
        .token_with("ada", "flashsale", &["--not-before", "10m"])
        .await;
    let early = Request::get("/api/csrf").header("authorization", format!("Bearer {token}"));
    assert_unauthorized(&server.ask(&early).await, "not_yet_valid");
    server.faults().set(Word::ClockShiftMs, 11 * 60_000);
    assert_eq!(server.ask(&early).await.status, 200);
}

/// In JSON and in text, whatever level: nobody's token, cookie, address or key.
#[tokio::test]
async fn row_52_a_log_holds_no_token_and_no_key() {
    let key = ShopKey::make("HS256").await;
    let (good, old) = (
        key.token("ada.lovelace@example.com").await,
        key.token_with(
            "ada.lovelace@example.com",
            "flashsale",
            &["--expires", "1700000000"],
        )
        .await,
    );
    for format in ["json", "text"] {
        let setup = with_tokens(TestServer::setup().stock(4), &key.public(), "HS256");
        let setup = setup
            .env("LOG", "trace")
            .env("LOG_FORMAT", format)
            .env("ADMIN_TOKEN", "an-admin-token-to-hide");
        let server = setup.start().await;
        let mut ada = SignedIn::open(&server, &good).await;
        ada.buy("{}").await.purchased();
        ada.look_up("ada.lovelace@example.com").await;
        ada.look_up("charles.babbage@example.com").await;
        let request = ada.purchase(r#"{"userId":"charles.babbage@example.com"}"#);
        ada.send(&request).await;
        for token in [&old, &good[1..], &format!("{good}x")] {
            for request in [
                purchase(&ada.csrf_token, "{}").header("authorization", format!("Bearer {token}")),
                Request::get("/api/csrf").header("cookie", format!("{COOKIE}={token}")),
                Request::get(&format!("/api/csrf?token={token}")),
            ] {
                server.ask(&request).await;
            }
        }
        let console = server.console();
        let about = console.json("/admin/sale").await.to_string();
        let (_, exit) = server.stop().await;
        assert_eq!(exit.code, Some(0), "{exit:?}");
        let secret = key.jwk()["k"].as_str().expect("a secret").to_owned();
        let raw = URL_SAFE_NO_PAD.decode(&secret).expect("base64url");
        let mut secrets = vec![
            secret,
            String::from_utf8_lossy(&raw).into_owned(),
            "an-admin-token-to-hide".to_owned(),
            "lovelace".to_owned(),
            "babbage".to_owned(),
            ada.csrf_token.clone(),
        ];
        secrets.extend(
            good.split('.')
                .chain(old.split('.'))
                .skip(1)
                .map(str::to_owned),
        );
        assert!(exit.stderr.lines().count() > 10, "{}", exit.stderr);
        for secret in &secrets {
            for (place, text) in [
                ("log", &exit.stderr),
                ("banner", &exit.stdout),
                ("console", &about),
            ] {
                assert!(
                    !text.contains(secret),
                    "{secret:?} is in the {place}:\n{text}"
                );
            }
        }
    }
}
