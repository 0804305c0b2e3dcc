//! Whose request it is, where proxies hand it on.

use crate::http_rate_limits::from;
use crate::support::http::{Connection, Request};
use crate::support::server::{Setup, TestServer};

/// Three requests of one address pass.
fn setup() -> Setup {
    TestServer::setup()
        .env("RATE_LIMIT", "1000/1s")
        .env("RATE_LIMIT_ADDRESS", "3/1h")
}

/// How many of these requests pass, each with its header, from one peer.
async fn passed(server: &TestServer, peer: u8, name: &str, values: &[String]) -> usize {
    let connection = Connection::open_from(from(peer), server.address()).await;
    let mut connection = connection.expect("a connection");
    let mut passed = 0;
    for value in values {
        let request = Request::get("/api/purchase/ada").header(name, value);
        let response = connection.send(&request).await.expect("an answer");
        assert!([200, 429].contains(&response.status), "{}", response.text());
        passed += usize::from(response.status == 200);
    }
    passed
}

fn each<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

#[tokio::test]
async fn row_50_a_stranger_cannot_borrow_an_address() {
    let forged = each((1..=10).map(|last| format!("203.0.113.{last}")));
    for name in [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "true-client-ip",
    ] {
        for trusted in [None, Some("127.0.0.2,10.0.0.0/8")] {
            let setup = match trusted {
                Some(trusted) => setup().env("TRUSTED_PROXIES", trusted),
                None => setup(),
            };
            let server = setup.start().await;
            let values: Vec<_> = match name {
                "forwarded" => each(forged.iter().map(|address| format!("for={address}"))),
                _ => forged.clone(),
            };
            assert_eq!(
                passed(&server, 1, name, &values).await,
                3,
                "{name} {trusted:?}"
            );
        }
    }
}

#[tokio::test]
async fn row_50_a_trusted_proxy_is_believed_as_far_as_it_can_know() {
    let server = setup()
        .env("TRUSTED_PROXIES", "127.0.0.2, 127.0.0.3")
        .start()
        .await;
    let name = "x-forwarded-for";
    let ten = || 1..=10;
    // Ten clients, once each.
    let clients = each(ten().map(|last| format!("203.0.113.{last}")));
    assert_eq!(passed(&server, 2, name, &clients).await, 10);
    // One client, which puts ten others before itself.
    let forged = each(ten().map(|last| format!("198.51.100.{last}, 192.0.2.1")));
    assert_eq!(passed(&server, 2, name, &forged).await, 3);
    // The same one by the other proxy, and through both of them: it was counted already.
    let both = each(["192.0.2.1", "192.0.2.1, 127.0.0.3", "1.1.1.1,192.0.2.1"]);
    assert_eq!(passed(&server, 3, name, &both).await, 0);
    // The header that nobody was told to read says nothing: it is the proxy that asks.
    let standard = each(ten().map(|last| format!("for=203.0.113.{last}")));
    assert_eq!(passed(&server, 2, "forwarded", &standard).await, 3);
}

#[tokio::test]
async fn row_50_an_ipv6_network_is_counted_as_one() {
    let server = setup()
        .env("TRUSTED_PROXIES", "127.0.0.2")
        .env("FORWARDED_BY", "forwarded")
        .start()
        .await;
    let name = "forwarded";
    let home = each((1..=10).map(|last| format!("for=\"[2001:db8:1:2:{last}::{last}]:4711\"")));
    assert_eq!(passed(&server, 2, name, &home).await, 3);
    let homes = each((1..=10).map(|net| format!("for=\"[2001:db8:2:{net}::1]\"")));
    assert_eq!(passed(&server, 2, name, &homes).await, 10);
    let mapped = each([
        "for=192.0.2.9",
        "for=\"[::ffff:192.0.2.9]\"",
        "for=\"192.0.2.9:80\"",
        "for=192.0.2.9",
    ]);
    assert_eq!(passed(&server, 2, name, &mapped).await, 3);
}
