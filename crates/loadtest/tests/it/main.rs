//! The load tester against a small shop that can be told to break a rule: each rule is broken once, and must
//! be found broken. A check that finds nothing here would find nothing anywhere.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in this shop is the test's own fault"
)]

mod broken;
mod shop;
mod sound;
