//! The name of a request: whose it is, and what the log says under it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::support::client::CSRF_HEADER;
use crate::support::contract::assert_common;
use crate::support::http::{Connection, Request, encoded};
use crate::support::server::TestServer;

/// Everything that a line of a log, a header or a terminal might take for more than a name.
fn hostile_ids() -> Vec<Vec<u8>> {
    let texts = [
        "",
        "a b",
        "a\tb",
        "a;b",
        "a,b",
        "a/b",
        "../..",
        "a:b",
        "{}",
        "\"",
        "\\",
        "%0d%0a",
        "<script>",
        "${jndi:x}",
        "\",\"level\":\"ERROR\",\"x\":\"",
        "é",
        "\u{202e}abc",
        "\u{2028}",
    ];
    let mut ids: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    ids.extend([vec![b'x'; 129], vec![b'x'; 8_000], b"\xff\xfe".to_vec()]);
    ids
}

#[tokio::test]
async fn row_41_a_hostile_correlation_id_is_replaced() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let mut fresh = BTreeSet::new();
    let hostile = hostile_ids();
    for name in ["correlation-id", "x-correlation-id"] {
        for id in &hostile {
            let request = Request::get("/api/status").header(name, id);
            let response = client.send(&request).await.expect("an answer");
            assert_eq!(response.status, 200, "{id:?}");
            let given = assert_common(&response).to_owned();
            assert_ne!(given.as_bytes(), id.as_slice(), "{id:?} is replaced");
            fresh.insert(given);
        }
    }
    assert_eq!(
        fresh.len(),
        2 * hostile.len(),
        "each request has a name of its own"
    );

    let longest = "x".repeat(128);
    for id in [
        "a",
        "order-42_a.B",
        "...",
        "550e8400-e29b-41d4-a716-446655440000",
        &longest,
    ] {
        for name in ["correlation-id", "x-correlation-id", "X-Correlation-ID"] {
            for path in ["/api/status", "/api/nothing", "/livez"] {
                let request = Request::get(path).header(name, id);
                let response = client.send(&request).await.expect("an answer");
                assert_eq!(assert_common(&response), id, "{name} on {path}");
            }
        }
    }
    // In the body, too: of a refusal by the handler, and of one before it.
    let door = client.door().clone();
    for request in [door.purchase("ab"), door.purchase("ada").without("cookie")] {
        let request = request.header("correlation-id", "in-the-body");
        let response = client.send(&request).await.expect("an answer");
        assert_eq!(response.json()["correlationId"], "in-the-body");
    }
}

/// What must never be read in a log, and every answer of the contract while it is written.
async fn say_everything(server: &TestServer) -> Vec<String> {
    let mut client = server.client().await;
    let door = client.door().clone();
    let mut secrets = vec![door.csrf_token.clone()];
    let users = [
        "ada.lovelace@example.com",
        "Grace.Hopper@Example.com",
        "plain-user-4711",
        "o\"brien {x}",
        "späte-käuferin",
    ];
    for user in users {
        client.buy_with_key(user, "key-of-a-buyer").await;
        client.buy(user).await;
        client.lookup(user).await;
        secrets.extend([user.to_owned(), user.to_lowercase(), encoded(user)]);
    }
    let purchase = door.purchase("ada.lovelace@example.com");
    let forged = Request::post("/api/purchase?userId=ada.lovelace@example.com")
        .header("referer", "http://x/?secret");
    let mut requests = vec![
        purchase.clone().without("cookie"),
        purchase.clone().without(CSRF_HEADER),
        purchase.clone().without("content-type"),
        purchase.clone().header("idempotency-key", ""),
        purchase
            .clone()
            .body("{\"userId\":\"ada.lovelace@example.com\""),
        purchase.clone().body("x".repeat(100)),
        forged,
        door.purchase("ada.lovelace@example.com\0"),
        Request::get("/api/purchase/ada.lovelace@example.com/more"),
        Request::get("/ada.lovelace@example.com?token=ada.lovelace@example.com"),
        Request::get("/api/purchase/%FFada.lovelace@example.com"),
        Request::new("DELETE", "/api/purchase/ada.lovelace@example.com"),
        Request::get("/api/status").header("correlation-id", "good-name-1"),
    ];
    requests.extend(
        hostile_ids()
            .iter()
            .map(|id| Request::get("/api/status").header("correlation-id", id)),
    );
    for request in requests {
        let response = client.send(&request).await.expect("an answer");
        secrets.extend(response.json()["csrfToken"].as_str().map(str::to_owned));
    }
    // Not HTTP: refused below the handlers.
    for bytes in [
        &b"GET /ada.lovelace@example.com\r\n\r\n"[..],
        b"\x16\x03\x01",
        b"GET / HTTP/1.1\r\nx: \x07ada.lovelace\r\n\r\n",
    ] {
        let mut connection = Connection::open(server.address())
            .await
            .expect("a connection");
        connection.write(bytes).await.expect("bytes are sent");
        // However it is answered, if at all.
        drop(connection.until_closed(Duration::from_millis(200)).await);
    }
    secrets
}

/// Every line is one JSON object, whatever came in; and none holds what is nobody's business.
#[tokio::test]
async fn row_41_the_log_stays_one_json_object_a_line_and_keeps_secrets() {
    let server = TestServer::setup()
        .stock(4)
        .env("LOG", "debug")
        .start()
        .await;
    let secrets = say_everything(&server).await;
    assert!(secrets.len() > 10, "{secrets:?}");
    let (_, exit) = server.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");

    let mut named = 0;
    let mut of_requests = 0;
    for line in exit.stderr.lines() {
        let entry: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        for field in ["timestamp", "level", "target"] {
            assert!(entry[field].is_string(), "{field} is missing: {line}");
        }
        of_requests += usize::from(entry["correlation_id"].is_string());
        named += usize::from(entry["correlation_id"] == "good-name-1");
        for secret in &secrets {
            assert!(
                !line.contains(secret.as_str()),
                "{secret:?} is in the log: {line}"
            );
        }
        assert!(
            !line.contains("lovelace"),
            "an address is in the log: {line}"
        );
    }
    assert_eq!(named, 1, "a request is found by its name:\n{}", exit.stderr);
    assert!(
        of_requests > 20,
        "every request has its line:\n{}",
        exit.stderr
    );
}
