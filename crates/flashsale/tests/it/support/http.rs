//! HTTP/1.1 as bytes: requests that may be as odd as a test wants, and answers parsed strictly.
//!
//! A client library would repair or refuse exactly the requests that are worth sending to a server
//! that must stand hostile input, and costs several times as much per request.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use super::openapi;

/// No answer may take longer, whatever the test does to the disk.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(30);

const HEADERS_MAX: usize = 64;
const READ_BYTES: usize = 8 * 1024;

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// Adds a header; one of the same name stays, so that duplicates can be sent.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Takes every header of that name out again.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        self
    }

    pub(crate) fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    pub(crate) fn body_bytes(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        let mut names = self.headers.iter().map(|(name, _)| name);
        names.any(|other| other.eq_ignore_ascii_case(name))
    }

    /// The bytes on the wire. `Content-Length` is added unless the test set its own framing.
    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.path).into_bytes();
        if !self.has("host") {
            bytes.extend_from_slice(format!("host: {host}\r\n").as_bytes());
        }
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        let body = self.body.as_deref();
        if let Some(body) = body
            && !self.has("content-length")
            && !self.has("transfer-encoding")
        {
            bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body.unwrap_or_default());
        bytes
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// An answer that nobody has sent.
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            status,
            headers: headers.iter().map(owned).collect(),
            body: body.into(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `Null` when it is none, which no assertion on a field will mistake.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// What a connection runs over: TCP, or TLS on top of it.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One connection, used for one request after the other.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    host: String,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        Self::open_from("127.0.0.1".parse().expect("an address"), address).await
    }

    /// The same from another address of this machine: all of 127.0.0.0/8 are.
    pub(crate) async fn open_from(from: IpAddr, address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let stream = timeout(ANSWER_MAX, socket.connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream, &address.to_string()))
    }

    /// Over a stream that is open.
    pub(crate) fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        host: &str,
    ) -> Self {
        Self {
            stream: Box::new(stream),
            unread: Vec::new(),
            host: host.to_owned(),
        }
    }

    /// Sends a request and reads its answer, which must be one that the document of the API tells of.
    pub(crate) async fn send(&mut self, request: &Request) -> io::Result<Response> {
        self.write(&request.bytes(&self.host)).await?;
        let response = self.answer(request.method != "HEAD").await?;
        let told = openapi::check(&request.method, &request.path, &response);
        assert_eq!(
            told,
            Ok(()),
            "an answer that docs/openapi.json does not tell of"
        );
        Ok(response)
    }

    /// Sends requests one behind the other without waiting, and reads the status of each answer.
    pub(crate) async fn send_all(
        &mut self,
        requests: impl Iterator<Item = Request>,
    ) -> io::Result<Vec<u16>> {
        let requests: Vec<_> = requests.map(|request| request.bytes(&self.host)).collect();
        self.write(&requests.concat()).await?;
        let mut statuses = Vec::with_capacity(requests.len());
        for _ in &requests {
            statuses.push(self.answer(true).await?.status);
        }
        Ok(statuses)
    }

    /// Sends a request and reads the head of its answer; the chunks of its body come one by one.
    pub(crate) async fn begin(&mut self, request: &Request) -> io::Result<Response> {
        self.write(&request.bytes(&self.host)).await?;
        timeout(ANSWER_MAX, async {
            let (mut response, head_length) = self.head().await?;
            self.unread.drain(..head_length);
            if let Some(length) = response.header("content-length").map(str::to_owned) {
                response.body = self.take(length.parse().map_err(malformed)?).await?;
            }
            Ok(response)
        })
        .await?
    }

    /// The next chunk of a body; the last one is empty.
    pub(crate) async fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let line_end = loop {
            if let Some(at) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                break at;
            }
            self.more().await?;
        };
        let line = self.take(line_end + 2).await?;
        let digits = std::str::from_utf8(&line[..line_end]).map_err(malformed)?;
        let length = usize::from_str_radix(digits, 16).map_err(malformed)?;
        let mut chunk = self.take(length + 2).await?;
        chunk.truncate(length);
        Ok(chunk)
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(ANSWER_MAX, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        })
        .await?
    }

    /// Reads the next answer; `has_body` is false for answers to `HEAD`.
    pub(crate) async fn answer(&mut self, has_body: bool) -> io::Result<Response> {
        timeout(ANSWER_MAX, self.read_answer(has_body)).await?
    }

    /// Reads until the server closes, or `bound` has passed. `None`: it did not close.
    pub(crate) async fn until_closed(&mut self, bound: Duration) -> Option<Vec<u8>> {
        let mut all = std::mem::take(&mut self.unread);
        let drained = timeout(bound, async {
            let mut chunk = [0; READ_BYTES];
            // A reset is as good an end as a shutdown: the server gave the connection up.
            while let Ok(read @ 1..) = self.stream.read(&mut chunk).await {
                all.extend_from_slice(&chunk[..read]);
            }
        });
        drained.await.is_ok().then_some(all)
    }

    async fn read_answer(&mut self, has_body: bool) -> io::Result<Response> {
        loop {
            let (mut response, head_length) = self.head().await?;
            self.unread.drain(..head_length);
            if response.status < 200 {
                continue;
            }
            let chunked = response
                .header("transfer-encoding")
                .is_some_and(|value| value.contains("chunked"));
            let length = response.header("content-length").map(str::to_owned);
            response.body = match (has_body && !matches!(response.status, 204 | 304), length) {
                (false, _) => Vec::new(),
                (true, Some(length)) => self.take(length.parse().map_err(malformed)?).await?,
                (true, None) if chunked => self.take_chunks().await?,
                (true, None) if response.closes() => self.take_rest().await?,
                (true, None) => return Err(malformed("an answer without a length")),
            };
            return Ok(response);
        }
    }

    /// The head of the next answer and its length in bytes, which are left unread.
    async fn head(&mut self) -> io::Result<(Response, usize)> {
        loop {
            if let Some(head) = parse_head(&self.unread)? {
                return Ok(head);
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        self.unread.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.unread).await? {
            0 => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "closed before the answer was whole",
            )),
            _ => Ok(()),
        }
    }

    async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < length {
            self.more().await?;
        }
        let rest = self.unread.split_off(length);
        Ok(std::mem::replace(&mut self.unread, rest))
    }

    async fn take_rest(&mut self) -> io::Result<Vec<u8>> {
        while self.more().await.is_ok() {}
        Ok(std::mem::take(&mut self.unread))
    }

    async fn take_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk().await?;
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend_from_slice(&chunk);
        }
    }
}

fn malformed(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

/// The head of an answer and its length in bytes, once it is all there.
fn parse_head(bytes: &[u8]) -> io::Result<Option<(Response, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(bytes).map_err(malformed)? else {
        return Ok(None);
    };
    let owned = parsed.headers.iter().map(|header| {
        (
            header.name.to_owned(),
            String::from_utf8_lossy(header.value).into_owned(),
        )
    });
    let status = parsed.code.expect("a complete head has a status");
    Ok(Some((
        Response {
            status,
            headers: owned.collect(),
            body: Vec::new(),
        },
        length,
    )))
}

/// Percent-encodes everything but unreserved characters, for one segment of a path.
pub(crate) fn encoded(segment: &str) -> String {
    let mut text = String::new();
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a string takes everything");
        }
    }
    text
}
