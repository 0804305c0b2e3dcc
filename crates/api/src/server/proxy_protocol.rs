//! The PROXY protocol: a proxy that only hands bytes on says first whose bytes they are (`proxy-protocol.txt`
//! of `HAProxy`, versions 1 and 2).

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use proxy_header::{Error as HeaderError, ParseConfig, ProxyHeader};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The longest header, in bytes. What it names takes 52 at most; proxies add what they know about TLS.
const HEADER_BYTES_MAX: usize = 4096;

/// Who must say for whom it speaks.
#[derive(Debug, Clone)]
pub struct ProxyProtocol {
    /// The addresses of the proxies. Nobody else is believed: from elsewhere such a header is a
    /// malformed request.
    pub trusted: Arc<[IpNet]>,
}

impl ProxyProtocol {
    pub(super) fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted.iter().any(|network| network.contains(&peer))
    }
}

/// The client that a proxy names, and what came right behind that.
pub(super) struct Named {
    pub(super) client: SocketAddr,
    pub(super) early: Vec<u8>,
}

/// Reads the header of a proxy. If it speaks for itself, as for a health check, it is its own client.
pub(super) async fn read(stream: &mut TcpStream, proxy: SocketAddr) -> Result<Named> {
    let mut bytes = Vec::with_capacity(256);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Some((client, length)) = parse(&bytes)? {
            let early = bytes.split_off(length);
            let client = client.unwrap_or(proxy);
            return Ok(Named { client, early });
        }
        if bytes.len() >= HEADER_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "a PROXY header too long",
            ));
        }
    }
}

/// The client, if one is named, and the length of the header. None while that is not all there.
fn parse(bytes: &[u8]) -> Result<Option<(Option<SocketAddr>, usize)>> {
    let config = ParseConfig {
        include_tlvs: false,
        ..ParseConfig::default()
    };
    match ProxyHeader::parse(bytes, config) {
        Ok((header, length)) => {
            let client = header.proxied_address().map(|address| address.source);
            Ok(Some((client, length)))
        }
        Err(HeaderError::BufferTooShort) => Ok(None),
        Err(error) => Err(Error::new(ErrorKind::InvalidData, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &[u8], client: Option<&str>) {
        let bytes = [header, b"GET / HTTP/1.1\r\n"].concat();
        let client = client.map(|client| client.parse().unwrap());
        assert_eq!(parse(&bytes).unwrap(), Some((client, header.len())));
        for length in 0..header.len() {
            assert_eq!(parse(&header[..length]).unwrap(), None, "{length} bytes");
        }
    }

    fn version_2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
        header.extend_from_slice(&[command, family]);
        header.extend_from_slice(&u16::try_from(addresses.len()).unwrap().to_be_bytes());
        header.extend_from_slice(addresses);
        header
    }

    #[test]
    fn both_versions_name_the_client() {
        let line = b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n";
        check(line, Some("192.0.2.7:4711"));
        let line = b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n";
        check(line, Some("[2001:db8::7]:4711"));
        let four = [192, 0, 2, 7, 192, 0, 2, 1, 0x12, 0x67, 0x01, 0xbb];
        check(&version_2(0x21, 0x11, &four), Some("192.0.2.7:4711"));
        // What else the proxy tells comes behind the addresses.
        let with_more = [&four[..], &[3, 0, 4, 1, 2, 3, 4]].concat();
        check(&version_2(0x21, 0x11, &with_more), Some("192.0.2.7:4711"));
    }

    #[test]
    fn a_proxy_may_speak_for_itself() {
        check(b"PROXY UNKNOWN\r\n", None);
        check(&version_2(0x20, 0x00, &[]), None);
        check(&version_2(0x21, 0x00, &[]), None);
    }

    #[test]
    fn anything_else_is_refused_as_soon_as_it_shows() {
        for odd in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PROXY TCP4 192.0.2.7 192.0.2.1 99999 443\r\n",
            b"PROXY TCP4 2001:db8::7 192.0.2.1 4711 443\r\n",
            b"PROXY UDP4 192.0.2.7 192.0.2.1 4711 443\r\n",
            &[b"PROXY TCP4 ".as_slice(), &[b'1'; 120]].concat(),
            &version_2(0x11, 0x11, &[0; 12]),
            &[&version_2(0x21, 0x11, &[0; 11])[..], b"GET"].concat(),
        ] {
            assert!(parse(odd).is_err(), "{}", String::from_utf8_lossy(odd));
        }
    }

    #[test]
    fn an_ipv4_address_is_the_same_over_ipv6() {
        let proxy_protocol = ProxyProtocol {
            trusted: Arc::from(["10.0.0.0/8".parse().unwrap()]),
        };
        assert!(proxy_protocol.trusts("10.1.2.3".parse().unwrap()));
        assert!(proxy_protocol.trusts("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!proxy_protocol.trusts("11.0.0.1".parse().unwrap()));
    }
}
