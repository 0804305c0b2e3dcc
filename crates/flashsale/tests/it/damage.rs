//! A damaged ledger closes the sale: the server refuses it, or serves exactly what was sold.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::support::books::{self, Row};
use crate::support::chance::Chance;
use crate::support::images::{flip_bytes, ledger_files};
use crate::support::machine_alone;
use crate::support::server::{Home, Setup, TestServer};

const ORDERS: usize = 400;

/// Random damages of each kind of file. Most of a database's bytes are rows and index entries, so
/// this many meet all of its parts.
const DAMAGES: usize = 40;

/// A ledger with orders in it, stopped in order or killed, and how to start it again.
struct Stopped {
    setup: Setup,
    rows: Vec<Row>,
}

async fn sold(stop_in_order: bool) -> Stopped {
    let server = TestServer::setup().stock(1_000).start().await;
    let mut client = server.client().await;
    for number in 0..ORDERS {
        let user = format!("buyer-{number:04}@example.com");
        if number % 3 == 0 {
            client
                .buy_with_key(&user, &format!("key-{number}"))
                .await
                .purchased();
        } else {
            client.buy(&user).await.purchased();
        }
    }
    let rows = server.orders().await;
    assert_eq!(rows.len(), ORDERS);
    let setup = if stop_in_order {
        server.stop().await.0
    } else {
        server.kill().await
    };
    Stopped { setup, rows }
}

/// Starts on damaged files. Fine is: refused with exit code 1 and a message that names the file, or
/// every order as it was. Returns whether it was refused, or what is wrong.
async fn judge(stopped: &Stopped, home: Home) -> Result<bool, String> {
    let ledger = home.ledger();
    match stopped.setup.clone().at(home).try_start().await {
        Err((_, exit)) => {
            let named = exit.stderr.contains(".sqlite3") || exit.stderr.contains(".lock");
            if exit.code == Some(1) && named {
                Ok(true)
            } else {
                Err(format!("refused badly: {exit:?}"))
            }
        }
        Ok(server) => {
            let mut client = server.client().await;
            let status = client.status().await;
            if status["sold"] != stopped.rows.len() {
                return Err(format!("it serves another sale: {status}"));
            }
            for row in &stopped.rows {
                let shown = client.lookup(&row.user_id).await;
                if shown.as_ref() != Some(&row.order_id) {
                    return Err(format!("{row:?} is shown as {shown:?}"));
                }
            }
            let rows = books::orders(&ledger).await;
            if rows == stopped.rows {
                Ok(false)
            } else {
                Err("the rows have changed".to_owned())
            }
        }
    }
}

