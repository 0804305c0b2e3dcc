//! A proof of work before the sale, and the pass that it earns.

use flashsale_testkit::{Program, RedisServer};
use serde_json::{Value, json};

use crate::support::bots::{
    BITS, PASS_COOKIE, Visitor, assert_check_failed, assert_pass_required, pass_of, with_work,
};
use crate::support::client::Answer;
use crate::support::contract::{assert_csrf, assert_error, assert_json};
use crate::support::faults::Word;
use crate::support::http::Request;
use crate::support::identity::{ShopKey, SignedIn, with_tokens};
use crate::support::now_ms;
use crate::support::server::{HOUR_MS, Home, TestServer};

const MINUTE_MS: i64 = 60_000;

#[tokio::test]
async fn without_a_check_nobody_needs_a_pass() {
    let server = TestServer::setup().start().await;
    let visitor = Visitor::enter(&server).await;
    let told = server.ask(&Request::get("/api/check")).await;
    assert_eq!(assert_json(&told, 200, &["check"])["check"], "none");
    for path in ["/api/check", "/api/pass"] {
        let response = visitor.post(path, &json!({ "userId": "ada" })).await;
        assert_error(&response, 409, "other_check", &[]);
    }
    Answer::of(&visitor.buy("ada", &[]).await).purchased();
}

#[tokio::test]
async fn the_check_is_told_and_may_be_kept_for_a_moment() {
    let server = with_work(TestServer::setup()).start().await;
    let told = server.ask(&Request::get("/api/check")).await;
    let body = assert_json(&told, 200, &["check", "bits"]);
    assert_eq!(body, json!({ "check": "proof_of_work", "bits": BITS }));
    assert_eq!(told.header("cache-control"), Some("public, max-age=1"));
    let tag = told.header("etag").expect("a tag");
    let again = Request::get("/api/check").header("if-none-match", tag);
    let again = server.ask(&again).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag));
}

#[tokio::test]
async fn work_earns_a_pass_and_a_pass_lets_its_owner_buy() {
    let server = with_work(TestServer::setup()).start().await;
    let visitor = Visitor::enter(&server).await;
    assert_pass_required(&visitor.buy("ada@example.com", &[]).await, "missing");
    let pass = visitor.earn("Ada@Example.com").await;
    assert_pass_required(&visitor.buy("bob", &[&pass]).await, "other_user");
    let order = Answer::of(&visitor.buy("ada@example.com", &[&pass]).await).purchased();
    // The pass is good again, and a past buyer needs it too.
    let again = Answer::of(&visitor.buy("ADA@example.com", &[&pass]).await);
    assert_eq!(again, Answer::AlreadyPurchased(order));
    assert_pass_required(&visitor.buy("ada@example.com", &[]).await, "missing");
    assert_eq!(server.orders().await.len(), 1);
}

#[tokio::test]
async fn a_pass_that_is_forged_is_none() {
    let server = with_work(TestServer::setup()).start().await;
    let visitor = Visitor::enter(&server).await;
    let foreign = with_work(TestServer::setup()).start().await;
    let of_another_key = Visitor::enter(&foreign).await.earn("ada").await;
    let good = visitor.earn("ada").await;
    let changed = |at: usize| {
        let other = if &good[at..=at] == "A" { "Q" } else { "A" };
        format!("{}{other}{}", &good[..at], &good[at + 1..])
    };
    let start = PASS_COOKIE.len() + 1;
    let csrf = server.door().await.csrf_token;
    let challenge = visitor.challenge("ada").await.text;
    for forged in [
        format!("{PASS_COOKIE}=x"),
        of_another_key,
        good[..good.len() - 1].to_owned(),
        format!("{good}AAAA"),
        changed(start),
        // Behind 16 bytes for the user lie the time, and then the signature.
        changed(start + 25),
        changed(start + 50),
        // Both are signed with the same key, for something else.
        format!("{PASS_COOKIE}={csrf}"),
        format!("{PASS_COOKIE}={challenge}"),
    ] {
        assert_pass_required(&visitor.buy("ada", &[&forged]).await, "invalid");
    }
    let empty = format!("{PASS_COOKIE}=");
    assert_pass_required(&visitor.buy("ada", &[&empty]).await, "missing");
    // Others of the same name hide it only if there are many.
    let planted = format!("{PASS_COOKIE}=planted");
    let many = [planted.as_str(), &planted, &planted, &planted, &good];
    assert_pass_required(&visitor.buy("ada", &many).await, "invalid");
    Answer::of(&visitor.buy("ada", &many[1..]).await).purchased();
}

