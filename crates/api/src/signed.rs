//! Texts that only we can have made: random bytes, the time, and an HMAC-SHA-256 over both, and over whom
//! they are for. And where in a request they come: in cookies, or as a bearer token.
//!
//! Several keys may be good at once ([`SigningKeys`]), so that one can take the place of another.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flashsale_sale::Timestamp;
use hmac::Mac as _;
use subtle::ConstantTimeEq as _;

use crate::signing_keys::{Key, NAME_BYTES, Purpose, SigningKeys};

/// How far the clocks of two nodes may be apart, in milliseconds.
const CLOCK_LEEWAY_MS: u64 = 60 * 1000;
/// How many cookies of one name are tried: a browser sends one, and a sibling site may have added others.
pub(crate) const COOKIES_TRIED_MAX: usize = 4;

/// Random bytes, or in their place the name of whom a text is for.
pub(crate) const NONCE_BYTES: usize = NAME_BYTES;
const TIME_BYTES: usize = 8;
const SIGNED_BYTES: usize = NONCE_BYTES + TIME_BYTES;
const TOKEN_BYTES: usize = SIGNED_BYTES + 32;

/// Makes and checks the texts of one purpose.
#[derive(Clone)]
pub(crate) struct Signer {
    keys: Arc<SigningKeys>,
    purpose: Purpose,
    lifetime_ms: u64,
}

/// Why a text is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InvalidToken {
    /// It is malformed, or nobody with a good key has signed it.
    Forged,
    /// It was good once, or will be.
    Expired,
    /// It is for somebody else.
    OfAnother,
}

/// A text that we have signed.
struct Opened {
    nonce: [u8; NONCE_BYTES],
    issued_at: u64,
    /// What it would hold in place of random bytes, if it named this holder.
    name: Option<[u8; NONCE_BYTES]>,
}

impl Signer {
    /// Under these keys, for one purpose, and good for so long.
    pub(crate) fn new(keys: Arc<SigningKeys>, purpose: Purpose, lifetime_ms: u64) -> Self {
        Self {
            keys,
            purpose,
            lifetime_ms,
        }
    }

    /// How long its texts are good, in milliseconds.
    pub(crate) fn lifetime_ms(&self) -> u64 {
        self.lifetime_ms
    }

    /// A new one for this holder, who is not named in it. It is empty where all are one.
    pub(crate) fn issue(&self, now: Timestamp, nonce: [u8; NONCE_BYTES], holder: &[u8]) -> String {
        let keys = self.keys.now();
        self.sign(&keys[0], now, nonce, holder)
    }

    /// A new one that names its holder, in a way that only we can read.
    pub(crate) fn issue_named(&self, now: Timestamp, holder: &[u8]) -> String {
        let keys = self.keys.now();
        self.sign(&keys[0], now, keys[0].name_of(holder), b"")
    }

    fn sign(&self, key: &Key, now: Timestamp, nonce: [u8; NONCE_BYTES], holder: &[u8]) -> String {
        let mut token = [0; TOKEN_BYTES];
        token[..NONCE_BYTES].copy_from_slice(&nonce);
        token[NONCE_BYTES..SIGNED_BYTES].copy_from_slice(&now.0.to_be_bytes());
        let mac = key.mac(self.purpose);
        let signature = mac
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
        self.age_of(&self.open(token, holder, None)?, now)
    }

    /// The same for one that names its holder.
    pub(crate) fn age_of_named_ms(
        &self,
        token: &[u8],
        now: Timestamp,
        holder: &[u8],
    ) -> Result<u64, InvalidToken> {
        let opened = self.open(token, b"", Some(holder))?;
        let is_named = opened
            .name
            .is_some_and(|name| opened.nonce.ct_eq(&name).into());
        if !is_named {
            return Err(InvalidToken::OfAnother);
        }
        self.age_of(&opened, now)
    }

