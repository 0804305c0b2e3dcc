//! The bodies. Each type describes one, field by field, and is never made.

#![expect(dead_code, reason = "these types describe what the handlers write")]

use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::check_schemas::{CheckFailed, NoCheck, PassRequired, ProofOfWork, Service};
use super::words;
use crate::answer::{CsrfReason, TokenReason};

/// Bodies that are one of several.
macro_rules! either {
    ($($name:ident = $($one:ident)|+: $description:literal;)*) => {
        $(
            pub(super) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    let one_of = OneOfBuilder::new()
                        $(.item(Ref::from_schema_name($one::name())))+
                        .description(Some($description));
                    Schema::from(one_of).into()
                }
            }

            impl ToSchema for $name {
                fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                    $(
                        schemas.push(($one::name().into_owned(), $one::schema()));
                        $one::schemas(schemas);
                    )+
                }
            }
        )*
    };
}

/// What the sale is doing.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct SaleStatus {
    status: SalePhase,
    /// The shop has pulled the emergency brake: nothing is sold until the sale goes on. `status` stays
    /// what the window says.
    #[schema(example = false)]
    paused: bool,
    /// Whether this node can take orders right now. If not, a purchase is answered with `Busy`.
    #[schema(example = true)]
    ready: bool,
    identity: IdentityKind,
    /// The first moment at which a unit may be sold, in epoch milliseconds.
    #[schema(example = 1_795_410_237_311_u64)]
    starts_at: u64,
    /// The first moment at which none may be sold any more, in epoch milliseconds.
    #[schema(example = 1_795_413_837_311_u64)]
    ends_at: u64,
    /// Units that are left.
    #[schema(example = 988)]
    stock: u32,
    /// Units that are sold.
    #[schema(example = 12)]
    sold: u32,
    /// The shop's own name for the product.
    #[schema(example = "AL-042")]
    product_id: String,
    /// What buyers read.
    #[schema(example = "Alba Stacking Dishes, Vermilion")]
    product_description: String,
    /// The time by the server's clock, which decides, in epoch milliseconds.
    #[schema(example = 1_795_410_239_332_u64)]
    server_time: u64,
}

/// What the sale is doing, by its window and its stock. It only ever moves forwards in this list.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum SalePhase {
    Upcoming,
    Active,
    SoldOut,
    Ended,
}

/// How buyers show who they are: `open` believes the user id of a request, `token` asks for a signed token
/// of the shop.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum IdentityKind {
    Open,
    Token,
}

/// A token against forged requests.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct CsrfToken {
    /// For the header `X-CSRF-Token`. It is good for two hours; where `identity` is `token`, for this user
    /// alone, and otherwise for every user.
    #[schema(
        example = "V798PgR2y_uLMkbzxZCf9gAAAaIGyh9uW4FeZXUDsKQQgKzo0VQ51djgEd_JTKXD6oAnGlreCes",
        min_length = 1
    )]
    csrf_token: String,
    /// Where `identity` is `token`: who is signed in.
    #[schema(value_type = Option<String>, nullable = false, example = "ada@example.com")]
    user_id: Option<UserId>,
}

/// Who wants to buy. Other members are passed over. Where `identity` is `token`, the token says it, and
/// `userId` may be left out, but may not name somebody else.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct PurchaseRequest {
    #[schema(value_type = Option<UserId>, nullable = false)]
    user_id: Option<UserId>,
}

/// 3 to 254 characters once the spaces around it are gone, none of them a control character. With an `@`
/// it is an e-mail address, and the same user in capitals and in small letters.
#[derive(ToSchema)]
#[schema(value_type = String, example = "ada@example.com")]
pub(super) struct UserId(String);

/// 32 lower-case hexadecimal digits.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{32}$", example = "afbb44c89da8d70779573b9216720669")]
pub(super) struct OrderId(String);

/// The unit is the buyer's, and the order is stored.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Purchased {
    #[schema(inline)]
    status: words::Purchased,
    order_id: OrderId,
}

/// The user had an order already: this one.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct AlreadyPurchased {
    #[schema(inline)]
    status: words::AlreadyPurchased,
    order_id: OrderId,
    /// A sentence for a person.
    #[schema(example = "This user has an order already.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}

/// Every unit is sold.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct SoldOut {
    #[schema(inline)]
    status: words::SoldOut,
    /// A sentence for a person.
    #[schema(example = "Every unit is sold.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}

/// The sale is not open, or paused. Nothing was ordered.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct NotActive {
    #[schema(inline)]
    status: words::NotActive,
    phase: ClosedPhase,
    /// A sentence for a person.
    #[schema(example = "The sale has not started yet.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}

/// Why nothing can be bought: the sale has not begun, is over, or is paused and may go on.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum ClosedPhase {
    Upcoming,
    Ended,
    Paused,
}

/// There is no answer now. The same request later gets one, also if the purchase was stored meanwhile.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Busy {
    #[schema(inline)]
    status: words::Busy,
    /// When to ask again, in milliseconds from now. It is spread, so that not all come back at once.
    #[schema(example = 1_840)]
    retry_after_ms: u64,
    /// A sentence for a person.
    #[schema(example = "Too busy to answer now. Send the same request again in a moment.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}

