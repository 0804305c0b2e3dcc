//! Somebody who looks at the sale and does not buy.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, HOST, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode};
use rand::RngExt as _;
use tokio::time::{Instant, sleep, timeout_at};

use crate::Plan;
use crate::answer::Status;
use crate::buyer::{Buyer, request, sentence, uri};
use crate::exchange::Connection;
use crate::plan::Watch;
use crate::tally::Tallies;

/// The longest part of one event, in bytes, before its end is seen.
const EVENT_BYTES_MAX: usize = 64 * 1024;
/// The pause before a stream that was lost is opened again.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);

/// Looks until `ends_at`, and notes what must not be seen.
pub(crate) async fn watch(plan: &Arc<Plan>, number: usize, tallies: &Tallies, ends_at: Instant) {
    let mut eye = Eye::default();
    match plan.watch {
        Watch::Poll(period) => poll(plan, period, number, tallies, &mut eye, ends_at).await,
        Watch::Stream => {
            while Instant::now() < ends_at {
                let streaming = follow(plan, number, tallies, &mut eye);
                match timeout_at(ends_at, streaming).await {
                    Ok(_lost) => {
                        tallies.part(number).watch_failures += 1;
                        sleep(REOPEN_PAUSE).await;
                    }
                    Err(_at_the_end) => return,
                }
            }
        }
    }
}

async fn poll(
    plan: &Arc<Plan>,
    period: Duration,
    number: usize,
    tallies: &Tallies,
    eye: &mut Eye,
    ends_at: Instant,
) {
    let mut buyer = Buyer::new(plan);
    // Nobody looks at the same moment as everybody else.
    let mut due_at = Instant::now() + period.mul_f64(rand::rng().random());
    while due_at < ends_at {
        let mut sent_at = Instant::now();
        if due_at > sent_at {
            tokio::time::sleep_until(due_at).await;
            sent_at = Instant::now();
        }
        let status = buyer.status().await;
        let mut tally = tallies.part(number);
        match status {
            Ok(status) => {
                tally.count_watched(sent_at.elapsed());
                eye.sees(&status)
                    .into_iter()
                    .for_each(|fault| tally.note_watch_fault(fault));
            }
            Err(_) => tally.watch_failures += 1,
        }
        drop(tally);
        due_at = (due_at + period).max(Instant::now());
    }
}

/// Stays on the live stream until it ends, which it should not.
async fn follow(
    plan: &Arc<Plan>,
    number: usize,
    tallies: &Tallies,
    eye: &mut Eye,
) -> Result<(), String> {
    let sent_at = Instant::now();
    let (mut connection, response) = open_stream(plan).await?;
    tallies.part(number).count_watched(sent_at.elapsed());
    let mut body = response.into_body();
    let reading = async {
        let mut buffer = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(data) = frame.into_data() else {
                continue;
            };
            // Lines may end in either way.
            buffer.extend(data.iter().filter(|byte| **byte != b'\r'));
            for status in events(&mut buffer) {
                let mut tally = tallies.part(number);
                tally.events += 1;
                eye.sees(&status)
                    .into_iter()
                    .for_each(|fault| tally.note_watch_fault(fault));
            }
            if buffer.len() > EVENT_BYTES_MAX {
                return;
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = connection.drive() => {}
    }
    Err("the stream ended".to_owned())
}

/// Whether there is a live stream to watch.
pub(crate) async fn check_stream(plan: &Plan) -> Result<(), String> {
    open_stream(plan).await.map(drop)
}

async fn open_stream(plan: &Plan) -> Result<(Connection, Response<Incoming>), String> {
    let text = |trouble| sentence(&trouble);
    let mut connection = Connection::open(&plan.target, plan.timeout)
        .await
        .map_err(text)?;
    let mut headers = HeaderMap::new();
    headers.insert(HOST, plan.target.host_header());
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    let uri = uri(plan, "/api/events");
    let request = request(Method::GET, &uri, &headers, Bytes::new());
    let response = connection
        .open_stream(request, plan.timeout)
        .await
        .map_err(text)?;
    if response.status() != StatusCode::OK {
        return Err(format!("GET /api/events answered {}", response.status()));
    }
    Ok((connection, response))
}

/// Takes the whole events out of what has come (the format of server-sent events), and reads those that
/// hold a status.
fn events(buffer: &mut Vec<u8>) -> Vec<Status> {
    let mut statuses = Vec::new();
    while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
        let event: Vec<u8> = buffer.drain(..end + 2).collect();
        let data: Vec<&[u8]> = event
            .split(|byte| *byte == b'\n')
            .filter_map(|line| line.strip_prefix(b"data:"))
            .collect();
        statuses.extend(serde_json::from_slice::<Status>(&data.concat()));
    }
    statuses
}

