//! What can be asked, and every answer to it. The functions carry the descriptions and are never called.

#![expect(dead_code, reason = "these functions describe what the handlers do")]

use utoipa::{IntoParams, IntoResponses};

use super::check_schemas::{Challenge, ChallengeRequest, CheckUnavailable, PassGiven, PassRequest};
use super::schemas::{
    AlreadyPurchased, BadRequest, Busy, ChallengeForbidden, CheckKind, CsrfToken, Internal,
    InvalidUser, Live, LookUp, NoIdentity, NotReady, OtherCheck, PassForbidden, PayloadTooLarge,
    PurchaseForbidden, PurchaseRequest, Purchased, RateLimited, Ready, RequestTimeout, SaleStatus,
    SoldOut, UnsupportedMediaType, UserId,
};

/// How a body that names a user may be refused, wherever there is one.
#[derive(IntoResponses)]
enum RefusedBody {
    /// The body did not arrive in time.
    #[response(status = 408)]
    Late(RequestTimeout),
    /// The body is over 16 KiB.
    #[response(status = 413)]
    Long(PayloadTooLarge),
    /// The body is not JSON in UTF-8.
    #[response(status = 415)]
    NotJson(UnsupportedMediaType),
    /// The user id is not valid.
    #[response(status = 422)]
    NoUser(InvalidUser),
}

/// Where a shop's token says who asks.
#[derive(IntoResponses)]
enum NobodyIsSignedIn {
    /// Nobody is signed in; where `identity` is `token`.
    #[response(
        status = 401,
        headers(("WWW-Authenticate" = String, description = "`Bearer`, and what is wrong (RFC 6750)."))
    )]
    As(NoIdentity),
}

/// Where requests are counted.
#[derive(IntoResponses)]
enum AsksTooOften {
    /// Too many requests come from one network, or too many purchases for one user. Wait, and send it again.
    #[response(
        status = 429,
        headers(
            ("Retry-After" = u64, description = "`retryAfterMs` in seconds, rounded up."),
            ("RateLimit-Policy" = String, description = "The limit: its quota and its window in seconds."),
            ("RateLimit" = String, description = "What remains of it, and for how many seconds.")
        )
    )]
    As(RateLimited),
}

/// Of what may wait when there is more to do than can be done.
#[derive(IntoResponses)]
enum BuyersComeFirst {
    /// Too many ask, and buyers come first. Ask again later.
    #[response(
        status = 503,
        headers(("Retry-After" = u64, description = "`retryAfterMs` in seconds, rounded up."))
    )]
    As(Busy),
}

/// Everywhere.
#[derive(IntoResponses)]
enum ServerAtFault {
    /// The server is at fault.
    #[response(status = 500)]
    As(Internal),
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Known {
    /// The `ETag` of an earlier answer.
    #[param(rename = "If-None-Match", nullable = false)]
    if_none_match: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
struct MeantHead {
    /// The token of `GET /api/csrf`, the same as in the cookie. `X-XSRF-Token` is read where this one is
    /// missing.
    #[param(rename = "X-CSRF-Token")]
    csrf_token: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
struct PurchaseHead {
    /// The token of `GET /api/csrf`, the same as in the cookie. `X-XSRF-Token` is read where this one is
    /// missing.
    #[param(rename = "X-CSRF-Token")]
    csrf_token: String,
    /// The client's name for this purchase, stored with the order. The same user with the same key is
    /// answered `Purchased` again, instead of `AlreadyPurchased`.
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[ -~]+$"
    )]
    idempotency_key: Option<String>,
}

/// What the sale is doing
///
/// `ETag` names all of it but `serverTime`, so that whoever asks again with `If-None-Match` is spared the
/// body while nothing changes.
#[utoipa::path(
    get,
    path = "/api/status",
    operation_id = "getStatus",
    tag = "sale",
    params(Known),
    responses(
        (
            status = 200, description = "The sale at this moment.", body = SaleStatus,
            headers(
                ("ETag" = String, description = "Names the answer, weakly."),
                ("Cache-Control" = String, description = "`public, max-age=1`")
            )
        ),
        (
            status = 304, description = "Nothing has changed but the time.",
            headers(("ETag" = String, description = "The same as before."))
        ),
        BuyersComeFirst,
        ServerAtFault
    )
)]
pub(super) fn status() {}

