//! Who asks, behind proxies: nobody can make the server count somebody else.

use std::net::IpAddr;

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use flashsale_api::client::{ForwardedBy, Proxies};

use crate::headers::headers;

const PROXY: &str = "10.0.0.1";
const STRANGER: &str = "192.0.2.1";
/// Whom the proxy has the request from.
const CLIENT: &str = "198.51.100.7";

/// A stranger's word counts for nothing, and a proxy's own word is the last one.
pub(crate) fn forwarded(input: &[u8]) {
    let names = [
        (
            ForwardedBy::XForwardedFor,
            HeaderName::from_static("x-forwarded-for"),
            CLIENT.to_owned(),
        ),
        (ForwardedBy::Forwarded, FORWARDED, format!("for={CLIENT}")),
    ];
    for (header, name, hop) in names {
        let proxies = Proxies {
            trusted: ["10.0.0.0/8", "2001:db8::/32"]
                .map(|net| net.parse().expect("a network"))
                .into(),
            header,
        };
        let said = headers(&name, input);
        assert_eq!(proxies.client(address(STRANGER), &said), address(STRANGER));
        proxies.client(address(PROXY), &said);

        // The proxy writes a line of its own behind what the client has sent.
        let mut own_line = said.clone();
        own_line.append(&name, value(hop.as_bytes()));
        assert_eq!(proxies.client(address(PROXY), &own_line), address(CLIENT));

        // Or it writes on in the last line.
        let Some(last) = said.get_all(&name).iter().next_back() else {
            continue;
        };
        let longer = [last.as_bytes(), b", ", hop.as_bytes()].concat();
        let same_line = HeaderMap::from_iter([(name, value(&longer))]);
        let found = proxies.client(address(PROXY), &same_line);
        // A line that is no text, or a quote that was left open, hides what the proxy wrote; then the
        // proxy is all that is known.
        assert!(
            [address(CLIENT), address(PROXY)].contains(&found),
            "{found}"
        );
        let hides = !last.as_bytes().is_ascii() || last.as_bytes().contains(&b'"');
        assert!(found == address(CLIENT) || hides || last.to_str().is_err());
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn value(bytes: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(bytes).expect("what a header carried, and plain text")
}
