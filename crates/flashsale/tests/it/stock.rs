//! Nothing, one, and as much as there can be.

use crate::support::books;
use crate::support::client::Answer;
use crate::support::now_ms;
use crate::support::server::{HOUR_MS, TestServer};

#[tokio::test]
async fn row_47_a_sale_of_nothing_sells_nothing() {
    let setup = TestServer::setup().stock(0);
    let mut server = setup.start().await;
    for _start in 0..2 {
        let mut client = server.client().await;
        let status = client.status().await;
        assert_eq!(status["status"], "sold_out", "{status}");
        assert_eq!(
            (&status["stock"], &status["sold"]),
            (&0.into(), &0.into()),
            "{status}"
        );
        assert_eq!(client.buy("ada").await, Answer::SoldOut);
        assert_eq!(client.lookup("ada").await, None);
        books::assert_clean(&server.home().ledger()).await;
        server = server.kill().await.start().await;
    }
    let later = now_ms() + HOUR_MS;
    let server = TestServer::setup()
        .stock(0)
        .window(later, later + HOUR_MS)
        .start()
        .await;
    let mut client = server.client().await;
    assert_eq!(client.status().await["status"], "upcoming");
    assert_eq!(client.buy("ada").await, Answer::NotActive);
}

#[tokio::test]
async fn row_47_a_sale_of_one_has_one_buyer() {
    let server = TestServer::setup().stock(1).start().await;
    let mut client = server.client().await;
    assert_eq!(client.status().await["status"], "active");
    let order_id = client.buy("first").await.purchased();
    let server = server.kill().await.start().await;
    let mut client = server.client().await;
    let status = client.status().await;
    assert_eq!(status["status"], "sold_out", "{status}");
    assert_eq!(
        (&status["stock"], &status["sold"]),
        (&0.into(), &1.into()),
        "{status}"
    );
    assert_eq!(client.buy("second").await, Answer::SoldOut);
    assert_eq!(
        client.buy("first").await,
        Answer::AlreadyPurchased(order_id)
    );
}

#[tokio::test]
async fn row_47_the_largest_stock_is_taken_and_one_more_is_not() {
    const STOCK_MAX: u64 = 10_000_000;
    let server = TestServer::setup().stock(STOCK_MAX).start().await;
    let mut client = server.client().await;
    assert_eq!(client.status().await["stock"], STOCK_MAX);
    client.buy("ada").await.purchased();
    assert_eq!(client.status().await["stock"], STOCK_MAX - 1);
    books::assert_clean(&server.home().ledger()).await;
    let refusal = TestServer::setup().stock(STOCK_MAX + 1).refused().await;
    assert_eq!(refusal.code, Some(2), "{refusal:?}");
    for word in ["SALE_STOCK", "10000001", "10000000"] {
        assert!(
            refusal.stderr.contains(word),
            "{word} is missing: {}",
            refusal.stderr
        );
    }
}
