//! Requests of which the browser itself says that another site made it send them.

use crate::support::client::Door;
use crate::support::contract::assert_csrf;
use crate::support::http::Request;
use crate::support::server::TestServer;

#[tokio::test]
async fn row_49_what_the_browser_calls_cross_site_is_refused() {
    let server = TestServer::setup().start().await;
    let door = server.door().await;
    let host = server.address().to_string();
    let foreign = [
        vec![("sec-fetch-site", "cross-site".to_owned())],
        vec![
            ("sec-fetch-site", "cross-site".to_owned()),
            ("origin", format!("http://{host}")),
        ],
        // Nor is another subdomain of the shop's at home here, unless it is named.
        vec![("sec-fetch-site", "same-site".to_owned())],
        vec![("sec-fetch-site", "something-new".to_owned())],
        vec![("origin", "http://evil.example".to_owned())],
        vec![("origin", "https://evil.example".to_owned())],
        vec![("origin", "null".to_owned())],
        vec![("origin", String::new())],
        vec![("origin", host.clone())],
        vec![("origin", format!("ftp://{host}"))],
        vec![("origin", format!("http://{host}.evil.example"))],
        vec![("origin", format!("http://evil.example/{host}"))],
        vec![("origin", format!("http://evil@{host}"))],
        vec![("origin", "http://127.0.0.1".to_owned())],
        vec![(
            "origin",
            format!("http://localhost:{}", server.address().port()),
        )],
    ];
    for headers in foreign {
        let with = |request: Request| {
            headers.iter().fold(request, |request, (name, value)| {
                request.header(name, value)
            })
        };
        let response = server.ask(&with(door.purchase("ada"))).await;
        assert_eq!(response.status, 403, "{headers:?}: {}", response.text());
        let fresh = assert_csrf(&response, "cross_site");
        // The token was good before; it is the place that is wrong, and it stays wrong.
        let renewed = Door {
            csrf_token: fresh,
            ..door.clone()
        };
        let retry = with(renewed.purchase("ada"));
        assert_csrf(&server.ask(&retry).await, "cross_site");
    }
    assert_eq!(server.client().await.status().await["sold"], 0);
}

#[tokio::test]
async fn row_49_the_pages_own_requests_are_taken() {
    let server = TestServer::setup().start().await;
    let door = server.door().await;
    let host = server.address().to_string();
    let own = [
        vec![],
        vec![("origin", format!("http://{host}"))],
        vec![("origin", format!("https://{host}"))],
        vec![("sec-fetch-site", "same-origin".to_owned())],
        vec![
            ("sec-fetch-site", "same-origin".to_owned()),
            ("origin", format!("http://{host}")),
        ],
        vec![("sec-fetch-site", "none".to_owned())],
        // Behind a front that speaks HTTPS the host is the public one, for both.
        vec![
            ("host", "shop.example".to_owned()),
            ("origin", "https://shop.example".to_owned()),
        ],
    ];
    for (number, headers) in own.into_iter().enumerate() {
        let request = door.purchase(&format!("buyer-{number}"));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        let response = server.ask(&request).await;
        assert_eq!(response.status, 200, "{headers:?}: {}", response.text());
    }
    // Reading is free for everybody: it changes nothing, and a page elsewhere cannot see the answer.
    let read = Request::get("/api/status").header("sec-fetch-site", "cross-site");
    let response = server
        .ask(&read.header("origin", "http://evil.example"))
        .await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("access-control-allow-origin"), None);
}
