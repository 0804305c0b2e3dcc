//! What the fuzz targets reach of the readers of what is stored. Nothing else uses it.

use flashsale_sale::{Order, Timestamp, UserId};
use redis::Value;

use crate::redis::record;
use crate::sqlite::wal;

/// A user's receipt, as Redis keeps it.
pub fn receipt(order: &Order) -> String {
    record::receipt(order)
}

/// The order of a receipt.
pub fn parse_receipt(user: &UserId, receipt: &[u8]) -> Result<Order, String> {
    record::parse_receipt(user, receipt)
}

/// The orders in an answer that lists entries of the stream.
pub fn parse_entries(answer: &Value) -> Result<Vec<Order>, String> {
    record::parse_entries(answer)
}

/// The time in an answer to `TIME`.
pub fn server_time(answer: &Value) -> Option<Timestamp> {
    record::time(answer)
}

/// What is damaged in a write-ahead log, if anything is.
pub fn damage_of_log(log: &[u8]) -> Option<String> {
    wal::examine(log).expect("memory can be read")
}