/// What the sale is doing, live
///
/// A stream of server-sent events: `event: status`, and in `data` the JSON of `GET /api/status`. The first
/// comes at once, then one whenever something changes, at most five a second, under load fewer, and at least one
/// in 15 seconds. The stream ends when the server stops.
#[utoipa::path(
    get,
    path = "/api/events",
    operation_id = "streamEvents",
    tag = "sale",
    responses(
        (
            status = 200, description = "The stream. The schema is that of the `data` of each event.",
            content_type = "text/event-stream", body = SaleStatus,
            headers(("Cache-Control" = String, description = "`no-store`"))
        ),
        (
            status = 503,
            description = "Too many streams are open, or too many ask. Ask `GET /api/status` from time to time instead.",
            body = Busy,
            headers(("Retry-After" = u64, description = "`retryAfterMs` in seconds, rounded up."))
        ),
        ServerAtFault
    )
)]
pub(super) fn events() {}

/// A token against forged requests
///
/// It comes in the body and as a cookie. Send both back with a purchase: another site can make a browser
/// send the cookie, but not the header. A browser whose token is still fresh gets the same again. Where
/// `identity` is `token`, it is for the user whom the shop's token names.
#[utoipa::path(
    get,
    path = "/api/csrf",
    operation_id = "getCsrfToken",
    tag = "purchase",
    security((), ("shopToken" = [])),
    responses(
        (
            status = 200, description = "The token.", body = CsrfToken,
            headers(
                ("Set-Cookie" = String, description = "The token as the cookie `csrfToken`, for two hours."),
                ("Cache-Control" = String, description = "`no-store`")
            )
        ),
        (status = 400, description = "More than one token of the shop came.", body = BadRequest),
        NobodyIsSignedIn,
        AsksTooOften,
        ServerAtFault
    )
)]
pub(super) fn csrf() {}

/// What must be passed before buying
///
/// It stays the same while the server runs. `ETag` names the answer, so that whoever asks again with
/// `If-None-Match` is spared the body.
#[utoipa::path(
    get,
    path = "/api/check",
    operation_id = "getCheck",
    tag = "check",
    params(Known),
    responses(
        (
            status = 200, description = "The check of this sale.", body = CheckKind,
            headers(
                ("ETag" = String, description = "Names these very bytes."),
                ("Cache-Control" = String, description = "`public, max-age=1`")
            )
        ),
        (
            status = 304, description = "It is the same as before.",
            headers(("ETag" = String, description = "The same as before."))
        ),
        ServerAtFault
    )
)]
pub(super) fn check() {}

/// A challenge for a proof of work
///
/// It is good for ten minutes at most, for this user, on every node.
#[utoipa::path(
    post,
    path = "/api/check",
    operation_id = "getChallenge",
    tag = "check",
    params(MeantHead),
    request_body(content = ChallengeRequest, description = "Who wants it; at most 16 KiB."),
    security(("csrfCookie" = []), ("csrfCookie" = [], "shopToken" = [])),
    responses(
        (
            status = 200, description = "The challenge.", body = Challenge,
            headers(("Cache-Control" = String, description = "`no-store`, as on every answer here."))
        ),
        (status = 400, description = "The request cannot be understood.", body = BadRequest),
        NobodyIsSignedIn,
        (
            status = 403,
            description = "The request may be forged (`error` is `csrf`), and then a new token comes with it, or \
                the body names another user than the token of the shop (`error` is `other_user`).",
            body = ChallengeForbidden,
            headers(("Set-Cookie" = String, description = "With `csrf`: the new token."))
        ),
        (status = 409, description = "The check of this sale is no proof of work.", body = OtherCheck),
        RefusedBody,
        AsksTooOften,
        ServerAtFault
    )
)]
pub(super) fn challenge() {}

/// A pass for whoever has passed the check
///
/// The pass comes as the cookie `salePass`, for this user alone. Every node knows it, also after a restart. A
/// browser sends it with a purchase by itself.
#[utoipa::path(
    post,
    path = "/api/pass",
    operation_id = "getPass",
    tag = "check",
    params(MeantHead),
    request_body(content = PassRequest, description = "Who wants it, and what he shows; at most 16 KiB."),
    security(("csrfCookie" = []), ("csrfCookie" = [], "shopToken" = [])),
    responses(
        (
            status = 200, description = "The check is passed.", body = PassGiven,
            headers(
                ("Set-Cookie" = String, description = "The pass, `HttpOnly`. It is called `__Host-salePass` under HTTPS."),
                ("Cache-Control" = String, description = "`no-store`, as on every answer here.")
            )
        ),
        (status = 400, description = "The request cannot be understood.", body = BadRequest),
        NobodyIsSignedIn,
        (
            status = 403,
            description = "The check is not passed (`error` is `check_failed`), or the request may be forged \
                (`error` is `csrf`), and then a new token comes with it, or the body names another user than the \
                token of the shop (`error` is `other_user`).",
            body = PassForbidden,
            headers(("Set-Cookie" = String, description = "With `csrf`: the new token."))
        ),
        (status = 409, description = "This sale has no check.", body = OtherCheck),
        RefusedBody,
        AsksTooOften,
        (
            status = 503, description = "The service that checks does not answer. Try again later.",
            body = CheckUnavailable,
            headers(("Retry-After" = u64, description = "`retryAfterMs` in seconds, rounded up."))
        ),
        ServerAtFault
    )
)]
pub(super) fn pass() {}

