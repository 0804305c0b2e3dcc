//! Joins the API to the ledger: what the API asks of whoever keeps the orders.

use std::sync::Arc;

use flashsale_api::{BoxFuture, Busy, Orders};
use flashsale_ledger::{Committer, Ledger};
use flashsale_sale::{Attempt, Order, Outcome, UserId};

/// Purchases go through the committer, look-ups straight to the ledger.
#[derive(Debug)]
pub(super) struct Desk<L> {
    pub(super) committer: Committer,
    pub(super) ledger: Arc<L>,
}

impl<L: Ledger> Orders for Desk<L> {
    fn purchase(&self, attempt: Attempt) -> BoxFuture<'_, Result<Outcome, Busy>> {
        Box::pin(async {
            self.committer
                .purchase(attempt)
                .await
                .map_err(|busy| Busy(busy.to_string()))
        })
    }

    fn find<'a>(&'a self, user: &'a UserId) -> BoxFuture<'a, Result<Option<Order>, Busy>> {
        Box::pin(async {
            self.ledger
                .find(user)
                .await
                .map_err(|reason| Busy(reason.to_string()))
        })
    }

    fn ready(&self) -> Result<(), String> {
        self.ledger.ready()
    }
}
