//! The document of the API. That answers keep to it is seen in every other test, where they pass by.

use serde_json::{Value, json};

use crate::support::contract::assert_common;
use crate::support::http::{Request, Response};
use crate::support::openapi;
use crate::support::server::TestServer;

#[tokio::test]
async fn the_document_is_served_and_not_sent_twice() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let first = client.get("/api/openapi.json").await;
    assert_eq!(first.status, 200);
    assert_common(&first);
    assert_eq!(first.header("content-type"), Some("application/json"));
    let committed: Value = serde_json::from_str(include_str!("../../../../docs/openapi.json"))
        .expect("the committed document is JSON");
    assert_eq!(first.json(), committed);

    let tag = first.header("etag").expect("an ETag").to_owned();
    let request = Request::get("/api/openapi.json").header("if-none-match", &tag);
    let again = client.send(&request).await.expect("an answer");
    assert_eq!((again.status, again.header("etag")), (304, Some(&*tag)));
}

#[tokio::test]
async fn the_document_of_the_console_is_for_who_is_in() {
    let server = TestServer::setup().start().await;
    let console = server.console();
    let served = console.json("/admin/openapi.json").await;
    let committed: Value =
        serde_json::from_str(include_str!("../../../../docs/openapi-admin.json"))
            .expect("the committed document is JSON");
    assert_eq!(served, committed);
    let stranger = console.ask(&Request::get("/admin/openapi.json")).await;
    assert_eq!(stranger.status, 401);
}

/// The negative control: an answer that breaks the document is noticed.
#[test]
fn an_answer_that_breaks_the_document_is_noticed() {
    let id = "0123456789abcdef0123456789abcdef";
    let purchased = json!({ "status": "purchased", "orderId": id });
    let sold_out = json!({ "status": "sold_out", "message": "None.", "correlationId": "a" });
    let broken = [
        (200, json!({ "status": "purchased" })),
        (200, json!({ "status": "purchased", "orderId": "another" })),
        (200, json!({ "status": "purchased", "orderId": 1 })),
        (200, json!({ "status": "bought", "orderId": id })),
        (
            200,
            json!({ "status": "purchased", "orderId": id, "unit": 1 }),
        ),
        (200, json!([purchased.clone()])),
        (200, sold_out.clone()),
        (409, purchased.clone()),
        (201, purchased.clone()),
        (
            403,
            json!({ "status": "not_active", "phase": "active", "message": "No.", "correlationId": "a" }),
        ),
        (
            403,
            json!({ "error": "csrf", "message": "No.", "correlationId": "a" }),
        ),
        (410, json!({ "status": "sold_out", "message": "None." })),
    ];
    for (status, body) in &broken {
        let told = openapi::check("POST", "/api/purchase", &answer(*status, body));
        assert!(told.is_err(), "{status} {body} was taken");
    }
    for (status, body) in [(200, &purchased), (410, &sold_out)] {
        let told = openapi::check("POST", "/api/purchase", &answer(status, body));
        assert_eq!(told, Ok(()), "{body}");
    }
    let told = openapi::check("PUT", "/api/purchase", &answer(200, &purchased));
    assert!(told.is_err(), "a method that is not told");
    let told = openapi::check("GET", "/api/purchases", &answer(200, &purchased));
    assert!(told.is_err(), "an address that is not told");
    let look_up = |body| openapi::check("GET", "/api/purchase/ada", &answer(200, &body));
    assert_eq!(look_up(json!({ "purchased": true, "orderId": id })), Ok(()));
    assert_eq!(
        look_up(json!({ "purchased": false, "orderId": null })),
        Ok(())
    );
    assert!(look_up(json!({ "purchased": true, "orderId": null })).is_err());
    assert!(look_up(json!({ "purchased": false })).is_err());

    let brake = |body| openapi::check_admin("PUT", "/admin/brake", &answer(200, &body));
    assert_eq!(brake(json!({ "paused": false, "pausedAt": null })), Ok(()));
    assert_eq!(brake(json!({ "paused": true, "pausedAt": 7 })), Ok(()));
    for broken in [
        json!({ "paused": false }),
        json!({ "paused": false, "pausedAt": "now" }),
        json!({ "paused": false, "pausedAt": -7 }),
        json!({ "paused": false, "pausedAt": null, "by": "ada" }),
    ] {
        assert!(brake(broken.clone()).is_err(), "{broken}");
    }
    let told = openapi::check_admin("GET", "/admin/brake", &answer(200, &json!({})));
    assert!(told.is_err(), "a method that is not told");
}

fn answer(status: u16, body: &Value) -> Response {
    let headers = [
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        ("correlation-id", "a"),
    ];
    Response::new(status, &headers, body.to_string())
}
