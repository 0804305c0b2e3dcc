//! The name of one request, for the client, the answer and the log.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::Random;

/// The header in which the name comes and goes.
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");
const X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const CHARS_MAX: usize = 128;

/// 1 to 128 of `A-Z a-z 0-9 . _ -`: safe in a header, in JSON and in a line of a log.
#[derive(Debug, Clone)]
pub(crate) struct CorrelationId(HeaderValue);

impl CorrelationId {
    /// The client's own name if it gave a plain one; otherwise a new one.
    pub(crate) fn of_request(headers: &HeaderMap, random: Random) -> Self {
        let given = headers
            .get(CORRELATION_ID)
            .or_else(|| headers.get(X_CORRELATION_ID));
        match given {
            Some(id) if is_plain(id.as_bytes()) => Self(id.clone()),
            _ => {
                let mut bytes = [0; 16];
                random(&mut bytes);
                let id = flashsale_sale::hex(bytes);
                Self(HeaderValue::from_bytes(&id).expect("hexadecimal digits fit a header"))
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0
            .to_str()
            .expect("checked or made of hexadecimal digits")
    }

    pub(crate) fn into_header_value(self) -> HeaderValue {
        self.0
    }
}

fn is_plain(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=CHARS_MAX).contains(&id.len()) && id.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: HeaderName, value: &[u8], kept: bool) {
        let value = HeaderValue::from_bytes(value).unwrap();
        let headers = HeaderMap::from_iter([(name, value.clone())]);
        let id = CorrelationId::of_request(&headers, |bytes| bytes.fill(0xAB));
        if kept {
            assert_eq!(id.0, value);
        } else {
            assert_eq!(id.as_str(), "ab".repeat(16));
        }
    }

    #[test]
    fn row_41_a_hostile_name_is_replaced() {
        check(CORRELATION_ID, b"order-42_a.B", true);
        check(X_CORRELATION_ID, b"order-42", true);
        check(CORRELATION_ID, &[b'x'; 128], true);
        check(CORRELATION_ID, &[b'x'; 129], false);
        for hostile in ["", "a b", "a\"b", "{}", "a\tb", "a;b", "<script>"] {
            check(CORRELATION_ID, hostile.as_bytes(), false);
        }
        check(CORRELATION_ID, "é".as_bytes(), false);
    }
}
