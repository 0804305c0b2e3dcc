use std::fs;

use tempfile::TempDir;

use super::files::database_path;
use super::*;
use crate::audit::Finding;
use crate::contract::{self, ENDS_AT, Engine, STARTS_AT, TestClock, attempt, sale};
use crate::{Clock, CommitError};

/// A folder with the ledger of one sale.
struct Folder {
    folder: TempDir,
    sale: flashsale_sale::Sale,
}

impl Folder {
    fn lock(&self) -> Result<SaleFiles, OpenError> {
        SaleFiles::lock(self.folder.path(), self.sale.id())
    }

    fn try_open(&self, clock: Clock) -> Result<SqliteLedger, OpenError> {
        let mut files = self.lock()?;
        if files.contents()? == Contents::Nothing {
            files.create(self.sale.clone(), [1; 16], [2; 32])?;
        }
        files.open(clock)
    }

    fn path(&self) -> std::path::PathBuf {
        database_path(self.folder.path(), self.sale.id())
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.path()).unwrap()
    }

    fn new(sale: flashsale_sale::Sale) -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            sale,
        }
    }

    fn open(&self, clock: Clock) -> SqliteLedger {
        self.try_open(clock).unwrap()
    }

    fn stored(&self) -> Vec<Order> {
        let mut orders = Vec::new();
        let each = |order| {
            orders.push(order);
            Ok::<_, ()>(())
        };
        self.reader().for_each_order(each).unwrap();
        orders
    }

    fn audit(&self) -> Vec<Finding> {
        self.reader().audit().1
    }
}

impl Engine for Folder {
    type Place = ();
    type Ledger = SqliteLedger;

    async fn new((): &(), sale: flashsale_sale::Sale) -> Self {
        Self::new(sale)
    }

    async fn open(&self, clock: TestClock) -> SqliteLedger {
        self.open(clock.clock())
    }

    async fn stored(&self) -> Vec<Order> {
        self.stored()
    }

    async fn audit(&self) -> Vec<Finding> {
        self.audit()
    }
}

fn clock() -> Clock {
    TestClock::at(STARTS_AT).clock()
}

async fn buy(ledger: &SqliteLedger, user: u32) -> Result<Vec<Outcome>, CommitError> {
    ledger.commit([attempt(user, user.into())].into()).await
}

/// A folder in which a few units are sold and the ledger is closed.
async fn folder_with_orders(orders: u32) -> Folder {
    let folder = Folder::new(sale(100));
    let ledger = folder.open(clock());
    for user in 1..=orders {
        buy(&ledger, user).await.unwrap();
    }
    ledger.close_blocking();
    folder
}

