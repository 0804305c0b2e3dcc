//! What every test here stands on: the real binary in a directory of its own, a cheap HTTP client,
//! the checks that read a sale's books, and a shim that makes the disk and the clock misbehave.
//!
//! In reading order: [`server`] starts and ends the binary, [`http`] and [`client`] talk to it,
//! [`contract`] knows what its answers look like, [`openapi`] holds all of them to the API's document,
//! [`tls`] and [`http2`] do so over HTTPS; [`identity`] is the shop that says who buys, [`bots`] passes the check before the sale, [`events`] follows its
//! live stream, [`console`] stands behind its counter; [`load`] talks to it a lot,
//! [`persistent`] until there is an answer, [`crowd`] as people do, while [`slowed`] keeps it from its processor; [`checks`] judges what came back, [`books`] runs `audit` and
//! `orders`; [`shop`] is three nodes on one Redis and the course of a fault, [`sabotaged`] a server that
//! breaks a promise, [`faults`] breaks the disk, [`images`] rebuilds what a power loss would have left of a
//! ledger.
//!
//! Nothing here knows the server's code: only its command line, its HTTP contract and its files.

pub(crate) mod books;
pub(crate) mod bots;
pub(crate) mod chance;
pub(crate) mod checks;
pub(crate) mod client;
pub(crate) mod console;
pub(crate) mod contract;
pub(crate) mod crowd;
pub(crate) mod events;
pub(crate) mod faults;
pub(crate) mod http;
pub(crate) mod http2;
pub(crate) mod identity;
pub(crate) mod images;
pub(crate) mod load;
pub(crate) mod openapi;
pub(crate) mod persistent;
pub(crate) mod process;
pub(crate) mod sabotaged;
pub(crate) mod server;
pub(crate) mod shop;
pub(crate) mod slowed;
pub(crate) mod tls;

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{Semaphore, SemaphorePermit};

/// One place for tests that load the machine or that measure time.
///
/// The test harness runs tests side by side. Two of these at once would measure each other: a test
/// that offers ten times the server's capacity leaves no processor for one that expects an answer
/// within a second. They queue here; the many light tests go on beside them.
static MACHINE: Semaphore = Semaphore::const_new(1);

/// Waits until no other heavy or timing test runs, and holds the place until dropped.
pub(crate) async fn machine_alone() -> SemaphorePermit<'static> {
    MACHINE
        .acquire()
        .await
        .expect("the semaphore is never closed")
}

/// The wall clock in epoch milliseconds, as the server's API tells times.
pub(crate) fn now_ms() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    i64::try_from(since_epoch.as_millis()).expect("milliseconds fit for ages to come")
}
