//! A client for raw commands: it speaks RESP, version 2, one command after the other.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection and an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// The longest string and the longest array that are taken.
const BULK_BYTES_MAX: usize = 256 << 20;
const ITEMS_MAX: usize = 16 << 20;
const LINE_BYTES_MAX: u64 = 64 << 10;

/// An answer of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A word like `OK`.
    Simple(String),
    /// A refusal, with its code in front: `WRONGTYPE Operation against …`.
    Error(String),
    /// A number.
    Int(i64),
    /// Bytes, or nothing.
    Bulk(Option<Vec<u8>>),
    /// Answers in a row, or nothing.
    Array(Option<Vec<Reply>>),
}

impl Reply {
    /// The text of a word or of bytes; anything else fails the test.
    #[track_caller]
    pub fn text(&self) -> String {
        match self {
            Self::Simple(text) => text.clone(),
            Self::Bulk(Some(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            other => panic!("{other:?} is no text"),
        }
    }

    /// The number; anything else fails the test.
    #[track_caller]
    pub fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            other => panic!("{other:?} is no number"),
        }
    }

    /// The answers in a row; anything else fails the test.
    #[track_caller]
    pub fn items(&self) -> &[Reply] {
        match self {
            Self::Array(Some(items)) => items,
            other => panic!("{other:?} is no array"),
        }
    }

    /// The text of a refusal, if it is one.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Error(text) => Some(text),
            _ => None,
        }
    }

    /// Fails the test unless the answer is `OK`.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert_eq!(*self, Self::Simple("OK".to_owned()));
    }
}

/// A connection.
#[derive(Debug)]
pub struct Resp {
    stream: BufReader<TcpStream>,
}

impl Resp {
    /// Connects, or says why that is not possible.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = in_time(TcpStream::connect(address)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends a command and returns the answer, a refusal included. A connection that fails fails the
    /// test.
    pub async fn command(&mut self, words: &[&str]) -> Reply {
        self.try_command(words)
            .await
            .unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// As [`command`](Self::command), where the connection may fail.
    pub async fn try_command(&mut self, words: &[&str]) -> Result<Reply> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.try_bytes(&words).await
    }

    /// As [`try_command`](Self::try_command), with words that need not be text.
    pub async fn try_bytes(&mut self, words: &[&[u8]]) -> Result<Reply> {
        self.send(words).await?;
        self.receive().await
    }

    /// Sends a command and does not wait for the answer.
    pub async fn send(&mut self, words: &[&[u8]]) -> Result<()> {
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            bytes.extend_from_slice(word);
            bytes.extend_from_slice(b"\r\n");
        }
        in_time(self.stream.write_all(&bytes)).await
    }

    /// Waits for the answer to a command that was sent before.
    pub async fn receive(&mut self) -> Result<Reply> {
        in_time(self.read()).await
    }

    /// Boxed, because an array holds answers.
    fn read(&mut self) -> Pin<Box<dyn Future<Output = Result<Reply>> + Send + '_>> {
        Box::pin(async move {
            let line = self.line().await?;
            let (kind, rest) = line.split_at_checked(1).ok_or_else(|| not_resp(&line))?;
            match kind {
                "+" => Ok(Reply::Simple(rest.to_owned())),
                "-" => Ok(Reply::Error(rest.to_owned())),
                ":" => Ok(Reply::Int(rest.parse().map_err(|_| not_resp(&line))?)),
                "$" => Ok(Reply::Bulk(match length(rest, BULK_BYTES_MAX)? {
                    Some(length) => Some(self.bulk(length).await?),
                    None => None,
                })),
                "*" => Ok(Reply::Array(match length(rest, ITEMS_MAX)? {
                    Some(length) => Some(self.array(length).await?),
                    None => None,
                })),
                _ => Err(not_resp(&line)),
            }
        })
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.stream).take(LINE_BYTES_MAX);
        bounded.read_until(b'\n', &mut line).await?;
        let text = line
            .strip_suffix(b"\r\n")
            .ok_or_else(|| Error::new(ErrorKind::UnexpectedEof, "the connection was closed"))?;
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    async fn bulk(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).await?;
        bytes.truncate(length);
        Ok(bytes)
    }

    async fn array(&mut self, length: usize) -> Result<Vec<Reply>> {
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(self.read().await?);
        }
        Ok(items)
    }
}

/// The length of what follows; `-1` stands for nothing.
fn length(text: &str, most: usize) -> Result<Option<usize>> {
    match text.parse::<usize>() {
        Ok(length) if length <= most => Ok(Some(length)),
        Err(_) if text == "-1" => Ok(None),
        _ => Err(not_resp(text)),
    }
}

fn not_resp(text: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("{text:?} is no RESP"))
}

async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match timeout(ANSWER_MAX, work).await {
        Ok(result) => result,
        Err(_) => Err(Error::new(
            ErrorKind::TimedOut,
            format!("no answer in {ANSWER_MAX:?}"),
        )),
    }
}
