//! How the sale goes at this moment, and what has happened since the last look.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Admin;
use super::history::Sample;
use crate::answer::{Answer, Refusal, phase_name};
use crate::openapi::schemas::SalePhase;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The number of the last sample that the client has.
    #[serde(default)]
    #[param(format = "uint64", maximum = 18_446_744_073_709_551_615_u64)]
    after: u64,
}

/// How the sale goes at this moment, and what has happened since the last look.
#[derive(Serialize, ToSchema)]
#[schema(as = Live)]
pub(crate) struct Wire<'a> {
    /// The time by the ledger's clock, in epoch milliseconds.
    now: u64,
    state: Now<'a>,
    /// One for each second, the oldest first; at most those of the last quarter of an hour.
    #[schema(value_type = Vec<Sample>)]
    samples: Vec<&'a Sample>,
}

/// The sale and the node at this moment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LiveState)]
pub(crate) struct Now<'a> {
    #[schema(value_type = SalePhase)]
    status: &'a str,
    /// Whether the emergency brake is pulled.
    paused: bool,
    /// Since when, in epoch milliseconds; null where it is not.
    #[schema(required)]
    paused_at: Option<u64>,
    /// Whether this node can take orders.
    ready: bool,
    /// Why it cannot, in sentences.
    reasons: Vec<String>,
    /// Units that are sold.
    sold: u32,
    /// Units that are left.
    stock: u32,
    /// How many attempts may wait for the ledger.
    queue_max: usize,
    /// How many connections buyers may have open.
    connections_max: usize,
    /// How many of them may be live streams.
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
