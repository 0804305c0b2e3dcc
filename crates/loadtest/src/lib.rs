//! Buys from a flash sale over HTTP as a crowd would, measures it, and checks its books.
//!
//! In reading order:
//! - [`plan`]: what one run does, and its bounds;
//! - [`run`](mod@run): a run from the first look at the sale to the report;
//! - `feed`: which attempt comes next, and when; `buyer`: one connection and what a browser would do
//!   with it; `watcher`: somebody who only looks;
//! - `claims`: what every user was told; [`books`]: whether that holds;
//! - `tally`: counts and latencies; [`report`]: what a person reads in the end;
//! - `target`, `exchange`, `answer`: where the server is, one request, and what its answer means.
//!
//! It speaks HTTP and knows the contract of the API, nothing else: not how a server keeps its orders, and
//! not how this one is built. So it runs against any server that keeps the contract.

mod answer;
pub mod books;
mod buyer;
mod claims;
mod exchange;
mod feed;
pub mod plan;
mod progress;
pub mod report;
pub mod run;
mod tally;
mod target;
mod watcher;

pub use plan::Plan;
pub use run::{Unmeasured, run};
pub use target::Target;
