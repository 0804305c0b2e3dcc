//! Orders as the view keeps them: small, because there may be ten million, and never moved, because a list
//! that grows by moving would hold buyers up for as long as that takes.

use crate::{IdempotencyKey, Order, OrderId, Timestamp, UserId};

/// How many rows are made room for at a time.
const CHUNK_ROWS: usize = 4096;

/// A list that only grows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// All full but the last.
    chunks: Vec<Vec<Row>>,
    len: u32,
}

/// One order.
#[derive(Debug)]
pub(super) struct Row {
    id: OrderId,
    ordered_at: Timestamp,
    unit: u32,
    /// Where the user ends in `texts`. The longest user id has about a thousand bytes.
    user_bytes: u16,
    /// User and key in one piece. No key is empty, so an empty one stands for none.
    texts: Box<str>,
}

impl Rows {
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn get(&self, position: u32) -> &Row {
        let position = position as usize;
        &self.chunks[position / CHUNK_ROWS][position % CHUNK_ROWS]
    }

    pub(super) fn push(&mut self, order: &Order) {
        let is_full = self
            .chunks
            .last()
            .is_none_or(|chunk| chunk.len() == CHUNK_ROWS);
        if is_full {
            self.chunks.push(Vec::with_capacity(CHUNK_ROWS));
        }
        let last = self
            .chunks
            .last_mut()
            .expect("one was made if there was none");
        last.push(Row::new(order));
        self.len += 1;
    }
}

impl Row {
    fn new(order: &Order) -> Self {
        let user = order.user.as_str();
        let key = order
            .idempotency_key
            .as_ref()
            .map_or("", IdempotencyKey::as_str);
        Self {
            id: order.id,
            ordered_at: order.ordered_at,
            unit: order.unit,
            user_bytes: u16::try_from(user.len()).expect("a user id has a bound"),
            texts: [user, key].concat().into_boxed_str(),
        }
    }

    pub(super) fn unit(&self) -> u32 {
        self.unit
    }

    pub(super) fn id(&self) -> OrderId {
        self.id
    }

    pub(super) fn user(&self) -> &str {
        &self.texts[..usize::from(self.user_bytes)]
    }

    /// The whole order. The user is the one who was asked for.
    pub(super) fn order(&self, user: &UserId) -> Order {
        let key = &self.texts[usize::from(self.user_bytes)..];
        Order {
            unit: self.unit,
            id: self.id,
            user: user.clone(),
            ordered_at: self.ordered_at,
            idempotency_key: IdempotencyKey::parse(key).ok(),
        }
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
            user: UserId::parse(&format!("{}-{unit}@x", "é".repeat(200))).unwrap(),
            ordered_at: Timestamp(u64::from(unit) * 1000),
            idempotency_key: unit
                .is_multiple_of(2)
                .then(|| IdempotencyKey::parse(&key).unwrap()),
        }
    }

    #[test]
    fn what_was_taken_in_comes_out_the_same() {
        let mut rows = Rows::default();
        let orders = 2 * u32::try_from(CHUNK_ROWS).unwrap() + 1;
        for unit in 0..orders {
            rows.push(&order(unit));
        }
        assert_eq!(rows.len(), orders);
        for unit in 0..orders {
            let (row, order) = (rows.get(unit), order(unit));
            assert_eq!(row.user(), order.user.as_str());
            assert_eq!((row.unit(), row.id()), (order.unit, order.id));
            assert_eq!(row.order(&order.user), order);
        }
    }

    /// The memory of a million orders is a promise of the documentation.
    #[test]
    fn a_row_is_small() {
        assert_eq!(size_of::<Row>(), 48);
    }
}
