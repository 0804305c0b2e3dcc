//! Stop selling, and go on.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Admin;
use super::session::read_json;
use crate::answer::Answer;

/// What the brake is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetBrake)]
pub(crate) struct Wanted {
    /// Whether to stop selling, or to go on.
    paused: bool,
}

/// The brake, as it is stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Brake)]
pub(crate) struct Wire {
    paused: bool,
    /// Since when, in epoch milliseconds; null where it is not pulled.
    #[schema(required)]
    paused_at: Option<u64>,
}

/// `PUT /admin/brake`: answers once it is stored, so that every decision after the answer obeys it.
pub(super) async fn set(
    State(admin): State<Arc<Admin>>,
    request: Request,
) -> Result<Response, Answer> {
    let Wanted { paused } = read_json(&admin, request).await?;
    let brake = admin.app.orders.set_brake(paused).await?;
    let paused_at = brake.paused_at().map(|time| time.0);
    tracing::warn!(
        paused = brake.is_pulled(),
        "somebody has set the emergency brake"
    );
    let wire = Wire {
        paused: brake.is_pulled(),
        paused_at,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(wire)).into_response())
}