/// Applies a damage to copies of the stopped ledger, and fails on the first that is served wrongly.
async fn assert_refused_or_same(
    stopped: &Stopped,
    damages: usize,
    mut damage: impl FnMut(&Home) -> String,
) -> usize {
    let mut refused = 0;
    for _ in 0..damages {
        let home = stopped.setup.home().copy();
        let what = damage(&home);
        match judge(stopped, home).await {
            Ok(was_refused) => refused += usize::from(was_refused),
            Err(wrong) => panic!("{what}: {wrong}"),
        }
    }
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_random_bytes_of_a_stopped_ledger() {
    let _machine = machine_alone().await;
    let mut chance = Chance::announced("row 5, stopped");
    let stopped = sold(true).await;
    let refused = assert_refused_or_same(&stopped, DAMAGES, |home| {
        let places = flip_bytes(&home.ledger(), &mut chance);
        format!("bytes {places:?} of the stopped ledger")
    })
    .await;
    println!(
        "row 5: {refused} of {DAMAGES} damaged databases refused, the others whole in every order"
    );
    assert!(refused > 0, "no damage was noticed");
}

/// Every part of the file in turn: one byte of each of many rows' text is changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_a_changed_letter_of_an_order_is_noticed() {
    let _machine = machine_alone().await;
    let mut chance = Chance::announced("row 5, letters");
    let stopped = sold(true).await;
    let texts: Vec<Vec<u8>> = stopped
        .rows
        .iter()
        .map(|row| row.user_id.clone().into_bytes())
        .collect();
    assert_refused_or_same(&stopped, DAMAGES / 2, |home| {
        let mut bytes = fs::read(home.ledger()).expect("the ledger");
        let text = &texts[chance.index(texts.len())];
        let places: Vec<usize> = bytes
            .windows(text.len())
            .enumerate()
            .filter(|(_, seen)| seen == text)
            .map(|(at, _)| at)
            .collect();
        // In every place, so that an index and its table agree on the lie.
        for at in &places {
            bytes[at + 6] = b'x';
        }
        fs::write(home.ledger(), bytes).expect("the damaged ledger");
        format!("{} changed at {places:?}", String::from_utf8_lossy(text))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_random_bytes_of_a_killed_ledger_and_its_log() {
    let _machine = machine_alone().await;
    let mut chance = Chance::announced("row 5, killed");
    let stopped = sold(false).await;
    let refused = assert_refused_or_same(&stopped, DAMAGES, |home| {
        let files = ledger_files(home);
        let file = &files[chance.index(files.len())];
        let places = flip_bytes(file, &mut chance);
        format!("bytes {places:?} of {}", file.display())
    })
    .await;
    println!(
        "row 5: {refused} of {DAMAGES} damaged logs and databases refused, the others whole in every order"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_a_cut_file_is_never_an_empty_sale() {
    let _machine = machine_alone().await;
    let mut chance = Chance::announced("row 5, cut");
    let stopped = sold(true).await;
    assert_refused_or_same(&stopped, DAMAGES / 2, |home| {
        let length = fs::metadata(home.ledger()).expect("the ledger").len();
        // Both at the edge of a page, as a file system would cut, and anywhere.
        let cut = chance.between(0, length - 1);
        let cut = if chance.once_in(2) {
            cut / 4096 * 4096
        } else {
            cut
        };
        cut_to(&home.ledger(), cut);
        format!("cut to {cut} of {length} bytes")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_another_file_in_the_place_of_the_ledger_is_refused() {
    let stopped = sold(true).await;
    let foreign = |home: &Home| {
        fs::remove_file(home.ledger()).expect("the ledger");
        let database = Connection::open(home.ledger()).expect("a database of somebody else");
        database
            .execute_batch("CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('Blue')")
            .expect("a table");
        "a foreign database".to_owned()
    };
    let text = |home: &Home| {
        fs::write(home.ledger(), "unit,order\n1,abc\n".repeat(500)).expect("a text file");
        "a text file".to_owned()
    };
    let nothing = |home: &Home| {
        cut_to(&home.ledger(), 0);
        "an empty file".to_owned()
    };
    let kinds: [&dyn Fn(&Home) -> String; 3] = [&foreign, &text, &nothing];
    for kind in kinds {
        let refused = assert_refused_or_same(&stopped, 1, kind).await;
        assert_eq!(refused, 1, "there is nothing in it that could be served");
    }
}

/// The file is gone while what belongs to it is still there: somebody has moved or deleted it, and a
/// new sale under the old name would sell everything again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_a_missing_ledger_is_not_begun_again() {
    for stop_in_order in [true, false] {
        let stopped = sold(stop_in_order).await;
        let refused = assert_refused_or_same(&stopped, 1, |home| {
            fs::remove_file(home.ledger()).expect("the ledger");
            let left: Vec<String> = ledger_files(home)
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            format!("missing, stopped in order: {stop_in_order}, left: {left:?}")
        })
        .await;
        assert_eq!(refused, 1, "there is nothing that could be served");
    }
}

/// Well-formed, and yet not what was sold: a row is missing, and no page of the file is damaged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_a_ledger_without_one_of_its_rows_is_refused() {
    let stopped = sold(true).await;
    for unit in [1, 200] {
        let refused = assert_refused_or_same(&stopped, 1, |home| {
            let database = Connection::open(home.ledger()).expect("the ledger");
            books::with_guards_lifted(&database, |database| {
                let delete = format!(
                    "DELETE FROM {} WHERE unit = ?1",
                    books::order_table(database)
                );
                assert_eq!(
                    database.execute(&delete, [unit]).expect("a deletion"),
                    1,
                    "unit {unit} was there"
                );
            });
            format!("unit {unit} deleted")
        })
        .await;
        assert_eq!(refused, 1, "an order is missing: unit {unit}");
    }
}

fn cut_to(path: &Path, length: u64) {
    let file = fs::OpenOptions::new()
        .write(true)
        .open(path)
        .expect("the file to cut");
    file.set_len(length).expect("a shorter file");
}
