//! Pages of other origins: those that the shop names, and no others.

use crate::support::client::Answer;
use crate::support::contract::assert_csrf;
use crate::support::http::{Request, Response};
use crate::support::server::TestServer;

const SHOP: &str = "https://shop.example";

fn cors(response: &Response) -> Vec<&str> {
    [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-expose-headers",
        "access-control-max-age",
    ]
    .into_iter()
    .filter_map(|name| response.header(name))
    .collect()
}

fn question(origin: &str) -> Request {
    Request::new("OPTIONS", "/api/purchase")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type,idempotency-key,x-csrf-token",
        )
}

#[tokio::test]
async fn a_page_of_the_shop_may_use_the_api() {
    let setup =
        TestServer::setup().env("ALLOWED_ORIGINS", format!("{SHOP}, http://localhost:5173"));
    let server = setup.start().await;
    let asked = server.ask(&question(SHOP)).await;
    assert_eq!((asked.status, asked.body.len()), (204, 0));
    assert_eq!(asked.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(
        asked.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(asked.header("access-control-max-age"), Some("600"));
    assert_eq!(asked.header("vary"), Some("Origin"));
    let allowed = asked
        .header("access-control-allow-headers")
        .expect("headers");
    for name in [
        "content-type",
        "idempotency-key",
        "x-csrf-token",
        "authorization",
    ] {
        assert!(
            allowed.split(", ").any(|one| one == name),
            "{name} in {allowed}"
        );
    }
    assert!(
        asked
            .header("access-control-allow-methods")
            .expect("methods")
            .contains("POST")
    );

    let door = server.door().await;
    for (number, site) in ["same-site", "cross-site"].into_iter().enumerate() {
        let purchase = door
            .purchase(&format!("buyer-{number}"))
            .header("origin", SHOP)
            .header("sec-fetch-site", site);
        let bought = server.ask(&purchase).await;
        assert_eq!(bought.header("access-control-allow-origin"), Some(SHOP));
        let exposed = bought
            .header("access-control-expose-headers")
            .expect("headers");
        assert!(
            exposed.contains("correlation-id") && exposed.contains("retry-after"),
            "{exposed}"
        );
        Answer::of(&bought).purchased();
    }
    // A browser that says no more than the origin.
    let old = door
        .purchase("old")
        .header("origin", "http://localhost:5173");
    Answer::of(&server.ask(&old).await).purchased();
    for path in [
        "/api/status",
        "/api/csrf",
        "/api/purchase/ada",
        "/api/nothing",
    ] {
        let read = server.ask(&Request::get(path).header("origin", SHOP)).await;
        assert_eq!(
            read.header("access-control-allow-origin"),
            Some(SHOP),
            "{path}"
        );
        assert_eq!(read.header("vary"), Some("Origin"), "{path}");
    }
}

#[tokio::test]
async fn row_49_a_page_of_a_stranger_may_not() {
    let server = TestServer::setup()
        .env("ALLOWED_ORIGINS", SHOP)
        .start()
        .await;
    let door = server.door().await;
    for origin in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "https://sub.shop.example",
        "null",
        "*",
    ] {
        let asked = server.ask(&question(origin)).await;
        assert_eq!(cors(&asked), [""; 0], "{origin}");
        assert_eq!(
            asked.header("vary"),
            Some("Origin"),
            "for a cache: {origin}"
        );
        let read = server
            .ask(&Request::get("/api/status").header("origin", origin))
            .await;
        assert_eq!((read.status, cors(&read)), (200, vec![]), "{origin}");
        for site in ["cross-site", "same-site"] {
            let purchase = door
                .purchase("ada")
                .header("origin", origin)
                .header("sec-fetch-site", site);
            assert_csrf(&server.ask(&purchase).await, "cross_site");
        }
        let purchase = door.purchase("ada").header("origin", origin);
        assert_csrf(&server.ask(&purchase).await, "cross_site");
    }
    assert_eq!(server.client().await.status().await["sold"], 0);
    // A caller that is no browser has no origin, and gets no permission with it.
    let plain = server.ask(&Request::get("/api/status")).await;
    assert_eq!(cors(&plain), [""; 0]);
}

/// Without the setting nothing is said of other origins.
#[tokio::test]
async fn by_default_there_are_no_other_origins() {
    let server = TestServer::setup().start().await;
    let asked = server.ask(&question(SHOP)).await;
    assert_eq!((asked.status, cors(&asked)), (405, vec![]));
    assert_eq!(asked.header("vary"), None);
}