#[tokio::test]
async fn passes_and_challenges_expire() {
    let now = now_ms();
    let setup = with_work(TestServer::setup())
        .env("BOT_PASS_LIFETIME", "30m")
        .window(now - HOUR_MS, now + 24 * HOUR_MS)
        .with_faults();
    let server = setup.start().await;
    let visitor = Visitor::enter(&server).await;
    let at = |ms: i64| server.faults().set(Word::ClockShiftMs, ms);
    let (ada, bob) = (visitor.earn("ada").await, visitor.earn("bob").await);
    let challenge = visitor.challenge("eve").await;

    at(9 * MINUTE_MS);
    pass_of(
        &visitor
            .show("eve", &challenge.text, &challenge.solve())
            .await,
    );
    at(11 * MINUTE_MS);
    let late = visitor
        .show("eve", &challenge.text, &challenge.solve())
        .await;
    assert_check_failed(&late, "expired");
    at(29 * MINUTE_MS);
    Answer::of(&visitor.buy("ada", &[&ada]).await).purchased();
    at(31 * MINUTE_MS);
    assert_pass_required(&visitor.buy("bob", &[&bob]).await, "expired");
    let again = visitor.earn("bob").await;
    Answer::of(&visitor.buy("bob", &[&bob, &again]).await).purchased();
}

#[tokio::test]
async fn only_work_that_is_done_for_this_user_counts() {
    let server = with_work(TestServer::setup()).start().await;
    let visitor = Visitor::enter(&server).await;
    let challenge = visitor.challenge("ada").await;
    let (solved, text) = (challenge.solve(), challenge.text.as_str());
    for (user, challenge, nonce) in [
        ("ada", text, challenge.miss().as_str()),
        ("bob", text, &solved),
        ("ada", &text[1..], &solved),
        ("ada", "", &solved),
        ("ada", "x", &solved),
        ("ada", text, &" ".repeat(65)),
    ] {
        let response = visitor.show(user, challenge, nonce).await;
        assert_check_failed(&response, "wrong");
    }
    // Shown again it gives the same user a pass again, and nobody else.
    for _ in 0..2 {
        pass_of(&visitor.show("ada", text, &solved).await);
    }
    assert_check_failed(&visitor.show("bob", text, &solved).await, "wrong");
}

