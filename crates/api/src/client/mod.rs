//! Who asks, as far as the network can tell.
//!
//! Behind a proxy every request comes from the proxy. It says in a header whose request it hands on, but
//! anybody can send that header. So it is read only if the connection comes from an address that whoever
//! runs the server trusts, and only as far back as each hop was trusted in its turn.
//!
//! [`forwarded`] reads the two headers there are.

mod forwarded;

use std::net::IpAddr;
use std::sync::Once;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// How many hops are followed back. More than a few proxies in a row are a mistake or an attack.
const HOPS_MAX: usize = 16;

/// The proxies that are trusted to say whose request they hand on.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Their addresses; none means that nobody is believed.
    pub trusted: Vec<IpNet>,
    /// The header that they write. The other one is not read: whoever is not asked for it may have sent it.
    pub header: ForwardedBy,
}

/// Where a proxy says whose request it hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedBy {
    /// `X-Forwarded-For`, which most proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Proxies {
    /// The address of the client: the last hop, from the server's side, that is not a trusted proxy.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if self.trusted.is_empty() || !self.trusts(peer) {
            return peer;
        }
        match self.header {
            ForwardedBy::XForwardedFor => {
                self.last_untrusted(peer, forwarded::in_x_forwarded_for(headers))
            }
            ForwardedBy::Forwarded => self.last_untrusted(peer, forwarded::in_forwarded(headers)),
        }
    }

    fn last_untrusted(&self, peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut client = peer;
        for hop in hops.take(HOPS_MAX) {
            // A proxy that does not know, or hides, whom it has it from is the last that is known.
            let Some(address) = hop else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    /// Tells the log once that a peer which is refused for asking too often may be a proxy that nobody has
    /// named: then all of its clients are counted as one.
    pub(crate) fn warn_of_stranger(&self, peer: IpAddr, headers: &HeaderMap) {
        static ONCE: Once = Once::new();
        let hands_on = ["x-forwarded-for", "forwarded", "via"];
        if !self.trusts(peer) && hands_on.iter().any(|name| headers.contains_key(*name)) {
            ONCE.call_once(|| {
                tracing::warn!(
                    "a peer that asks too often says that it hands on the requests of others; if it is your proxy, name it in TRUSTED_PROXIES, or all its clients are counted as one address"
                );
            });
        }
    }

    /// Whether this is one of them.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|net| net.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::FORWARDED;
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

    fn proxies(header: ForwardedBy) -> Proxies {
        let trusted = ["10.0.0.0/8", "2001:db8::/32"];
        Proxies {
            trusted: trusted.iter().map(|net| net.parse().unwrap()).collect(),
            header,
        }
    }

    #[track_caller]
    fn check(header: ForwardedBy, peer: &str, lines: &[&str], client: &str) {
        let name = match header {
            ForwardedBy::XForwardedFor => X_FORWARDED_FOR,
            ForwardedBy::Forwarded => FORWARDED,
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let found = proxies(header).client(peer.parse().unwrap(), &headers);
        assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
    }

    #[test]
    fn row_50_a_peer_that_is_not_trusted_is_the_client_whatever_it_says() {
        let by = ForwardedBy::XForwardedFor;
        check(by, "192.0.2.1", &["198.51.100.7"], "192.0.2.1");
        check(by, "11.0.0.1", &["10.0.0.1"], "11.0.0.1");
        check(by, "2001:db9::1", &["198.51.100.7"], "2001:db9::1");
        check(
            ForwardedBy::Forwarded,
            "192.0.2.1",
            &["for=198.51.100.7"],
            "192.0.2.1",
        );
        let nobody = Proxies::default();
        let headers =
            HeaderMap::from_iter([(X_FORWARDED_FOR, HeaderValue::from_static("198.51.100.7"))]);
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(nobody.client(loopback, &headers), loopback);
    }

    #[test]
    fn row_50_of_a_trusted_proxy_the_last_hop_that_is_not_trusted_is_the_client() {
        let by = ForwardedBy::XForwardedFor;
        check(by, "10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check(by, "::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check(by, "2001:db8::1", &[" 2001:db9::7 "], "2001:db9::7");
        // What the client itself has put in front is not looked at.
        check(
            by,
            "10.0.0.1",
            &["203.0.113.9, 198.51.100.7, 10.2.3.4"],
            "198.51.100.7",
        );
        check(
            by,
            "10.0.0.1",
            &["203.0.113.9", "198.51.100.7", "10.2.3.4"],
            "198.51.100.7",
        );
        check(by, "10.0.0.1", &["10.0.0.9, 198.51.100.7"], "198.51.100.7");
        // A machine behind the proxies is its own client.
        check(by, "10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2");
        // The port belongs to the connection, not to who is counted.
        check(by, "10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7");
        check(by, "10.0.0.1", &["[2001:db9::7]:4711"], "2001:db9::7");
        check(by, "10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7");
    }

    #[test]
    fn row_50_where_a_hop_cannot_be_read_the_one_before_it_is_the_client() {
        let by = ForwardedBy::XForwardedFor;
        check(by, "10.0.0.1", &[], "10.0.0.1");
        for odd in [
            "",
            ",",
            "unknown",
            "198.51.100.7, _hidden",
            "a.example",
            "198.51.100.7,",
            "1.2.3",
            "\u{e9}",
        ] {
            check(by, "10.0.0.1", &[odd], "10.0.0.1");
        }
        check(by, "10.0.0.1", &["unknown, 10.0.0.2"], "10.0.0.2");
        let endless = vec!["10.0.0.2"; 500].join(",");
        check(by, "10.0.0.1", &[&endless], "10.0.0.2");
        let far = format!("198.51.100.7,{}", vec!["10.0.0.2"; HOPS_MAX].join(","));
        check(by, "10.0.0.1", &[&far], "10.0.0.2");
    }

    #[test]
    fn row_50_the_standard_header_is_read_with_all_its_forms() {
        let by = ForwardedBy::Forwarded;
        check(by, "10.0.0.1", &["for=198.51.100.7"], "198.51.100.7");
        check(
            by,
            "10.0.0.1",
            &["For=\"198.51.100.7:80\";proto=https;by=10.0.0.1"],
            "198.51.100.7",
        );
        check(
            by,
            "10.0.0.1",
            &["proto=https ; for=\"[2001:db9::7]:4711\""],
            "2001:db9::7",
        );
        check(
            by,
            "10.0.0.1",
            &["for=203.0.113.9, for=198.51.100.7;by=x, for=10.0.0.2"],
            "198.51.100.7",
        );
        check(
            by,
            "10.0.0.1",
            &["for=203.0.113.9", "for=198.51.100.7"],
            "198.51.100.7",
        );
        check(
            by,
            "10.0.0.1",
            &["for=203.0.113.9, for=198.51.100.7;host=\"a, for=1.2.3.4;b=\""],
            "198.51.100.7",
        );
        // A comma or a semicolon in quotes separates nothing, and a quote can be escaped.
        check(
            by,
            "10.0.0.1",
            &["for=203.0.113.9, host=\"a, for=1.2.3.4\";for=198.51.100.7"],
            "198.51.100.7",
        );
        check(
            by,
            "10.0.0.1",
            &[r#"host="\", for=1.2.3.4;";for=198.51.100.7"#],
            "198.51.100.7",
        );
        // An open quote of the client's hides what the proxy wrote: then only the proxy is known.
        check(
            by,
            "10.0.0.1",
            &["for=\"1.2.3.4, for=198.51.100.7"],
            "10.0.0.1",
        );
        check(
            by,
            "10.0.0.1",
            &["for=1.2.3.4;x=\", for=198.51.100.7"],
            "10.0.0.1",
        );
        for odd in [
            "",
            "for",
            "for=",
            "for=unknown",
            "for=_x",
            "by=198.51.100.7",
            "for=\"198.51.100.7",
            "for=198.51.100.7;for=1.2.3.4",
            "xfor=198.51.100.7",
        ] {
            check(by, "10.0.0.1", &[odd], "10.0.0.1");
        }
    }
}
