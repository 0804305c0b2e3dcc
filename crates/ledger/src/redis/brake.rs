//! How selling is stopped: the brake is a field of the configuration, which every batch reads.

use flashsale_sale::Brake;
use redis::Pipeline;

use super::books::{self, BRAKE, Books};
use super::node::Node;
use super::trouble::Trouble;

/// How often another node may be quicker. Only the configuration is guarded, which no purchase changes, so
/// once is much: else a busy sale could not be stopped.
const TRIES_MAX: u32 = 10;

impl Node {
    /// Pulls the brake or lets it go, and returns how it is once that is durable.
    ///
    /// The configuration is guarded, so that two who press at once do not count the same change. Orders may still
    /// be made between the look at the clock and the change, so some can be a little later than what it is dated.
    pub(super) async fn set_brake(&self, pulled: bool) -> Result<Brake, Trouble> {
        let generation = self.dialer.generation();
        let result = self.set_brake_here(pulled).await;
        if let Err(trouble) = &result
            && let Some(whereabouts) = trouble.may_be_elsewhere()
        {
            self.dialer.lost(generation, whereabouts);
        }
        result
    }

    async fn set_brake_here(&self, pulled: bool) -> Result<Brake, Trouble> {
        let (keys, tip) = (&self.keys, self.progress.lock().seen);
        let mut question = Pipeline::new();
        question.cmd("WATCH").arg(&keys.config);
        books::ask(&mut question, keys, tip);
        for _ in 0..TRIES_MAX {
            let (watched, answers) = self.pool.lease().await?.watch(&question).await?;
            let books = Books::parse(&answers[1..])?;
            books.check(&self.head, tip).map_err(Trouble::Closed)?;
            let now = books.now(self.view.ledger_time());
            let (mut lease, brake) = match books.brake.changed(pulled, now) {
                None => (watched.unwatch().await?, books.brake),
                Some(changed) => {
                    let mut write = Pipeline::new();
                    write
                        .atomic()
                        .cmd("HSET")
                        .arg(&keys.config)
                        .arg(BRAKE)
                        .arg(books::brake_text(changed));
                    let (lease, answers) = watched.exec(&write).await?;
                    let Some(answers) = answers else {
                        continue;
                    };
                    for answer in answers {
                        Trouble::of(answer)?;
                    }
                    (lease, changed)
                }
            };
            lease.make_durable(keys).await?;
            self.view.observe(now);
            self.view.observe_brake(brake);
            return Ok(brake);
        }
        Err(Trouble::Outrun(TRIES_MAX))
    }
}
