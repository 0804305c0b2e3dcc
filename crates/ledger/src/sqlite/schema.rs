//! The tables, which themselves refuse what must not happen, and the sale's settings in them.

use flashsale_sale::{Brake, Sale, SaleId, Timestamp, Window};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::OpenError;
use crate::CsrfKey;

/// Marks the file as a flashsale ledger (`PRAGMA application_id`): "flsh" in ASCII.
const APPLICATION_ID: i32 = 0x666c_7368;
/// The version of the tables below (`PRAGMA user_version`).
const VERSION: i32 = 2;

/// Tells one ledger from every other, also from a later one of the same name.
pub(super) type Epoch = [u8; 16];

/// What a ledger holds besides orders. It is written once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sale: Sale,
    pub(super) epoch: Epoch,
    pub(super) csrf_key: CsrfKey,
}

/// The statements that make the tables of one sale. Stock and window are in the checks as numbers:
/// they never change, and a check may not look into another table.
fn tables(sale: &Sale) -> [(&'static str, String); 6] {
    let (starts_at, ends_at) = (sale.window().starts_at().0, sale.window().ends_at().0);
    let stock = sale.stock();
    let (unit_check, unique) = order_checks(stock);
    [
        (
            "sale",
            "CREATE TABLE sale (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sale_id TEXT NOT NULL,
  epoch BLOB NOT NULL CHECK (length(epoch) = 16),
  product_id TEXT NOT NULL,
  product_description TEXT NOT NULL,
  stock INTEGER NOT NULL CHECK (stock >= 0),
  starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL CHECK (ends_at > starts_at),
  csrf_key BLOB NOT NULL CHECK (length(csrf_key) = 32),
  checksum INTEGER NOT NULL
) STRICT"
                .to_owned(),
        ),
        (
            "orders",
            format!(
                "CREATE TABLE orders (
  unit INTEGER PRIMARY KEY{unit_check},
  order_id BLOB NOT NULL CHECK (length(order_id) = 16),
  user_id TEXT NOT NULL{unique},
  ordered_at INTEGER NOT NULL CHECK (ordered_at >= {starts_at} AND ordered_at < {ends_at}),
  idempotency_key TEXT,
  checksum INTEGER NOT NULL
) STRICT"
            ),
        ),
        (
            "ending",
            format!(
                "CREATE TABLE ending (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  seen_at INTEGER NOT NULL CHECK (seen_at >= {ends_at})
) STRICT"
            ),
        ),
        (
            "brake",
            "CREATE TABLE brake (
  change INTEGER PRIMARY KEY CHECK (change > 0),
  changed_at INTEGER NOT NULL
) STRICT"
                .to_owned(),
        ),
        (
            "orders_are_never_removed",
            "CREATE TRIGGER orders_are_never_removed BEFORE DELETE ON orders
BEGIN SELECT RAISE(ABORT, 'orders are never removed'); END"
                .to_owned(),
        ),
        (
            "orders_are_never_changed",
            "CREATE TRIGGER orders_are_never_changed BEFORE UPDATE ON orders
BEGIN SELECT RAISE(ABORT, 'orders are never changed'); END"
                .to_owned(),
        ),
    ]
}

/// Counts the entries of the index that keeps users unique.
#[cfg(not(feature = "sabotage"))]
pub(super) const COUNT_USERS: &str =
    "SELECT count(*) FROM orders INDEXED BY sqlite_autoindex_orders_1";
/// A sabotaged table may lack that index.
#[cfg(feature = "sabotage")]
pub(super) const COUNT_USERS: &str = "SELECT count(*) FROM orders";

#[cfg(not(feature = "sabotage"))]
fn order_checks(stock: u32) -> (String, &'static str) {
    (format!(" CHECK (unit BETWEEN 1 AND {stock})"), " UNIQUE")
}

/// The tables let through what the sabotaged rules let through.
#[cfg(feature = "sabotage")]
fn order_checks(stock: u32) -> (String, &'static str) {
    use flashsale_sale::sabotage::{Sabotage, is_chosen};
    let unit_check = if is_chosen(Sabotage::Stock) {
        String::new()
    } else {
        format!(" CHECK (unit BETWEEN 1 AND {stock})")
    };
    (
        unit_check,
        if is_chosen(Sabotage::Uniqueness) {
            ""
        } else {
            " UNIQUE"
        },
    )
}

