//! The settings of how connections come in.

#![expect(clippy::doc_markdown, reason = "these comments are the text of --help")]

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
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
    /// Proxies that are believed when they say for whom they speak, as addresses or networks:
    /// 10.0.0.0/8,2001:db8::7 [default: none]
    #[arg(long, env, value_delimiter = ',', value_parser = parse_network)]
    pub(crate) trusted_proxies: Vec<IpNet>,
}

fn parse_network(text: &str) -> Result<IpNet, &'static str> {
    let text = text.trim();
    let network = text.parse::<IpNet>();
    let network = network.or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "write an address (10.0.0.7, 2001:db8::7) or a network (10.0.0.0/8)")
}