#[tokio::test]
async fn what_is_asked_for_is_held_to_the_contract() {
    let server = with_work(TestServer::setup()).start().await;
    let visitor = Visitor::enter(&server).await;
    for path in ["/api/check", "/api/pass"] {
        for (body, status, code) in [
            (json!({}), 422, "invalid_user"),
            (json!({ "userId": 7 }), 422, "invalid_user"),
            (json!({ "userId": "ab" }), 422, "invalid_user"),
            (json!(["ada"]), 400, "bad_request"),
            (
                json!({ "userId": "ada", "more": "x".repeat(17_000) }),
                413,
                "payload_too_large",
            ),
        ] {
            assert_error(&visitor.post(path, &body).await, status, code, &[]);
        }
        let user = json!({ "userId": "ada" });
        let good = visitor.request(path, &user, "");
        let bare = good.clone().without("x-csrf-token");
        assert_csrf(&server.ask(&bare).await, "missing_header");
        let foreign = good.clone().header("sec-fetch-site", "cross-site");
        assert_csrf(&server.ask(&foreign).await, "cross_site");
        let text = good
            .clone()
            .without("content-type")
            .header("content-type", "text/plain");
        assert_error(&server.ask(&text).await, 415, "unsupported_media_type", &[]);
        let other = server.ask(&Request::new("DELETE", path)).await;
        assert_error(&other, 405, "method_not_allowed", &[]);
    }
    for body in [
        json!({ "userId": "ada" }),
        json!({ "userId": "ada", "challenge": "x" }),
        json!({ "userId": "ada", "challenge": "x", "nonce": 7 }),
        json!({ "userId": "ada", "token": "x" }),
    ] {
        assert_error(
            &visitor.post("/api/pass", &body).await,
            400,
            "bad_request",
            &[],
        );
    }
    // A purchase that may be forged is told so before its pass is looked at.
    let purchase = visitor.request("/api/purchase", &json!({ "userId": "ada" }), "");
    let bare = purchase.without("x-csrf-token");
    assert_csrf(&server.ask(&bare).await, "missing_header");
}

#[tokio::test]
async fn nobody_uses_up_what_another_may_ask() {
    let setup = with_work(TestServer::setup()).env("RATE_LIMIT", "1/1h");
    let server = setup.start().await;
    let bob = Visitor::enter(&server).await;
    let pass = bob.earn("bob").await;
    let stranger = Visitor::enter(&server).await;
    for _ in 0..5 {
        stranger.challenge("bob").await;
        let wrong = stranger.show("bob", "made-up", "1").await;
        assert_error(&wrong, 403, "check_failed", &["reason"]);
        assert_pass_required(&stranger.buy("bob", &[]).await, "missing");
    }
    assert_eq!(bob.buy("bob", &[&pass]).await.status, 200);
}

#[tokio::test]
async fn who_asks_for_passes_too_often_has_to_wait() {
    let user = json!({ "userId": "ada" });
    let setup = with_work(TestServer::setup())
        .env("RATE_LIMIT", "1000/1h")
        .env("RATE_LIMIT_ADDRESS", "2/1h");
    let server = setup.start().await;
    let visitor = Visitor::enter(&server).await;
    visitor.challenge("ada").await;
    for path in ["/api/check", "/api/pass"] {
        let response = visitor.post(path, &user).await;
        assert_error(&response, 429, "rate_limited", &["retryAfterMs"]);
    }
    assert_eq!(server.ask(&Request::get("/api/check")).await.status, 200);
}

#[tokio::test]
async fn every_node_knows_a_pass_also_after_a_restart() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = with_work(TestServer::setup()).on_redis(&redis.url());
    let first = setup.clone().start().await;
    let second = setup.at(Home::new()).start().await;
    let visitor = Visitor::enter(&first).await;
    let there = visitor.at(&second);
    // The challenge of one node, the pass of the other, the purchase at the first.
    let challenge = visitor.challenge("ada").await;
    let pass = pass_of(&there.show("ada", &challenge.text, &challenge.solve()).await);
    Answer::of(&visitor.buy("ada", &[&pass]).await).purchased();

    let bob = there.earn("bob").await;
    let again = second.kill().await.start().await;
    Answer::of(&visitor.at(&again).buy("bob", &[&bob]).await).purchased();
}

#[tokio::test]
async fn a_pass_outlives_a_restart_on_a_file() {
    let server = with_work(TestServer::setup()).start().await;
    let visitor = Visitor::enter(&server).await;
    let (pass, challenge) = (visitor.earn("ada").await, visitor.challenge("bob").await);
    let csrf = server.door().await;
    let again = server.kill().await.start().await;
    let visitor = Visitor::enter(&again).await;
    assert_ne!(csrf.address, again.address());
    Answer::of(&visitor.buy("ada", &[&pass]).await).purchased();
    pass_of(
        &visitor
            .show("bob", &challenge.text, &challenge.solve())
            .await,
    );
}

