//! What whoever runs the server writes.

use std::fmt::Write as _;
use std::net::IpAddr;

use flashsale::fuzzing;
use flashsale_api::bots::service_url::ServiceUrl;
use flashsale_api::shop::sign_in::SIGN_IN_URL_BYTES_MAX;
use flashsale_api::signing_keys::{self, SIGNING_KEYS_MAX};
use flashsale_ledger::redis::{Address, Durability};
use flashsale_limits::Rate;
use flashsale_sale::{SaleId, Timestamp};

/// A rate is within its bounds, and shown as it can be written.
pub(crate) fn rate(input: &[u8]) {
    let Some(rate) = text(input).and_then(|text| text.parse::<Rate>().ok()) else {
        return;
    };
    assert_eq!(rate.to_string().parse(), Ok(rate));
    assert!((1..=1_000_000).contains(&rate.requests()));
    assert!((1..=86_400_000).contains(&rate.period().as_millis()));
    assert!(rate.interval_us() > 0 && rate.period_us() >= rate.interval_us());
}

/// Where a service is goes into a header for browsers: nothing of it ends a rule there.
pub(crate) fn service_url(input: &[u8]) {
    let Some(url) = text(input).and_then(|text| text.parse::<ServiceUrl>().ok()) else {
        return;
    };
    let origin = url.origin();
    let in_origin = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ":/.-[]".contains(c);
    assert!(origin.chars().all(in_origin), "{origin}");
    assert!(origin.starts_with("https://") || origin.starts_with("http://"));
    assert!(url.as_str().starts_with(&origin));
    let again: ServiceUrl = origin.parse().expect("an origin is an address as well");
    assert_eq!(again.origin(), origin);
}

/// Keys are few, long, and each there once; written in another way they are the same.
pub(crate) fn signing_keys(input: &[u8]) {
    let Ok(keys) = signing_keys::parse(input) else {
        return;
    };
    assert!((1..=SIGNING_KEYS_MAX).contains(&keys.len()));
    let mut written = String::new();
    for (at, key) in keys.iter().enumerate() {
        assert!((32..=256).contains(&key.len()) && !keys[..at].contains(key));
        for byte in key {
            write!(written, "{byte:02X}").expect("a string takes everything");
        }
        written.push_str(" # again\r\n");
    }
    assert_eq!(signing_keys::parse(written.as_bytes()), Ok(keys));
}

/// A moment lies in the years that a sale may have, and a time from now is as long whenever now is.
pub(crate) fn moment(input: &[u8]) {
    let Some(text) = text(input) else {
        return;
    };
    let now = Timestamp(1_800_000_000_000);
    let read = |now| fuzzing::moment(text, now);
    let (Ok(moment), Ok(later)) = (read(now), read(Timestamp(now.0 + 1))) else {
        assert!(
            read(now).is_err(),
            "it is read at one time and not at another"
        );
        return;
    };
    assert!(moment.0 <= now.0 + Timestamp::MAX.0);
    let is_certain = later == moment;
    assert!(is_certain || (later.0 == moment.0 + 1 && moment >= now));
    if is_certain {
        assert!(moment <= Timestamp::MAX);
    }
    read(Timestamp(u64::MAX)).expect("a time that is read at one time and not at another");
}

/// No value is made of anything but its line: a `$` that is taken stands for itself.
pub(crate) fn dot_env(input: &[u8]) {
    let Some(text) = text(input) else {
        return;
    };
    let known = ["A", "PORT"].map(str::to_owned);
    let Ok(values) = fuzzing::dot_env(text, &known) else {
        return;
    };
    assert!(values.keys().all(|name| known.contains(name)));
    // With an escape it has another meaning than a letter has.
    if !text.contains("\\$") && !text.contains('S') {
        let plain = fuzzing::dot_env(&text.replace('$', "S"), &known);
        let values = values.into_iter();
        let plain_values = values.map(|(name, value)| (name, value.replace('$', "S")));
        assert_eq!(plain, Ok(plain_values.collect()));
    }
}

/// An address, and what a confirmation stands for, are shown as they can be written, and no password is
/// shown.
pub(crate) fn redis_address(input: &[u8]) {
    const PASSWORD: &str = "hunter2-hunter2";
    let Some(text) = text(input) else {
        return;
    };
    if let Ok(durability) = text.parse::<Durability>() {
        assert_eq!(durability.to_string().parse(), Ok(durability));
    }
    // Shown for a person, and so without the escapes that a name may need.
    if !text.contains('%')
        && let Ok(address) = Address::parse(text)
    {
        let shown = address.to_string();
        let again = Address::parse(&shown).map(|address| address.to_string());
        assert_eq!(again, Ok(shown));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let with_password = format!("{scheme}://ada:{PASSWORD}@{rest}");
        let shown = match Address::parse(&with_password) {
            Ok(address) => format!("{address} {address:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains(PASSWORD));
    }
}

/// The name of a sale stays one file in its folder, and one part of a key.
pub(crate) fn sale_id(input: &[u8]) {
    let Some(text) = text(input) else {
        return;
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let begins = input.first().is_some_and(u8::is_ascii_alphanumeric);
    let expected = begins && input.len() <= 64 && input.iter().all(is_plain);
    let id = SaleId::parse(text);
    assert_eq!(
        id.as_ref().map(SaleId::as_str).ok(),
        expected.then_some(text)
    );
}

/// A network is shown as it can be written, and one address is a network of itself.
pub(crate) fn network(input: &[u8]) {
    let Some(text) = text(input) else {
        return;
    };
    let network = fuzzing::network(text);
    if let Ok(shown) = &network {
        assert_eq!(fuzzing::network(shown).as_ref(), Ok(shown));
    }
    if let Ok(address) = text.trim().parse::<IpAddr>() {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        // One that stands for an IPv4 address would fit nobody.
        let fits = address.to_canonical() == address;
        assert_eq!(network.ok(), fits.then(|| format!("{address}/{bits}")));
    }
}

/// Where buyers sign in is an address of the web or a path here, for browsers too, which take `//` and `/\` for
/// another host.
pub(crate) fn sign_in_url(input: &[u8]) {
    let Some(url) = text(input).and_then(flashsale_api::fuzzing::sign_in_url) else {
        return;
    };
    assert!(url.len() <= SIGN_IN_URL_BYTES_MAX);
    assert!(!url.contains(|c: char| c.is_control() || c == ' '));
    let is_path = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
    let is_of_web = url.starts_with("https://") || url.starts_with("http://");
    assert!(is_path || is_of_web, "{url}");
    assert_eq!(flashsale_api::fuzzing::sign_in_url(&url), Some(url));
}

fn text(input: &[u8]) -> Option<&str> {
    str::from_utf8(input).ok()
}
