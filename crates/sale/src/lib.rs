//! The rules of a flash sale: one product, a limited stock, a window, one unit for each user.
//!
//! In reading order:
//! - [`sale`]: what is sold, how much of it, and when ([`Sale`], [`Window`], [`Phase`], [`Timestamp`]);
//! - [`user_id`]: who buys, and who is the same person ([`UserId`]);
//! - [`order`]: what is asked for and what comes of it ([`Attempt`], [`Order`], [`Outcome`]);
//! - [`mod@decide`]: the one function that says who gets a unit;
//! - [`view`]: the picture of the committed orders in memory, which answers what is settled.
//!
//! This crate does no I/O and knows no clock, no async runtime and no HTTP: the time, the random
//! bytes and the stored orders are handed to it. Its `Cargo.toml` shows that nothing else is there.

pub mod brake;
pub mod decide;
pub mod order;
#[cfg(feature = "sabotage")]
pub mod sabotage;
pub mod sale;
pub mod user_id;
pub mod view;

pub use brake::Brake;
pub use decide::{Decision, decide};
pub use order::{Attempt, IdempotencyKey, InvalidIdempotencyKey, Order, OrderId, Outcome, hex};
pub use sale::{
    InvalidSale, InvalidSaleId, InvalidWindow, Phase, STOCK_MAX, Sale, SaleId, Timestamp, Window,
};
pub use user_id::{InvalidUserId, UserId};
pub use view::{Contradiction, Status, StoredOrder, View};
