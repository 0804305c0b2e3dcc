//! People at a sale for a while: buyers who come back when they were told to, and watchers who do not rest.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::client::{Answer, Client, Door};
use super::load::open_all;

/// What buyers were told, since the counting began.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// How long each confirmed purchase took, from the request that was confirmed.
    pub(crate) confirmed: Vec<Duration>,
    /// When each who was sent away was told to come back: in milliseconds, and in seconds by the header.
    pub(crate) pauses: Vec<(u64, u64)>,
    /// Everything else.
    pub(crate) odd: Vec<Answer>,
}

/// Buyers under way, each a new user after the other.
pub(crate) struct Crowd {
    people: JoinSet<()>,
    counted: Arc<Mutex<Counted>>,
}

impl Crowd {
    pub(crate) async fn of_buyers(door: &Door, at_once: usize, prefix: &str) -> Self {
        let counted = Arc::<Mutex<Counted>>::default();
        let mut people = JoinSet::new();
        let clients = open_all(door, at_once).await.expect("connections");
        for (number, client) in clients.into_iter().enumerate() {
            let prefix = format!("{prefix}-{number}");
            people.spawn(buy(client, prefix, Arc::clone(&counted)));
        }
        Self { people, counted }
    }

    /// What they are told in such a time from now on.
    pub(crate) async fn count(&self, time: Duration) -> Counted {
        std::mem::take(&mut *self.counted.lock().await);
        sleep(time).await;
        std::mem::take(&mut *self.counted.lock().await)
    }

    /// Everybody hangs up.
    pub(crate) async fn leave(mut self) {
        self.people.shutdown().await;
    }
}

async fn buy(mut client: Client, prefix: String, counted: Arc<Mutex<Counted>>) {
    for user in 0.. {
        let request = client.door().purchase(&format!("{prefix}-{user}"));
        loop {
            let sent_at = Instant::now();
            let response = client.send(&request).await.expect("an answer under load");
            let answer = Answer::of(&response);
            let mut counted = counted.lock().await;
            if answer != Answer::Busy {
                match answer {
                    Answer::Purchased(_) => counted.confirmed.push(sent_at.elapsed()),
                    other => counted.odd.push(other),
                }
                break;
            }
            let ms = response.json().get("retryAfterMs").and_then(Value::as_u64);
            let header = response.header("retry-after");
            let seconds = header.and_then(|seconds| seconds.parse().ok());
            let (Some(ms), Some(seconds)) = (ms, seconds) else {
                panic!("`busy` without both forms of the pause: {response:?}");
            };
            counted.pauses.push((ms, seconds));
            drop(counted);
            sleep(Duration::from_millis(ms)).await;
        }
    }
}

/// Asks for the status without a pause, so many at once, for such a time. Returns how long each answer took.
pub(crate) async fn watch(door: &Door, at_once: usize, time: Duration) -> Vec<Duration> {
    let clients = open_all(door, at_once).await.expect("connections");
    let until = Instant::now() + time;
    let mut watchers = JoinSet::new();
    for mut client in clients {
        watchers.spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < until {
                let asked_at = Instant::now();
                client.status().await;
                took.push(asked_at.elapsed());
            }
            took
        });
    }
    watchers.join_all().await.concat()
}
