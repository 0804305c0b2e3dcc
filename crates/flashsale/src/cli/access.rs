//! The settings of who may ask, and how often.

#![expect(clippy::doc_markdown, reason = "these comments are the text of --help")]

use std::net::IpAddr;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use flashsale_api::client::{ForwardedBy, Proxies};
use flashsale_api::middleware::cors::Origins;
use flashsale_ledger::redis::Rates;
use flashsale_limits::{InvalidRate, Rate};
use ipnet::IpNet;

/// Who may ask, and how often.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Who may ask, and how often")]
pub(crate) struct AccessSettings {
    /// Purchases of one user, as 20/10s: so many at once, and as many again in such a time; off counts
    /// nobody, neither users nor addresses
    #[arg(long, env, default_value = "20/10s")]
    pub(crate) rate_limit: Limit,
    /// Purchases, look-ups and tokens for one address, or one IPv6 network (/64), written alike; there may
    /// be a thousand people behind one
    #[arg(long, env, default_value = "2000/10s")]
    pub(crate) rate_limit_address: Limit,
    /// Proxies that are believed when they say whose request they hand on, as addresses or networks:
    /// 10.0.0.0/8,2001:db8::7 [default: none]
    #[arg(long, env, value_delimiter = ',', value_parser = parse_network)]
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The header in which they say it
    #[arg(long, env, default_value = "x-forwarded-for")]
    pub(crate) forwarded_by: ForwardedHeader,
    /// Origins whose pages may use the API, beside the server's own: https://shop.example [default: none]
    #[arg(long, env, value_delimiter = ',', value_parser = parse_origin)]
    pub(crate) allowed_origins: Vec<String>,
}

/// A rate, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Off,
    At(Rate),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForwardedHeader {
    /// What most proxies write
    XForwardedFor,
    /// The header of RFC 7239
    Forwarded,
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

    pub(crate) fn proxies(&self) -> Proxies {
        let header = match self.forwarded_by {
            ForwardedHeader::XForwardedFor => ForwardedBy::XForwardedFor,
            ForwardedHeader::Forwarded => ForwardedBy::Forwarded,
        };
        let trusted = self.trusted_proxies.clone();
        Proxies { trusted, header }
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

fn parse_network(text: &str) -> Result<IpNet, &'static str> {
    let network = text.trim().parse::<IpNet>();
    let network = network.or_else(|_| text.trim().parse::<IpAddr>().map(IpNet::from));
    match network {
        // A request that comes over an IPv6 socket from an IPv4 address is one from an IPv4 address.
        Ok(IpNet::V6(network)) if network.addr().to_ipv4_mapped().is_some() => {
            Err("write an IPv4 network in IPv4: 10.0.0.0/8")
        }
        Ok(network) => Ok(network.trunc()),
        Err(_) => Err("write an address (10.0.0.7, 2001:db8::7) or a network (10.0.0.0/8)"),
    }
}

fn parse_origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    Origins::default().add(text).map(|()| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        for (text, network) in [
            ("10.0.0.7", "10.0.0.7/32"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            (" 2001:db8::7", "2001:db8::7/128"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(parse_network(text).unwrap().to_string(), network);
        }
        for wrong in [
            "",
            "proxy.example",
            "10.0.0.0/33",
            "10.0.0",
            "*",
            "::ffff:10.0.0.1",
            "10.0.0.1:80",
        ] {
            assert!(parse_network(wrong).is_err(), "{wrong}");
        }
    }
}
