//! What a token must say to be believed.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use flashsale_sale::{Timestamp, UserId};
use jsonwebtoken::{decode, decode_header};
use serde::{Deserialize, Deserializer};

use super::keys::Keys;
use crate::answer::TokenReason;

/// The longest token, in bytes. A browser keeps no cookie of half that length.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// How far the shop's clock may be from the sale's, in milliseconds.
const LEEWAY_MS: u64 = 30 * 1000;
/// How far ahead a token may end, in milliseconds. Nobody can call a token back, so one that is stolen must
/// not be good for ever.
const LIFETIME_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1000;

/// Holds tokens to the keys of the shop, to its name for this server, and to the time.
pub struct Verifier {
    /// Replaced as a whole when the file has changed; whoever verifies meanwhile goes on with the old ones.
    keys: RwLock<Arc<Keys>>,
    audience: String,
    issuer: Option<String>,
}

/// What is read of a token. What stands twice, or has another type, is refused; the rest is passed over.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Audience,
    exp: f64,
    #[serde(default, deserialize_with = "not_null")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "not_null")]
    iss: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Verifier {
    /// For tokens under these keys that name this audience, and this issuer if one is asked for.
    pub fn new(keys: Keys, audience: String, issuer: Option<String>) -> Self {
        Self {
            keys: RwLock::new(Arc::new(keys)),
            audience,
            issuer,
        }
    }

    /// From now on these keys are good, and no others.
    pub fn replace_keys(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Whom a token names, if it is good at this moment.
    pub(crate) fn verify(&self, token: &[u8], now: Timestamp) -> Result<UserId, TokenReason> {
        let claims = self.signed(token).ok_or(TokenReason::Invalid)?;
        self.check(&claims, now)
    }

    /// What a token says, if one of the keys has signed it.
    fn signed(&self, token: &[u8]) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let head = decode_header(token).ok()?;
        // Something in it must be understood that is not understood here (RFC 7515, 4.1.11).
        if head.crit.is_some() {
            return None;
        }
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        keys.fitting(&head).find_map(|key| {
            let signed = decode(token, &key.material, &key.rules);
            Some(signed.ok()?.claims)
        })
    }

    fn check(&self, claims: &Claims, now: Timestamp) -> Result<UserId, TokenReason> {
        let audience = self.audience.as_str();
        let is_for_us = match &claims.aud {
            Audience::One(one) => one == audience,
            Audience::Many(all) => all.iter().any(|one| one == audience),
        };
        let is_of_shop = self.issuer.is_none() || self.issuer == claims.iss;
        if !is_for_us || !is_of_shop {
            return Err(TokenReason::Invalid);
        }
        let buyer = UserId::parse(&claims.sub).map_err(|_| TokenReason::Invalid)?;
        let ends_ms = epoch_ms(claims.exp).ok_or(TokenReason::Invalid)?;
        let begins_ms = match claims.nbf {
            Some(seconds) => epoch_ms(seconds).ok_or(TokenReason::Invalid)?,
            None => 0,
        };
        if ends_ms > now.0.saturating_add(LIFETIME_MS_MAX + LEEWAY_MS) {
            return Err(TokenReason::Invalid);
        }
        if now.0 >= ends_ms.saturating_add(LEEWAY_MS) {
            return Err(TokenReason::Expired);
        }
        if begins_ms > now.0.saturating_add(LEEWAY_MS) {
            return Err(TokenReason::NotYetValid);
        }
        Ok(buyer)
    }
}

/// It has keys, and the names are nobody's business either.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(hidden)")
    }
}

/// A time in a token is in seconds, and may have a fraction (RFC 7519, 2).
fn epoch_ms(seconds: f64) -> Option<u64> {
    let since_epoch = Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(since_epoch.as_millis()).ok()
}

/// A member that is there must say something.
fn not_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests;
