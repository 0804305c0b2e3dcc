//! The sentences for a person, where an error has several reasons.

use flashsale_limits::Who;

use super::{CsrfReason, TokenReason};
use crate::bots::{CheckReason, PassReason};

impl CsrfReason {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::CrossSite => "The browser says that another site made this request.",
            Self::MissingCookie => "The CSRF cookie is missing. Try again with the new token.",
            Self::MissingHeader => {
                "The header X-CSRF-Token is missing. Try again with the new token."
            }
            Self::Mismatch => {
                "Header and cookie hold different tokens. Try again with the new one."
            }
            Self::Invalid => "The CSRF token is not valid any more. Try again with the new one.",
        }
    }
}

impl PassReason {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Missing => "Pass the check of this sale first: GET /api/check says which it is.",
            Self::Invalid => "The pass is not valid. Pass the check again.",
            Self::Expired => "The pass has expired. Pass the check again.",
            Self::OtherUser => "The pass is for another user. Pass the check for this one.",
        }
    }
}

impl CheckReason {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Expired => "The challenge has expired. Get a new one, and try again.",
            Self::Wrong => "This is no solution of a challenge for this user. Get a new one.",
            Self::Refused => "The check is not passed. Try again.",
        }
    }
}

impl TokenReason {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Missing => "Sign in at the shop first: its token must come with this request.",
            Self::Expired => "The token of the shop has expired. Get a new one, and try again.",
            Self::NotYetValid => {
                "The token of the shop is not valid yet. Try again in a moment, or get a new one."
            }
            Self::Invalid => "The token is not valid here. Get a new one from the shop.",
        }
    }

    /// The header `WWW-Authenticate` that belongs to it (RFC 6750, 3).
    pub(super) fn challenge(self) -> &'static str {
        match self {
            Self::Missing => "Bearer",
            Self::Expired => {
                r#"Bearer error="invalid_token", error_description="The token has expired""#
            }
            Self::NotYetValid => {
                r#"Bearer error="invalid_token", error_description="The token is not valid yet""#
            }
            Self::Invalid => {
                r#"Bearer error="invalid_token", error_description="The token is not valid here""#
            }
        }
    }
}

pub(super) fn too_often(who: Who) -> &'static str {
    match who {
        Who::Address => "Too many requests come from this network. Wait a moment.",
        Who::User => "Too many requests come for this user. Wait a moment.",
    }
}
