//! The negative control: a server built to break its promises is caught by the very checks that
//! pass the real one.
//!
//! It needs a binary of its own, because the switch that turns a check off must not exist in the
//! one that is shipped.

use std::slice;

use crate::support::checks::{Promise, Violation, assert_none, rush, storm};
use crate::support::machine_alone;
use crate::support::sabotaged::{SWITCH_VARIABLE, binary};
use crate::support::server::{Setup, TestServer};

const USERS: usize = 2_000;
const CONNECTIONS: usize = 250;
const STOCK: usize = 10;

fn sabotaged() -> Setup {
    TestServer::setup().binary(binary()).stock(STOCK as u64)
}

async fn rush_finds(setup: Setup) -> Vec<Violation> {
    let server = setup.start().await;
    rush(slice::from_ref(&server), USERS, CONNECTIONS, STOCK)
        .await
        .expect("every request is answered")
}

async fn storm_finds(setup: Setup) -> Vec<Violation> {
    let server = setup.start().await;
    storm(slice::from_ref(&server), "impatient", CONNECTIONS)
        .await
        .expect("every request is answered")
}

#[track_caller]
fn assert_found(found: &[Violation], promise: Promise) {
    let caught = found.iter().any(|violation| violation.promise == promise);
    assert!(
        caught,
        "{promise:?} was broken on purpose and not found; found: {found:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_stock_check_the_rush_finds_the_oversale() {
    let _machine = machine_alone().await;
    let found = rush_finds(sabotaged().env(SWITCH_VARIABLE, "stock")).await;
    assert_found(&found, Promise::ExactlyTheStock);
    assert_found(&found, Promise::AuditIsClean);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_uniqueness_check_the_storm_finds_two_orders() {
    let _machine = machine_alone().await;
    let found = storm_finds(sabotaged().env(SWITCH_VARIABLE, "uniqueness")).await;
    assert_found(&found, Promise::OneOrderPerUser);
    assert_found(&found, Promise::AuditIsClean);
}

/// The same binary with its checks on passes: it is the missing check that is found above, not the
/// odd build.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_its_checks_on_the_same_binary_passes() {
    let _machine = machine_alone().await;
    assert_none(&rush_finds(sabotaged()).await);
    assert_none(&storm_finds(sabotaged()).await);
}
