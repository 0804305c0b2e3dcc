//! Methods that an address does not take, and addresses at which there is nothing.

use crate::support::client::Client;
use crate::support::contract::{assert_common, assert_error};
use crate::support::http::Request;
use crate::support::server::TestServer;

#[tokio::test]
async fn row_42_a_wrong_method_is_told_the_right_ones() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let door = client.door().clone();
    let routes = [
        ("/api/status", "GET"),
        ("/api/csrf", "GET"),
        ("/api/purchase/ada", "GET"),
        ("/api/purchase", "POST"),
        ("/livez", "GET"),
        ("/readyz", "GET"),
        ("/", "GET"),
        ("/no-such-page", "GET"),
    ];
    for (path, allowed) in routes {
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
        ] {
            if method == allowed || (method == "HEAD" && allowed == "GET") {
                continue;
            }
            // With all that a purchase needs, so that it is the method that is refused.
            let token = &door.csrf_token;
            let request = Request::new(method, path).header("x-csrf-token", token);
            let request = request.header("cookie", format!("csrfToken={token}"));
            let response = client.send(&request).await.expect("an answer");
            if method == "HEAD" {
                assert_eq!(response.status, 405, "HEAD {path}");
            } else {
                assert_error(&response, 405, "method_not_allowed", &[]);
            }
            let allow = response
                .header("allow")
                .unwrap_or_else(|| panic!("{method} {path}: no Allow"));
            let mut methods: Vec<&str> = allow.split(',').map(str::trim).collect();
            methods.sort_unstable();
            let expected: &[&str] = if allowed == "GET" {
                &["GET", "HEAD"]
            } else {
                &["POST"]
            };
            assert_eq!(methods, expected, "{method} {path}");
        }
    }
}

/// Its target is an authority and no path, so that no route can match it.
#[tokio::test]
async fn row_42_nobody_connects_through_it() {
    let server = TestServer::setup().start().await;
    let request = Request::new("CONNECT", "example.org:443");
    let response = server.ask(&request).await;
    assert_error(&response, 405, "method_not_allowed", &[]);
    assert_eq!(response.header("allow"), Some("GET,HEAD"));
}

#[tokio::test]
async fn row_42_an_unknown_path_is_not_found() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let unknown = [
        "/api/nothing",
        "/api/purchase/",
        "/api/purchase/ada/order",
        "/api/status/",
        "/api//status",
        "/api/../api/nothing",
        "/API/status",
        "/api/nothing?userId=ada",
    ];
    for path in unknown {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            if path == "/API/status" && method != "GET" {
                // Not the API but a page, and a page takes no other method.
                continue;
            }
            assert_not_found(&mut client, method, path).await;
        }
    }
    for path in [
        "/no-such-page",
        "/assets/../index.html",
        "/index.html/",
        "/livez/",
        "/%00",
        "/%FF",
    ] {
        let response = client.get(path).await;
        assert_eq!(response.status, 404, "{path}");
        assert_common(&response);
    }
}

#[tokio::test]
async fn row_42_the_root_of_the_api_is_not_found_by_any_method() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    for path in ["/api", "/api/", "/api?x=1"] {
        for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS"] {
            assert_not_found(&mut client, method, path).await;
        }
    }
}

async fn assert_not_found(client: &mut Client, method: &str, path: &str) {
    let response = client
        .send(&Request::new(method, path))
        .await
        .expect("an answer");
    assert_eq!(response.status, 404, "{method} {path}: {}", response.text());
    assert_error(&response, 404, "not_found", &[]);
}
