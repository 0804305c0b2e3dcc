//! The live stream: the status of the sale, pushed to everybody who watches.
//!
//! One task looks at the sale and writes each event once ([`Live::keep_up`]); every stream sends that same
//! text. A stream that is slow skips what is out of date by then, so nothing piles up for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::App;
use crate::handlers::status::Shown;

/// How often the task looks whether anything has changed: so much later at most a change goes out, if
/// it is the first one for a while.
const LOOK_PERIOD: Duration = Duration::from_millis(25);
/// The shortest time between two events: changes that come faster are told together.
const EVENT_PERIOD_MIN: Duration = Duration::from_millis(200);
/// How much longer that time is for each millisecond that requests wait: the streams take from buyers what they
/// need, so they are told less often.
const LONGER_FOR_EACH: u32 = 10;
/// The most that it comes to.
const EVENT_PERIOD_UNDER_LOAD_MAX: Duration = Duration::from_secs(5);
/// The longest time between two events, unless connections may be idle for less. It keeps what lies
/// between from closing the connection, and lets a client notice that its stream is dead.
const EVENT_PERIOD_MAX: Duration = Duration::from_secs(15);

/// All streams of a node.
#[derive(Debug)]
pub struct Live {
    latest: watch::Sender<Event>,
    slots: Arc<Semaphore>,
    streams_max: usize,
    heartbeat: Duration,
}

/// What every stream sends next.
#[derive(Debug, Clone)]
enum Event {
    Status(Bytes),
    /// The server stops, and every stream ends.
    End,
}

impl Live {
    /// For so many streams at once, on connections that may be idle for so long.
    pub fn new(streams_max: usize, idle_timeout: Duration) -> Self {
        Self {
            latest: watch::Sender::new(Event::Status(Bytes::new())),
            slots: Arc::new(Semaphore::new(streams_max)),
            streams_max,
            heartbeat: EVENT_PERIOD_MAX.min(idle_timeout / 2),
        }
    }

    /// How many streams may be open.
    pub(crate) fn streams_max(&self) -> usize {
        self.streams_max
    }

    /// How many streams are open.
    pub(crate) fn streams(&self) -> usize {
        self.streams_max - self.slots.available_permits()
    }

    /// Ends every stream, and the task that feeds them.
    pub(crate) fn end(&self) {
        self.latest.send_replace(Event::End);
    }

    /// A stream that begins with the status as it is now; none if too many are open.
    pub(crate) fn open(
        &self,
        app: &App,
    ) -> Option<impl Stream<Item = Result<Bytes, Infallible>> + use<>> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        let mut latest = self.latest.subscribe();
        if matches!(*latest.borrow_and_update(), Event::End) {
            return None;
        }
        let first = first_event(&Shown::of(app), app.retry_after_ms());
        Some(stream::unfold(
            Following {
                first: Some(first),
                latest,
                _slot: slot,
            },
            Following::next,
        ))
    }

    /// Feeds the streams until [`end`](Self::end) is called.
    pub async fn keep_up(app: Arc<App>) {
        let live = &app.live;
        let mut ended = live.latest.subscribe();
        let mut looks = tokio::time::interval(LOOK_PERIOD);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut told_at) = (Shown::of(&app), Instant::now());
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                _ = ended.wait_for(|event| matches!(event, Event::End)) => return,
            }
            let shown = Shown::of(&app);
            let period = if shown.differs_from(&told) {
                event_period(app.load.wait()).min(live.heartbeat)
            } else {
                live.heartbeat
            };
            if told_at.elapsed() < period {
                continue;
            }
            (told, told_at) = (shown, Instant::now());
            let event = Event::Status(event(&told));
            // `end` may have come in the meantime, and is the last word.
            live.latest.send_if_modified(|latest| {
                let goes_on = matches!(latest, Event::Status(_));
                if goes_on {
                    *latest = event;
                }
                goes_on
            });
        }
    }
}

/// The shortest time between two events while requests wait for so long.
fn event_period(wait: Duration) -> Duration {
    (EVENT_PERIOD_MIN + wait * LONGER_FOR_EACH).min(EVENT_PERIOD_UNDER_LOAD_MAX)
}

/// One stream.
struct Following {
    first: Option<Bytes>,
    latest: watch::Receiver<Event>,
    _slot: OwnedSemaphorePermit,
}

impl Following {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if let Some(first) = self.first.take() {
            return Some((Ok(first), self));
        }
        self.latest.changed().await.ok()?;
        let event = self.latest.borrow_and_update().clone();
        match event {
            Event::Status(text) => Some((Ok(text), self)),
            Event::End => None,
        }
    }
}

/// The status as an event (the format of server-sent events, in the HTML standard).
fn event(shown: &Shown<'_>) -> Bytes {
    let mut text = b"event: status\ndata: ".to_vec();
    shown.write(&mut text);
    text.extend_from_slice(b"\n\n");
    text.into()
}

/// The first one also says how long to wait before connecting again, each time something else, so that
/// those whom a server has lost at one moment do not come back at one moment.
fn first_event(shown: &Shown<'_>, retry_ms: u64) -> Bytes {
    [format!("retry: {retry_ms}\n").as_bytes(), &event(shown)]
        .concat()
        .into()
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use super::*;

    fn following(live: &Live) -> impl Stream<Item = Result<Bytes, Infallible>> {
        let slot = Arc::clone(&live.slots).try_acquire_owned().unwrap();
        let following = Following {
            first: Some(Bytes::from_static(b"first")),
            latest: live.latest.subscribe(),
            _slot: slot,
        };
        stream::unfold(following, Following::next)
    }

    /// Row 31, for a stream: whoever reads slowly gets the latest, and nothing waits for him.
    #[tokio::test]
    async fn a_slow_reader_skips_what_is_out_of_date() {
        let live = Live::new(2, Duration::from_mins(1));
        let mut slow = std::pin::pin!(following(&live));
        assert_eq!(live.streams(), 1);
        for number in 0..1_000 {
            let text = Bytes::from(format!("event {number}"));
            live.latest.send_replace(Event::Status(text));
        }
        assert_eq!(slow.next().await.unwrap().unwrap(), "first");
        assert_eq!(slow.next().await.unwrap().unwrap(), "event 999");
        live.end();
        assert_eq!(slow.next().await, None);
    }

    #[test]
    fn events_come_less_often_the_longer_requests_wait() {
        let period_ms = |wait_ms| event_period(Duration::from_millis(wait_ms)).as_millis();
        assert_eq!([0, 20, 100].map(period_ms), [200, 400, 1_200]);
        assert_eq!(period_ms(10_000), 5_000);
    }

    #[tokio::test]
    async fn a_stream_that_is_dropped_gives_its_place_back() {
        let live = Live::new(1, Duration::from_mins(1));
        let stream = following(&live);
        assert_eq!((live.streams(), live.streams_max()), (1, 1));
        drop(stream);
        assert_eq!(live.streams(), 0);
    }
}
