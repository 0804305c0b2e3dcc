//! How often one user and one address may ask.

use std::net::IpAddr;
use std::time::Duration;

use crate::support::client::{Answer, Client};
use crate::support::contract::assert_error;
use crate::support::http::{Connection, Request, Response};
use crate::support::machine_alone;
use crate::support::server::TestServer;

/// Another address of this machine.
pub(crate) fn from(last: u8) -> IpAddr {
    [127, 0, 0, last].into()
}

/// A refusal with all that it says, and after how many milliseconds to come back.
#[track_caller]
pub(crate) fn assert_limited(response: &Response, policy: &str, quota: u64, window: u64) -> u64 {
    let body = assert_error(response, 429, "rate_limited", &["retryAfterMs"]);
    let ms = body["retryAfterMs"].as_u64().expect("a number");
    assert!((1..=window * 1_000).contains(&ms), "{body}");
    let seconds = ms.div_ceil(1_000).to_string();
    assert_eq!(response.header("retry-after"), Some(&*seconds));
    let said = |name: &str| response.header(name).unwrap_or_default().to_owned();
    assert_eq!(
        said("ratelimit-policy"),
        format!("\"{policy}\";q={quota};w={window}")
    );
    assert_eq!(said("ratelimit"), format!("\"{policy}\";r=0;t={seconds}"));
    ms
}

