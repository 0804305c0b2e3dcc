//! The process dies at one exact operation on its files: right before a sync, right after it, in
//! the middle of a write, and at every step of a recovery.

use std::collections::BTreeMap;

use rustix::process::Signal;

use crate::support::chance::Chance;
use crate::support::checks::{assert_none, assert_sells, books_keep, kept_over_http};
use crate::support::client::Answer;
use crate::support::faults::Word;
use crate::support::load::{self, Told, key_of};
use crate::support::server::{Home, Setup, TestServer};
use crate::support::{books, process::Exit};

const ROUNDS: usize = 12;
const CONNECTIONS: usize = 8;

/// No recovery of a small ledger takes more operations; if one does, the test has no end.
const RECOVERY_OPERATIONS_MAX: i64 = 2_000;

/// Runs a load on a fresh sale until the process dies where `arm` has told the shim to.
async fn dies_under_load(arm: impl FnOnce(&TestServer)) -> (Setup, Told) {
    let server = TestServer::setup()
        .stock(100_000)
        .with_faults()
        .start()
        .await;
    let door = server.door().await;
    arm(&server);
    let load = load::until_cut(&door, CONNECTIONS, "buyer").await;
    let (setup, exit) = server.ended().await;
    assert_killed(&exit);
    setup.faults().reset();
    (setup, load.join().await)
}

#[track_caller]
fn assert_killed(exit: &Exit) {
    assert_eq!(
        exit.signal,
        Some(Signal::KILL.as_raw()),
        "the shim ends the process: {exit:?}"
    );
}

/// The orders of a ledger that no server has open, by user. Read from a copy: whoever opens a
/// database after a crash recovers it, and that is for the server to do.
async fn stored(home: &Home) -> BTreeMap<String, String> {
    let rows = books::orders(&home.copy().ledger()).await;
    rows.into_iter()
        .map(|row| (row.user_id, row.order_id))
        .collect()
}

/// After the restart: what was confirmed is there, and every attempt that got no answer resolves to
/// one order for ever, the one that was found in the ledger if there was one.
async fn assert_resolved(setup: Setup, told: &Told, found: &BTreeMap<String, String>) {
    let server = setup.start().await;
    let mut client = server.client().await;
    assert_none(&kept_over_http(&mut client, &told.confirmed).await);
    let mut kept = told.confirmed.clone();
    for user in &told.in_doubt {
        let order_id = client.buy_with_key(user, &key_of(user)).await.purchased();
        if let Some(stored) = found.get(user) {
            assert_eq!(
                stored, &order_id,
                "{user} gets the order that was stored before the crash"
            );
        }
        assert_eq!(
            client.buy(user).await,
            Answer::AlreadyPurchased(order_id.clone())
        );
        kept.insert(user.clone(), order_id);
    }
    assert_none(&books_keep(&server.home().ledger(), &kept).await);
    assert_sells(&server.door().await, "after-the-crash").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_01_killed_before_the_sync_confirms_nothing_that_is_not_kept() {
    let mut chance = Chance::announced("row 1");
    for _ in 0..ROUNDS {
        let syncs = i64::try_from(chance.between(1, 40)).expect("a small number");
        let (setup, told) = dies_under_load(|server| {
            let faults = server.faults();
            faults.set(Word::DieBeforeSync, faults.get(Word::Syncs) + syncs);
        })
        .await;
        assert!(
            !told.in_doubt.is_empty(),
            "the batch of the missing sync got no answer"
        );
        let found = stored(setup.home()).await;
        assert_resolved(setup, &told, &found).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_killed_after_the_sync_the_retry_gets_the_stored_order() {
    let mut chance = Chance::announced("row 2");
    for _ in 0..ROUNDS {
        // The first sync after a start is that of the log's head, before any batch is in it.
        let syncs = i64::try_from(chance.between(2, 40)).expect("a small number");
        let (setup, told) = dies_under_load(|server| {
            let faults = server.faults();
            faults.set(Word::DieAfterSync, faults.get(Word::Syncs) + syncs);
        })
        .await;
        let found = stored(setup.home()).await;
        let unconfirmed = told
            .in_doubt
            .iter()
            .filter(|user| found.contains_key(*user))
            .count();
        assert!(
            unconfirmed > 0,
            "the batch was durable before the process died, yet none of it is stored"
        );
        assert_resolved(setup, &told, &found).await;
    }
}

/// The process alone dies here, so the kernel keeps the part that was written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_04_killed_in_the_middle_of_a_write_recovers_to_the_last_whole_commit() {
    let mut chance = Chance::announced("row 4, torn write");
    for _ in 0..ROUNDS {
        let write = i64::try_from(chance.between(1, 400)).expect("a small number");
        let per_mille = i64::try_from(chance.between(0, 999)).expect("a small number");
        let (setup, told) = dies_under_load(|server| {
            let faults = server.faults();
            faults.set(Word::TornPerMille, per_mille);
            faults.set(Word::TearWrite, faults.get(Word::Writes) + write);
        })
        .await;
        let found = stored(setup.home()).await;
        assert_resolved(setup, &told, &found).await;
    }
}

/// Dies at the first operation of the recovery, then at the second, and so on, each time on what the
/// last attempt has left behind, until a start comes through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_12_a_recovery_that_crashes_at_every_step_can_be_repeated() {
    let (mut setup, told) = dies_under_load(|server| {
        let faults = server.faults();
        faults.set(Word::DieBeforeSync, faults.get(Word::Syncs) + 30);
    })
    .await;
    let crashed = setup.clone();
    let files = setup.home().copy();
    let mut crashes = 0;
    let server = loop {
        setup.faults().reset();
        setup.faults().set(Word::DieAtOperation, crashes + 1);
        match setup.try_start().await {
            Ok(server) => break server,
            Err((again, exit)) => {
                assert_killed(&exit);
                setup = again;
                crashes += 1;
            }
        }
        assert!(crashes < RECOVERY_OPERATIONS_MAX, "the recovery has no end");
    };
    println!("row 12: {crashes} crashes before a start came through");
    server.faults().set(Word::DieAtOperation, 0);
    let setup = server.kill().await;
    let found = stored(setup.home()).await;
    assert_resolved(setup.without_faults(), &told, &found).await;

    // And each step once more, every time on the files as the first crash left them.
    for operation in 1..=crashes {
        let setup = crashed.clone().at(files.copy()).with_faults();
        setup.faults().set(Word::DieAtOperation, operation);
        let (setup, exit) = match setup.try_start().await {
            Err(ended) => ended,
            Ok(server) => server.ended().await,
        };
        assert_killed(&exit);
        let found = stored(setup.home()).await;
        assert_resolved(setup.without_faults(), &told, &found).await;
    }
}

/// The first start of a sale may die as well, at any step; the next one begins the sale. Nothing was
/// sold yet, so there is nothing that it could refill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_12_a_first_start_that_crashes_at_every_step_can_be_repeated() {
    for operation in 1..RECOVERY_OPERATIONS_MAX {
        let setup = TestServer::setup().stock(10).with_faults();
        setup.faults().set(Word::DieAtOperation, operation);
        match setup.try_start().await {
            Ok(_) => {
                println!("row 12: a first start takes {} operations", operation - 1);
                return;
            }
            Err((setup, exit)) => {
                assert_killed(&exit);
                let server = setup.without_faults().start().await;
                let status = server.client().await.status().await;
                assert_eq!(
                    status["stock"], 10,
                    "after a crash at operation {operation}: {status}"
                );
                assert_sells(&server.door().await, "the-first").await;
            }
        }
    }
    panic!("a first start has no end");
}
