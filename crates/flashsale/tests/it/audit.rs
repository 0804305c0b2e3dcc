//! `flashsale audit`: clean, not clean, or not to be told.

use std::fs;

use rusqlite::Connection;

use crate::support::books;
use crate::support::server::{Home, SALE_ID, TestServer};

const ORDERS: usize = 20;

/// A ledger of a few orders, stopped in order.
pub(crate) async fn sold() -> Home {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    for number in 1..=ORDERS {
        client
            .buy_with_key(
                &format!("buyer-{number}@example.com"),
                &format!("key-{number}"),
            )
            .await
            .purchased();
    }
    let (setup, exit) = server.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    books::assert_clean(&setup.home().ledger()).await;
    setup.home().clone()
}

#[tokio::test]
async fn clean_books_are_exit_code_0() {
    let home = sold().await;
    let exit = books::audit(&home.ledger()).await;
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit:?}");
    exit.assert_line_with(&["orders", "20", "1000"]);
    exit.assert_line_with(&[SALE_ID]);
    // Found by its name, and as the only one there is.
    let by_name = books::run(home.path(), &["audit", "--sale-id", SALE_ID]).await;
    let only_one = books::run(home.path(), &["audit"]).await;
    assert_eq!(
        (by_name.code, only_one.code),
        (Some(0), Some(0)),
        "{by_name:?} {only_one:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_measured_is_exit_code_2() {
    let home = sold().await;
    fs::write(
        home.path().join("notes.txt"),
        "not a ledger, but longer than its header is\n".repeat(50),
    )
    .expect("a file");
    fs::write(home.path().join("empty.sqlite3"), "").expect("a file");
    let foreign = Connection::open(home.path().join("foreign.sqlite3")).expect("a database");
    foreign
        .execute_batch("CREATE TABLE songs (title TEXT)")
        .expect("a table");
    drop(foreign);
    let wrong: [(&[&str], &str); 7] = [
        (&["audit", "no-such-file.sqlite3"], "no-such-file.sqlite3"),
        (&["audit", "notes.txt"], "notes.txt"),
        (&["audit", "empty.sqlite3"], "empty.sqlite3"),
        (&["audit", "foreign.sqlite3"], "foreign.sqlite3"),
        (&["audit", "data"], "data"),
        (&["audit", "--sale-id", "no-such-sale"], "no-such-sale"),
        (&["audit", "--data-dir", "no-such-folder"], "no-such-folder"),
    ];
    for (arguments, named) in wrong {
        let exit = books::run(home.path(), arguments).await;
        assert_eq!(
            (exit.code, exit.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {exit:?}"
        );
        assert!(
            exit.stderr.contains(named),
            "{arguments:?}: {}",
            exit.stderr
        );
    }
    assert!(
        !home.path().join("no-such-file.sqlite3").exists(),
        "a look makes no ledger"
    );
}

#[tokio::test]
async fn one_of_several_ledgers_must_be_named() {
    let server = TestServer::setup().start().await;
    let other = server
        .setup_again()
        .env("SALE_ID", "other-drop")
        .start()
        .await;
    for command in ["audit", "orders"] {
        let exit = books::run(server.home().path(), &[command]).await;
        assert_eq!(
            (exit.code, exit.stdout.as_str()),
            (Some(2), ""),
            "{command}: {exit:?}"
        );
        for word in [SALE_ID, "other-drop", "--sale-id"] {
            assert!(
                exit.stderr.contains(word),
                "{word} is missing: {}",
                exit.stderr
            );
        }
        let exit = books::run(server.home().path(), &[command, "--sale-id", "other-drop"]).await;
        assert_eq!(exit.code, Some(0), "{command}: {exit:?}");
    }
    drop(other);
}
