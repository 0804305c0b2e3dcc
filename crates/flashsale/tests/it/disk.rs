//! The disk fails, is full, or does not answer.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::chance::Chance;
use crate::support::checks::{assert_none, assert_sells, books_agree, books_keep, kept_over_http};
use crate::support::client::{Answer, Client, Door};
use crate::support::faults::{ENOSPC, Word};
use crate::support::images::after_power_loss;
use crate::support::load::{self, key_of};
use crate::support::machine_alone;
use crate::support::server::TestServer;

const CONNECTIONS: usize = 8;

/// Whether later syncs would succeed again. A disk's second answer cannot be trusted either way:
/// the kernel may have dropped the pages that it could not write.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Once,
    ForGood,
}

async fn sync_fails(failure: Failure) {
    let mut chance = Chance::announced("row 6");
    let setup = TestServer::setup().stock(100_000).with_faults();
    setup.faults().set(Word::KeepImages, 1);
    let server = setup.start().await;
    let door = server.door().await;
    let faults = server.faults();
    let first =
        faults.get(Word::Syncs) + i64::try_from(chance.between(1, 30)).expect("a small number");
    let last = match failure {
        Failure::Once => first,
        Failure::ForGood => i64::MAX,
    };
    faults.set(Word::FailSyncFrom, first);
    faults.set(Word::FailSyncTo, last);
    let load = load::until_cut(&door, CONNECTIONS, "buyer").await;
    let (setup, exit) = server.ended().await;
    let told = load.join().await;
    assert!(
        setup.faults().get(Word::SyncsFailed) > 0,
        "a sync has failed"
    );
    assert_eq!(
        exit.code,
        Some(1),
        "{failure:?}: it stops by itself and says so: {exit:?}"
    );
    assert!(
        exit.stderr.contains(".sqlite3"),
        "the message names the file: {}",
        exit.stderr
    );
    assert!(
        told.others
            .iter()
            .all(|(_, answer)| matches!(answer, Answer::Busy | Answer::Other(500, _))),
        "{failure:?}: {:?}",
        told.others
    );

    // On the files as the kernel has them, and as they would be if what could not be synced is lost.
    let lost = after_power_loss(setup.home(), setup.faults().images(), &mut chance);
    let setup = setup.without_faults();
    for setup in [setup.clone().at(lost), setup] {
        let server = setup.start().await;
        let mut client = server.client().await;
        assert_none(&kept_over_http(&mut client, &told.confirmed).await);
        for user in &told.in_doubt {
            let order_id = client.buy_with_key(user, &key_of(user)).await.purchased();
            assert_eq!(client.buy(user).await, Answer::AlreadyPurchased(order_id));
        }
        assert_none(&books_keep(&server.home().ledger(), &told.confirmed).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_06_a_failed_sync_is_not_tried_again() {
    sync_fails(Failure::Once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_06_a_disk_that_fails_for_good_ends_the_server() {
    sync_fails(Failure::ForGood).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_06_a_sync_that_fails_at_the_start_is_told() {
    let setup = TestServer::setup().with_faults();
    setup.faults().set(Word::FailSyncTo, i64::MAX);
    setup.faults().set(Word::FailSyncFrom, 1);
    let exit = setup.refused().await;
    assert_eq!(exit.code, Some(1), "{exit:?}");
    assert!(
        exit.stderr.contains(".sqlite3"),
        "the message names the file: {}",
        exit.stderr
    );
}

/// From the first write of a purchase on, or from a later one, so that a commit is half written when
/// the space runs out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_07_disk_full_is_busy_and_reads_go_on() {
    let server = TestServer::setup().stock(1_000).with_faults().start().await;
    let faults = server.faults();
    let mut client = server.client().await;
    let mut confirmed = BTreeMap::new();
    for written_before in 0..8 {
        let early = format!("before-{written_before}");
        confirmed.insert(
            early.clone(),
            client
                .buy_with_key(&early, &key_of(&early))
                .await
                .purchased(),
        );

        faults.set(
            Word::FailWriteFrom,
            faults.get(Word::Writes) + 1 + written_before,
        );
        faults.set(Word::WriteErrno, ENOSPC);
        let late = format!("while-full-{written_before}");
        let response = client
            .send(
                &client
                    .door()
                    .purchase(&late)
                    .header("idempotency-key", key_of(&late)),
            )
            .await;
        let response = response.expect("an answer while the disk is full");
        let mut refused = Vec::new();
        match Answer::of(&response) {
            Answer::Busy => {
                assert!(response.header("retry-after").is_some(), "{response:?}");
                refused.push(late);
            }
            // The whole commit came before the first write that is refused.
            Answer::Purchased(order_id) => {
                confirmed.insert(late, order_id);
            }
            other => panic!("{other:?}"),
        }
        for number in 0..5 {
            let user = format!("still-full-{written_before}-{number}");
            match client.buy_with_key(&user, &key_of(&user)).await {
                Answer::Busy => refused.push(user),
                other => panic!("{other:?}"),
            }
        }
        assert!(faults.get(Word::WritesRefused) > 0, "the disk was full");

        // Nothing is sold, nothing is lost, and everybody can still look.
        let status = client.status().await;
        assert_eq!(status["sold"], confirmed.len(), "{status}");
        assert_eq!(status["status"], "active", "{status}");
        for user in &refused {
            assert_eq!(client.lookup(user).await, None);
        }
        assert_eq!(client.lookup(&early).await.as_ref(), confirmed.get(&early));
        assert!(matches!(
            client.buy(&early).await,
            Answer::AlreadyPurchased(_)
        ));
        assert_eq!(client.get("/livez").await.status, 200);

        // Space again: the same attempts go through, by the same process.
        faults.set(Word::WriteErrno, 0);
        for user in refused {
            let order_id = client.buy_with_key(&user, &key_of(&user)).await.purchased();
            confirmed.insert(user, order_id);
        }
        assert_none(&books_agree(&server.home().ledger(), &confirmed).await);
    }
}

/// How many purchases may wait in the stalled server of row 9, and for how long.
const QUEUE_MAX: usize = 16;
const BATCH_MAX: usize = 8;
const DEADLINE: Duration = Duration::from_millis(1_500);
const STALL: Duration = Duration::from_secs(10);
const STALLED_USERS: usize = 64;

/// One answer of a stalled server, and when it came.
struct Late {
    user: String,
    answer: Answer,
    after: Duration,
}

async fn buy_all_at_once(door: &Door, users: usize) -> Vec<Late> {
    let clients = load::open_all(door, users).await.expect("connections");
    let start = Instant::now();
    let mut buyers = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        buyers.spawn(async move {
            let user = format!("stalled-{number}");
            let answer = client.buy_with_key(&user, &key_of(&user)).await;
            Late {
                user,
                answer,
                after: start.elapsed(),
            }
        });
    }
    buyers.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_09_a_disk_that_stalls_sheds_attempts_and_confirms_none_early() {
    let machine = machine_alone().await;
    let setup = TestServer::setup().stock(1_000).with_faults();
    let setup = setup
        .env("PURCHASE_QUEUE_MAX", QUEUE_MAX)
        .env("PURCHASE_BATCH_MAX", BATCH_MAX);
    let server = setup
        .env("PURCHASE_DEADLINE_MS", DEADLINE.as_millis())
        .start()
        .await;
    let door = server.door().await;
    let faults = server.faults();
    let synced = faults.get(Word::SyncsDone);
    faults.set(
        Word::StallSyncMs,
        i64::try_from(STALL.as_millis()).expect("a short time"),
    );
    let stalled_at = Instant::now();

    let answers = buy_all_at_once(&door, STALLED_USERS).await;
    assert_eq!(
        faults.get(Word::SyncsDone),
        synced,
        "the disk is still stalled when all are answered"
    );
    for late in &answers {
        assert_eq!(
            late.answer,
            Answer::Busy,
            "{} while nothing is durable",
            late.user
        );
        assert!(
            late.after < DEADLINE + Duration::from_secs(2),
            "{} waited {:?}",
            late.user,
            late.after
        );
    }
    // One batch is at the disk, one may be taken out of the queue, and the queue is full: all others
    // cannot have waited.
    let shed = answers
        .iter()
        .filter(|late| late.after < DEADLINE * 2 / 3)
        .count();
    assert!(
        shed >= STALLED_USERS - QUEUE_MAX - 2 * BATCH_MAX,
        "only {shed} were told at once"
    );
    let mut client = Client::open(&door).await.expect("a connection");
    let asked = Instant::now();
    assert_eq!(
        client.status().await["sold"],
        0,
        "nothing is shown as sold before it is durable"
    );
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "reads do not wait for the disk"
    );
    drop(machine);

    tokio::time::sleep_until(stalled_at + STALL).await;
    faults.set(Word::StallSyncMs, 0);
    let mut confirmed = BTreeMap::new();
    for late in answers {
        let order_id = buy_when_free(&mut client, &late.user).await;
        assert_eq!(
            client.buy(&late.user).await,
            Answer::AlreadyPurchased(order_id.clone())
        );
        confirmed.insert(late.user, order_id);
    }
    assert_none(&books_agree(&server.home().ledger(), &confirmed).await);
    assert_sells(&door, "after-the-stall").await;
}

/// Buys as a patient client does: `busy` is asked again for a while.
async fn buy_when_free(client: &mut Client, user: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match client.buy_with_key(user, &key_of(user)).await {
            Answer::Purchased(order_id) => return order_id,
            Answer::Busy if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            other => panic!("{user}: {other:?} after the disk has recovered"),
        }
    }
}
