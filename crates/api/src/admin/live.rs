//! How the sale goes at this moment, and what has happened since the last look.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::Admin;
use super::history::Sample;
use crate::answer::{Answer, Refusal, phase_name};

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    after: u64,
}

#[derive(Serialize)]
struct Wire<'a> {
    now: u64,
    state: Now<'a>,
    samples: Vec<&'a Sample>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Now<'a> {
    status: &'a str,
    paused: bool,
    paused_at: Option<u64>,
    ready: bool,
    reasons: Vec<String>,
    sold: u32,
    stock: u32,
    queue_max: usize,
    connections_max: usize,
    streams_max: usize,
}

/// `GET /admin/live?after=…`.
pub(super) async fn show(
    State(admin): State<Arc<Admin>>,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Answer> {
    let Query(Wanted { after }) =
        wanted.map_err(|_| Refusal::BadRequest("after must be the number of a sample"))?;
    let app = &admin.app;
    let status = app.view.status(app.now());
    let reasons: Vec<_> = app.orders.ready().err().into_iter().collect();
    let samples = admin.history.after(after);
    let wire = Wire {
        now: status.now.0,
        state: Now {
            status: phase_name(status.phase),
            paused: status.paused_at.is_some(),
            paused_at: status.paused_at.map(|time| time.0),
            ready: reasons.is_empty(),
            reasons,
            sold: status.sold,
            stock: status.remaining,
            queue_max: app.orders.backlog().queue_max,
            connections_max: admin.about.connections_max,
            streams_max: app.live.streams_max(),
        },
        samples: samples.iter().map(|sample| &**sample).collect(),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(wire)).into_response())
}
