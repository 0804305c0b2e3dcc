//! Tests of the kit itself, against real servers of both programs.

mod cluster;
mod proxy;
mod sentinel;
mod server;

use flashsale_testkit::{Program, Reply};

const PROGRAMS: [Program; 2] = [Program::Redis, Program::Valkey];

/// The answer to `GET` of a key that has this value.
fn bulk(value: &str) -> Reply {
    Reply::Bulk(Some(value.as_bytes().to_owned()))
}
