//! Those who are against the sale. Each kind comes from an address of its own, and goes on as fast as the server
//! answers.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::sleep;

use super::FRONT;
use crate::Failure;
use crate::figures::{Attacker, Got};
use crate::results::grouped;
use crate::wire::{self, Client, Connection};

/// Connections of each kind.
const SLOW: u32 = 1_000;
const LARGE: u32 = 8;
const FORGERS: u32 = 8;
const PRETENDERS: u32 = 8;
const STORM: u32 = 300;
const CROWD: u32 = 256;
/// How many may have bought when the time is over, and do not know.
pub(super) const ASKING_MAX: u64 = (PRETENDERS + STORM) as u64;

/// The most requests of one kind; so many addresses the front tells of, if the time is enough.
const REQUESTS_MAX: u32 = 1_000_000;
/// From here on they are counted up.
const FIRST_ADDRESS: u32 = 0x0b00_0000;
/// Between two bytes of a slow head.
const BYTE_EVERY: Duration = Duration::from_secs(1);
/// Four times as much as is read, and less than the system takes without anybody reading.
const LARGE_BYTES: usize = 64 * 1024;
/// After a lost connection, so that nobody tries without a pause.
const LOST_PAUSE: Duration = Duration::from_millis(10);

/// What all of one kind got.
type Tally = Rc<RefCell<Got>>;

/// Attacks for that time.
pub(super) async fn attack(server: SocketAddr, time: Duration) -> Result<Vec<Attacker>, Failure> {
    let front: Ipv4Addr = FRONT.parse().map_err(|_| "the front has no address")?;
    let token = Client::new(server, front).token().await;
    let token: Rc<str> = token.map_err(|error| format!("no token: {error}"))?.into();
    let from = |last| Client::new(server, Ipv4Addr::new(127, 2, 0, last));

    let slow = Tally::default();
    for number in 0..SLOW {
        let begins_after = BYTE_EVERY * number / SLOW;
        spawn_local(slow_heads(server, begins_after, Rc::clone(&slow)));
    }
    let (declared, chunked) = (large_body(&token, true), large_body(&token, false));
    let large = flood(
        LARGE,
        || from(2),
        move |n| {
            if n.is_multiple_of(2) {
                declared.clone()
            } else {
                chunked.clone()
            }
        },
    );
    let genuine = Rc::clone(&token);
    let forged = flood(FORGERS, || from(3), move |n| forged(&genuine, n));
    let valid = Rc::clone(&token);
    let pretended = flood(
        PRETENDERS,
        || from(4),
        move |n| wire::purchase(&valid, &format!("pretender-{n}"), &hop(n)),
    );
    let once_more = wire::purchase(&token, "storm", "");
    let storm = flood(STORM, || from(5), move |_| once_more.clone());
    let crowd = flood(
        CROWD,
        || Client::new(server, front),
        |n| wire::purchase("none", "crowd", &hop(n)),
    );
    sleep(time).await;

    let tell = |what: String, why: &str, tally: &Tally| Attacker {
        what,
        why: why.to_owned(),
        got: tally.borrow().clone(),
    };
    let addresses = crowd.borrow().answers.values().sum::<u64>();
    Ok(vec![
        tell(
            format!("{} slow connections", grouped(SLOW.into())),
            "Each sends its head byte by byte, one a second; the server ends it after `HEADER_TIMEOUT_MS`, and it \
             comes back.",
            &slow,
        ),
        tell(
            "oversized bodies".to_owned(),
            "Half of them say beforehand that they are too long, half do not; no more is read than the bound, and \
             the connection is closed.",
            &large,
        ),
        tell(
            "forged tokens".to_owned(),
            "Not the cookie's, made up, or none: refused before the body is read, and most of them sooner, \
             because one address asks too often.",
            &forged,
        ),
        tell(
            "one address that pretends to be many".to_owned(),
            "It is no trusted proxy, so its `X-Forwarded-For` is not read, and it gets the share of one address: \
             2,000 requests and 200 more a second.",
            &pretended,
        ),
        tell(
            format!("one user, {STORM} requests at once"),
            "One of them gets the order; the others hear that there is one, or that they ask too often.",
            &storm,
        ),
        tell(
            format!(
                "{} addresses, told by the trusted front",
                grouped(addresses as f64)
            ),
            "Really that many, as far as the server can know, so nobody asks too often; the table that counts keeps \
             its size, and their requests have no valid token.",
            &crowd,
        ),
    ])
}

