//! The API as an OpenAPI document: for whoever writes a client, for the page's types, and for the tests,
//! which hold every answer of the real server to it.
//!
//! In reading order:
//! - `paths`: what can be asked, and every answer to it;
//! - `schemas`: the bodies;
//! - `words`: the words by which bodies are told apart.
//!
//! The handlers write the answers in their own way. The types here only describe them, so that each
//! outcome is a schema with exactly its fields. `docs/openapi.json` is the document, committed, so that a
//! change of the contract is seen in a diff.

mod paths;
mod schemas;
mod words;

use std::sync::LazyLock;

use axum::http::HeaderValue;
use bytes::Bytes;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr, Required, Response};
use utoipa::{Modify, OpenApi as _};

use crate::etag;

/// The document as it is served.
pub(crate) struct Served {
    pub(crate) body: Bytes,
    pub(crate) etag: HeaderValue,
}

/// Made when it is first asked for, and then kept.
pub(crate) static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let body = Bytes::from(document());
    let etag = etag::strong(&body);
    Served { body, etag }
});

/// The document, as JSON for people and programs.
fn document() -> String {
    let mut text = Api::openapi()
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
        (name = "purchase", description = "Buying, and looking up what was bought"),
        (name = "health", description = "Whether this server lives, and whether it can sell"),
        (name = "documentation", description = "The API as a document")
    ),
    paths(
        paths::status,
        paths::events,
        paths::csrf,
        paths::purchase,
        paths::look_up,
        paths::live,
        paths::ready,
        paths::openapi
    ),
    components(schemas(schemas::NotFound, schemas::MethodNotAllowed)),
    modifiers(&Everywhere)
)]
struct Api;

/// What belongs to every operation, said once.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut Document) {
        let cookie = ApiKeyValue::with_description(
            "csrfToken",
            "The token of `GET /api/csrf`, as the cookie that came with it. It is called \
             `__Host-csrfToken` where the server's SECURE_COOKIES is true. A browser sends it by itself.",
        );
        if let Some(components) = &mut document.components {
            let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
            components.add_security_scheme("csrfCookie", scheme);
        }
        for operation in document.paths.paths.values_mut().filter_map(operation_of) {
            name_each_request(operation);
        }
    }
}

/// Every path takes one method.
fn operation_of(path: &mut PathItem) -> Option<&mut Operation> {
    path.get.as_mut().or(path.post.as_mut())
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
            "A name for this request. `X-Correlation-Id` is read as well. Without one, or with one that \
             does not fit the pattern, the server makes one up.",
        ))
        .schema(Some(name_of_a_request()))
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

    /// The types of the page and the readers of the repository have the committed file alone.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the test asks for a new file through the environment"
    )]
    fn the_committed_document_is_the_one_that_is_served() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        let served = document();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &served).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == served,
            "docs/openapi.json is not what the server tells. Write it anew, and the page's types:\n\
             UPDATE=1 cargo test -p flashsale-api openapi && (cd web && npm run types)"
        );
    }
}