#[tokio::test]
async fn a_user_who_asks_too_often_waits_a_moment_and_nobody_else_does() {
    let server = TestServer::setup().env("RATE_LIMIT", "3/3s").start().await;
    let mut client = server.client().await;
    let order = client.buy("ada@example.com").await.purchased();
    // By whichever connection, address and spelling: it is the same person.
    let elsewhere = Connection::open_from(from(7), server.address()).await;
    let mut elsewhere = elsewhere.expect("a connection");
    let again = Answer::AlreadyPurchased(order.clone());
    for spelling in ["Ada@Example.com", " ADA@example.com"] {
        let response = elsewhere.send(&client.door().purchase(spelling)).await;
        assert_eq!(Answer::of(&response.expect("an answer")), again);
    }
    let refused = client
        .send(&client.door().clone().purchase("ada@example.com"))
        .await;
    let refused = refused.expect("an answer");
    let wait_ms = assert_limited(&refused, "user", 3, 3);
    client.buy("bob").await.purchased();
    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    assert_eq!(client.buy("ada@example.com").await, again);
    // One more, and no burst: it has earned one second's worth.
    let refused = client
        .send(&client.door().clone().purchase("ada@example.com"))
        .await;
    assert_limited(&refused.expect("an answer"), "user", 3, 3);
    // Looking is not buying.
    for _ in 0..10 {
        assert_eq!(
            client.get("/api/purchase/ada@example.com").await.json()["orderId"],
            order
        );
    }
    // Behind the counter it is seen as what it is.
    let metrics = server.console().get("/metrics").await.text();
    assert!(
        metrics.contains("flashsale_purchases_total{outcome=\"rate_limited\"} 2"),
        "{metrics}"
    );
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_refused_before_anything_else() {
    let server = TestServer::setup()
        .env("RATE_LIMIT", "1000/1s")
        .env("RATE_LIMIT_ADDRESS", "6/1h")
        .start()
        .await;
    let mut client = server.client().await; // The first: its token.
    client.buy("ada").await.purchased();
    client.get("/api/purchase/ada").await;
    client.get("/api/csrf").await;
    // What is refused for another reason was asked for, too.
    let door = client.door().clone();
    let unread = client.send(&door.purchase("")).await.expect("an answer");
    assert_eq!(unread.status, 422);
    let forged = client
        .send(&door.purchase("bob").without("cookie"))
        .await
        .expect("an answer");
    assert_eq!(forged.status, 403);
    let mut fresh = Client::open(&door).await.expect("a connection");
    for request in [
        door.purchase("bob"),
        door.purchase("bob").without("cookie"),
        door.purchase_body("{"),
        Request::get("/api/csrf"),
        Request::get("/api/purchase/ada"),
    ] {
        let refused = fresh.send(&request).await.expect("an answer");
        assert_limited(&refused, "address", 6, 3_600);
    }
    // Whoever only looks at the sale is not counted, and other addresses are others.
    for path in ["/api/status", "/api/openapi.json", "/livez", "/readyz"] {
        assert_eq!(fresh.get(path).await.status, 200, "{path}");
    }
    let other = Connection::open_from(from(9), server.address()).await;
    let bought = other
        .expect("a connection")
        .send(&door.purchase("bob"))
        .await;
    Answer::of(&bought.expect("an answer")).purchased();
}

#[tokio::test]
async fn off_is_off_and_nonsense_is_refused_at_the_start() {
    let server = TestServer::setup()
        .env("RATE_LIMIT", "off")
        .env("RATE_LIMIT_ADDRESS", "1/1h")
        .start()
        .await;
    let mut client = server.client().await;
    client.buy("ada").await.purchased();
    for _ in 0..50 {
        assert!(matches!(
            client.buy("ada").await,
            Answer::AlreadyPurchased(_)
        ));
    }
    // Without a setting somebody is counted.
    let server = TestServer::setup().without("RATE_LIMIT").start().await;
    let mut client = server.client().await;
    let mut refused = 0;
    for _ in 0..30 {
        refused += u32::from(matches!(client.buy("ada").await, Answer::Other(429, _)));
    }
    assert!((5..=10).contains(&refused), "{refused} of 30");

    for (name, value, word) in [
        ("RATE_LIMIT", "20", "20/10s"),
        ("RATE_LIMIT", "0/1s", "20/10s"),
        ("RATE_LIMIT_ADDRESS", "many", "off"),
        ("TRUSTED_PROXIES", "proxy.example", "10.0.0.0/8"),
        ("FORWARDED_BY", "x-real-ip", "x-forwarded-for"),
        ("ALLOWED_ORIGINS", "*", "in full"),
        (
            "ALLOWED_ORIGINS",
            "https://shop.example/",
            "browsers write it as https://shop.example\n",
        ),
    ] {
        let exit = TestServer::setup().env(name, value).refused().await;
        assert_eq!(exit.code, Some(2), "{exit:?}");
        assert!(
            exit.stderr.contains(word),
            "{name}={value}: {}",
            exit.stderr
        );
    }
}

/// More addresses than the table has places, each once: it does not grow, and who asks too often is still known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_addresses_takes_no_more_memory_and_hides_nobody() {
    const CROWD: u32 = 1_200_000;
    const AT_ONCE: u32 = 500;
    /// By now the crowd has touched every page of the table. What comes after would take some 10 MiB if each were
    /// remembered.
    const SPREAD: u32 = CROWD / 2;
    const GROWN_MAX: u64 = 3 << 20;
    let _machine = machine_alone().await;
    let mut server = TestServer::setup()
        .env("RATE_LIMIT", "1000000/1s")
        .env("RATE_LIMIT_ADDRESS", "20/1h")
        .env("TRUSTED_PROXIES", "127.0.0.1")
        .start()
        .await;
    let mut connection = Connection::open(server.address())
        .await
        .expect("a connection");
    let ask = |address: u32| {
        let address = std::net::Ipv4Addr::from(0x0A00_0000 + address);
        Request::get("/api/purchase/ada").header("x-forwarded-for", address.to_string())
    };
    let mut loud_ones = Vec::new();
    let mut spread_bytes = 0;
    for first in (0..CROWD).step_by(AT_ONCE as usize) {
        let crowd = (first..first + AT_ONCE).map(&ask);
        for status in connection.send_all(crowd).await.expect("answers") {
            assert_eq!(status, 200);
        }
        if first % (40 * AT_ONCE) == 0 {
            let response = connection.send(&ask(99_999_999)).await.expect("an answer");
            loud_ones.push(response.status);
        }
        if first == SPREAD {
            spread_bytes = server.process().resident_bytes();
        }
    }
    assert_eq!(
        loud_ones.iter().filter(|status| **status == 200).count(),
        20,
        "{loud_ones:?}"
    );
    let grown = server
        .process()
        .resident_bytes()
        .saturating_sub(spread_bytes);
    assert!(grown < GROWN_MAX, "{grown} bytes");
}
