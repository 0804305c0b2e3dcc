//! The console's own files.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use crate::App;
use crate::answer::Answer;
use crate::handlers::page;

/// `GET` of anything else: the console, and the files that it is made of.
pub(super) async fn show(
    app: State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    let uri = match uri.path() {
        "/" => Uri::from_static("/console.html"),
        _ => uri,
    };
    page::show(app, uri, headers).await
}
