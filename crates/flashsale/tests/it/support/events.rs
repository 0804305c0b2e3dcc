//! One live stream, as a browser follows it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::http::{Connection, Request, Response};

/// No event may take longer, whatever the machine does.
const EVENT_MAX: Duration = Duration::from_secs(10);

pub(crate) struct EventStream {
    connection: Connection,
    pub(crate) head: Response,
    text: String,
}

/// One event of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) status: Value,
    pub(crate) retry_ms: Option<u64>,
}

impl EventStream {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let mut connection = Connection::open(address).await?;
        let head = connection.begin(&Request::get("/api/events")).await?;
        let text = String::new();
        Ok(Self {
            connection,
            head,
            text,
        })
    }

    /// The next event; none once the server has ended the stream in order.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        timeout(EVENT_MAX, self.read())
            .await
            .expect("an event, or the end")
    }

    /// The next event for which this holds.
    pub(crate) async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if holds(&event.status) {
                return event.status;
            }
        }
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                return Some(parse(&event));
            }
            let chunk = self.connection.chunk().await.expect("a chunk");
            if chunk.is_empty() {
                assert_eq!(self.text, "", "half an event is left");
                return None;
            }
            self.text.push_str(str::from_utf8(&chunk).expect("text"));
        }
    }
}

fn parse(event: &str) -> Event {
    let field = |name: &str| {
        let prefix = format!("{name}: ");
        event.lines().find_map(|line| line.strip_prefix(&prefix))
    };
    assert_eq!(field("event"), Some("status"), "{event}");
    let data = field("data").unwrap_or_else(|| panic!("no data: {event}"));
    Event {
        status: serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}")),
        retry_ms: field("retry").map(|ms| ms.parse().expect("a number")),
    }
}
