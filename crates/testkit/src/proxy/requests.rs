//! Finds where one request ends and the next begins.

/// The longest request that is kept together.
const REQUEST_BYTES_MAX: usize = 64 << 20;

/// What a client has sent, cut into whole requests.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    bytes: Vec<u8>,
}

impl Requests {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next request, once it is whole. What is no request, such as bytes under TLS, is handed over as
    /// it comes.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        let length = match length(&self.bytes) {
            Length::Known(length) => length,
            Length::Unknown if self.bytes.len() < REQUEST_BYTES_MAX => return None,
            Length::Unknown | Length::NoRequest => self.bytes.len(),
        };
        let rest = self.bytes.split_off(length);
        Some(std::mem::replace(&mut self.bytes, rest))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Known(usize),
    /// Its end has not come yet.
    Unknown,
    NoRequest,
}

/// The length of the request at the front: an array of strings, `*2`, `$3`, `GET`, `$1`, `k`.
fn length(bytes: &[u8]) -> Length {
    let (words, mut at) = match number(bytes, b'*') {
        Ok(head) => head,
        Err(length) => return length,
    };
    for _ in 0..words {
        match number(&bytes[at..], b'$') {
            Ok((word, head)) => at += head + word + 2,
            Err(length) => return length,
        }
        if at > bytes.len() {
            return Length::Unknown;
        }
    }
    Length::Known(at)
}

/// The number in a line with this mark in front, and the length of the line.
fn number(bytes: &[u8], mark: u8) -> Result<(usize, usize), Length> {
    let Some(first) = bytes.first() else {
        return Err(Length::Unknown);
    };
    if *first != mark {
        return Err(Length::NoRequest);
    }
    let Some(end) = bytes
        .windows(2)
        .take(DIGITS_MAX)
        .position(|two| two == b"\r\n")
    else {
        let short = bytes.len() < DIGITS_MAX;
        return Err(if short {
            Length::Unknown
        } else {
            Length::NoRequest
        });
    };
    let digits = str::from_utf8(&bytes[1..end]).ok();
    let number: Option<usize> = digits.and_then(|digits| digits.parse().ok());
    let number = number.filter(|number| *number <= REQUEST_BYTES_MAX);
    number
        .map(|number| (number, end + 2))
        .ok_or(Length::NoRequest)
}

/// A line with a number is no longer.
const DIGITS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &[&[u8]], expected: &[&[u8]]) {
        let mut requests = Requests::default();
        let mut found = Vec::new();
        for bytes in sent {
            requests.feed(bytes);
            while let Some(request) = requests.next() {
                found.push(request);
            }
        }
        assert_eq!(found, expected);
    }

    const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
    const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$3\r\n\r\n*\r\n";

    #[test]
    fn requests_are_told_apart() {
        check(&[PING], &[PING]);
        check(&[&[PING, GET, PING].concat()], &[PING, GET, PING]);
        check(&[], &[]);
        check(&[b"*0\r\n"], &[b"*0\r\n"]);
    }

    #[test]
    fn a_request_is_kept_until_it_is_whole() {
        for cut in 1..GET.len() {
            check(&[&GET[..cut]], &[]);
            check(&[&GET[..cut], &[&GET[cut..], PING].concat()], &[GET, PING]);
        }
    }

    #[test]
    fn what_is_no_request_goes_as_it_comes() {
        for bytes in [
            &b"\x16\x03\x01"[..],
            b"PING\r\n",
            b"*x\r\n",
            b"*1\r\n:1\r\n",
        ] {
            check(&[bytes, PING], &[bytes, PING]);
        }
        check(&[b"*99999999999999999999"], &[b"*99999999999999999999"]);
        check(&[b"*1\r\n$99999999999\r\n"], &[b"*1\r\n$99999999999\r\n"]);
    }
}
