//! A client as plain as it can be: HTTP/1.1 on a socket, whole answers with their length, and nothing that
//! would cost the generator more than the server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// How long anybody waits for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// More than any answer of the API that these clients ask for.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// When to come back where an answer does not say.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    retry_after_s: Option<u64>,
    /// Whether the server closes the connection then.
    is_last: bool,
}

/// An open connection.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// Somebody who asks over one connection, and over a new one when that was closed.
pub(crate) struct Client {
    server: SocketAddr,
    from: Ipv4Addr,
    connection: Option<Connection>,
}

impl Client {
    /// Comes from an address of this machine. Connects when it first asks.
    pub(crate) fn new(server: SocketAddr, from: Ipv4Addr) -> Self {
        Self {
            server,
            from,
            connection: None,
        }
    }

    /// Sends a request and reads its answer. Fails without one in time.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        let (server, from) = (self.server, self.from);
        // Whoever gives up closes the connection, because nothing but the answer can follow on it.
        let open = self.connection.take();
        let asking = async {
            let mut connection = match open {
                Some(connection) => connection,
                None => Connection::open(server, from).await?,
            };
            let reply = connection.ask(request).await?;
            Ok::<_, io::Error>((connection, reply))
        };
        let (connection, reply) = timeout(ANSWER_MAX, asking).await??;
        self.connection = (!reply.is_last).then_some(connection);
        Ok(reply)
    }

    /// Fetches a token for purchases. Cookie and header hold the same, so it may be shared.
    pub(crate) async fn token(&mut self) -> io::Result<String> {
        let reply = self
            .ask(b"GET /api/csrf HTTP/1.1\r\nhost: bench\r\n\r\n")
            .await?;
        let token = reply.body.split("\"csrfToken\":\"").nth(1);
        let token = token.and_then(|text| text.split('"').next());
        let token = token.ok_or_else(|| io::Error::other(format!("no token: {}", reply.body)));
        token.map(ToOwned::to_owned)
    }
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr, from: Ipv4Addr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        // Its port is free again at once: the system would keep it for a minute, and an address has too few of them
        // for those who are closed time and again.
        socket.set_zero_linger()?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    async fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        let sent = self.send(request).await;
        // A server may answer, and close, before it has read all.
        let reply = self.reply().await;
        if reply.is_err() {
            sent.and(reply)
        } else {
            reply
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next answer. Nothing is lost if it is no longer waited for.
    pub(crate) async fn reply(&mut self) -> io::Result<Reply> {
        loop {
            if let Some((reply, length)) = first_reply(&self.received) {
                self.received.drain(..length);
                return Ok(reply);
            }
            if self.received.len() > ANSWER_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Reply {
    /// How long to stay away: as exactly as the answer says it.
    pub(crate) fn retry_after(&self) -> Duration {
        let digits = self.body.split("\"retryAfterMs\":").nth(1);
        let digits = digits.and_then(|text| text.split(|c: char| !c.is_ascii_digit()).next());
        match (
            digits.and_then(|digits| digits.parse().ok()),
            self.retry_after_s,
        ) {
            (Some(ms), _) => Duration::from_millis(ms),
            (None, Some(s)) => Duration::from_secs(s),
            (None, None) => RETRY_AFTER,
        }
    }
}

/// A purchase. `more` is further lines of the head, each with its end.
pub(crate) fn purchase(token: &str, user: &str, more: &str) -> Vec<u8> {
    let body = format!("{{\"userId\":\"{user}\"}}");
    format!(
        "POST /api/purchase HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         x-csrf-token: {token}\r\ncookie: csrfToken={token}\r\n{more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The answer at the beginning of what was received, if it is whole, and its length.
fn first_reply(received: &[u8]) -> Option<(Reply, usize)> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&received[..end]).ok()?;
    let field = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        let field = fields.find(|(given, _)| given.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.trim())
    };
    let number = |name: &str| field(name)?.parse::<u64>().ok();
    let length = end + usize::try_from(number("content-length").unwrap_or(0)).ok()?;
    let body = received.get(end..length)?;
    let reply = Reply {
        status: head.get(9..12)?.parse().ok()?,
        body: String::from_utf8_lossy(body).into_owned(),
        retry_after_s: number("retry-after"),
        is_last: field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
    };
    Some((reply, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n\
                        Content-Length: 38\r\n\r\n{\"status\":\"busy\",\"retryAfterMs\":1250}\n";

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let text = format!("{BUSY}HTTP/1.1 204 No Content\r\n\r\n");
        for cut in 0..BUSY.len() {
            assert_eq!(first_reply(&text.as_bytes()[..cut]), None, "cut at {cut}");
        }
        let (busy, length) = first_reply(text.as_bytes()).unwrap();
        assert_eq!((busy.status, busy.is_last), (503, true));
        assert_eq!(length, BUSY.len());
        let (empty, _) = first_reply(&text.as_bytes()[length..]).unwrap();
        assert_eq!((empty.status, empty.is_last), (204, false));
        assert_eq!(empty.body, "");
    }

    #[test]
    fn whoever_is_sent_away_is_told_for_how_long() {
        let (exact, _) = first_reply(BUSY.as_bytes()).unwrap();
        assert_eq!(exact.retry_after(), Duration::from_millis(1_250));
        let plain = Reply {
            body: String::new(),
            ..exact
        };
        assert_eq!(plain.retry_after(), Duration::from_secs(2));
        let silent = Reply {
            retry_after_s: None,
            ..plain
        };
        assert_eq!(silent.retry_after(), RETRY_AFTER);
    }
}
