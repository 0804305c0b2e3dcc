//! In which coding a client wants a file (RFC 9110, 12.5.3).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;

/// How a file is packed. The better one stands last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Encoding {
    /// As it is.
    Identity,
    /// By gzip.
    Gzip,
    /// By Brotli.
    Brotli,
}

impl Encoding {
    /// Its name in a header; as it is, a file has none.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }
}

/// How much a client likes each coding, in thousandths; 0 is not at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    identity: u16,
    gzip: u16,
    brotli: u16,
}

impl Accepted {
    pub(crate) fn by(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_ENCODING);
        let lines = lines.iter().filter_map(|line| line.to_str().ok());
        let (mut named, mut others) = ([None; 3], 0);
        for entry in lines.flat_map(|line| line.split(',')) {
            let Some((name, weight)) = parse(entry) else {
                continue;
            };
            match &*name.to_ascii_lowercase() {
                "identity" => named[0] = Some(weight),
                "gzip" | "x-gzip" => named[1] = Some(weight),
                "br" => named[2] = Some(weight),
                "*" => others = weight,
                _ => {}
            }
        }
        let [identity, gzip, brotli] = named.map(|weight| weight.unwrap_or(others));
        Self {
            identity,
            gzip,
            brotli,
        }
    }

    /// The coding to send, of those that there are. A file as it is is always better than none.
    pub(crate) fn best(self, is_there: impl Fn(Encoding) -> bool) -> Encoding {
        let packed = [(self.gzip, Encoding::Gzip), (self.brotli, Encoding::Brotli)];
        let packed = packed
            .into_iter()
            .filter(|(weight, encoding)| *weight > 0 && is_there(*encoding));
        let all = packed.chain([(self.identity, Encoding::Identity)]);
        all.max()
            .map_or(Encoding::Identity, |(_, encoding)| encoding)
    }
}

/// One entry of the list: a name, and a weight if it has one.
fn parse(entry: &str) -> Option<(&str, u16)> {
    let (name, parameter) = match entry.split_once(';') {
        Some((name, parameter)) => (name, Some(parameter.trim())),
        None => (entry, None),
    };
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    let Some(parameter) = parameter else {
        return Some((name, 1_000));
    };
    let weight = parameter
        .strip_prefix("q=")
        .or_else(|| parameter.strip_prefix("Q="))?;
    Some((name, thousandths(weight)?))
}

/// `0`, `1`, or up to three digits behind a point.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, digits) = weight.split_once('.').unwrap_or((weight, ""));
    if digits.len() > 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{digits:0<3}").parse().ok()?;
    match (whole, part) {
        ("0", part) => Some(part),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn best(lines: &[&str], there: &[Encoding]) -> Encoding {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_str(line).unwrap());
        }
        Accepted::by(&headers).best(|encoding| there.contains(&encoding))
    }

    #[test]
    fn the_client_decides_and_then_the_size() {
        use Encoding::{Brotli, Gzip, Identity};
        let check = |lines: &[&str], expected: Encoding| {
            assert_eq!(best(lines, &[Gzip, Brotli]), expected, "{lines:?}");
        };
        check(&[], Identity);
        check(&[""], Identity);
        check(&["gzip, deflate, br, zstd"], Brotli);
        check(&["gzip"], Gzip);
        check(&["x-gzip"], Gzip);
        check(&["GZIP;q=0.5, BR;Q=0.1"], Gzip);
        check(&["br;q=0.999, gzip;q=1.000"], Gzip);
        check(&["gzip", "br"], Brotli);
        check(&["*"], Brotli);
        check(&["*, br;q=0"], Gzip);
        check(&["br;q=0, gzip;q=0"], Identity);
        check(&["*;q=0"], Identity);
        check(&["identity;q=0"], Identity);
        check(&["identity, gzip;q=0.5"], Identity);
        check(&["identity;q=0.5, gzip;q=0.5"], Gzip);
        check(&["gzip;q=0.001"], Gzip);
        check(&["deflate, zstd"], Identity);
        // A weight that is none makes the entry none.
        for weight in [
            "q=", "q=2", "q=1.5", "q=0.1234", "q=-1", "q=a", "level=9", "",
        ] {
            check(&[&format!("br;{weight}")], Identity);
        }
        assert_eq!(best(&["br, gzip"], &[Gzip]), Gzip);
        assert_eq!(best(&["br, gzip"], &[]), Identity);
    }
}
