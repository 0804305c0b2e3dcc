//! Ports that nobody else takes.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that systems give to outgoing connections. A server that is down for a while would
/// lose a port of those to any client, and could not come back.
const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

/// How many ports this process has asked for.
static ASKED: AtomicU32 = AtomicU32::new(0);

/// A port of 127.0.0.1 on which nobody listens. The same process is not given it again, and another
/// process begins elsewhere.
pub fn free_port() -> u16 {
    // Neighbouring process ids must lie apart by more ports than one run of the tests takes.
    let start = std::process::id().wrapping_mul(7_919) % COUNT;
    for _ in 0..COUNT {
        let offset = ASKED.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + start.wrapping_add(offset) % COUNT;
        let port = u16::try_from(port).expect("the range ends below 65536");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("none of {COUNT} ports is free");
}
