//! The headers of a purchase: said twice, too long, or said by another user.

use crate::support::client::{Answer, CSRF_HEADER};
use crate::support::contract::assert_error;
use crate::support::server::TestServer;

#[tokio::test]
async fn row_39_a_header_that_is_there_twice_is_refused() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let door = client.door().clone();
    let token = &door.csrf_token;
    let with_token = door.purchase("ada");
    let without = with_token.clone().without(CSRF_HEADER);
    let xsrf = without.clone().header("x-xsrf-token", token);
    let twice = [
        with_token.clone().header(CSRF_HEADER, token),
        with_token.clone().header("X-Csrf-Token", "another"),
        without
            .clone()
            .header(CSRF_HEADER, "another")
            .header(CSRF_HEADER, token),
        xsrf.clone().header("x-xsrf-token", token),
        // The two names mean the same header.
        xsrf.clone().header(CSRF_HEADER, token),
        with_token.clone().header("x-xsrf-token", "another"),
        with_token
            .clone()
            .header("idempotency-key", "one")
            .header("idempotency-key", "one"),
        with_token
            .clone()
            .header("idempotency-key", "one")
            .header("Idempotency-Key", "two"),
    ];
    for request in twice {
        let response = client.send(&request).await.expect("an answer");
        assert_eq!(response.status, 400, "{request:?}: {}", response.text());
        assert_error(&response, 400, "bad_request", &[]);
    }
    assert_eq!(client.status().await["sold"], 0);
    Answer::of(&client.send(&xsrf).await.expect("an answer")).purchased();
}

#[tokio::test]
async fn row_40_a_key_that_is_none_is_refused() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let long = "k".repeat(256);
    let invalid: [&[u8]; 6] = [
        b"",
        long.as_bytes(),
        "schlüssel".as_bytes(),
        b"\xff\xfe",
        b"a\tb",
        "🔑".as_bytes(),
    ];
    for key in invalid {
        let request = client.door().purchase("ada").header("idempotency-key", key);
        let response = client.send(&request).await.expect("an answer");
        assert_eq!(response.status, 400, "{key:?}: {}", response.text());
        assert_error(&response, 400, "bad_request", &[]);
    }
    assert_eq!(client.status().await["sold"], 0);
}

/// A user, the key that came with the purchase, and the order.
type Bought = (String, String, String);

async fn assert_the_same_answers(server: &TestServer, bought: &[Bought]) {
    let mut client = server.client().await;
    for (user, key, order_id) in bought {
        let already = Answer::AlreadyPurchased(order_id.clone());
        let purchased = Answer::Purchased(order_id.clone());
        assert_eq!(client.buy_with_key(user, key).await, purchased, "{key:?}");
        // The same person in another form makes it no other purchase.
        assert_eq!(
            client.buy_with_key(&user.to_uppercase(), key).await,
            purchased,
            "{key:?}"
        );
        for other in ["another".to_owned(), format!("{}x", &key[1..])] {
            assert_eq!(
                client.buy_with_key(user, &other).await,
                already,
                "{key:?} and {other:?}"
            );
        }
        assert_eq!(client.buy(user).await, already, "{key:?}");
    }
    assert_eq!(client.status().await["sold"], bought.len());
}

#[tokio::test]
async fn row_40_the_same_key_gets_the_same_answer() {
    let longest = "k".repeat(255);
    let keys = [
        "k",
        "550e8400-e29b-41d4-a716-446655440000",
        "a b",
        "{}:*?\"'\\",
        &longest,
    ];
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let mut bought = Vec::new();
    for (number, key) in keys.into_iter().enumerate() {
        let user = format!("buyer-{number}@example.com");
        let order_id = client.buy_with_key(&user, key).await.purchased();
        bought.push((user, key.to_owned(), order_id));
    }
    assert_the_same_answers(&server, &bought).await;
    let server = server.kill().await.start().await;
    assert_the_same_answers(&server, &bought).await;
    let stored: Vec<Option<String>> = server
        .orders()
        .await
        .into_iter()
        .map(|row| row.idempotency_key)
        .collect();
    assert_eq!(stored, keys.map(|key| Some(key.to_owned())));
}

#[tokio::test]
async fn row_40_another_users_key_is_another_purchase() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let ada = client.buy_with_key("ada", "shared").await.purchased();
    let bob = client.buy_with_key("bob", "shared").await.purchased();
    assert_ne!(ada, bob);
    // Not even an id and a key that read alike when they are put together are confused.
    let first = client.buy_with_key("user", "name").await.purchased();
    let second = client.buy_with_key("usern", "ame").await.purchased();
    assert_ne!(first, second);
    // An order without a key is nobody's retry.
    let plain = client.buy("eve").await.purchased();
    assert_eq!(
        client.buy_with_key("eve", "shared").await,
        Answer::AlreadyPurchased(plain)
    );
}