/// The request may be forged. `csrfToken`, which also comes as the cookie, is a new one to try again with.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct CsrfRefusal {
    #[schema(inline)]
    error: words::Csrf,
    reason: CsrfReason,
    /// A new token, for the header `X-CSRF-Token`.
    #[schema(
        example = "V798PgR2y_uLMkbzxZCf9gAAAaIGyh9uW4FeZXUDsKQQgKzo0VQ51djgEd_JTKXD6oAnGlreCes",
        min_length = 1
    )]
    csrf_token: String,
    /// A sentence for a person.
    #[schema(example = "The header X-CSRF-Token is missing. Try again with the new token.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}

/// Where `identity` is `token`: the request brought no token of the shop that is good.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct NoIdentity {
    #[schema(inline)]
    error: words::Unauthorized,
    reason: TokenReason,
    /// A sentence for a person.
    #[schema(example = "The token of the shop has expired. Get a new one, and try again.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}

either! {
    PurchaseForbidden = NotActive | CsrfRefusal | OtherUser | PassRequired:
        "The answers with this code: the sale's own, the one to a request that may be forged, the one to a body \
         that names another user than the token, and the one to a purchase without a pass.";
    ChallengeForbidden = CsrfRefusal | OtherUser:
        "The answers with this code: the one to a request that may be forged, and the one to a body that names \
         another user than the token.";
    PassForbidden = CheckFailed | CsrfRefusal | OtherUser:
        "The answers with this code: the check is not passed, the request may be forged, or the body names \
         another user than the token.";
    CheckKind = NoCheck | ProofOfWork | Service: "What must be passed before buying.";
    LookUp = OrderFound | NoOrderFound: "Whether the user has an order, and which.";
}

/// The user has this order.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct OrderFound {
    #[schema(inline)]
    purchased: words::True,
    order_id: OrderId,
}

/// The user has no order.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct NoOrderFound {
    #[schema(inline)]
    purchased: words::False,
    #[schema(inline)]
    order_id: words::Null,
}

/// The process answers.
#[derive(ToSchema)]
pub(super) struct Live {
    #[schema(inline)]
    status: words::Live,
}

/// The ledger takes orders.
#[derive(ToSchema)]
pub(super) struct Ready {
    #[schema(inline)]
    status: words::Ready,
}

/// The ledger takes no orders now.
#[derive(ToSchema)]
pub(super) struct NotReady {
    #[schema(inline)]
    status: words::NotReady,
    /// Sentences for whoever runs the server.
    #[schema(min_items = 1, example = json!(["the disk is full"]))]
    reasons: Vec<String>,
}

/// Too many requests come from one network, or for one user.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct RateLimited {
    #[schema(inline)]
    error: words::RateLimited,
    /// When the next request may come, in milliseconds from now.
    #[schema(example = 480)]
    retry_after_ms: u64,
    /// A sentence for a person.
    #[schema(example = "Too many requests come for this user. Wait a moment.")]
    message: String,
    /// What the header `Correlation-Id` says.
    #[schema(example = "310af4b50f6d92028812bb22a5749146")]
    correlation_id: String,
}

/// Errors that say no more than what they are.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident says $message:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(ToSchema)]
            #[schema(rename_all = "camelCase")]
            pub(super) struct $name {
                #[schema(inline)]
                error: words::$name,
                /// A sentence for a person.
                #[schema(example = $message)]
                message: String,
                /// What the header `Correlation-Id` says.
                #[schema(example = "310af4b50f6d92028812bb22a5749146")]
                correlation_id: String,
            }
        )*
    };
}

errors! {
    /// The user id is missing, is no text, or is not valid.
    InvalidUser says "The user id must be given as text in \"userId\".";
    /// The request cannot be understood.
    BadRequest says "The request cannot be understood: the body must be a JSON object.";
    /// The body is over the limit.
    PayloadTooLarge says "The request body is too large.";
    /// The body is not JSON in UTF-8, or it is compressed.
    UnsupportedMediaType says "The request body must be application/json in UTF-8, not compressed.";
    /// The body did not arrive in time. The connection is closed.
    RequestTimeout says "The request body did not arrive in time.";
    /// Where `identity` is `token`: the body names another user than the token.
    OtherUser says "The body names another user than the token. Leave \"userId\" out.";
    /// The check of this sale is another one.
    OtherCheck says "The check of this sale is another one: GET /api/check says which.";
    /// Who asks has not shown the token of the console.
    Unauthorized says "Sign in with the token of the console, or send it as a bearer token.";
    /// Another site made the browser send the request.
    Forbidden says "The browser says that another site made this request.";
    /// There is nothing at this address.
    NotFound says "There is nothing at this address.";
    /// The address does not take this method.
    MethodNotAllowed says "This address does not take this method; see the header Allow.";
    /// The server is at fault.
    Internal says "The server failed. The correlation id finds the reason in its log.";
}
