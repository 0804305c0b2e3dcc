//! Joins the API to the ledger: what the API asks of whoever keeps the orders.

use std::sync::Arc;

use flashsale_api::{Backlog, BoxFuture, Busy, Orders};
use flashsale_ledger::{Committer, Ledger};
use flashsale_sale::{Attempt, Brake, Order, Outcome, UserId};

/// Purchases go through the committer, look-ups straight to the ledger.
#[derive(Debug)]
pub(super) struct Desk<L> {
    pub(super) committer: Committer,
    pub(super) ledger: Arc<L>,
}

impl<L: Ledger> Orders for Desk<L> {
    fn purchase(&self, attempt: Attempt, is_patient: bool) -> BoxFuture<'_, Result<Outcome, Busy>> {
        Box::pin(async move {
            let outcome = if is_patient {
                self.committer.purchase_patiently(attempt).await
            } else {
                self.committer.purchase(attempt).await
            };
            outcome.map_err(|busy| Busy(busy.to_string()))
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

    fn set_brake(&self, pulled: bool) -> BoxFuture<'_, Result<Brake, Busy>> {
        Box::pin(async move {
            self.ledger
                .set_brake(pulled)
                .await
                .map_err(|error| Busy(error.to_string()))
        })
    }

    fn backlog(&self) -> Backlog {
        let meters = self.committer.meters();
        Backlog {
            queue: self.committer.queue_len(),
            queue_max: self.committer.queue_max(),
            batch_entries: meters.batch_entries.counts(),
            commit_us: meters.commit_us.counts(),
        }
    }

    fn take_queue_peak(&self) -> usize {
        self.committer.meters().take_queue_peak()
    }

    fn ready(&self) -> Result<(), String> {
        self.ledger.ready()
    }
}
