//! What an audit finds: tampered books, each broken in one way that the tables would have refused.

use rusqlite::{Connection, params};

use crate::audit::sold;
use crate::support::books::{self, Row, order_table, with_guards_lifted};
use crate::support::process::Exit;
use crate::support::server::{HOUR_MS, Home};

/// The checksum that a row of these values has (CRC-32, as of Ethernet). A forger could compute it,
/// so an audit must find more than rows that do not match theirs.
fn checksum(row: &Row) -> i64 {
    let id = u128::from_str_radix(&row.order_id, 16)
        .expect("hexadecimal digits")
        .to_be_bytes();
    let unit = u32::try_from(row.unit).expect("a unit").to_le_bytes();
    let key = row.idempotency_key.as_deref().unwrap_or_default();
    let parts = [
        &unit[..],
        &id,
        &row.ordered_at.to_le_bytes(),
        row.user_id.as_bytes(),
        &[0],
        key.as_bytes(),
    ];
    let mut crc = u32::MAX;
    for byte in parts.concat() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    i64::from(!crc)
}

/// As [`forge`], with an order that the tables themselves would refuse.
fn forge_unchecked(database: &Connection, row: &Row) {
    with_guards_lifted(database, |database| {
        database
            .execute_batch("PRAGMA ignore_check_constraints = ON")
            .expect("a pragma");
        forge(database, row);
    });
}

/// Puts a row in the place of the one with its unit, checksum included, as nobody should.
fn forge(database: &Connection, row: &Row) {
    let id = u128::from_str_radix(&row.order_id, 16)
        .expect("hexadecimal digits")
        .to_be_bytes();
    let statement = format!(
        "INSERT OR REPLACE INTO {} VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        order_table(database)
    );
    let unit = i64::try_from(row.unit).expect("a unit");
    let values = params![
        unit,
        id,
        row.user_id,
        row.ordered_at,
        row.idempotency_key,
        checksum(row)
    ];
    database.execute(&statement, values).expect("a forged row");
}

/// Makes the table of orders anew from its definition with `from` replaced, and the same rows.
fn rebuild(database: &Connection, from: &str, to: &str) {
    let table = order_table(database);
    let query = "SELECT sql FROM sqlite_schema WHERE name = ?1";
    let definition: String = database
        .query_row(query, [&table], |row| row.get(0))
        .expect("a definition");
    assert!(definition.contains(from), "{from:?} is in {definition}");
    let rebuilt = definition.replace(from, to);
    let steps = [
        format!("ALTER TABLE {table} RENAME TO original"),
        rebuilt,
        format!("INSERT INTO {table} SELECT * FROM original"),
        "DROP TABLE original".to_owned(),
    ];
    for step in steps {
        database
            .execute_batch(&step)
            .unwrap_or_else(|error| panic!("{step}: {error}"));
    }
}

/// Tampers with a copy, and returns what the audit says about it: exit code 1, and why.
async fn audit_of(home: &Home, tamper: impl FnOnce(&Connection)) -> Exit {
    let copy = home.copy();
    let database = Connection::open(copy.ledger()).expect("the ledger");
    tamper(&database);
    database.close().expect("the file is written");
    let exit = books::audit(&copy.ledger()).await;
    assert_eq!(exit.code, Some(1), "{}", exit.said());
    exit
}

#[tokio::test]
async fn a_forger_knows_the_checksum() {
    // Otherwise the audits below could fail for the checksum alone, and find nothing else.
    let home = sold().await;
    let database = Connection::open(home.ledger()).expect("the ledger");
    let query = format!(
        "SELECT checksum FROM {} ORDER BY unit",
        order_table(&database)
    );
    let mut statement = database.prepare(&query).expect("a query");
    let stored: Vec<i64> = statement
        .query_map([], |row| row.get(0))
        .expect("rows")
        .map(|sum| sum.expect("a number"))
        .collect();
    let computed: Vec<i64> = books::orders(&home.ledger())
        .await
        .iter()
        .map(checksum)
        .collect();
    assert_eq!(stored, computed);
}

