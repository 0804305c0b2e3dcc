//! A check before the sale is asked, for those who would let a program buy: a proof of work in the page, or
//! the word of a service that tells people from programs.
//!
//! A buyer passes it once, before the start, and gets a pass: a signed cookie, good for some hours and for
//! him alone. A purchase then costs one signature more, and waits for nobody.
//!
//! In reading order:
//! - [`Bots`]: which check there is, and what a purchase must bring;
//! - `passes`: the cookie;
//! - `proof`: the work, and how it is looked at;
//! - [`service`]: the question to a service; [`service_url`]: where it is.

mod passes;
mod proof;
pub mod service;
pub mod service_url;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use flashsale_sale::{Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Refusal;
use crate::etag;
use crate::signing_keys::SigningKeys;
use passes::Passes;
use proof::ProofOfWork;
use service::Service;

pub use proof::{BITS_DEFAULT, BITS_MAX, BITS_MIN};

/// What a buyer must pass.
#[derive(Debug)]
pub enum Check {
    /// Nothing.
    None,
    /// A proof of work, with so many zero bits.
    ProofOfWork {
        /// From [`BITS_MIN`] to [`BITS_MAX`].
        bits: u8,
    },
    /// The word of a service.
    Service(Box<Service>),
}

/// The check of a sale.
#[derive(Debug)]
pub struct Bots {
    kind: Kind,
    /// What `GET /api/check` answers. It stays the same for the life of the process.
    pub(crate) told: Told,
}

#[derive(Debug)]
enum Kind {
    None,
    ProofOfWork(ProofOfWork, Passes),
    Service(Box<Service>, Passes),
}

#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) body: Bytes,
    pub(crate) etag: HeaderValue,
}

/// What a buyer shows in order to get a pass.
pub(crate) struct Evidence {
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) token: Option<String>,
}

/// A signed text, and until when it is good.
pub(crate) struct Granted {
    /// The challenge, or the line of the cookie.
    pub(crate) text: String,
    pub(crate) expires_at: Timestamp,
}

/// Why a purchase brings no good pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassReason {
    /// There is none.
    Missing,
    /// It is none of ours.
    Invalid,
    /// It was good until a while ago.
    Expired,
    /// It is for somebody else.
    OtherUser,
}

/// Why the check is not passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckReason {
    /// The challenge is too old.
    Expired,
    /// The challenge is not ours, or not for this user, or the work is not done.
    Wrong,
    /// The service says no.
    Refused,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    check: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bits: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<&'a str>,
}

impl Bots {
    /// This check, with passes that are good for so long. With `secure`, browsers take them over HTTPS alone.
    pub fn new(check: Check, keys: &Arc<SigningKeys>, lifetime: Duration, secure: bool) -> Self {
        let lifetime_ms = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
        let passes = Passes::new(Arc::clone(keys), lifetime_ms, secure);
        let kind = match check {
            Check::None => Kind::None,
            Check::ProofOfWork { bits } => {
                let proof = ProofOfWork::new(Arc::clone(keys), bits, lifetime_ms);
                Kind::ProofOfWork(proof, passes)
            }
            Check::Service(service) => Kind::Service(service, passes),
        };
        let told = kind.told();
        Self { kind, told }
    }

    /// Whether a purchase of this user may go on.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        user: &UserId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match &self.kind {
            Kind::None => Ok(()),
            Kind::ProofOfWork(_, passes) | Kind::Service(_, passes) => passes
                .check(headers, user, now)
                .map_err(Refusal::PassRequired),
        }
    }

    /// Something to work on, for this user.
    pub(crate) fn challenge(
        &self,
        now: Timestamp,
        random: [u8; 16],
        user: &UserId,
    ) -> Result<(Granted, u8), Refusal> {
        match &self.kind {
            Kind::ProofOfWork(proof, _) => Ok((proof.challenge(now, random, user), proof.bits())),
            Kind::None | Kind::Service(..) => Err(Refusal::OtherCheck),
        }
    }

    /// A pass for this user, if the evidence is good.
    pub(crate) async fn pass(
        &self,
        now: Timestamp,
        user: &UserId,
        evidence: &Evidence,
    ) -> Result<Granted, Refusal> {
        let passes = match &self.kind {
            Kind::None => return Err(Refusal::OtherCheck),
            Kind::ProofOfWork(proof, passes) => {
                let (Some(challenge), Some(nonce)) = (&evidence.challenge, &evidence.nonce) else {
                    return Err(Refusal::BadRequest(
                        "the body must have \"challenge\" and \"nonce\", as texts",
                    ));
                };
                proof
                    .check(challenge, nonce, user, now)
                    .map_err(Refusal::CheckFailed)?;
                passes
            }
            Kind::Service(service, passes) => {
                let Some(token) = &evidence.token else {
                    return Err(Refusal::BadRequest(
                        "the body must have \"token\", as a text",
                    ));
                };
                service.check(token).await?;
                passes
            }
        };
        Ok(passes.issue(now, user))
    }

    /// Where the script comes from that the page must load, if it must.
    pub fn script_origin(&self) -> Option<String> {
        match &self.kind {
            Kind::Service(service, _) => Some(service.script().origin()),
            Kind::None | Kind::ProofOfWork(..) => None,
        }
    }
}

impl Kind {
    fn told(&self) -> Told {
        let nothing = Wire {
            check: "none",
            bits: None,
            site_key: None,
            script: None,
        };
        let wire = match self {
            Self::None => nothing,
            Self::ProofOfWork(proof, _) => Wire {
                check: "proof_of_work",
                bits: Some(proof.bits()),
                ..nothing
            },
            Self::Service(service, _) => Wire {
                check: "service",
                site_key: Some(service.site_key()),
                script: Some(service.script().as_str()),
                ..nothing
            },
        };
        let body = serde_json::to_vec(&wire).expect("strings and numbers always serialise");
        let etag = etag::strong(&body);
        let body = body.into();
        Told { body, etag }
    }
}