/// Whether opening is refused as this kind of error, with this text in the message.
#[track_caller]
fn check_refused(folder: &Folder, is_kind: fn(&OpenError) -> bool, text: &str) {
    let error = folder.try_open(clock()).expect_err("it must not open");
    assert!(
        is_kind(&error) && error.to_string().contains(text),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_keeps_the_contract() {
    contract::check_all::<Folder>(&()).await;
}

#[test]
fn random_batches_agree_with_the_rules() {
    contract::check_random_batches::<Folder>(&contract::runtime(), &(), 100);
}

#[tokio::test]
async fn row_08_a_second_server_is_refused_and_a_reader_is_not() {
    let folder = folder_with_orders(1).await;
    let ledger = folder.open(clock());
    check_refused(
        &folder,
        |e| matches!(e, OpenError::Locked(_)),
        "another server",
    );
    buy(&ledger, 2).await.unwrap();
    assert_eq!(folder.stored().len(), 2);
    assert_eq!(folder.audit(), []);
    ledger.close_blocking();
    folder.open(clock()).close_blocking();
}

#[tokio::test]
async fn row_05_a_missing_ledger_is_never_replaced() {
    let folder = folder_with_orders(1).await;
    fs::remove_file(folder.path()).unwrap();
    check_refused(
        &folder,
        |e| matches!(e, OpenError::Missing(..)),
        "is missing",
    );
    // To begin anew is a decision that somebody makes by hand.
    fs::remove_file(folder.folder.path().join("test.lock")).unwrap();
    folder.open(clock()).close_blocking();
    assert_eq!(folder.stored(), []);
}

#[tokio::test]
async fn row_05_a_foreign_ledger_is_refused() {
    let is_foreign = |e: &OpenError| matches!(e, OpenError::Foreign { .. });
    let folder = folder_with_orders(1).await;
    fs::write(
        folder.path(),
        "not a database, but long enough to be looked at as one".repeat(100),
    )
    .unwrap();
    check_refused(&folder, is_foreign, "not a database");
    fs::write(folder.path(), "").unwrap();
    check_refused(&folder, is_foreign, "not made by flashsale");

    // The right kind of ledger, but made at another time.
    let other = Folder::new(sale(100));
    let mut files = other.lock().unwrap();
    files.create(sale(100), [9; 16], [2; 32]).unwrap();
    fs::copy(other.path(), folder.path()).unwrap();
    check_refused(&folder, is_foreign, "remembers");

    let third = Folder::new(sale(100));
    fs::copy(
        other.path(),
        database_path(third.folder.path(), third.sale.id()),
    )
    .unwrap();
    // A folder that has never seen this sale takes it in.
    third.open(clock()).close_blocking();
}

/// Every single changed byte is noticed, or changes nothing that was said.
#[tokio::test]
async fn row_05_damage_is_noticed_wherever_it_is() {
    let folder = folder_with_orders(60).await;
    let stored = folder.stored();
    let sound = fs::read(folder.path()).unwrap();
    let mut refused = 0;
    // A prime step, so that it falls on every kind of place.
    for position in (0..sound.len()).step_by(97) {
        let mut damaged = sound.clone();
        damaged[position] ^= 0x15;
        fs::write(folder.path(), &damaged).unwrap();
        match folder.try_open(clock()) {
            Ok(ledger) => {
                for order in &stored {
                    assert_eq!(
                        ledger.view().order_of(&order.user).as_ref(),
                        Some(order),
                        "{position}"
                    );
                }
                assert_eq!(ledger.view().sold(), 60, "{position}");
                ledger.close_blocking();
            }
            Err(error) => {
                assert!(error.to_string().contains("test.sqlite3"), "{error}");
                assert_eq!(
                    fs::read(folder.path()).unwrap(),
                    damaged,
                    "nothing was changed"
                );
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "only {refused} were refused");
    for length in [sound.len() / 2, 5_000, 4_096, 100, 1] {
        fs::write(folder.path(), &sound[..length]).unwrap();
        folder
            .try_open(clock())
            .expect_err("a file that was cut off");
    }
    fs::write(folder.path(), &sound).unwrap();
    folder.open(clock()).close_blocking();
}

#[tokio::test]
async fn the_tables_themselves_refuse_what_must_not_happen() {
    let folder = folder_with_orders(2).await;
    let connection = rusqlite::Connection::open(folder.path()).unwrap();
    let row = |unit: u32, user: &str, time: u64| {
        format!("INSERT INTO orders VALUES ({unit}, zeroblob(16), '{user}', {time}, NULL, 0)")
    };
    for (statement, reason) in [
        (row(3, "user-1", STARTS_AT), "UNIQUE"),
        (row(2, "new", STARTS_AT), "UNIQUE"),
        (row(0, "new", STARTS_AT), "CHECK"),
        (row(101, "new", STARTS_AT), "CHECK"),
        (row(3, "new", STARTS_AT - 1), "CHECK"),
        (row(3, "new", ENDS_AT), "CHECK"),
        ("DELETE FROM orders".to_owned(), "never removed"),
        (
            "UPDATE orders SET user_id = 'x'".to_owned(),
            "never changed",
        ),
        (
            format!("INSERT INTO ending VALUES (1, {})", ENDS_AT - 1),
            "CHECK",
        ),
    ] {
        let error = connection.execute(&statement, []).expect_err(&statement);
        assert!(error.to_string().contains(reason), "{statement}: {error}");
    }
}

#[tokio::test]
async fn an_audit_names_what_was_tampered_with() {
    let folder = folder_with_orders(5).await;
    let connection = rusqlite::Connection::open(folder.path()).unwrap();
    connection
        .execute_batch("DROP TRIGGER orders_are_never_removed; DELETE FROM orders WHERE unit = 3")
        .unwrap();
    drop(connection);
    let findings: Vec<_> = folder
        .audit()
        .into_iter()
        .map(|finding| finding.0)
        .collect();
    assert!(
        findings
            .iter()
            .any(|f| f.contains("orders_are_never_removed")),
        "{findings:?}"
    );
    assert!(
        findings
            .iter()
            .any(|f| f.contains("unit 4") && f.contains("follows unit 2")),
        "{findings:?}"
    );
    check_refused(
        &folder,
        |e| matches!(e, OpenError::Damaged { .. }),
        "orders_are_never_removed",
    );
}

#[tokio::test]
async fn nothing_is_confirmed_once_the_file_is_moved_away() {
    let folder = folder_with_orders(1).await;
    let ledger = folder.open(clock());
    buy(&ledger, 2).await.unwrap();
    fs::rename(folder.path(), folder.folder.path().join("elsewhere")).unwrap();
    for user in [3, 4] {
        let error = buy(&ledger, user).await.unwrap_err();
        assert!(matches!(error, CommitError::Lost(_)), "{error}");
    }
    assert!(ledger.ready().unwrap_err().contains("gone"));
    assert_eq!(ledger.view().sold(), 2);
    ledger.close_blocking();
}

/// The log is copied into the database as it grows, and begins again.
#[tokio::test]
async fn the_log_stays_short() {
    let folder = Folder::new(sale(100_000));
    let ledger = folder.open(clock());
    let wal_bytes = || fs::metadata(wal::path_of(&folder.path())).unwrap().len();
    let mut longest = 0;
    for batch in 0..60_u32 {
        let attempts: Vec<_> = (0..500)
            .map(|n| attempt(batch * 500 + n, (batch * 500 + n).into()))
            .collect();
        ledger.commit(attempts.into()).await.unwrap();
        longest = longest.max(wal_bytes());
    }
    assert!(longest > 1 << 20 && longest < 10 << 20, "{longest}");
    ledger.close_blocking();
    assert_eq!(folder.stored().len(), 30_000);
    assert_eq!(folder.audit(), []);
}

/// A copy of a folder as a crash would leave it: the ledger is still open.
async fn folder_after_a_crash(orders: u32) -> Folder {
    let running = folder_with_orders(1).await;
    let ledger = running.open(clock());
    for user in 2..=orders {
        buy(&ledger, user).await.expect("a purchase");
    }
    let crashed = Folder::new(sale(100));
    for entry in fs::read_dir(running.folder.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        fs::copy(&path, crashed.folder.path().join(name)).expect("a copy");
    }
    ledger.close_blocking();
    crashed
}

#[tokio::test]
async fn row_05_a_log_that_was_lost_with_orders_in_it_is_noticed() {
    let folder = folder_after_a_crash(5).await;
    let log = wal::path_of(&folder.path());
    let kept = fs::read(&log).expect("a log");
    fs::remove_file(&log).expect("a log");
    check_refused(
        &folder,
        |e| matches!(e, OpenError::MissingLog { .. }),
        "-wal is missing",
    );
    fs::write(&log, kept).expect("the log is put back");
    folder.open(clock()).close_blocking();
    // After an orderly end there is no log, and none is missed.
    assert!(!log.exists());
    folder.open(clock()).close_blocking();
    assert_eq!(folder.stored().len(), 5);
}

#[tokio::test]
async fn row_05_readers_see_a_damaged_log_as_well() {
    let folder = folder_after_a_crash(5).await;
    assert_eq!(folder.audit(), []);
    assert_eq!(folder.stored().len(), 5);
    let log = wal::path_of(&folder.path());
    let mut bytes = fs::read(&log).expect("a log");
    bytes[200] ^= 1;
    fs::write(&log, bytes).expect("a damaged log");
    let findings = folder.audit();
    assert!(findings[0].0.contains("-wal: frame 1 "), "{findings:?}");
    let each = |_| Ok::<_, ()>(());
    assert!(folder.reader().for_each_order(each).is_err());
}
