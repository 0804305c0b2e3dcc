//! The keys by which a shop's tokens are known.
//!
//! A key is bound to one algorithm when it is read. A token that names another is not even tried with it,
//! so a public key can never be taken for the secret of an HMAC.

use std::fmt;

use jsonwebtoken::{DecodingKey, Validation};
use thiserror::Error;

use super::algorithm::Algorithm;
use super::{jwks, pem, provider};

/// The longest file of keys, in bytes.
pub const KEYS_BYTES_MAX: usize = 256 * 1024;
/// The most keys: a token that names none is tried with each of its algorithm.
const KEYS_MAX: usize = 16;
/// The shortest secret, in bytes (RFC 7518, 3.2).
pub(super) const SECRET_BYTES_MIN: usize = 32;
/// The shortest and the longest modulus, in bits (RFC 7518, 3.3; the longest is ring's).
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Every key that is good at one time.
pub struct Keys {
    keys: Vec<Key>,
    /// How many the file has that are for something else.
    passed_over: usize,
}

/// A sentence that says what is wrong with a file of keys. Nothing of the file is in it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct InvalidKeys(pub(super) String);

/// One of them.
pub(super) struct Key {
    /// Its name. One without a name, from a PEM file, fits whatever name a token gives.
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) material: DecodingKey,
    /// What the library is to check: the signature, and that it is by this algorithm. What the token says
    /// is read elsewhere, by the sale's clock.
    pub(super) rules: Validation,
}

impl Keys {
    /// Reads a JWKS document, or public keys in PEM, and keeps those for these algorithms.
    pub fn parse(text: &[u8], algorithms: &[Algorithm]) -> Result<Self, InvalidKeys> {
        let invalid = |reason: String| Err(InvalidKeys(reason));
        if text.len() > KEYS_BYTES_MAX {
            return invalid(format!("is longer than {KEYS_BYTES_MAX} bytes"));
        }
        let (all, foreign) = if text.trim_ascii_start().starts_with(b"{") {
            jwks::read(text)?
        } else {
            (pem::read(text)?, 0)
        };
        let count = all.len();
        let keys: Vec<Key> = all
            .into_iter()
            .filter(|key| algorithms.contains(&key.algorithm))
            .collect();
        if keys.is_empty() {
            let names: Vec<_> = algorithms.iter().map(|one| one.name()).collect();
            return invalid(format!("has no key for {}", names.join(", ")));
        }
        if keys.len() > KEYS_MAX {
            return invalid(format!("has more than {KEYS_MAX} keys"));
        }
        for (number, key) in keys.iter().enumerate() {
            let is_named_so = |other: &Key| other.kid.is_some() && other.kid == key.kid;
            if keys[..number].iter().any(is_named_so) {
                return invalid("has two keys with one \"kid\"".to_owned());
            }
        }
        provider::install();
        let passed_over = count + foreign - keys.len();
        Ok(Self { keys, passed_over })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// How many keys of the file are not used, because they are for something else.
    pub fn passed_over(&self) -> usize {
        self.passed_over
    }

    /// Whether one of them is a secret, so that nobody else may read the file.
    pub fn has_secret(&self) -> bool {
        let is_secret = |key: &Key| key.algorithm == Algorithm::Hs256;
        self.keys.iter().any(is_secret)
    }

    /// Those with which a token of this head may be signed.
    pub(super) fn fitting<'a>(
        &'a self,
        head: &'a jsonwebtoken::Header,
    ) -> impl Iterator<Item = &'a Key> {
        self.keys.iter().filter(|key| {
            key.algorithm.for_jwt() == head.alg
                && (key.kid.is_none() || head.kid.is_none() || key.kid == head.kid)
        })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(hidden)")
    }
}

impl Key {
    pub(super) fn secret(kid: Option<String>, secret: &[u8]) -> Result<Self, &'static str> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err("is a secret of less than 32 bytes, which can be guessed");
        }
        let material = DecodingKey::from_secret(secret);
        Ok(Self::new(kid, Algorithm::Hs256, material))
    }

    pub(super) fn ed25519(kid: Option<String>, point: &[u8]) -> Result<Self, &'static str> {
        if point.len() != 32 {
            return Err("is no key of Ed25519");
        }
        let material = DecodingKey::from_ed_der(point);
        Ok(Self::new(kid, Algorithm::EdDsa, material))
    }

    /// The point is not compressed.
    pub(super) fn p256(kid: Option<String>, point: &[u8]) -> Result<Self, &'static str> {
        if point.len() != 65 || point[0] != 4 {
            return Err("is no key of the curve P-256");
        }
        let material = DecodingKey::from_ec_der(point);
        Ok(Self::new(kid, Algorithm::Es256, material))
    }

    pub(super) fn rsa(
        kid: Option<String>,
        modulus: &[u8],
        exponent: &[u8],
    ) -> Result<Self, &'static str> {
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let leading = modulus
            .first()
            .map_or(0, |byte| byte.leading_zeros() as usize);
        if !MODULUS_BITS.contains(&(modulus.len() * 8 - leading)) {
            return Err("is an RSA key of less than 2048 bits, or of more than 8192");
        }
        if exponent.is_empty() || exponent == [1] || exponent.len() > 4 {
            return Err("is an RSA key with an exponent that cannot be used");
        }
        let material = DecodingKey::from_rsa_raw_components(modulus, exponent);
        Ok(Self::new(kid, Algorithm::Rs256, material))
    }

    fn new(kid: Option<String>, algorithm: Algorithm, material: DecodingKey) -> Self {
        let mut rules = Validation::new(algorithm.for_jwt());
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.validate_aud = false;
        Self {
            kid,
            algorithm,
            material,
            rules,
        }
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(test)]
mod tests;
