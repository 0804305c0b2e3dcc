//! The API as two OpenAPI documents, one for buyers and one for behind the counter: for whoever writes a
//! client, for the types of the pages, and for the tests, which hold every answer of the real server to
//! them.
//!
//! In reading order:
//! - `paths`: what buyers can ask, and every answer to it;
//! - `admin`: the same for the console;
//! - `schemas`: the bodies, and in `check_schemas` those of the check;
//! - `words`: the words by which bodies are told apart.
//!
//! The handlers for buyers write the answers in their own way. The types here only describe them, so that
//! each outcome is a schema with exactly its fields. `docs/openapi.json` and `docs/openapi-admin.json` are
//! the documents, committed, so that a change of the contract is seen in a diff.

mod admin;
mod check_schemas;
mod paths;
pub(crate) mod schemas;
mod words;

use std::sync::LazyLock;

use axum::http::HeaderValue;
use bytes::Bytes;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr, Required, Response};
use utoipa::{Modify, OpenApi as _};

use crate::etag;

/// The document as it is served.
pub(crate) struct Served {
    pub(crate) body: Bytes,
    pub(crate) etag: HeaderValue,
}

/// For buyers. Made when it is first asked for, and then kept.
pub(crate) static PUBLIC: LazyLock<Served> = LazyLock::new(|| Served::new(&Api::openapi()));

/// For behind the counter.
pub(crate) static ADMIN: LazyLock<Served> = LazyLock::new(|| Served::new(&admin::Api::openapi()));

impl Served {
    fn new(document: &Document) -> Self {
        let body = Bytes::from(text_of(document));
        let etag = etag::strong(&body);
        Self { body, etag }
    }
}

/// The document, as JSON for people and programs.
fn text_of(document: &Document) -> String {
    let mut text = document
        .to_pretty_json()
        .expect("strings and numbers always serialise");
    text.push('\n');
    text
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "flashsale",
        description = "Sells a limited stock of one product, in a set window, to everybody at once.\n\n\
            Every time is in epoch milliseconds, of the server's clock. Every answer has a header \
            `Correlation-Id`, which finds it in the server's log. An answer that is not a success says in \
            `status` what came of the request, or in `error` what was wrong with it, and in `message` a \
            sentence for a person. An address that is not listed here is answered with `NotFound` (404), \
            another method with `MethodNotAllowed` (405) and the header `Allow`. `HEAD` is taken wherever \
            `GET` is.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "sale", description = "The sale itself"),
        (name = "check", description = "What must be passed before buying, if the shop has asked for it"),
        (name = "purchase", description = "Buying, and looking up what was bought"),
        (name = "health", description = "Whether this server lives, and whether it can sell"),
        (name = "documentation", description = "The API as a document")
    ),
    paths(
        paths::status,
        paths::events,
        paths::csrf,
        paths::check,
        paths::challenge,
        paths::pass,
        paths::purchase,
        paths::look_up,
        paths::live,
        paths::ready,
        paths::openapi
    ),
    components(schemas(
        schemas::Internal,
        schemas::InvalidUser,
        schemas::MethodNotAllowed,
        schemas::NoIdentity,
        schemas::NotFound,
        schemas::PayloadTooLarge,
        schemas::RateLimited,
        schemas::RequestTimeout,
        schemas::UnsupportedMediaType
    )),
    modifiers(&Tokens, &Everywhere)
)]
struct Api;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut Document) {
        let cookie = ApiKeyValue::with_description(
            "csrfToken",
            "The token of `GET /api/csrf`, as the cookie that came with it. It is called \
             `__Host-csrfToken` where the server's SECURE_COOKIES is true. A browser sends it by itself.",
        );
        let shop = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(
                "Where `identity` in the status is `token`: the signed token in which the shop says who \
                 buys. It may come in the cookie that the server's TOKEN_COOKIE names instead, but not twice.",
            ));
        if let Some(components) = &mut document.components {
            let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
            components.add_security_scheme("csrfCookie", scheme);
            let scheme = SecurityScheme::Http(shop.build());
            components.add_security_scheme("shopToken", scheme);
        }
    }
}

/// What belongs to every operation, said once.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut Document) {
        for operation in document.paths.paths.values_mut().flat_map(operations_of) {
            name_each_request(operation);
        }
    }
}

fn operations_of(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        post,
        put,
        delete,
        ..
    } = path;
    [get, post, put, delete].into_iter().flatten()
}

fn name_each_request(operation: &mut Operation) {
    let given = operation.parameters.get_or_insert_default();
    given.push(correlation_id_parameter());
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(Response { headers, .. }) = response else {
            continue;
        };
        let header = HeaderBuilder::new()
            .schema(name_of_a_request())
            .description(Some(
                "The name of this request, in the server's log as well: the client's own, if it gave a \
                 plain one.",
            ))
            .build();
        headers.insert("Correlation-Id".to_owned(), header);
    }
}

fn correlation_id_parameter() -> Parameter {
    ParameterBuilder::new()
        .name("Correlation-Id")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A name for this request. `X-Correlation-Id` is read as well. Without one, or with one that is \
             not 1 to 128 of the characters `A-Za-z0-9._-`, the server makes one up.",
        ))
        // Without the pattern: a request with another name is no wrong one.
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn name_of_a_request() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[A-Za-z0-9._-]{1,128}$"))
        .build()
        .into()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The types of the pages and the readers of the repository have the committed files alone.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the test asks for new files through the environment"
    )]
    fn the_committed_documents_are_the_ones_that_are_served() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        for (name, served) in [("openapi.json", &PUBLIC), ("openapi-admin.json", &ADMIN)] {
            let path = docs.join(name);
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, &served.body).unwrap();
            }
            let committed = std::fs::read(&path).unwrap_or_default();
            assert!(
                committed == served.body,
                "docs/{name} is not what the server tells. Write it anew, and the types of the pages:\n\
                 UPDATE=1 cargo test -p flashsale-api openapi && (cd web && npm run types)"
            );
        }
    }
}
