//! The settings of how connections come in.

#![expect(clippy::doc_markdown, reason = "these comments are the text of --help")]

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use flashsale_api::client::{ForwardedBy, Proxies};
use ipnet::IpNet;

/// How connections come in.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTPS and proxies")]
pub(crate) struct EntranceSettings {
    /// File with the server's certificate, in PEM, and behind it those that lead to one that browsers
    /// know: with it the server speaks HTTPS, and HTTP/2. Read again when it changes [default: none, plain
    /// HTTP]
    #[arg(long, env)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// File with the key of the certificate, in PEM. Read again when it changes
    #[arg(long, env)]
    pub(crate) tls_key: Option<PathBuf>,
    /// Expect the header of the PROXY protocol, version 1 or 2, on each connection of TRUSTED_PROXIES
    #[arg(long, env, default_value_t = false, action = clap::ArgAction::Set)]
    pub(crate) proxy_protocol: bool,
    /// Proxies that are believed when they say whose request they hand on, as addresses or networks:
    /// 10.0.0.0/8,2001:db8::7 [default: none]
    #[arg(long, env, value_delimiter = ',', value_parser = parse_network)]
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The header in which they say it
    #[arg(long, env, default_value = "x-forwarded-for")]
    pub(crate) forwarded_by: ForwardedHeader,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForwardedHeader {
    /// What most proxies write
    XForwardedFor,
    /// The header of RFC 7239
    Forwarded,
}

impl EntranceSettings {
    pub(crate) fn proxies(&self) -> Proxies {
        let header = match self.forwarded_by {
            ForwardedHeader::XForwardedFor => ForwardedBy::XForwardedFor,
            ForwardedHeader::Forwarded => ForwardedBy::Forwarded,
        };
        let trusted = self.trusted_proxies.clone();
        Proxies { trusted, header }
    }
}

pub(crate) fn parse_network(text: &str) -> Result<IpNet, &'static str> {
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
