//! The word of a service before the sale, from a stand-in that says yes, no, and everything else.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::bots::{
    SECRET, SITE_KEY, Says, StandIn, Visitor, assert_check_failed, assert_pass_required, pass_of,
};
use crate::support::client::Answer;
use crate::support::contract::{assert_error, assert_json};
use crate::support::http::{Request, Response};
use crate::support::server::TestServer;
use crate::support::tls::Certificate;

fn yes() -> Says {
    // As the services write it: with spaces, and with more than is asked for.
    let body = "{\n  \"success\": true,\n  \"challenge_ts\": \"2026-12-01T11:00:00.000Z\",\n  \
                \"hostname\": \"shop.example\",\n  \"error-codes\": [],\n  \"metadata\": {}\n}\n";
    Says::Body(200, body.to_owned())
}

fn no() -> Says {
    let body = r#"{"success":false,"error-codes":["timeout-or-duplicate"],"messages":[]}"#;
    Says::Body(200, body.to_owned())
}

/// Everything that is neither yes nor no.
fn no_answers() -> Vec<Says> {
    let body = |status: u16, text: &str| Says::Body(status, text.to_owned());
    vec![
        Says::Nothing,
        Says::Half,
        body(200, ""),
        body(200, "<html>captive portal</html>"),
        body(200, "{}"),
        body(200, "[true]"),
        body(200, r#"{"success":"true"}"#),
        body(
            200,
            &format!("{{\"success\":true,\"x\":\"{}\"}}", "x".repeat(100_000)),
        ),
        body(500, r#"{"success":true}"#),
        body(302, r#"{"success":true}"#),
        body(
            200,
            r#"{"success":false,"error-codes":["invalid-input-secret"]}"#,
        ),
    ]
}

#[track_caller]
fn assert_unavailable(response: &Response) {
    let body = assert_error(response, 503, "check_unavailable", &["retryAfterMs"]);
    let ms = body["retryAfterMs"].as_u64().expect("a number");
    let seconds = response.header("retry-after").expect("a header");
    assert_eq!(seconds, ms.div_ceil(1000).to_string());
    assert_eq!(response.header("set-cookie"), None);
}

#[tokio::test]
async fn a_yes_gives_a_pass_and_a_no_gives_none() {
    let service = StandIn::start(yes()).await;
    let server = service.asked_by(TestServer::setup()).start().await;
    let visitor = Visitor::enter(&server).await;
    let told = server.ask(&Request::get("/api/check")).await;
    let body = assert_json(&told, 200, &["check", "siteKey", "script"]);
    let script = format!("http://{}/api.js", service.address);
    let expected = json!({ "check": "service", "siteKey": SITE_KEY, "script": script });
    assert_eq!(body, expected);

    assert_pass_required(&visitor.buy("ada", &[]).await, "missing");
    let pass = pass_of(&visitor.show_token("ada", "a-token/+").await);
    Answer::of(&visitor.buy("ada", &[&pass]).await).purchased();
    assert_pass_required(&visitor.buy("bob", &[&pass]).await, "other_user");
    let question = "secret=s3cret%26%3D%2B%25%2Fof%2Dthe%2Dshop&response=a%2Dtoken%2F%2B";
    assert_eq!(service.questions(), [question]);

    service.now_says(no());
    assert_check_failed(&visitor.show_token("bob", "a-token").await, "refused");
    assert_eq!(service.questions().len(), 2);
    // What no service gave is not asked about.
    for token in ["", "a token", &"x".repeat(9_000)] {
        assert_check_failed(&visitor.show_token("bob", token).await, "refused");
    }
    let none = visitor.post("/api/pass", &json!({ "userId": "bob" })).await;
    assert_error(&none, 400, "bad_request", &[]);
    let work = visitor
        .post("/api/check", &json!({ "userId": "bob" }))
        .await;
    assert_error(&work, 409, "other_check", &[]);
    assert_eq!(service.questions().len(), 2);
    assert_eq!(
        service.connections(),
        1,
        "a connection serves many questions"
    );
}

#[tokio::test]
async fn without_an_answer_nobody_gets_a_pass_unless_the_shop_says_so() {
    let service = StandIn::start(yes()).await;
    let setup = service
        .asked_by(TestServer::setup())
        .env("BOT_SERVICE_TIMEOUT", "500ms");
    let refusing = setup.clone().start().await;
    let admitting = service
        .asked_by(TestServer::setup())
        .env("BOT_SERVICE_TIMEOUT", "500ms")
        .env("BOT_SERVICE_FAILURE", "admit")
        .start()
        .await;
    let (strict, kind) = (
        Visitor::enter(&refusing).await,
        Visitor::enter(&admitting).await,
    );
    for says in no_answers() {
        service.now_says(says.clone());
        assert_unavailable(&strict.show_token("ada", "t").await);
        let pass = pass_of(&kind.show_token("ada", "t").await);
        assert!(!pass.is_empty(), "{says:?}");
    }
    // A clear no is one under either rule, and so is what no service gave.
    service.now_says(no());
    for visitor in [&strict, &kind] {
        assert_check_failed(&visitor.show_token("ada", "t").await, "refused");
        assert_check_failed(&visitor.show_token("ada", "").await, "refused");
    }
    service.now_says(yes());
    pass_of(&strict.show_token("ada", "t").await);
    let said = refusing.stderr();
    assert!(said.contains("does not answer as it should"), "{said}");
}

#[tokio::test]
async fn a_service_that_is_down_is_told_from_one_that_is_slow() {
    let service = StandIn::start(Says::Nothing).await;
    let setup = service
        .asked_by(TestServer::setup())
        .env("BOT_SERVICE_TIMEOUT", "2s");
    let server = setup.start().await;
    let visitor = Visitor::enter(&server).await;
    let began = Instant::now();
    assert_unavailable(&visitor.show_token("ada", "t").await);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(1_900), "{took:?}");
    // While some wait for it, others buy, and are not slowed.
    assert_eq!(server.ask(&Request::get("/api/status")).await.status, 200);
    drop(service);
    assert_unavailable(&visitor.show_token("ada", "t").await);
}

#[tokio::test]
async fn only_so_many_questions_are_under_way_at_once() {
    const CALLS_MAX: usize = 128;
    let service = StandIn::start(Says::Nothing).await;
    let setup = service
        .asked_by(TestServer::setup())
        .env("BOT_SERVICE_TIMEOUT", "30s");
    let server = setup.start().await;
    let visitor = Visitor::enter(&server).await;
    let asking = (0..CALLS_MAX + 50).map(|number| {
        let (visitor, user) = (&visitor, format!("buyer-{number}"));
        async move { visitor.show_token(&user, "t").await }
    });
    let looking = async {
        let deadline = Instant::now() + Duration::from_secs(20);
        while service.questions().len() < CALLS_MAX {
            assert!(Instant::now() < deadline, "{}", service.questions().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Nothing tells that no more will come.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(service.questions().len(), CALLS_MAX);
    };
    tokio::select! {
        _ = futures_util::future::join_all(asking) => panic!("nobody was answered in time"),
        () = looking => {}
    }
}

#[tokio::test]
async fn a_service_with_https_must_be_the_one_it_says_it_is() {
    let (good, other) = (Certificate::new(), Certificate::new());
    let service = StandIn::secure(&good, yes()).await;
    for (trusted, is_asked) in [(&good, true), (&other, false)] {
        let setup = service.asked_by(TestServer::setup());
        let roots = setup.home().path().join("roots.pem");
        std::fs::write(&roots, &trusted.pem).expect("a file is written");
        // What the system trusts, for this process.
        let server = setup.env("SSL_CERT_FILE", roots.display()).start().await;
        let visitor = Visitor::enter(&server).await;
        let response = visitor.show_token("ada", "t").await;
        if is_asked {
            pass_of(&response);
        } else {
            assert_unavailable(&response);
        }
    }
    assert_eq!(
        service.questions().len(),
        1,
        "nothing is told to a stranger"
    );
    let setup = service.asked_by(TestServer::setup());
    let empty = setup.home().path().join("roots.pem");
    std::fs::write(&empty, "").expect("a file is written");
    let exit = setup.env("SSL_CERT_FILE", empty.display()).refused().await;
    assert_eq!(exit.code, Some(2), "{exit:?}");
    assert!(exit.stderr.contains("no certificates to trust"), "{exit:?}");
}

#[tokio::test]
async fn the_secret_is_told_to_the_service_alone() {
    let service = StandIn::start(yes()).await;
    let setup = service
        .asked_by(TestServer::setup())
        .env("LOG", "trace")
        .env("BOT_SERVICE_TIMEOUT", "500ms");
    let server = setup.start().await;
    let visitor = Visitor::enter(&server).await;
    let mut seen = server.ask(&Request::get("/api/check")).await.text();
    let token = "a-token-of-the-widget";
    for says in [yes(), no()].into_iter().chain(no_answers()) {
        service.now_says(says);
        seen.push_str(&visitor.show_token("ada", token).await.text());
    }
    assert!(service.questions()[0].contains("s3cret"));
    seen.push_str(&server.console().get("/admin/sale").await.text());
    let (_, exit) = server.stop().await;
    seen.push_str(&exit.said());
    assert!(seen.contains("does not answer as it should"), "{seen}");
    for secret in [SECRET, "s3cret", token] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
}

#[tokio::test]
async fn the_page_may_load_the_script_of_the_service() {
    let service = StandIn::start(yes()).await;
    let server = service.asked_by(TestServer::setup()).start().await;
    let origin = format!("http://{}", service.address);
    let policy = |response: &Response| {
        let policy = response.header("content-security-policy");
        policy.expect("a policy").to_owned()
    };
    let entry = policy(&server.ask(&Request::get("/")).await);
    assert!(
        entry.contains(&format!("script-src 'self' {origin};")),
        "{entry}"
    );
    assert!(entry.ends_with(&format!("; frame-src {origin}")), "{entry}");
    let docs = policy(&server.ask(&Request::get("/api/docs")).await);
    assert!(!docs.contains(&origin), "{docs}");
    let plain = TestServer::setup().start().await;
    let entry = policy(&plain.ask(&Request::get("/")).await);
    assert!(
        !entry.contains("http") && !entry.contains("frame-src"),
        "{entry}"
    );
}
