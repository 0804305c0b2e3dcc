//! Orders as rows, each with a checksum.
//!
//! SQLite finds damage to the structure of its pages, not to the text in them. The checksum finds a
//! changed bit in a confirmed order, wherever it came from.

use flashsale_sale::{IdempotencyKey, Order, OrderId, UserId};
use rusqlite::{Connection, Row, Transaction, params};

use super::schema::{from_sql, to_sql};

pub(super) fn insert(transaction: &Transaction<'_>, orders: &[Order]) -> rusqlite::Result<()> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for order in orders {
        insert.execute(params![
            order.unit,
            order.id.0,
            order.user.as_str(),
            to_sql(order.ordered_at),
            order.idempotency_key.as_ref().map(IdempotencyKey::as_str),
            checksum(order),
        ])?;
    }
    Ok(())
}

/// Hands every order over, in order of unit, or a sentence about a row that is not what was written.
pub(super) fn for_each<E: From<rusqlite::Error>>(
    connection: &Connection,
    mut each: impl FnMut(Result<Order, String>) -> Result<(), E>,
) -> Result<(), E> {
    let mut query = connection.prepare(
        "SELECT unit, order_id, user_id, ordered_at, idempotency_key, checksum
         FROM orders NOT INDEXED ORDER BY unit",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        each(read(row)?)?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Result<Order, String>> {
    let unit: i64 = row.get(0)?;
    let order_id = row.get_ref(1)?;
    let user_id = row.get_ref(2)?;
    let ordered_at = from_sql(row.get(3)?);
    let key = row.get_ref(4)?;
    let stored_checksum: i64 = row.get(5)?;

    let order = || -> Result<Order, &'static str> {
        let user_id = user_id.as_str().map_err(|_| "the user id is not text")?;
        let key = key
            .as_str_or_null()
            .map_err(|_| "the idempotency key is not text")?;
        let id = order_id.as_blob().ok().and_then(|id| id.try_into().ok());
        let order = Order {
            unit: u32::try_from(unit).map_err(|_| "the unit is out of range")?,
            id: OrderId(id.ok_or("the order id is not 16 bytes")?),
            user: UserId::parse(user_id).map_err(|_| "the user id is not valid")?,
            ordered_at,
            idempotency_key: key
                .map(IdempotencyKey::parse)
                .transpose()
                .map_err(|_| "the idempotency key is not valid")?,
        };
        // The id is stored in canonical form; if parsing changes it, it was not written here.
        if order.user.as_str() != user_id {
            return Err("the user id is not in canonical form");
        }
        if checksum(&order) != stored_checksum {
            return Err("the checksum does not match");
        }
        Ok(order)
    };
    Ok(order().map_err(|reason| format!("table 'orders', unit {unit}: {reason}")))
}

fn checksum(order: &Order) -> i64 {
    let key = order
        .idempotency_key
        .as_ref()
        .map_or("", IdempotencyKey::as_str);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&order.unit.to_le_bytes());
    hasher.update(&order.id.0);
    hasher.update(&order.ordered_at.0.to_le_bytes());
    hasher.update(order.user.as_str().as_bytes());
    // A byte that no user id holds, so that user and key cannot flow into each other.
    hasher.update(&[0]);
    hasher.update(key.as_bytes());
    i64::from(hasher.finalize())
}
