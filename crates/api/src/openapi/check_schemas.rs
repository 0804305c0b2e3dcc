//! The bodies of the check before the sale. Each type describes one, field by field, and is never made.

#![expect(dead_code, reason = "these types describe what the handlers write")]

use utoipa::ToSchema;

use super::schemas::UserId;
use super::words;
use crate::bots::{CheckReason, PassReason};

/// Nothing: a purchase needs no pass.
#[derive(ToSchema)]
pub(super) struct NoCheck {
    #[schema(inline)]
    check: words::NoCheck,
}

/// A proof of work. `POST /api/check` gives a challenge. Find a text `nonce` such that the SHA-256 of the
/// challenge, a full stop and the nonce begins with `bits` zero bits, and send both to `POST /api/pass`.
#[derive(ToSchema)]
pub(super) struct ProofOfWork {
    #[schema(inline)]
    check: words::ProofOfWork,
    /// How many bits must be zero: each more doubles the work.
    #[schema(example = 18)]
    bits: u8,
}

/// The word of a service. Show its widget with the script and the site key, and send the token that it gives
/// to `POST /api/pass`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Service {
    #[schema(inline)]
    check: words::Service,
    /// What the service knows the page by.
    #[schema(example = "0x4AAAAAAAExampleSiteKey")]
    site_key: String,
    /// The script of its widget.
    #[schema(example = "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit")]
    script: String,
}

/// Who wants a challenge. Where `identity` is `token`, the token says it, and `userId` may be left out.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct ChallengeRequest {
    #[schema(value_type = Option<UserId>, nullable = false)]
    user_id: Option<UserId>,
}

/// Something to work on, for this user alone.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the field is named by the contract"
)]
pub(super) struct Challenge {
    /// It holds a time, random bits and a signature.
    #[schema(
        example = "BwcHBwcHBwcHBwcHBwcHBwAAAaMYb8AAr0Vd1yE9aYb0s9lVqYhB9C2m0sYv7C0u1m3Kp4n2y7E",
        min_length = 1
    )]
    challenge: String,
    /// How many bits must be zero.
    #[schema(example = 18)]
    bits: u8,
    /// Until when it is good, in epoch milliseconds.
    #[schema(example = 1_795_410_839_332_u64)]
    expires_at: u64,
}

/// Who wants a pass, and what he shows: `challenge` and `nonce` for a proof of work, `token` for a service.
/// Where `identity` is `token`, `userId` may be left out. Other members are passed over.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct PassRequest {
    #[schema(value_type = Option<UserId>, nullable = false)]
    user_id: Option<UserId>,
    /// The challenge of `POST /api/check`. It may be shown again while it is good.
    #[schema(
        nullable = false,
        example = "BwcHBwcHBwcHBwcHBwcHBwAAAaMYb8AAr0Vd1yE9aYb0s9lVqYhB9C2m0sYv7C0u1m3Kp4n2y7E"
    )]
    challenge: Option<String>,
    /// What solves it: a text of at most 64 bytes, such as a number in digits.
    #[schema(nullable = false, example = "182736")]
    nonce: Option<String>,
    /// What the widget of the service gave.
    #[schema(nullable = false, example = "0.aTokenOfTheWidget")]
    token: Option<String>,
}

/// The check is passed. The pass is a cookie that no script can read.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct PassGiven {
    /// Until when it is good, in epoch milliseconds.
    #[schema(example = 1_795_417_439_332_u64)]
    expires_at: u64,
}

/// The check is not passed: the challenge has expired, the solution is wrong or for another user, or the
/// service says no.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct CheckFailed {
    #[schema(inline)]
    error: words::CheckFailed,
    reason: CheckReason,
    /// A sentence for a person.
    #[schema(example = "The challenge has expired. Get a new one, and try again.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}

/// The service that checks does not answer.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct CheckUnavailable {
    #[schema(inline)]
    error: words::CheckUnavailable,
    /// When to try again, in milliseconds from now. It is spread, so that not all come back at once.
    #[schema(example = 1_840)]
    retry_after_ms: u64,
    /// A sentence for a person.
    #[schema(example = "The check cannot be made now. Try again in a moment.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}

/// There is a check before the sale, and the request brings no pass that is good for this user.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct PassRequired {
    #[schema(inline)]
    error: words::PassRequired,
    reason: PassReason,
    /// A sentence for a person.
    #[schema(example = "The pass has expired. Pass the check again.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}
