//! Everybody at once, and one user at once a thousand times, through real sockets.

use std::slice;

use crate::support::checks::{assert_none, rush, storm};
use crate::support::machine_alone;
use crate::support::server::TestServer;

/// How often the small sales are run. Each is over within milliseconds, so that its few dozen
/// requests meet in the first batches, where a race would be.
const SMALL_SALES: usize = 100;
const SMALL_USERS: usize = 35;
const SMALL_STOCK: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_users_over_a_thousand_connections_get_exactly_the_stock() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().stock(500).start().await;
    let found = rush(slice::from_ref(&server), 20_000, 1_000, 500)
        .await
        .expect("every request is answered");
    assert_none(&found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_29_one_user_a_thousand_times_at_once_gets_one_order() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().stock(500).start().await;
    let found = storm(slice::from_ref(&server), "impatient", 1_000)
        .await
        .expect("every request is answered");
    assert_none(&found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_small_sales_sell_exactly_their_stock() {
    let _machine = machine_alone().await;
    for _ in 0..SMALL_SALES {
        let server = TestServer::setup().stock(SMALL_STOCK as u64).start().await;
        let found = rush(
            slice::from_ref(&server),
            SMALL_USERS,
            SMALL_USERS,
            SMALL_STOCK,
        )
        .await
        .expect("every request is answered");
        assert_none(&found);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_29_a_hundred_impatient_users_get_one_order_each() {
    let _machine = machine_alone().await;
    for _ in 0..SMALL_SALES {
        let server = TestServer::setup().stock(SMALL_STOCK as u64).start().await;
        let found = storm(slice::from_ref(&server), "impatient", SMALL_USERS)
            .await
            .expect("every request is answered");
        assert_none(&found);
    }
}
