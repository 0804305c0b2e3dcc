//! The power fails: what was not synced is gone, wholly or in part, in any mixture of sectors.

use crate::support::chance::Chance;
use crate::support::checks::{Violation, assert_none, assert_sells, books_keep, kept_over_http};
use crate::support::client::Client;
use crate::support::faults::Word;
use crate::support::images::{after_power_loss, tear};
use crate::support::load::{self, Told};
use crate::support::machine_alone;
use crate::support::server::{Home, Setup, TestServer};

/// Moments at which the power fails, and the ways in which the same moment may go.
const MOMENTS: usize = 6;
const VARIANTS: usize = 8;
const CONNECTIONS: usize = 16;

/// The first operations on a log that is new, where nothing of it was synced but its name.
const FIRST_OPERATIONS: std::ops::RangeInclusive<u64> = 1..=4;

/// Operations on the files until the power fails. The upper end lies beyond a checkpoint, which
/// comes after four thousand pages of log, with two writes each.
const OPERATIONS: (u64, u64) = (1, 16_000);

/// Runs a load on a fresh sale until the process dies at that operation or sync from its beginning on;
/// every file is kept as of its last sync.
async fn power_fails(word: Word, counter: Word, after: u64) -> (Setup, Told) {
    let setup = TestServer::setup().stock(1_000_000).with_faults();
    setup.faults().set(Word::KeepImages, 1);
    let server = setup.start().await;
    let door = server.door().await;
    let faults = server.faults();
    let after = i64::try_from(after).expect("a small number");
    faults.set(word, faults.get(counter) + after);
    let load = load::until_cut(&door, CONNECTIONS, "buyer").await;
    let (setup, _) = server.ended().await;
    (setup, load.join().await)
}

/// Starts on the files as they were found, without the shim, and looks for every confirmed order.
async fn lost_on(setup: &Setup, home: Home, told: &Told) -> Vec<Violation> {
    let server = match setup.clone().without_faults().at(home).try_start().await {
        Ok(server) => server,
        Err((_, exit)) => return vec![Violation::refused_to_start(&exit)],
    };
    let door = server.door().await;
    let mut client = Client::open(&door).await.expect("a connection");
    let mut found = kept_over_http(&mut client, &told.confirmed).await;
    found.extend(books_keep(&server.home().ledger(), &told.confirmed).await);
    if found.is_empty() {
        assert_sells(&door, "after-the-power-loss").await;
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_03_power_loss_keeps_every_confirmed_order() {
    let _machine = machine_alone().await;
    let mut chance = Chance::announced("row 3");
    let mut confirmed = 0;
    let mut moments: Vec<u64> = FIRST_OPERATIONS.collect();
    moments.extend((0..MOMENTS).map(|_| chance.between(OPERATIONS.0, OPERATIONS.1)));
    for &after in &moments {
        let (setup, told) = power_fails(Word::DieAtOperation, Word::Operations, after).await;
        for _ in 0..VARIANTS {
            let home = after_power_loss(setup.home(), setup.faults().images(), &mut chance);
            assert_none(&lost_on(&setup, home, &told).await);
        }
        confirmed += told.confirmed.len();
    }
    println!(
        "row 3: {} power losses, {confirmed} confirmed orders",
        moments.len() * VARIANTS
    );
    assert!(
        confirmed > 0,
        "nothing was confirmed before the power failed"
    );
}

/// The last write is cut at a random byte: new before it, as it was at the last sync after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_04_torn_last_write_recovers_to_the_last_whole_commit() {
    let mut chance = Chance::announced("row 4, torn tail");
    for _ in 0..MOMENTS {
        let after = chance.between(1, 60);
        let (setup, told) = power_fails(Word::DieBeforeSync, Word::Syncs, after).await;
        for _ in 0..VARIANTS {
            let home = tear(setup.home(), setup.faults().images(), &mut chance);
            assert_none(&lost_on(&setup, home, &told).await);
        }
    }
}

/// The control: on a disk that only claims to sync, the same power loss loses confirmed orders and
/// the same check says so. Without it nobody could tell whether the variants lose anything at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_03_a_disk_that_lies_about_syncs_is_caught_by_the_same_check() {
    let mut chance = Chance::announced("row 3, lying disk");
    let setup = TestServer::setup().stock(1_000_000).with_faults();
    setup.faults().set(Word::KeepImages, 1);
    let server = setup.start().await;
    let door = server.door().await;
    server.faults().set(Word::LieAboutSyncs, 1);
    server.faults().set(
        Word::DieAtOperation,
        server.faults().get(Word::Operations) + 500,
    );
    let load = load::until_cut(&door, CONNECTIONS, "buyer").await;
    let (setup, _) = server.ended().await;
    let told = load.join().await;
    assert!(
        !told.confirmed.is_empty(),
        "the lying disk let purchases be confirmed"
    );
    let mut caught = 0;
    for _ in 0..VARIANTS {
        let home = after_power_loss(setup.home(), setup.faults().images(), &mut chance);
        caught += usize::from(!lost_on(&setup, home, &told).await.is_empty());
    }
    assert!(
        caught > 0,
        "{VARIANTS} power losses on a lying disk and no order was missed"
    );
}