    fn open(
        &self,
        token: &[u8],
        holder: &[u8],
        named: Option<&[u8]>,
    ) -> Result<Opened, InvalidToken> {
        // One byte to spare, so that a longer token cannot pass for a shorter one.
        let mut bytes = [0; TOKEN_BYTES + 1];
        match URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) {
            Ok(TOKEN_BYTES) => {}
            _ => return Err(InvalidToken::Forged),
        }
        let (signed, signature) = bytes[..TOKEN_BYTES].split_at(SIGNED_BYTES);
        let keys = self.keys.now();
        let has_signed = |key: &&Key| {
            let mac = key.mac(self.purpose);
            let mac = mac.chain_update(signed).chain_update(holder);
            mac.verify_slice(signature).is_ok()
        };
        let key = keys.iter().find(has_signed).ok_or(InvalidToken::Forged)?;
        let (nonce, issued_at) = signed.split_at(NONCE_BYTES);
        Ok(Opened {
            nonce: nonce.try_into().map_err(|_| InvalidToken::Forged)?,
            issued_at: u64::from_be_bytes(issued_at.try_into().map_err(|_| InvalidToken::Forged)?),
            name: named.map(|holder| key.name_of(holder)),
        })
    }

    fn age_of(&self, opened: &Opened, now: Timestamp) -> Result<u64, InvalidToken> {
        let age_ms = now.0.saturating_sub(opened.issued_at);
        if opened.issued_at > now.0 + CLOCK_LEEWAY_MS || age_ms > self.lifetime_ms {
            return Err(InvalidToken::Expired);
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

    fn signer_with(keys: &[u8], purpose: Purpose) -> Signer {
        let keys: Vec<_> = keys.iter().map(|key| [*key; 32]).collect();
        Signer::new(Arc::new(SigningKeys::new(&keys)), purpose, LIFETIME_MS)
    }

    fn signer(key: u8) -> Signer {
        signer_with(&[key], Purpose::Csrf)
    }

    #[test]
    fn row_48_a_token_is_good_for_its_lifetime_under_its_key() {
        let token = signer(1).issue(NOW, [7; 16], b"");
        let check = |key: u8, now: u64| signer(key).age_ms(token.as_bytes(), Timestamp(now), b"");
        assert_eq!(check(1, NOW.0), Ok(0));
        assert_eq!(check(1, NOW.0 + LIFETIME_MS), Ok(LIFETIME_MS));
        assert_eq!(
            check(1, NOW.0 + LIFETIME_MS + 1),
            Err(InvalidToken::Expired)
        );
        assert_eq!(check(1, NOW.0 - CLOCK_LEEWAY_MS), Ok(0));
        assert_eq!(
            check(1, NOW.0 - CLOCK_LEEWAY_MS - 1),
            Err(InvalidToken::Expired)
        );
        assert_eq!(check(2, NOW.0), Err(InvalidToken::Forged));
    }

    #[test]
    fn row_48_every_changed_byte_is_noticed() {
        let token = signer(1).issue(NOW, [7; 16], b"").into_bytes();
        let check = |forged: &[u8]| {
            assert_eq!(
                signer(1).age_ms(forged, NOW, b""),
                Err(InvalidToken::Forged)
            );
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
    fn row_48_a_token_is_good_for_its_purpose_alone() {
        const ALL: [Purpose; 3] = [Purpose::Csrf, Purpose::Challenge, Purpose::Pass];
        for (at, purpose) in ALL.into_iter().enumerate() {
            let token = signer_with(&[1], purpose).issue(NOW, [7; 16], b"ada");
            for (other_at, other) in ALL.into_iter().enumerate() {
                let checked = signer_with(&[1], other).age_ms(token.as_bytes(), NOW, b"ada");
                assert_eq!(checked.is_ok(), at == other_at, "{purpose:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_token_that_names_its_holder_tells_other_holders_apart() {
        let signer = signer_with(&[1], Purpose::Pass);
        let token = signer.issue_named(NOW, b"ada");
        let check = |holder: &[u8], now: u64| {
            signer.age_of_named_ms(token.as_bytes(), Timestamp(now), holder)
        };
        assert_eq!(check(b"ada", NOW.0 + 5), Ok(5));
        assert_eq!(check(b"bob", NOW.0), Err(InvalidToken::OfAnother));
        assert_eq!(
            check(b"ada", NOW.0 + LIFETIME_MS + 1),
            Err(InvalidToken::Expired)
        );
        let foreign = signer_with(&[2], Purpose::Pass).issue_named(NOW, b"ada");
        assert_eq!(
            signer.age_of_named_ms(foreign.as_bytes(), NOW, b"ada"),
            Err(InvalidToken::Forged)
        );
    }

    #[test]
    fn the_first_key_signs_and_each_verifies() {
        let keys = Arc::new(SigningKeys::new(&[[1; 32]]));
        let signer = Signer::new(Arc::clone(&keys), Purpose::Pass, LIFETIME_MS);
        let is_good = |token: &str| {
            signer
                .age_of_named_ms(token.as_bytes(), NOW, b"ada")
                .is_ok()
        };
        let old = signer.issue_named(NOW, b"ada");
        keys.replace(&[[1; 32], [2; 32]]);
        let under_old = signer.issue_named(NOW, b"ada");
        assert_eq!(under_old, old, "the first signs");
        keys.replace(&[[2; 32], [1; 32]]);
        let new = signer.issue_named(NOW, b"ada");
        assert!(new != old && is_good(&old) && is_good(&new));
        keys.replace(&[[2; 32]]);
        assert!(is_good(&new) && !is_good(&old));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let found = |line: &'static [u8]| cookies_in(line, "name").collect::<Vec<_>>();
        assert_eq!(found(b"name=a"), [b"a"]);
        assert_eq!(found(b"x=1; name=a;name=b ; y"), [b"a", b"b"]);
        assert!(found(b"xname=a; names=b; name; name=").is_empty());
    }
}