/// Asks over so many connections, each as fast as it is answered. `request` gets the number of the request.
fn flood(
    connections: u32,
    client: impl Fn() -> Client,
    request: impl Fn(u32) -> Vec<u8> + 'static,
) -> Tally {
    let tally = Tally::default();
    let (next, request) = (Rc::new(Cell::new(0)), Rc::new(request));
    for _ in 0..connections {
        let (mut client, tally) = (client(), Rc::clone(&tally));
        let (next, request) = (Rc::clone(&next), Rc::clone(&request));
        spawn_local(async move {
            while next.get() < REQUESTS_MAX {
                let number = next.replace(next.get() + 1);
                let status = client
                    .ask(&request(number))
                    .await
                    .ok()
                    .map(|reply| reply.status);
                tally.borrow_mut().note(status);
                if status.is_none() {
                    sleep(LOST_PAUSE).await;
                }
            }
        });
    }
    tally
}

/// Sends heads that do not end, one after the other.
async fn slow_heads(server: SocketAddr, begins_after: Duration, tally: Tally) {
    sleep(begins_after).await;
    loop {
        let status = slow_head(server).await.ok();
        tally.borrow_mut().note(status);
        sleep(LOST_PAUSE).await;
    }
}

/// Returns what the server answers to it.
async fn slow_head(server: SocketAddr) -> io::Result<u16> {
    let mut connection = Connection::open(server, Ipv4Addr::new(127, 2, 0, 1)).await?;
    connection
        .send(b"GET /api/status HTTP/1.1\r\nx-slow: ")
        .await?;
    loop {
        tokio::select! {
            reply = connection.reply() => return Ok(reply?.status),
            () = sleep(BYTE_EVERY) => {}
        }
        connection.send(b"a").await?;
    }
}

/// A purchase with a body that is too long, which it says or does not.
fn large_body(token: &str, is_declared: bool) -> Vec<u8> {
    let (length, chunk) = if is_declared {
        ("content-length: 1073741824".to_owned(), String::new())
    } else {
        (
            "transfer-encoding: chunked".to_owned(),
            format!("{LARGE_BYTES:x}\r\n"),
        )
    };
    let head = format!(
        "POST /api/purchase HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         x-csrf-token: {token}\r\ncookie: csrfToken={token}\r\n{length}\r\n\r\n{chunk}"
    );
    [head.into_bytes(), vec![b' '; LARGE_BYTES]].concat()
}

/// A purchase whose token is not the cookie's, or made up, or missing.
fn forged(genuine: &str, number: u32) -> Vec<u8> {
    let text = match number % 3 {
        0 => format!("x-csrf-token: {number:x}\r\ncookie: csrfToken={genuine}\r\n"),
        1 => format!("x-csrf-token: {number:x}\r\ncookie: csrfToken={number:x}\r\n"),
        _ => String::new(),
    };
    format!(
        "POST /api/purchase HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n{text}\
         content-length: 19\r\n\r\n{{\"userId\":\"forger\"}}"
    )
    .into_bytes()
}

/// What a front says of whom it hands on: a new address for each number.
fn hop(number: u32) -> String {
    format!(
        "x-forwarded-for: {}\r\n",
        Ipv4Addr::from(FIRST_ADDRESS + number)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn forged_requests_are_whole_and_hold_no_valid_pair() {
        for number in 0..9 {
            let request = text(forged("genuine", number));
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(
                head.contains(&format!("content-length: {}", body.len())),
                "{request}"
            );
            assert!(!head.contains("x-csrf-token: genuine"), "{request}");
        }
    }

    #[test]
    fn each_number_is_another_address() {
        assert_eq!(hop(0), "x-forwarded-for: 11.0.0.0\r\n");
        assert_eq!(hop(REQUESTS_MAX - 1), "x-forwarded-for: 11.15.66.63\r\n");
    }
}
