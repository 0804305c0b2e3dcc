//! The settings of who may ask, and how often.

use std::str::FromStr;

use clap::Args;
use flashsale_api::middleware::cors::Origins;
use flashsale_limits::{InvalidRate, Rate, Rates};

/// Who may ask, and how often.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Who may ask, and how often")]
pub(crate) struct AccessSettings {
    /// Purchases of one user, as 20/10s: so many at once, and as many again in such a time; off counts
    /// nobody, neither users nor addresses
    #[arg(long, env, default_value = "20/10s")]
    pub(crate) rate_limit: Limit,
    /// Purchases, passes, look-ups and tokens for one address, or one IPv6 network (/64), written alike; there may
    /// be a thousand people behind one
    #[arg(long, env, default_value = "2000/10s")]
    pub(crate) rate_limit_address: Limit,
    /// Origins whose pages may use the API beside the server's own, each in full, as browsers write them
    /// [default: none]
    #[arg(long, env, value_delimiter = ',', value_parser = parse_origin)]
    pub(crate) allowed_origins: Vec<String>,
}

/// A rate, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Off,
    At(Rate),
}

impl AccessSettings {
    /// How often one address and one user may ask.
    pub(crate) fn rates(&self) -> Rates {
        let rate = |limit| match limit {
            Limit::At(rate) if self.rate_limit != Limit::Off => Some(rate),
            Limit::At(_) | Limit::Off => None,
        };
        Rates {
            address: rate(self.rate_limit_address),
            user: rate(self.rate_limit),
        }
    }

    pub(crate) fn origins(&self) -> Origins {
        let mut origins = Origins::default();
        for origin in &self.allowed_origins {
            origins.add(origin).expect("it was read already");
        }
        origins
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            _ => text
                .parse()
                .map(Self::At)
                .map_err(|error: InvalidRate| format!("{error}; or off")),
        }
    }
}

fn parse_origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    Origins::default().add(text).map(|()| text.to_owned())
}
