//! What a request gives way to while there are more than the node can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Request;
use axum::middleware::Next;
use axum::response::Response;
use flashsale_sale::Phase;

use crate::answer::{Answer, Refusal};
use crate::{App, Busy};

/// A purchase is sent away before anything of it is read. When the sale is not open, all are answered from memory,
/// and nobody has to come back.
pub(crate) fn buys(app: &App) -> Result<(), Refusal> {
    let is_needed =
        app.load.is_overloaded() && app.view.status(app.latest()).phase == Phase::Active;
    if !is_needed || !app.load.sends_away_one() {
        return Ok(());
    }
    app.load.sent_away.increment();
    Err(Busy("more purchases come than this node can take".to_owned()).into())
}

/// What only looks waits for a better moment: a layer of a route.
pub(crate) async fn looks(
    State(app): State<Arc<App>>,
    request: Request<axum::body::Body>,
    next: Next,
) -> Result<Response, Answer> {
    app.load.give_way().await?;
    Ok(next.run(request).await)
}