/// What one watcher has seen last.
#[derive(Debug, Default)]
pub(crate) struct Eye {
    last: Option<Status>,
}

impl Eye {
    /// Holds what is seen against what was seen before: stock never rises, and nothing is taken back.
    pub(crate) fn sees(&mut self, status: &Status) -> Option<String> {
        let fault = match &self.last {
            // What was seen before is not told again.
            Some(last) if *last == *status => None,
            Some(last) if status.stock > last.stock => Some(format!(
                "the stock rose from {} to {}",
                last.stock, status.stock
            )),
            Some(last) if went_back(&last.phase, &status.phase) => {
                Some(format!("{} was followed by {}", last.phase, status.phase))
            }
            last => {
                let is_lower = last.as_ref().is_none_or(|last| status.stock < last.stock);
                (status.stock < 0 && is_lower).then(|| format!("the stock is {}", status.stock))
            }
        };
        self.last = Some(status.clone());
        fault
    }
}

/// A sale goes through its phases in one order. It may be sold out before the end or not at all, so these
/// two are not told apart. A server may know more phases.
fn went_back(before: &str, after: &str) -> bool {
    let rank = |phase: &str| match phase {
        "upcoming" => Some(0),
        "active" => Some(1),
        "sold_out" | "ended" => Some(2),
        _ => None,
    };
    rank(before)
        .zip(rank(after))
        .is_some_and(|(before, after)| after < before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(phase: &str, stock: i64) -> Status {
        Status {
            phase: phase.to_owned(),
            starts_at: 0,
            ends_at: 1,
            stock,
            sold: 0,
            product_id: String::new(),
            product_description: String::new(),
            server_time: 0,
        }
    }

    #[test]
    fn what_must_not_be_seen_is_noticed() {
        let mut eye = Eye::default();
        assert_eq!(eye.sees(&status("upcoming", 5)), None);
        assert_eq!(eye.sees(&status("active", 5)), None);
        assert_eq!(eye.sees(&status("active", 3)), None);
        assert_eq!(
            eye.sees(&status("active", 4)),
            Some("the stock rose from 3 to 4".to_owned())
        );
        assert_eq!(
            eye.sees(&status("active", -1)),
            Some("the stock is -1".to_owned())
        );
        assert_eq!(eye.sees(&status("sold_out", -1)), None, "told already");
        assert_eq!(
            eye.sees(&status("sold_out", -2)),
            Some("the stock is -2".to_owned())
        );
        let mut eye = Eye::default();
        assert_eq!(eye.sees(&status("ended", 3)), None);
        let back = Some("ended was followed by active".to_owned());
        assert_eq!(eye.sees(&status("active", 3)), back);
    }

    #[test]
    fn events_are_read_however_they_are_cut() {
        let event = "event: status\ndata: {\"status\":\"active\",\"startsAt\":1,\"endsAt\":2,\"stock\":3,\
                     \"sold\":4,\"productId\":\"p\",\"productDescription\":\"d\",\"serverTime\":5}\n\n";
        let text = format!(": heartbeat\n\n{event}{event}");
        for cut in 0..text.len() {
            let mut buffer = text.as_bytes()[..cut].to_vec();
            let mut seen = events(&mut buffer);
            buffer.extend_from_slice(&text.as_bytes()[cut..]);
            seen.extend(events(&mut buffer));
            assert_eq!(seen.len(), 2, "cut at {cut}");
            assert!(buffer.is_empty());
        }
    }
}
