//! What is asked for, and what comes of it.

use std::fmt;
use std::sync::Arc;

use flashsale_limits::{Network, RateLimited};
use thiserror::Error;

use crate::{Phase, Timestamp, UserId};

/// The name of an order: 128 random bits, so that nobody can guess one or read anything from it.
///
/// Shown as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderId(pub [u8; 16]);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex(self.0);
        f.write_str(str::from_utf8(&digits).expect("digits are ASCII"))
    }
}

/// 128 bits as 32 lower-case hexadecimal digits. Every answer has such a name in it, so this does
/// without the machinery of formatting.
pub fn hex(bytes: [u8; 16]) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    digits
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderId({self})")
    }
}

/// A client's own name for one purchase (the `Idempotency-Key` header): 1 to 255 printable ASCII
/// characters. The same user with the same key gets the original answer again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Arc<str>);

/// The text is not an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an idempotency key has 1 to 255 printable ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Reads a key from outside.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let printable = |byte: u8| (b' '..=b'~').contains(&byte);
        if (1..=255).contains(&text.len()) && text.bytes().all(printable) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One user's wish for one unit.
///
/// The order id is drawn before the first try. So an attempt whose fate is unknown can be sent again
/// at no risk: if the user's stored order carries this id, it came from this attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Who wants it.
    pub user: UserId,
    /// The id of the order that this attempt becomes if it succeeds.
    pub order_id: OrderId,
    /// The client's name for the attempt, stored with the order.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Where it comes from, for a ledger that counts how often somebody tries; none where it is not to be counted,
    /// because it was before. It is not stored with the order.
    pub network: Option<Network>,
}

impl Attempt {
    /// The same, sent once more because nobody knows what came of it.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            network: None,
            ..self.clone()
        }
    }
}

/// A unit that is sold. Orders are never changed and never removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which unit: 1 for the first that was sold.
    pub unit: u32,
    /// The name of the order.
    pub id: OrderId,
    /// Whose it is.
    pub user: UserId,
    /// When it was decided, by the ledger's clock.
    pub ordered_at: Timestamp,
    /// The key that the client gave, if it gave one.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// What came of an attempt. Refusals are results, not errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The unit is sold to this attempt, now or when it was first sent.
    Purchased(Order),
    /// The user had an order from another attempt already; this is it.
    AlreadyPurchased(Order),
    /// Every unit is sold.
    SoldOut,
    /// The sale is not open: it is [`Phase::Upcoming`] or [`Phase::Ended`].
    NotActive(Phase),
    /// The sale is open, and the shop has stopped it. It may go on.
    Paused,
    /// The user, or everybody at the address together, tries too often. No rule says so, but a ledger that counts
    /// for all nodes.
    TooOften(RateLimited),
}

impl Outcome {
    /// What somebody hears who has an order already: the original answer when the client says with
    /// its key that it is the same purchase, a refusal that names the order otherwise.
    pub fn of_stored(order: Order, key: Option<&IdempotencyKey>) -> Self {
        if key.is_some() && key == order.idempotency_key.as_ref() {
            Self::Purchased(order)
        } else {
            Self::AlreadyPurchased(order)
        }
    }

    /// What an attempt of somebody comes to who has an order already: the same as when it was first sent,
    /// if the order came from it.
    pub fn of_stored_for(order: Order, attempt: &Attempt) -> Self {
        if order.id == attempt.order_id {
            Self::Purchased(order)
        } else {
            Self::of_stored(order, attempt.idempotency_key.as_ref())
        }
    }

    /// The user's order, if there is one.
    pub fn order(&self) -> Option<&Order> {
        match self {
            Self::Purchased(order) | Self::AlreadyPurchased(order) => Some(order),
            Self::SoldOut | Self::NotActive(_) | Self::Paused | Self::TooOften(_) => None,
        }
    }
}
