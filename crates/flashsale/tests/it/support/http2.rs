//! HTTP/2 over TLS: a client as good as a browser's, and frames by hand for those that are not.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{RecvStream, SendStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::http::{ANSWER_MAX, Request, Response};
use super::openapi;
use super::tls::{Certificate, connect, purchase};

/// One connection, for many requests at once.
#[derive(Clone)]
pub(crate) struct Http2 {
    requests: SendRequest<Bytes>,
    address: SocketAddr,
}

/// The connection itself: ends when the server has ended it.
pub(crate) type Driver = JoinHandle<Result<(), h2::Error>>;

impl Http2 {
    pub(crate) async fn open(address: SocketAddr, certificate: &Certificate) -> (Self, Driver) {
        Self::open_with(address, certificate, &Builder::new()).await
    }

    pub(crate) async fn open_with(
        address: SocketAddr,
        certificate: &Certificate,
        builder: &Builder,
    ) -> (Self, Driver) {
        let stream = connect(address, certificate.client(&["h2", "http/1.1"])).await;
        let stream = stream.expect("a handshake");
        let protocol = stream.get_ref().1.alpn_protocol();
        assert_eq!(protocol, Some(&b"h2"[..]), "the server prefers HTTP/2");
        let (requests, connection) = builder.handshake(stream).await.expect("HTTP/2");
        let driver = tokio::spawn(connection);
        (Self { requests, address }, driver)
    }

    /// Over TLS that is there already.
    pub(crate) async fn over(stream: TlsStream<TcpStream>, address: SocketAddr) -> Self {
        let opened = Builder::new().handshake(stream).await;
        let (requests, connection) = opened.expect("HTTP/2");
        tokio::spawn(connection);
        Self { requests, address }
    }

    /// Sends a request whose body does not go on, and reads its answer.
    pub(crate) async fn send_half(&self, request: &Request) -> Response {
        timeout(ANSWER_MAX, self.exchange(request, false))
            .await
            .expect("an answer in time")
            .unwrap_or_else(|error| panic!("{request:?}: {error}"))
    }

    /// Sends a request, and returns its answer without the body.
    pub(crate) async fn begin(
        &self,
        request: &Request,
    ) -> Result<(Response, RecvStream), h2::Error> {
        self.begin_with(request, true)
            .await
            .map(|(response, body, _)| (response, body))
    }

    async fn begin_with(
        &self,
        request: &Request,
        whole: bool,
    ) -> Result<(Response, RecvStream, SendStream<Bytes>), h2::Error> {
        let authority = self.address.to_string();
        let uri = format!("https://{authority}{}", request.path);
        let mut head = http::Request::builder()
            .method(request.method.as_str())
            .uri(uri);
        for (name, value) in request.headers() {
            head = head.header(name, &value[..]);
        }
        let head = head.body(()).expect("a request");
        let body = request.body_bytes();
        let mut requests = self.requests.clone().ready().await?;
        let (answer, mut sending) = requests.send_request(head, body.is_none())?;
        if let Some(body) = body {
            sending.send_data(Bytes::copy_from_slice(body), whole)?;
        }
        let (head, body) = answer.await?.into_parts();
        let headers: Vec<_> = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("plain text")))
            .collect();
        let response = Response::new(head.status.as_u16(), &headers, Vec::new());
        Ok((response, body, sending))
    }

    /// Sends a request and reads its answer, which must be one that the document of the API tells of.
    pub(crate) async fn try_send(&self, request: &Request) -> Result<Response, h2::Error> {
        self.exchange(request, true).await
    }

    async fn exchange(&self, request: &Request, whole: bool) -> Result<Response, h2::Error> {
        let (mut response, mut body, _sending) = self.begin_with(request, whole).await?;
        while let Some(chunk) = body.data().await {
            let chunk = chunk?;
            body.flow_control().release_capacity(chunk.len())?;
            response.body.extend_from_slice(&chunk);
        }
        let told = openapi::check(&request.method, &request.path, &response);
        assert_eq!(
            told,
            Ok(()),
            "an answer that docs/openapi.json does not tell of"
        );
        Ok(response)
    }

    pub(crate) async fn send(&self, request: &Request) -> Response {
        timeout(ANSWER_MAX, self.try_send(request))
            .await
            .expect("an answer in time")
            .unwrap_or_else(|error| panic!("{request:?}: {error}"))
    }

    pub(crate) async fn csrf_token(&self) -> String {
        let body = self.send(&Request::get("/api/csrf")).await.json();
        body["csrfToken"].as_str().expect("a token").to_owned()
    }

    pub(crate) fn purchase(&self, csrf_token: &str, user: &str) -> Request {
        purchase(self.address, csrf_token, user)
    }
}

pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One frame (RFC 9113, 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a short frame")
        .to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The head of a `GET`, packed without the dynamic table (RFC 7541).
pub(crate) fn head_of_get(path: &str) -> Vec<u8> {
    // `:method: GET`, `:scheme: https`, and `:path` with a value of its own.
    let mut head = vec![0x82, 0x87, 0x04];
    head.push(u8::try_from(path.len()).expect("a short path"));
    head.extend_from_slice(path.as_bytes());
    head.extend_from_slice(b"\x01\x09localhost");
    head
}

/// A frame as it came in.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The reason of a `GOAWAY`.
    pub(crate) fn reason(&self) -> u32 {
        u32::from_be_bytes(self.payload[4..8].try_into().expect("four bytes"))
    }
}

/// A connection on which a test sends what it likes.
pub(crate) struct Frames {
    pub(crate) stream: TlsStream<TcpStream>,
}

impl Frames {
    /// The connection has begun with these settings, each an identifier and a value.
    pub(crate) async fn open(
        address: SocketAddr,
        certificate: &Certificate,
        settings: &[(u16, u32)],
    ) -> Self {
        let stream = connect(address, certificate.client(&["h2"])).await;
        let mut frames = Self {
            stream: stream.expect("a handshake"),
        };
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend_from_slice(&name.to_be_bytes());
            payload.extend_from_slice(&value.to_be_bytes());
        }
        let hello = [PREFACE, &frame(SETTINGS, 0, 0, &payload)].concat();
        frames.send(&hello).await.expect("the beginning is sent");
        frames
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(ANSWER_MAX, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        })
        .await?
    }

    pub(crate) async fn next(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await?;
        Ok(Frame {
            kind: head[3],
            flags: head[4],
            payload,
        })
    }

    /// Every frame until the server closes, or none if it does not within this time.
    pub(crate) async fn until_closed(&mut self, bound: Duration) -> Option<Vec<Frame>> {
        let mut all = Vec::new();
        let drained = timeout(bound, async {
            while let Ok(frame) = self.next().await {
                all.push(frame);
            }
        });
        drained.await.is_ok().then_some(all)
    }
}
