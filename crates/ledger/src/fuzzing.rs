//! What the fuzz targets reach of the readers of what is stored. Nothing else uses it.

use flashsale_limits::Rates;
use flashsale_sale::{Attempt, Brake, Order, Outcome, Sale, SaleId, Timestamp, UserId};
use redis::{Arg, Value};

use crate::redis::books::{self, Books};
use crate::redis::head::{self, Found, Head};
use crate::redis::keys::Keys;
use crate::redis::trouble::{Trouble, Whereabouts};
use crate::redis::{function, memory, record};
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

/// The outcomes in an answer of the function, and the orders that are new.
pub fn function_answer(
    answer: &Value,
    attempts: &[Attempt],
    rates: Rates,
) -> Result<(Vec<Outcome>, Vec<Order>), String> {
    let decided = function::parse(answer, attempts, rates);
    let decided = decided.map_err(|trouble| trouble.to_string())?;
    Ok((decided.outcomes, decided.orders))
}

/// What is read of the books.
#[derive(Debug)]
pub struct ReadBooks {
    /// How many units are sold.
    pub sold: u32,
    /// When a decision would be made.
    pub now: Timestamp,
    /// Whether the sale may be sold from them.
    pub are_sound: bool,
}

/// The books of a sale in the answers about them.
pub fn books(
    answers: &[Value],
    sale: &Sale,
    epoch: &str,
    floor: Timestamp,
) -> Result<ReadBooks, String> {
    let books = Books::parse(answers).map_err(|trouble| trouble.to_string())?;
    let head = Head {
        sale: sale.clone(),
        epoch: epoch.to_owned(),
        csrf_key: [0; 32],
        ended_at: None,
    };
    Ok(ReadBooks {
        sold: books.sold(),
        now: books.now(floor),
        are_sound: books.check(&head, None).is_ok(),
    })
}

/// The brake, as Redis keeps it.
pub fn brake_text(brake: Brake) -> String {
    books::brake_text(brake)
}

/// The brake of a text.
pub fn parse_brake(text: &str) -> Result<Brake, String> {
    books::parse_brake(Some(text)).map_err(|trouble| trouble.to_string())
}

/// The sale of this name in the answers about its settings, and the settings as they would be written; none where
/// there is nothing.
pub fn settings(answers: &[Value], id: &SaleId) -> Result<Option<(Sale, Value)>, String> {
    let found = head::found(answers, id).map_err(|trouble| trouble.to_string())?;
    let Found::Sale(head) = found else {
        return Ok(None);
    };
    let pipeline = head.write(&Keys::of(id));
    let command = pipeline.cmd_iter().next().expect("the settings come first");
    // Before them there are the name of the command and the key.
    let written = command.args_iter().skip(2).map(|argument| match argument {
        Arg::Simple(bytes) => Value::BulkString(bytes.to_vec()),
        _ => Value::Nil,
    });
    Ok(Some((head.sale, Value::Array(written.collect()))))
}

/// What is told of an answer that is an error.
pub fn trouble(answer: Value) -> Option<String> {
    let trouble = Trouble::of(answer).err()?;
    Some(format!("{trouble} {trouble:?}"))
}

/// The server that an answer names in its place, if it does.
pub fn moved_to(answer: Value) -> Option<(String, u16)> {
    match Trouble::of(answer).err()?.elsewhere()? {
        Whereabouts::At(host) => Some((host.name, host.port)),
        Whereabouts::Unknown => None,
    }
}

/// What a node would write of the order that it remembers by this line.
pub fn remembered(line: &str) -> Option<String> {
    let tip = memory::parse_tip(line)?;
    Some(format!("{} {}", tip.position, tip.order_id))
}

/// What is damaged in a write-ahead log, if anything is.
pub fn damage_of_log(log: &[u8]) -> Option<String> {
    wal::examine(log).expect("memory can be read")
}
