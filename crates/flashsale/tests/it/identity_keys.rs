//! The shop's keys change while buyers buy.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::client::Answer;
use crate::support::http::Request;
use crate::support::identity::{ShopKey, SignedIn, assert_unauthorized, with_tokens};
use crate::support::server::{Home, TestServer};

/// The server looks at the file every two seconds.
const NOTICED_MAX: Duration = Duration::from_secs(10);

/// A file that is there whole or not at all, as a careful shop writes it.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).expect("a file is written");
    fs::rename(&new, path).expect("a file is renamed");
}

fn document(keys: &[&ShopKey]) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

fn asking(token: &str) -> Request {
    Request::get("/api/csrf").header("authorization", format!("Bearer {token}"))
}

/// A change is taken when two looks, two seconds apart, have found the same.
const TAKEN_AFTER: Duration = Duration::from_secs(5);

async fn until_answered(server: &TestServer, token: &str, status: u16) {
    let deadline = Instant::now() + NOTICED_MAX;
    while server.ask(&asking(token)).await.status != status {
        assert!(Instant::now() < deadline, "{}", server.stderr());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Buyers with the old key ask without a pause, and not one is refused while both keys are good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_51_keys_change_with_an_overlap_under_load() {
    const BUYERS: usize = 8;
    let (old, new) = (ShopKey::make("EdDSA").await, ShopKey::make("ES256").await);
    let home = Home::new();
    let file = home.path().join("keys.json");
    fs::write(&file, document(&[&old])).expect("a file is written");
    let setup = with_tokens(TestServer::setup(), &file, "EdDSA,ES256");
    let server = Arc::new(setup.start().await);

    let stop = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicU64::new(0));
    let mut buyers = JoinSet::new();
    for number in 0..BUYERS {
        let token = old.token(&format!("buyer-{number}")).await;
        let mut buyer = SignedIn::open(&server, &token).await;
        let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
        buyers.spawn(async move {
            let order = buyer.buy("{}").await.purchased();
            while !stop.load(Ordering::Relaxed) {
                let again = buyer.buy("{}").await;
                assert_eq!(again, Answer::AlreadyPurchased(order.clone()));
                served.fetch_add(1, Ordering::Relaxed);
            }
            (buyer, order)
        });
    }
    let newcomer = new.token("newcomer").await;
    let foreign = ShopKey::make("EdDSA").await.token("buyer-0").await;
    assert_unauthorized(&server.ask(&asking(&newcomer)).await, "invalid");

    // A half-written file, one that is missing, one that holds no key: nothing changes, and the log says it.
    let broken = [&document(&[&old, &new])[..40], "", "{\"keys\":[]}"];
    for text in broken {
        fs::write(&file, text).expect("a file is written");
        tokio::time::sleep(TAKEN_AFTER).await;
        assert_unauthorized(&server.ask(&asking(&newcomer)).await, "invalid");
    }
    fs::remove_file(&file).expect("a file is removed");
    tokio::time::sleep(TAKEN_AFTER).await;
    let told = server.stderr();
    let errors = told
        .lines()
        .filter(|line| line.contains("the ones before stay good"));
    assert_eq!(
        errors.count(),
        broken.len() + 1,
        "each is told once: {told}"
    );

    replace(&file, &document(&[&old, &new]));
    until_answered(&server, &newcomer, 200).await;
    let mut one = SignedIn::open(&server, &newcomer).await;
    one.buy("{}").await.purchased();
    assert_unauthorized(&server.ask(&asking(&foreign)).await, "invalid");
    let before = served.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(served.load(Ordering::Relaxed) > before, "buyers go on");

    stop.store(true, Ordering::Relaxed);
    let mut all = Vec::new();
    while let Some(buyer) = buyers.join_next().await {
        all.push(buyer.expect("no buyer is refused"));
    }
    assert_eq!(all.len(), BUYERS);

    // The old key goes, and with it everybody who has no new token.
    replace(&file, &document(&[&new]));
    let late = old.token("late").await;
    until_answered(&server, &late, 401).await;
    for (mut buyer, order) in all {
        let request = buyer.purchase("{}");
        assert_unauthorized(&buyer.send(&request).await, "invalid");
        let again = new.token(&server_side_name(&server, &order).await).await;
        let mut buyer = SignedIn::open(&server, &again).await;
        assert_eq!(buyer.buy("{}").await, Answer::AlreadyPurchased(order));
    }
    one.buy("{}").await.order_id().expect("an order");
}

/// Whose order this is.
async fn server_side_name(server: &TestServer, order: &str) -> String {
    let orders = server.orders().await;
    let row = orders.iter().find(|row| row.order_id == order);
    row.expect("the order is in the books").user_id.clone()
}
