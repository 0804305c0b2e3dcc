//! The status of the sale as a live stream.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use crate::App;
use crate::answer::{Answer, Refusal};

/// nginx would collect events until they fill a page.
const BUFFERING: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// `GET /api/events`.
pub(crate) async fn follow(State(app): State<Arc<App>>) -> Result<Response, Answer> {
    let Some(stream) = app.live.open(&app) else {
        let reason = format!("{} live streams are open", app.live.streams_max());
        return Err(Refusal::Crowded(reason).into());
    };
    let head = [
        (CONTENT_TYPE, "text/event-stream"),
        // Nobody on the way may keep it, or pack it.
        (CACHE_CONTROL, "no-store, no-transform"),
        BUFFERING,
    ];
    Ok((head, Body::from_stream(stream)).into_response())
}
