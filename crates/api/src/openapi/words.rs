//! The words by which bodies are told apart: schemas that one value alone fits.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! words {
    ($($name:ident = $kind:ident $value:literal),* $(,)?) => {
        $(
            pub(super) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    let only = ObjectBuilder::new()
                        .schema_type(Type::$kind)
                        .enum_values(Some([$value]));
                    only.build().into()
                }
            }

            impl ToSchema for $name {}
        )*
    };
}

words! {
    Purchased = String "purchased",
    AlreadyPurchased = String "already_purchased",
    SoldOut = String "sold_out",
    NotActive = String "not_active",
    Busy = String "busy",
    PassRequired = String "pass_required",
    CheckFailed = String "check_failed",
    CheckUnavailable = String "check_unavailable",
    OtherCheck = String "other_check",
    NoCheck = String "none",
    ProofOfWork = String "proof_of_work",
    Service = String "service",
    Live = String "live",
    Ready = String "ready",
    NotReady = String "not_ready",
    Csrf = String "csrf",
    InvalidUser = String "invalid_user",
    BadRequest = String "bad_request",
    PayloadTooLarge = String "payload_too_large",
    UnsupportedMediaType = String "unsupported_media_type",
    RequestTimeout = String "request_timeout",
    OtherUser = String "other_user",
    Unauthorized = String "unauthorized",
    Forbidden = String "forbidden",
    RateLimited = String "rate_limited",
    NotFound = String "not_found",
    MethodNotAllowed = String "method_not_allowed",
    Internal = String "internal",
    True = Boolean true,
    False = Boolean false,
}

/// No value.
pub(super) struct Null;

impl PartialSchema for Null {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Null).build().into()
    }
}

impl ToSchema for Null {}
