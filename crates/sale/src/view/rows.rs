//! Orders as the view keeps them: small, because there may be ten million, and never moved, because a list
//! that grows by moving would hold buyers up for as long as that takes.

use crate::{IdempotencyKey, Order, OrderId, Timestamp, UserId};

/// How many rows are made room for at a time.
const CHUNK_ROWS: usize = 16_384;

/// A list that only grows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// All full but the last.
    chunks: Vec<Chunk>,
    len: u32,
}

#[derive(Debug)]
struct Chunk {
    rows: Vec<Row>,
    /// The texts of all rows, one behind the other: each by itself would be an allocation.
    texts: String,
}

#[derive(Debug)]
struct Row {
    id: OrderId,
    ordered_at: Timestamp,
    unit: u32,
    /// Where in `texts` the user begins. The key comes behind; no key is empty, so an empty one is none.
    texts_at: u32,
    user_bytes: u16,
    key_bytes: u16,
}

/// One order, as it is kept: read in place, without a copy.
#[derive(Debug, Clone, Copy)]
pub struct StoredOrder<'a> {
    row: &'a Row,
    texts: &'a str,
}

impl Rows {
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn get(&self, position: u32) -> StoredOrder<'_> {
        let position = position as usize;
        let chunk = &self.chunks[position / CHUNK_ROWS];
        StoredOrder {
            row: &chunk.rows[position % CHUNK_ROWS],
            texts: &chunk.texts,
        }
    }

    pub(super) fn push(&mut self, order: &Order) {
        let texts_bytes = match self.chunks.last() {
            None => Some(0),
            // The next texts will be about as long, so that they hardly ever have to grow.
            Some(full) if full.rows.len() == CHUNK_ROWS => Some(full.texts.len() / 32 * 33),
            Some(_) => None,
        };
        if let Some(texts_bytes) = texts_bytes {
            self.chunks.push(Chunk {
                rows: Vec::with_capacity(CHUNK_ROWS),
                texts: String::with_capacity(texts_bytes),
            });
        }
        let last = self.chunks.last_mut();
        last.expect("one was made if there was none").push(order);
        self.len += 1;
    }
}

impl Chunk {
    fn push(&mut self, order: &Order) {
        let user = order.user.as_str();
        let key = order.idempotency_key.as_ref();
        let key = key.map_or("", IdempotencyKey::as_str);
        let narrow = |bytes: usize| u16::try_from(bytes).expect("user and key have bounds");
        self.rows.push(Row {
            id: order.id,
            ordered_at: order.ordered_at,
            unit: order.unit,
            texts_at: u32::try_from(self.texts.len()).expect("a chunk has few texts"),
            user_bytes: narrow(user.len()),
            key_bytes: narrow(key.len()),
        });
        self.texts.push_str(user);
        self.texts.push_str(key);
    }
}

impl<'a> StoredOrder<'a> {
    /// Which unit.
    pub fn unit(&self) -> u32 {
        self.row.unit
    }

    /// The name of the order.
    pub fn id(&self) -> OrderId {
        self.row.id
    }

    /// When it was decided, by the ledger's clock.
    pub fn ordered_at(&self) -> Timestamp {
        self.row.ordered_at
    }

    /// Whose it is, in canonical form.
    pub fn user(&self) -> &'a str {
        self.text(0, self.row.user_bytes)
    }

    /// The key that the client gave, if it gave one.
    pub fn idempotency_key(&self) -> Option<&'a str> {
        let key = self.text(self.row.user_bytes, self.row.key_bytes);
        (!key.is_empty()).then_some(key)
    }

    /// The whole order. The user is the one who was asked for.
    pub(super) fn order(&self, user: &UserId) -> Order {
        let key = self.text(self.row.user_bytes, self.row.key_bytes);
        Order {
            unit: self.row.unit,
            id: self.row.id,
            user: user.clone(),
            ordered_at: self.row.ordered_at,
            idempotency_key: IdempotencyKey::parse(key).ok(),
        }
    }

    fn text(&self, begin: u16, bytes: u16) -> &'a str {
        let begin = self.row.texts_at as usize + usize::from(begin);
        &self.texts[begin..begin + usize::from(bytes)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(unit: u32) -> Order {
        let key = format!("key {unit}");
        Order {
            unit,
            id: OrderId(u128::from(unit).to_be_bytes()),
            user: UserId::parse(&format!("é-{unit}")).unwrap(),
            ordered_at: Timestamp(u64::from(unit) * 1000),
            idempotency_key: unit
                .is_multiple_of(2)
                .then(|| IdempotencyKey::parse(&key).unwrap()),
        }
    }

    #[test]
    fn what_was_taken_in_comes_out_the_same() {
        let mut rows = Rows::default();
        let orders = u32::try_from(CHUNK_ROWS).unwrap() + 1;
        for unit in 0..orders {
            rows.push(&order(unit));
        }
        assert_eq!(rows.len(), orders);
        for unit in 0..orders {
            let (row, order) = (rows.get(unit), order(unit));
            assert_eq!(row.user(), order.user.as_str());
            assert_eq!((row.unit(), row.id()), (order.unit, order.id));
            assert_eq!(row.order(&order.user), order);
            let key = order.idempotency_key.as_ref().map(IdempotencyKey::as_str);
            assert_eq!(row.idempotency_key(), key);
        }
    }

    /// The memory of a million orders is a promise of the documentation.
    #[test]
    fn a_row_is_small() {
        assert_eq!(size_of::<Row>(), 40);
    }
}
