//! Texts that only we can have made: random bytes, the time, and an HMAC-SHA-256 over both, and over whom
//! they are for. And where in a request they come: in cookies, or as a bearer token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flashsale_sale::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How far the clocks of two nodes may be apart, in milliseconds.
const CLOCK_LEEWAY_MS: u64 = 60 * 1000;

pub(crate) const NONCE_BYTES: usize = 16;
const TIME_BYTES: usize = 8;
const SIGNED_BYTES: usize = NONCE_BYTES + TIME_BYTES;
const TOKEN_BYTES: usize = SIGNED_BYTES + 32;

/// Makes and checks them.
#[derive(Clone)]
pub(crate) struct Signer {
    /// Keyed once; each use starts from a copy.
    mac: Hmac<Sha256>,
    lifetime_ms: u64,
}

/// The text is malformed, has a wrong signature, or is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidToken;

impl Signer {
    /// Under this key, and good for so long.
    pub(crate) fn new(key: &[u8], lifetime_ms: u64) -> Self {
        let mac = Hmac::new_from_slice(key).expect("HMAC takes a key of any length");
        Self { mac, lifetime_ms }
    }

    /// A new one for this holder, who is not named in it. It is empty where all are one.
    pub(crate) fn issue(&self, now: Timestamp, nonce: [u8; NONCE_BYTES], holder: &[u8]) -> String {
        let mut token = [0; TOKEN_BYTES];
        token[..NONCE_BYTES].copy_from_slice(&nonce);
        token[NONCE_BYTES..SIGNED_BYTES].copy_from_slice(&now.0.to_be_bytes());
        let signature = self
            .mac
            .clone()
            .chain_update(&token[..SIGNED_BYTES])
            .chain_update(holder)
            .finalize();
        token[SIGNED_BYTES..].copy_from_slice(&signature.into_bytes());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// How old it is, in milliseconds, if it is one of ours, for this holder, and still good.
    pub(crate) fn age_ms(
        &self,
        token: &[u8],
        now: Timestamp,
        holder: &[u8],
    ) -> Result<u64, InvalidToken> {
        // One byte to spare, so that a longer token cannot pass for a shorter one.
        let mut bytes = [0; TOKEN_BYTES + 1];
        match URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) {
            Ok(TOKEN_BYTES) => {}
            _ => return Err(InvalidToken),
        }
        let (signed, signature) = bytes[..TOKEN_BYTES].split_at(SIGNED_BYTES);
        self.mac
            .clone()
            .chain_update(signed)
            .chain_update(holder)
            .verify_slice(signature)
            .map_err(|_| InvalidToken)?;
        let issued_at = signed[NONCE_BYTES..].try_into().map_err(|_| InvalidToken)?;
        let issued_at = u64::from_be_bytes(issued_at);
        let age_ms = now.0.saturating_sub(issued_at);
        if issued_at > now.0 + CLOCK_LEEWAY_MS || age_ms > self.lifetime_ms {
            return Err(InvalidToken);
        }
        Ok(age_ms)
    }
}

/// The values of the cookies of this name in one line of a `Cookie` header, but for empty ones.
pub(crate) fn cookies_in<'a>(line: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    line.split(|byte| *byte == b';').filter_map(move |pair| {
        pair.trim_ascii()
            .strip_prefix(name.as_bytes())?
            .strip_prefix(b"=")
            .filter(|value| !value.is_empty())
    })
}

/// The token of `Authorization: Bearer …` (RFC 6750).
pub(crate) fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer ");
    is_bearer.then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const LIFETIME_MS: u64 = 7_200_000;

    fn signer(key: u8) -> Signer {
        Signer::new(&[key; 32], LIFETIME_MS)
    }

    #[test]
    fn row_48_a_token_is_good_for_its_lifetime_under_its_key() {
        let token = signer(1).issue(NOW, [7; 16], b"");
        let check = |key: u8, now: u64| signer(key).age_ms(token.as_bytes(), Timestamp(now), b"");
        assert_eq!(check(1, NOW.0), Ok(0));
        assert_eq!(check(1, NOW.0 + LIFETIME_MS), Ok(LIFETIME_MS));
        assert_eq!(check(1, NOW.0 + LIFETIME_MS + 1), Err(InvalidToken));
        assert_eq!(check(1, NOW.0 - CLOCK_LEEWAY_MS), Ok(0));
        assert_eq!(check(1, NOW.0 - CLOCK_LEEWAY_MS - 1), Err(InvalidToken));
        assert_eq!(check(2, NOW.0), Err(InvalidToken));
    }

    #[test]
    fn row_48_every_changed_byte_is_noticed() {
        let token = signer(1).issue(NOW, [7; 16], b"").into_bytes();
        let check = |forged: &[u8]| {
            assert_eq!(signer(1).age_ms(forged, NOW, b""), Err(InvalidToken));
        };
        for position in 0..token.len() {
            let mut forged = token.clone();
            // The last character holds two bits that belong to no byte, so flip a high one.
            forged[position] = if forged[position] == b'A' { b'Q' } else { b'A' };
            check(&forged);
        }
        for length in 0..token.len() {
            check(&token[..length]);
        }
        check(&[token, vec![b'A'; 4]].concat());
        check(&[b'A'; 10_000]);
    }

    #[test]
    fn row_48_a_token_is_for_its_holder_alone() {
        let holders: [&[u8]; 4] = [b"", b"ada", b"bob", b"adaa"];
        for holder in holders {
            let token = signer(1).issue(NOW, [7; 16], holder);
            for other in holders {
                let is_good = signer(1).age_ms(token.as_bytes(), NOW, other).is_ok();
                assert_eq!(is_good, holder == other, "{holder:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let found = |line: &'static [u8]| cookies_in(line, "name").collect::<Vec<_>>();
        assert_eq!(found(b"name=a"), [b"a"]);
        assert_eq!(found(b"x=1; name=a;name=b ; y"), [b"a", b"b"]);
        assert!(found(b"xname=a; names=b; name; name=").is_empty());
    }
}
