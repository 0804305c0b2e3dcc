//! A proof of work: something that takes a browser a second, and a program as long for each name that it
//! wants to buy under.
//!
//! A challenge is a signed text, so nothing is kept of it and every node knows it. Whoever has solved one may
//! show it again while it is good: it only gives the same user a pass again.

use std::sync::Arc;

use flashsale_sale::{Timestamp, UserId};
use sha2::{Digest as _, Sha256};

use super::{CheckReason, Granted};
use crate::signed::{InvalidToken, NONCE_BYTES, Signer};
use crate::signing_keys::{Purpose, SigningKeys};

/// The least work: 256 tries on average.
pub const BITS_MIN: u8 = 8;
/// What is asked for unless it is said otherwise: 262,144 tries on average.
pub const BITS_DEFAULT: u8 = 18;
/// The most: 67 million tries on average, minutes for a telephone.
pub const BITS_MAX: u8 = 26;
/// How long a challenge is good, in milliseconds: the slowest telephone has time. It is never good for longer
/// than the pass that it leads to.
const CHALLENGE_LIFETIME_MS: u64 = 10 * 60 * 1000;
/// The longest nonce, in bytes.
const NONCE_TEXT_BYTES_MAX: usize = 64;

/// Makes challenges, and looks at solutions.
pub(super) struct ProofOfWork {
    signer: Signer,
    bits: u8,
}

impl ProofOfWork {
    pub(super) fn new(keys: Arc<SigningKeys>, bits: u8, pass_lifetime_ms: u64) -> Self {
        let lifetime_ms = CHALLENGE_LIFETIME_MS.min(pass_lifetime_ms);
        let signer = Signer::new(keys, Purpose::Challenge, lifetime_ms);
        Self { signer, bits }
    }

    pub(super) fn bits(&self) -> u8 {
        self.bits
    }

    pub(super) fn challenge(
        &self,
        now: Timestamp,
        random: [u8; NONCE_BYTES],
        user: &UserId,
    ) -> Granted {
        Granted {
            text: self.signer.issue(now, random, user.as_str().as_bytes()),
            expires_at: Timestamp(now.0 + self.signer.lifetime_ms()),
        }
    }

    /// Whether this user has done the work.
    pub(super) fn check(
        &self,
        challenge: &str,
        nonce: &str,
        user: &UserId,
        now: Timestamp,
    ) -> Result<(), CheckReason> {
        if nonce.len() > NONCE_TEXT_BYTES_MAX {
            return Err(CheckReason::Wrong);
        }
        let age = self
            .signer
            .age_ms(challenge.as_bytes(), now, user.as_str().as_bytes());
        age.map_err(|reason| match reason {
            InvalidToken::Expired => CheckReason::Expired,
            InvalidToken::Forged | InvalidToken::OfAnother => CheckReason::Wrong,
        })?;
        if zero_bits(challenge, nonce) < u32::from(self.bits) {
            return Err(CheckReason::Wrong);
        }
        Ok(())
    }
}

impl std::fmt::Debug for ProofOfWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProofOfWork")
            .field("bits", &self.bits)
            .finish_non_exhaustive()
    }
}

/// With how many zero bits the hash begins, as far as anybody is asked for them.
fn zero_bits(challenge: &str, nonce: &str) -> u32 {
    let hash = Sha256::new()
        .chain_update(challenge)
        .chain_update(".")
        .chain_update(nonce)
        .finalize();
    let start = hash[..8].try_into().expect("eight of 32 bytes");
    u64::from_be_bytes(start).leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const PASS_LIFETIME_MS: u64 = 7_200_000;

    fn proof(pass_lifetime_ms: u64) -> ProofOfWork {
        let keys = Arc::new(SigningKeys::new(&[[1; 32]]));
        ProofOfWork::new(keys, BITS_MIN, pass_lifetime_ms)
    }

    #[test]
    fn the_bits_are_those_of_the_hash() {
        for nonce in 0..500 {
            let nonce = nonce.to_string();
            let whole = format!("abc.{nonce}");
            assert_eq!(zero_bits("abc", &nonce), count_slowly(&whole));
        }
    }

    fn count_slowly(text: &str) -> u32 {
        let hash = Sha256::digest(text);
        let bit = |at: &u32| hash[*at as usize / 8] >> (7 - at % 8) & 1;
        let zeros = (0..256).take_while(|at| bit(at) == 0).count();
        u32::try_from(zeros).unwrap()
    }

    #[test]
    fn work_counts_for_its_user_and_its_time() {
        let ada = UserId::parse("ada").unwrap();
        let granted = proof(PASS_LIFETIME_MS).challenge(NOW, [7; 16], &ada);
        assert_eq!(granted.expires_at, Timestamp(NOW.0 + CHALLENGE_LIFETIME_MS));
        let challenge = granted.text;
        let is_solved = |nonce: &u32| zero_bits(&challenge, &nonce.to_string()) >= 8;
        let solved = (0..u32::MAX).find(is_solved).unwrap().to_string();
        let unsolved = (0..u32::MAX)
            .find(|nonce| !is_solved(nonce))
            .unwrap()
            .to_string();
        let check = |challenge: &str, nonce: &str, user: &str, now: u64| {
            let user = UserId::parse(user).unwrap();
            proof(PASS_LIFETIME_MS).check(challenge, nonce, &user, Timestamp(now))
        };
        let last = NOW.0 + CHALLENGE_LIFETIME_MS;
        assert_eq!(check(&challenge, &solved, "ada", NOW.0), Ok(()));
        assert_eq!(check(&challenge, &solved, "ada", last), Ok(()));
        let expired = Err(CheckReason::Expired);
        assert_eq!(check(&challenge, &solved, "ada", last + 1), expired);
        let wrong = Err(CheckReason::Wrong);
        assert_eq!(check(&challenge, &unsolved, "ada", NOW.0), wrong);
        assert_eq!(check(&challenge, &solved, "bob", NOW.0), wrong);
        assert_eq!(check(&challenge[1..], &solved, "ada", NOW.0), wrong);
        let long = format!("{solved}{}", " ".repeat(NONCE_TEXT_BYTES_MAX));
        assert_eq!(check(&challenge, &long, "ada", NOW.0), wrong);
    }

    #[test]
    fn a_challenge_is_not_good_for_longer_than_a_pass() {
        let ada = UserId::parse("ada").unwrap();
        let granted = proof(1_000).challenge(NOW, [7; 16], &ada);
        assert_eq!(granted.expires_at, Timestamp(NOW.0 + 1_000));
    }
}
