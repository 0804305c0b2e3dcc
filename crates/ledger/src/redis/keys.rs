//! The names of a sale's keys. The braces put all of them into one slot of a Cluster, so that one
//! server decides.

use flashsale_limits::Network;
use flashsale_sale::{SaleId, UserId};

/// The keys of one sale.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// A hash: the settings, the epoch, the CSRF key, and the end once it has been seen.
    pub(super) config: String,
    /// A number: the units left.
    pub(super) stock: String,
    /// A stream: the orders. The id of an entry is the order's time and its unit.
    pub(super) orders: String,
    /// A number that is counted up to have something to wait for; its value means nothing.
    pub(super) fence: String,
    /// Expires at the end of the sale, and takes every transaction under way with it.
    pub(super) open: String,
    /// What the names of the receipts begin with.
    pub(super) receipts: String,
    /// What the names of the counts of attempts begin with. They expire by themselves.
    limits: String,
}

impl Keys {
    pub(crate) fn of(sale: &SaleId) -> Self {
        let key = |name: &str| format!("{{{sale}}}:{name}");
        Self {
            config: key("config"),
            stock: key("stock"),
            orders: key("orders"),
            fence: key("fence"),
            open: key("open"),
            receipts: key("user:"),
            limits: key("limit:"),
        }
    }

    /// The receipt of a user: the order, found without reading the list.
    pub(super) fn receipt(&self, user: &UserId) -> String {
        [&self.receipts, user.as_str()].concat()
    }

    /// How often this user has tried.
    pub(super) fn limit_of_user(&self, user: &UserId) -> String {
        [&self.limits, "user:", user.as_str()].concat()
    }

    /// How often somebody at this address has.
    pub(super) fn limit_of_network(&self, network: Network) -> String {
        format!("{}address:{network}", self.limits)
    }
}
