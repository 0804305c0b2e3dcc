//! How often somebody may ask.
//!
//! In reading order:
//! - [`rate`]: so many requests in such a time, as the settings write it;
//! - [`gcra`]: the rule that keeps a rate with one number for each who asks;
//! - [`network`]: which addresses are counted together;
//! - [`limiter`]: a rate and a table of a fixed size, which forgets who has asked least;
//! - [`rates`]: the two rates of a sale, and what is told to whoever asks more often.
//!
//! It knows no clock: the time is given, in microseconds from any moment on. It does not know what is
//! asked for, or what a refusal looks like.

pub mod gcra;
pub mod limiter;
pub mod network;
pub mod rate;
pub mod rates;

pub use limiter::Limiter;
pub use network::Network;
pub use rate::{InvalidRate, Rate};
pub use rates::{RateLimited, Rates, Who};