#[tokio::test]
async fn where_the_shop_says_who_buys_the_pass_is_for_him() {
    let key = ShopKey::make("EdDSA").await;
    let setup = with_tokens(with_work(TestServer::setup()), &key.public(), "EdDSA");
    let server = setup.start().await;
    let token = key.token("Ada@Example.com").await;
    let mut ada = SignedIn::open(&server, &token).await;
    let request = |path: &str, csrf: &str, body: &Value, cookies: &str| {
        let purchase = crate::support::identity::purchase(csrf, &body.to_string());
        let mut request = purchase.without("cookie");
        path.clone_into(&mut request.path);
        request
            .header("cookie", format!("csrfToken={csrf}{cookies}"))
            .header("authorization", format!("Bearer {token}"))
    };
    let csrf = ada.csrf_token.clone();
    let other = json!({ "userId": "bob" });
    for path in ["/api/check", "/api/pass"] {
        let response = ada.send(&request(path, &csrf, &other, "")).await;
        assert_error(&response, 403, "other_user", &[]);
        let nobody = request(path, &csrf, &json!({}), "").without("authorization");
        assert_error(&ada.send(&nobody).await, 401, "unauthorized", &["reason"]);
    }
    let given = ada
        .send(&request("/api/check", &csrf, &json!({}), ""))
        .await;
    let body = assert_json(&given, 200, &["challenge", "bits", "expiresAt"]);
    let challenge = crate::support::bots::Challenge {
        text: body["challenge"].as_str().expect("a text").to_owned(),
        bits: BITS.into(),
    };
    let shown = json!({ "challenge": challenge.text, "nonce": challenge.solve() });
    let pass = pass_of(&ada.send(&request("/api/pass", &csrf, &shown, "")).await);
    let bare = ada
        .send(&request("/api/purchase", &csrf, &json!({}), ""))
        .await;
    assert_pass_required(&bare, "missing");
    let bought = request("/api/purchase", &csrf, &json!({}), &format!("; {pass}"));
    Answer::of(&ada.send(&bought).await).purchased();
    assert_eq!(server.orders().await[0].user_id, "ada@example.com");
}

#[tokio::test]
async fn under_https_the_cookie_is_for_https_alone() {
    let setup = with_work(TestServer::setup()).env("SECURE_COOKIES", "true");
    let server = setup.start().await;
    let csrf = server.ask(&Request::get("/api/csrf")).await.json()["csrfToken"].clone();
    let csrf = csrf.as_str().expect("a token");
    let post = |path: &str, body: &Value, cookies: &str| {
        Request::post(path)
            .header("content-type", "application/json")
            .header("x-csrf-token", csrf)
            .header("cookie", format!("__Host-csrfToken={csrf}{cookies}"))
            .body(body.to_string())
    };
    let user = json!({ "userId": "ada" });
    let given = server.ask(&post("/api/check", &user, "")).await.json();
    let challenge = crate::support::bots::Challenge {
        text: given["challenge"].as_str().expect("a text").to_owned(),
        bits: BITS.into(),
    };
    let shown = json!({ "userId": "ada", "challenge": challenge.text, "nonce": challenge.solve() });
    let response = server.ask(&post("/api/pass", &shown, "")).await;
    let line = response.header("set-cookie").expect("a cookie");
    let (pair, rest) = line.split_once("; ").expect("a pair and more");
    assert!(pair.starts_with("__Host-salePass="), "{line}");
    assert!(rest.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{line}");
    let plain = pair.trim_start_matches("__Host-");
    let bare = post("/api/purchase", &user, &format!("; {plain}"));
    assert_pass_required(&server.ask(&bare).await, "missing");
    let bought = post("/api/purchase", &user, &format!("; {pair}"));
    Answer::of(&server.ask(&bought).await).purchased();
}
