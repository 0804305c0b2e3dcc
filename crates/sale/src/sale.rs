//! What is sold, how much of it, and when.

use std::fmt;

use thiserror::Error;

/// The largest stock of one sale, in units.
///
/// A node keeps every order in memory (about 130 bytes each), so this bounds it near 1.3 GB.
pub const STOCK_MAX: u32 = 10_000_000;

/// A moment of the ledger's clock, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The last moment of the year 9999, the latest that a setting may name.
    pub const MAX: Self = Self(253_402_300_799_999);
}

/// The name of a sale: 1 to 64 of `A-Z a-z 0-9 _ -`, beginning with a letter or a digit.
///
/// It names the ledger's file or its Redis keys, hence the narrow alphabet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SaleId(String);

/// The text is not the name of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not a sale id: use 1 to 64 letters, digits, '_' or '-', beginning with a letter or a digit"
)]
pub struct InvalidSaleId(pub String);

impl SaleId {
    /// Reads a name from outside.
    pub fn parse(text: &str) -> Result<Self, InvalidSaleId> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let valid = (1..=64).contains(&text.len())
            && text.chars().all(plain)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSaleId(text.to_owned()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SaleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a sale is open: from `starts_at` on, until just before `ends_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    starts_at: Timestamp,
    ends_at: Timestamp,
}

/// The two moments do not make a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidWindow {
    /// There is no moment between the start and the end.
    #[error("the sale must start before it ends")]
    Empty,
    /// The end is beyond [`Timestamp::MAX`].
    #[error("the sale must end before the year 10000")]
    TooLate,
}

impl Window {
    /// A window that holds at least one millisecond.
    pub fn new(starts_at: Timestamp, ends_at: Timestamp) -> Result<Self, InvalidWindow> {
        if starts_at >= ends_at {
            Err(InvalidWindow::Empty)
        } else if ends_at > Timestamp::MAX {
            Err(InvalidWindow::TooLate)
        } else {
            Ok(Self { starts_at, ends_at })
        }
    }

    /// The first moment at which a unit may be sold.
    pub fn starts_at(&self) -> Timestamp {
        self.starts_at
    }

    /// The first moment at which no unit may be sold any more.
    pub fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    /// Where `now` lies, as far as the window alone can tell.
    pub fn phase(&self, now: Timestamp) -> Phase {
        if now < self.starts_at {
            Phase::Upcoming
        } else if now < self.ends_at {
            Phase::Active
        } else {
            Phase::Ended
        }
    }
}

/// What a sale is doing. It only ever moves downwards in this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not open yet.
    Upcoming,
    /// Open, and units are left.
    Active,
    /// Open, and every unit is sold.
    SoldOut,
    /// Over, for ever.
    Ended,
}

/// The settings of one sale. They are stored once and never change after that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    id: SaleId,
    product_id: String,
    product_description: String,
    stock: u32,
    window: Window,
}

/// The settings do not describe a sale.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidSale {
    /// More units than a node keeps in memory.
    #[error("the stock is {0}, but at most {STOCK_MAX} units can be sold in one sale")]
    Stock(u32),
    /// An empty product id, one over 128 bytes, or one with control characters.
    #[error("the product id must be 1 to 128 bytes long and hold no control characters")]
    ProductId,
    /// A description over 1,000 bytes, or one with control characters.
    #[error(
        "the product description must be at most 1000 bytes long and hold no control characters"
    )]
    ProductDescription,
}

impl Sale {
    /// The only way to make a sale: each bound holds from here on.
    pub fn new(
        id: SaleId,
        product_id: String,
        product_description: String,
        stock: u32,
        window: Window,
    ) -> Result<Self, InvalidSale> {
        if stock > STOCK_MAX {
            return Err(InvalidSale::Stock(stock));
        }
        if product_id.is_empty() || !plain_text(&product_id, 128) {
            return Err(InvalidSale::ProductId);
        }
        if !plain_text(&product_description, 1000) {
            return Err(InvalidSale::ProductDescription);
        }
        Ok(Self {
            id,
            product_id,
            product_description,
            stock,
            window,
        })
    }

    /// The name of the sale.
    pub fn id(&self) -> &SaleId {
        &self.id
    }

    /// The shop's own name for the product.
    pub fn product_id(&self) -> &str {
        &self.product_id
    }

    /// What the buyers read.
    pub fn product_description(&self) -> &str {
        &self.product_description
    }

    /// How many units are sold at most.
    pub fn stock(&self) -> u32 {
        self.stock
    }

    /// When the sale is open.
    pub fn window(&self) -> &Window {
        &self.window
    }
}

fn plain_text(text: &str, bytes_max: usize) -> bool {
    text.len() <= bytes_max && !text.contains(char::is_control)
}