/// Makes the tables in an empty database and writes the head, in one transaction.
pub(super) fn create(connection: &mut Connection, head: &Head) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    let transaction = connection.transaction()?;
    for (_, statement) in tables(&head.sale) {
        transaction.execute(&statement, [])?;
    }
    let sale = &head.sale;
    transaction.execute(
        "INSERT INTO sale VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            sale.id().as_str(),
            head.epoch,
            sale.product_id(),
            sale.product_description(),
            sale.stock(),
            to_sql(sale.window().starts_at()),
            to_sql(sale.window().ends_at()),
            head.csrf_key,
            head.checksum(),
        ],
    )?;
    transaction.commit()
}

/// Every change of the brake, the first one first.
pub(super) fn brake_changes(connection: &Connection) -> rusqlite::Result<Vec<Brake>> {
    let mut query = connection.prepare("SELECT change, changed_at FROM brake ORDER BY change")?;
    let changes = query.query_map([], |row| Ok(Brake::new(row.get(0)?, from_sql(row.get(1)?))))?;
    changes.collect()
}

/// Notes a change of the brake down.
pub(super) fn insert_brake(connection: &Connection, brake: Brake) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO brake VALUES (?1, ?2)",
        params![brake.changes(), to_sql(brake.changed_at())],
    )?;
    Ok(())
}

/// Reads the head, and refuses a file that is not a sound flashsale ledger of this version.
pub(super) fn read(connection: &Connection, path: &std::path::Path) -> Result<Head, OpenError> {
    let sqlite = |source| OpenError::from_sqlite(path, source);
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .map_err(sqlite)
    };
    let application_id = pragma("application_id")?;
    if application_id != APPLICATION_ID {
        return Err(OpenError::foreign(path, "it was not made by flashsale"));
    }
    let version = pragma("user_version")?;
    if version != VERSION {
        let reason = format!("it has format version {version}, this program reads {VERSION}");
        return Err(OpenError::foreign(path, reason));
    }
    connection
        .query_row("SELECT * FROM sale", [], read_head)
        .optional()
        .map_err(sqlite)?
        .ok_or_else(|| OpenError::damaged(path, "the table 'sale' is empty"))?
        .map_err(|reason| OpenError::damaged(path, format!("the table 'sale': {reason}")))
}

/// The tables that are not, to the letter, what they were when they were made. The checks in them are
/// the last line of defence, so they must still be there.
pub(super) fn changed_tables(
    connection: &Connection,
    sale: &Sale,
) -> rusqlite::Result<Vec<String>> {
    let mut query = connection.prepare("SELECT sql FROM sqlite_schema WHERE name = ?1")?;
    let mut changed = Vec::new();
    for (name, expected) in tables(sale) {
        let stored: Option<String> = query.query_row([name], |row| row.get(0)).optional()?;
        if stored.as_ref() != Some(&expected) {
            changed.push(format!(
                "the definition of '{name}' is not what it was when it was made"
            ));
        }
    }
    Ok(changed)
}

fn read_head(row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<Head, String>> {
    let sale_id: String = row.get("sale_id")?;
    let (product_id, product_description) =
        (row.get("product_id")?, row.get("product_description")?);
    let stock = row.get("stock")?;
    let (starts_at, ends_at) = (
        from_sql(row.get("starts_at")?),
        from_sql(row.get("ends_at")?),
    );
    let (epoch, csrf_key) = (row.get("epoch")?, row.get("csrf_key")?);
    let checksum: i64 = row.get("checksum")?;

    let head = || -> Result<Head, String> {
        let id = SaleId::parse(&sale_id).map_err(|e| e.to_string())?;
        let window = Window::new(starts_at, ends_at).map_err(|e| e.to_string())?;
        let sale = Sale::new(id, product_id, product_description, stock, window)
            .map_err(|e| e.to_string())?;
        let head = Head {
            sale,
            epoch,
            csrf_key,
        };
        if head.checksum() == checksum {
            Ok(head)
        } else {
            Err("the checksum does not match".to_owned())
        }
    };
    Ok(head())
}

impl Head {
    fn checksum(&self) -> i64 {
        let sale = &self.sale;
        let mut hasher = crc32fast::Hasher::new();
        for text in [
            sale.id().as_str(),
            sale.product_id(),
            sale.product_description(),
        ] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        for number in [
            u64::from(sale.stock()),
            sale.window().starts_at().0,
            sale.window().ends_at().0,
        ] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&self.epoch);
        hasher.update(&self.csrf_key);
        i64::from(hasher.finalize())
    }
}

/// SQLite's integers are signed. `Timestamp::MAX` bounds every time of a sale far below the limit.
pub(super) fn to_sql(time: Timestamp) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

/// A negative time cannot have been written; it reads as the epoch, and the checksum tells.
pub(super) fn from_sql(ms: i64) -> Timestamp {
    Timestamp(u64::try_from(ms).unwrap_or(0))
}