#[tokio::test]
async fn a_missing_order_is_exit_code_1() {
    let home = sold().await;
    let exit = audit_of(&home, |database| {
        with_guards_lifted(database, |database| {
            let delete = format!("DELETE FROM {} WHERE unit = 7", order_table(database));
            assert_eq!(database.execute(&delete, []).expect("a deletion"), 1);
        });
    });
    exit.await.assert_line_with(&["unit 8", "unit 6"]);
}

#[tokio::test]
async fn two_orders_of_one_user_are_exit_code_1() {
    let home = sold().await;
    let mut row = books::orders(&home.ledger()).await[9].clone();
    row.user_id = "buyer-3@example.com".to_owned();
    let exit = audit_of(&home, |database| {
        with_guards_lifted(database, |database| {
            rebuild(database, " UNIQUE", "");
            forge(database, &row);
        });
    });
    exit.await.assert_line_with(&["unit 10", "unit 3", "user"]);
}

#[tokio::test]
async fn two_orders_of_one_id_are_exit_code_1() {
    let home = sold().await;
    let rows = books::orders(&home.ledger()).await;
    let row = Row {
        order_id: rows[4].order_id.clone(),
        ..rows[11].clone()
    };
    let exit = audit_of(&home, |database| {
        with_guards_lifted(database, |database| forge(database, &row));
    });
    exit.await
        .assert_line_with(&["unit 12", "unit 5", &rows[4].order_id]);
}

#[tokio::test]
async fn an_order_outside_the_window_is_exit_code_1() {
    let home = sold().await;
    let rows = books::orders(&home.ledger()).await;
    let last = rows.last().expect("orders").clone();
    let row = Row {
        ordered_at: last.ordered_at + 2 * HOUR_MS,
        ..last
    };
    let exit = audit_of(&home, |database| forge_unchecked(database, &row));
    exit.await.assert_line_with(&["unit 20", "window"]);
}

#[tokio::test]
async fn an_order_before_the_one_before_it_is_exit_code_1() {
    let home = sold().await;
    let rows = books::orders(&home.ledger()).await;
    let row = Row {
        ordered_at: rows[0].ordered_at - 1,
        ..rows[14].clone()
    };
    let exit = audit_of(&home, |database| {
        with_guards_lifted(database, |database| forge(database, &row));
    });
    exit.await.assert_line_with(&["unit 15", "unit 14"]);
}

#[tokio::test]
async fn an_order_beyond_the_stock_is_exit_code_1() {
    let home = sold().await;
    let last = books::orders(&home.ledger()).await.pop().expect("orders");
    let row = Row {
        unit: 1_001,
        user_id: "one-too-many".to_owned(),
        ..last
    };
    let exit = audit_of(&home, |database| forge_unchecked(database, &row));
    exit.await.assert_line_with(&["unit 1001", "1000"]);
}

#[tokio::test]
async fn a_changed_order_is_exit_code_1() {
    let home = sold().await;
    let changes = [
        "user_id = 'eve@example.com'",
        "order_id = zeroblob(16)",
        "idempotency_key = NULL",
        "checksum = 0",
    ];
    for change in changes {
        let exit = audit_of(&home, |database| {
            with_guards_lifted(database, |database| {
                let update = format!(
                    "UPDATE {} SET {change} WHERE unit = 13",
                    order_table(database)
                );
                assert_eq!(database.execute(&update, []).expect("a change"), 1);
            });
        });
        exit.await.assert_line_with(&["unit 13"]);
    }
}

/// Every order is as it was, and yet what kept them so is gone.
#[tokio::test]
async fn a_missing_guard_is_exit_code_1() {
    let home = sold().await;
    let triggers: Vec<String> = {
        let database = Connection::open(home.ledger()).expect("the ledger");
        let mut statement = database
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            .expect("a query");
        statement
            .query_map([], |row| row.get(0))
            .expect("rows")
            .map(|name| name.expect("a name"))
            .collect()
    };
    assert_eq!(
        triggers.len(),
        2,
        "orders are neither changed nor removed: {triggers:?}"
    );
    for trigger in triggers {
        let exit = audit_of(&home, |database| {
            database
                .execute_batch(&format!("DROP TRIGGER {trigger}"))
                .expect("a trigger can be dropped");
        });
        exit.await.assert_line_with(&[&trigger]);
    }
}
