//! User ids in a path: percent-encoded, odd, or not an id at all.

use crate::support::client::Answer;
use crate::support::contract::{assert_error, assert_json};
use crate::support::server::TestServer;

#[tokio::test]
async fn row_38_ids_in_the_path_are_decoded_once() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let found = [
        ("a/b/c", "a%2Fb%2Fc"),
        ("../admin", "..%2Fadmin"),
        ("../admin", "%2e%2e%2fadmin"),
        ("..secret", "..secret"),
        ("100%", "100%25"),
        ("%2F%2F", "%252F%252F"),
        ("a b", "a%20b"),
        ("a+b", "a+b"),
        ("a?b#c", "a%3Fb%23c"),
        ("é@é.fr", "%C3%A9@%C3%A9.fr"),
        ("ada@example.com", "ADA%40example.com"),
        ("abc", "%61%62%63"),
    ];
    for (user, segment) in found {
        let order_id = match client.buy(user).await {
            Answer::Purchased(id) | Answer::AlreadyPurchased(id) => id,
            other => panic!("{user:?}: {other:?}"),
        };
        let response = client.get(&format!("/api/purchase/{segment}")).await;
        let body = assert_json(&response, 200, &["purchased", "orderId"]);
        assert_eq!(body["orderId"], order_id, "{segment} is {user:?}");
    }
    // A plus is a plus in a path, and what was encoded twice is not decoded twice.
    for segment in ["a%2Bc", "%25252F%25252F", "a%252Fb%252Fc"] {
        let response = client.get(&format!("/api/purchase/{segment}")).await;
        assert_eq!(
            assert_json(&response, 200, &["purchased", "orderId"])["purchased"],
            false,
            "{segment}"
        );
    }
}

#[tokio::test]
async fn row_38_a_path_that_names_nobody_is_refused() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let long = "x".repeat(10 * 1024);
    let invalid = [
        "..",
        ".",
        "%2E%2E",
        "%20%20%20%20",
        "ab",
        "abc%00",
        "%00%00%00",
        "abc%0d%0aset-cookie:x",
        "abc%7f",
        "%FF%FE%FD",
        "%C3%28abc",
        "%ED%A0%80abc",
        "abc%80",
        &long,
    ];
    for segment in invalid {
        let response = client.get(&format!("/api/purchase/{segment}")).await;
        assert_eq!(response.status, 422, "{segment}: {}", response.text());
        assert_error(&response, 422, "invalid_user", &[]);
    }
    for path in [
        "/api/purchase/../status",
        "/api/purchase/a/b",
        "/api/purchase/abc/..",
        "/api/purchase//abc",
    ] {
        assert_error(&client.get(path).await, 404, "not_found", &[]);
    }
    // Not an encoding at all: taken as it stands or refused, and never an error of the server.
    for segment in ["%zz%", "abc%", "abc%4", "%u0041bc"] {
        let response = client.get(&format!("/api/purchase/{segment}")).await;
        assert!(
            matches!(response.status, 200 | 404 | 422),
            "{segment}: {}",
            response.text()
        );
        assert_ne!(response.json()["purchased"], true, "{segment}");
    }
}
