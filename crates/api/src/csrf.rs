//! The tokens against forged requests: a signed double-submit.
//!
//! A token is 16 random bytes, the time of its issue, and an HMAC-SHA-256 over both. It goes out as a
//! cookie and in the answer's body, and comes back as the cookie and in a header: another site can
//! make a browser send the cookie, but not read it, and so not send the header. The signature keeps
//! others from planting a pair of their own making.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flashsale_sale::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// How long a token is good, in milliseconds. A page that is open for longer gets a new one with the
/// refusal of the old one.
pub const TOKEN_LIFETIME_MS: u64 = 2 * 60 * 60 * 1000;
/// How far the clocks of two nodes may be apart, in milliseconds.
const CLOCK_LEEWAY_MS: u64 = 60 * 1000;

const NONCE_BYTES: usize = 16;
const TIME_BYTES: usize = 8;
const SIGNED_BYTES: usize = NONCE_BYTES + TIME_BYTES;
const TOKEN_BYTES: usize = SIGNED_BYTES + 32;

/// Makes and checks tokens.
#[derive(Clone)]
pub struct Csrf {
    /// Keyed once; each use starts from a copy.
    mac: Hmac<Sha256>,
    /// Whether the cookie is for HTTPS alone.
    secure: bool,
}

/// The token is malformed, has a wrong signature, or is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidToken;

impl Csrf {
    /// Tokens under this key. With `secure` the cookie carries `Secure` and the `__Host-` prefix, and
    /// browsers take it over HTTPS alone.
    pub fn new(key: &[u8; 32], secure: bool) -> Self {
        let mac = Hmac::new_from_slice(key).expect("HMAC takes a key of any length");
        Self { mac, secure }
    }

    /// A new token.
    pub fn issue(&self, now: Timestamp, nonce: [u8; NONCE_BYTES]) -> String {
        let mut token = [0; TOKEN_BYTES];
        token[..NONCE_BYTES].copy_from_slice(&nonce);
        token[NONCE_BYTES..SIGNED_BYTES].copy_from_slice(&now.0.to_be_bytes());
        let signature = self
            .mac
            .clone()
            .chain_update(&token[..SIGNED_BYTES])
            .finalize();
        token[SIGNED_BYTES..].copy_from_slice(&signature.into_bytes());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// Whether a token is one of ours and still good.
    pub fn check(&self, token: &[u8], now: Timestamp) -> Result<(), InvalidToken> {
        self.age_ms(token, now).map(|_| ())
    }

    /// Whether a token has at least half of its life left.
    pub fn is_fresh(&self, token: &[u8], now: Timestamp) -> bool {
        self.age_ms(token, now)
            .is_ok_and(|age_ms| age_ms < TOKEN_LIFETIME_MS / 2)
    }

    fn age_ms(&self, token: &[u8], now: Timestamp) -> Result<u64, InvalidToken> {
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
            .verify_slice(signature)
            .map_err(|_| InvalidToken)?;
        let issued_at = signed[NONCE_BYTES..].try_into().map_err(|_| InvalidToken)?;
        let issued_at = u64::from_be_bytes(issued_at);
        let age_ms = now.0.saturating_sub(issued_at);
        if issued_at > now.0 + CLOCK_LEEWAY_MS || age_ms > TOKEN_LIFETIME_MS {
            return Err(InvalidToken);
        }
        Ok(age_ms)
    }

    /// Compares two tokens in a time that does not tell where they differ.
    pub fn equal(&self, one: &[u8], other: &[u8]) -> bool {
        one.ct_eq(other).into()
    }

    /// The value of the `Set-Cookie` header that carries a token.
    pub fn cookie(&self, token: &str) -> String {
        let name = self.cookie_name();
        let secure = if self.secure { "; Secure" } else { "" };
        let seconds = TOKEN_LIFETIME_MS / 1000;
        format!("{name}={token}; Path=/; Max-Age={seconds}; SameSite=Lax{secure}")
    }

    /// The tokens in one line of a `Cookie` header.
    pub fn tokens_in<'a>(&self, line: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let name = self.cookie_name().as_bytes();
        line.split(|byte| *byte == b';').filter_map(move |pair| {
            pair.trim_ascii()
                .strip_prefix(name)?
                .strip_prefix(b"=")
                .filter(|token| !token.is_empty())
        })
    }

    fn cookie_name(&self) -> &'static str {
        if self.secure {
            "__Host-csrfToken"
        } else {
            "csrfToken"
        }
    }
}

impl std::fmt::Debug for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Csrf")
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn csrf(key: u8) -> Csrf {
        Csrf::new(&[key; 32], false)
    }

    #[test]
    fn row_48_a_token_is_good_for_its_lifetime_under_its_key() {
        let token = csrf(1).issue(NOW, [7; 16]);
        let check = |key: u8, now: u64| csrf(key).check(token.as_bytes(), Timestamp(now));
        assert_eq!(check(1, NOW.0), Ok(()));
        assert_eq!(check(1, NOW.0 + TOKEN_LIFETIME_MS), Ok(()));
        assert_eq!(check(1, NOW.0 + TOKEN_LIFETIME_MS + 1), Err(InvalidToken));
        assert_eq!(check(1, NOW.0 - CLOCK_LEEWAY_MS), Ok(()));
        assert_eq!(check(1, NOW.0 - CLOCK_LEEWAY_MS - 1), Err(InvalidToken));
        assert_eq!(check(2, NOW.0), Err(InvalidToken));
    }

    #[test]
    fn row_48_every_changed_byte_is_noticed() {
        let token = csrf(1).issue(NOW, [7; 16]).into_bytes();
        for position in 0..token.len() {
            let mut forged = token.clone();
            // The last character holds two bits that belong to no byte, so flip a high one.
            forged[position] = if forged[position] == b'A' { b'Q' } else { b'A' };
            assert_eq!(csrf(1).check(&forged, NOW), Err(InvalidToken), "{position}");
        }
        for length in 0..token.len() {
            assert_eq!(
                csrf(1).check(&token[..length], NOW),
                Err(InvalidToken),
                "{length}"
            );
        }
        assert_eq!(
            csrf(1).check(&[token, vec![b'A'; 4]].concat(), NOW),
            Err(InvalidToken)
        );
        assert_eq!(csrf(1).check(&[b'A'; 10_000], NOW), Err(InvalidToken));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = |line: &'static [u8]| csrf(1).tokens_in(line).collect::<Vec<_>>();
        assert_eq!(found(b"csrfToken=a"), [b"a"]);
        assert_eq!(found(b"x=1; csrfToken=a;csrfToken=b ; y"), [b"a", b"b"]);
        assert!(found(b"xcsrfToken=a; csrfTokens=b; csrfToken; csrfToken=").is_empty());
        let secure = Csrf::new(&[1; 32], true);
        assert!(
            secure
                .cookie("t")
                .starts_with("__Host-csrfToken=t; Path=/; ")
        );
        assert!(secure.cookie("t").ends_with("; Secure"));
        assert_eq!(secure.tokens_in(b"csrfToken=a").count(), 0);
        assert_eq!(secure.tokens_in(b"__Host-csrfToken=a").count(), 1);
    }
}