/// Buy one unit
///
/// A unit for each user. `Purchased` is answered only when the order is stored. When the answer is `Busy`,
/// or none comes, send the same request again: it gets one stable answer. Where `GET /api/check` names a check, the
/// cookie of its pass must come too.
#[utoipa::path(
    post,
    path = "/api/purchase",
    operation_id = "purchase",
    tag = "purchase",
    params(PurchaseHead),
    request_body(content = PurchaseRequest, description = "Who wants to buy; at most 16 KiB."),
    security(("csrfCookie" = []), ("csrfCookie" = [], "shopToken" = [])),
    responses(
        (
            status = 200, description = "The unit is the buyer's, and the order is stored.", body = Purchased,
            headers(("Cache-Control" = String, description = "`no-store`, as on every answer here."))
        ),
        (status = 400, description = "The request cannot be understood.", body = BadRequest),
        NobodyIsSignedIn,
        (
            status = 403,
            description = "The sale is not open, or it is paused (`status` is `not_active`), or the request may be \
                forged (`error` is `csrf`), and then a new token comes with it, or the body names another user \
                than the token of the shop (`error` is `other_user`), or there is a check before the sale and no \
                good pass for this user (`error` is `pass_required`).",
            body = PurchaseForbidden,
            headers(("Set-Cookie" = String, description = "With `csrf`: the new token."))
        ),
        (status = 409, description = "The user had an order already.", body = AlreadyPurchased),
        (status = 410, description = "Every unit is sold.", body = SoldOut),
        RefusedBody,
        AsksTooOften,
        (
            status = 503, description = "There is no answer now. Send the same request again later.",
            body = Busy,
            headers(("Retry-After" = u64, description = "`retryAfterMs` in seconds, rounded up."))
        ),
        ServerAtFault
    )
)]
pub(super) fn purchase() {}

/// Whether a user has an order, and which
///
/// Where `identity` is `token`, each hears of his own alone: of everybody else it is told that there is none.
#[utoipa::path(
    get,
    path = "/api/purchase/{userId}",
    operation_id = "lookUpPurchase",
    tag = "purchase",
    params(("userId" = UserId, Path, description = "Who may have bought; percent-encoded.")),
    security((), ("shopToken" = [])),
    responses(
        (
            status = 200, description = "The order, or that there is none.", body = LookUp,
            headers(("Cache-Control" = String, description = "`no-store`"))
        ),
        (status = 400, description = "More than one token of the shop came.", body = BadRequest),
        NobodyIsSignedIn,
        (status = 422, description = "The user id is not valid.", body = InvalidUser),
        AsksTooOften,
        (
            status = 503, description = "There is no answer now. Ask again later.", body = Busy,
            headers(("Retry-After" = u64, description = "`retryAfterMs` in seconds, rounded up."))
        ),
        ServerAtFault
    )
)]
pub(super) fn look_up() {}

/// Whether the process lives
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "getLiveness",
    tag = "health",
    responses(
        (status = 200, description = "It does.", body = Live),
        ServerAtFault
    )
)]
pub(super) fn live() {}

/// Whether this server can sell
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "health",
    responses(
        (status = 200, description = "The ledger takes orders.", body = Ready),
        (status = 503, description = "It takes none now, for these reasons.", body = NotReady),
        ServerAtFault
    )
)]
pub(super) fn ready() {}

/// This document
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "getOpenApi",
    tag = "documentation",
    params(Known),
    responses(
        (
            status = 200, description = "An OpenAPI 3.1 document.", body = Object,
            headers(("ETag" = String, description = "Names these very bytes."))
        ),
        (status = 304, description = "It is the same as before."),
        BuyersComeFirst,
        ServerAtFault
    )
)]
pub(super) fn openapi() {}
