//! What is counted, and what comes of it.

use crate::Rate;

/// The rates that are kept; none where that is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// For one address, or one IPv6 network.
    pub address: Option<Rate>,
    /// For one user.
    pub user: Option<Rate>,
}

/// Whom a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody at one address, or in one IPv6 network.
    Address,
    /// One user, wherever they are.
    User,
}

/// Somebody asks too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimited {
    /// Who.
    pub who: Who,
    /// How often they may ask.
    pub rate: Rate,
    /// After how many microseconds they may ask again.
    pub wait_us: u64,
}

impl Rates {
    /// Whether nobody is counted.
    pub fn are_off(self) -> bool {
        self.address.is_none() && self.user.is_none()
    }
}

impl RateLimited {
    /// When to come back, in milliseconds.
    pub fn retry_after_ms(self) -> u64 {
        self.wait_us.div_ceil(1000)
    }
}
