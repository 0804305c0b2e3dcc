//! Fuzz targets: one for each reader of text or bytes from outside, with what must hold for every input.
//!
//! A target is a function that panics when something does not hold. [`TARGETS`] lists them; `main.rs` hands
//! one to the fuzzer, and `tests/corpus.rs` gives all of them the inputs in `corpus/`, so that what the
//! fuzzer has found once is seen without it.
//!
//! In reading order:
//! - [`buyers`]: who buys, the body and the key of a purchase, and the body for a pass;
//! - [`headers`]: what clients say of what they have and take;
//! - [`tokens`]: cookies, signed texts, and who else is believed; [`shop_tokens`]: the token that names the buyer;
//!   [`hops`]: who asks, behind proxies;
//! - [`settings`]: what whoever runs the server writes; [`look`]: the shop's colours and pictures;
//! - [`stored`]: what a ledger has kept; [`redis_answers`]: what Redis answers; [`search`]: what the console looks for.

mod buyers;
mod headers;
mod hops;
mod look;
mod redis_answers;
mod search;
mod settings;
mod shop_tokens;
mod stored;
mod tokens;

/// A reader under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Also the name of the folder of its inputs.
    pub name: &'static str,
    /// Panics when something does not hold.
    pub check: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 37] = [
    target("accept_encoding", headers::accept_encoding),
    target("bearer", shop_tokens::bearer),
    target("colour", look::colour),
    target("cookies", tokens::cookies),
    target("correlation_id", headers::correlation_id),
    target("csrf_token", tokens::csrf_token),
    target("dot_env", settings::dot_env),
    target("forwarded", hops::forwarded),
    target("idempotency_key", buyers::idempotency_key),
    target("if_none_match", headers::if_none_match),
    target("moment", settings::moment),
    target("network", settings::network),
    target("origin", headers::origin),
    target("pass_body", buyers::pass_body),
    target("picture", look::picture),
    target("purchase_body", buyers::purchase_body),
    target("rate", settings::rate),
    target("redis_address", settings::redis_address),
    target("redis_books", redis_answers::redis_books),
    target("redis_brake", redis_answers::redis_brake),
    target("redis_error", redis_answers::redis_error),
    target("redis_function", redis_answers::redis_function),
    target("redis_memory", redis_answers::redis_memory),
    target("redis_record", stored::redis_record),
    target("redis_settings", redis_answers::redis_settings),
    target("sale_id", settings::sale_id),
    target("search", search::search),
    target("service_url", settings::service_url),
    target("service_verdict", tokens::service_verdict),
    target("sign_in_url", settings::sign_in_url),
    target("signing_keys", settings::signing_keys),
    target("token", shop_tokens::token),
    target("token_claims", shop_tokens::token_claims),
    target("token_head", shop_tokens::token_head),
    target("token_keys", tokens::token_keys),
    target("user_id", buyers::user_id),
    target("wal", stored::wal),
];

const fn target(name: &'static str, check: fn(&[u8])) -> Target {
    Target { name, check }
}

/// The target of this name.
pub fn target_named(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
