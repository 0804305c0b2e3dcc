//! Who buys: whoever a request says, or whom a token of the shop names.
//!
//! In reading order:
//! - [`Identity`]: which of the two holds, and who has sent a request;
//! - `bearer`: the one token of a request;
//! - [`verifier`]: what a token must say, and by which clock;
//! - [`keys`]: the keys that it may be signed with; `jwks` and `pem` read them from a file;
//! - [`algorithm`]: how it may be signed;
//! - `provider`: the cryptography, which is ring's;
//! - [`sign`]: keys and tokens for tests, and for shops that try this server.
//!
//! Nothing of a token is ever logged or sent back, and a key shows its text to nobody.

pub mod algorithm;
pub(crate) mod bearer;
mod jwks;
pub mod keys;
mod pem;
mod provider;
pub mod sign;
pub mod verifier;

use std::sync::Arc;

use axum::http::HeaderMap;
use flashsale_sale::UserId;

use crate::App;
use crate::answer::Refusal;
use verifier::Verifier;

/// Who is believed to buy.
#[derive(Debug)]
pub enum Identity {
    /// Whoever the request names: for demos, and behind a front that knows its users.
    Open,
    /// Whom the shop's token names.
    Token(Tokens),
}

/// How buyers show who they are.
#[derive(Debug)]
pub struct Tokens {
    /// What a token is held to.
    pub verifier: Arc<Verifier>,
    /// The cookie that may carry it in place of the header.
    pub cookie: Option<String>,
}

impl Identity {
    /// The word for it, in the status.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Token(_) => "token",
        }
    }
}

/// Who has sent a request, or why that cannot be known. Nobody is told apart where identity is open.
pub(crate) fn buyer(app: &App, headers: &HeaderMap) -> Result<Option<UserId>, Refusal> {
    let Identity::Token(tokens) = &app.identity else {
        return Ok(None);
    };
    let token = bearer::only_token(headers, tokens.cookie.as_deref())?;
    let buyer = tokens.verifier.verify(token, app.now());
    buyer.map(Some).map_err(Refusal::NoIdentity)
}
