//! Buying, and looking up what was bought.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName, Request};
use axum::response::{IntoResponse, Response};
use flashsale_limits::Network;
use flashsale_sale::{Attempt, IdempotencyKey, Order, Outcome, UserId};
use hyper::body::Incoming;
use serde::Serialize;

use super::purchase_body;
use crate::answer::{Answer, Refusal, Reply, order_id};
use crate::{App, Busy, identity, unread};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// `POST /api/purchase`: the answer from memory where it is settled, from the ledger where it is open.
/// `buyer` is who has sent it, where that is known.
pub(crate) async fn buy(
    app: &App,
    request: Request<Incoming>,
    buyer: Option<UserId>,
    peer: IpAddr,
) -> Reply {
    let (head, body) = request.into_parts();
    let idempotency_key = match check_head(&head.headers) {
        Ok(key) => key,
        Err(refusal) => return unread::refuse(refusal, body, app).await,
    };
    let outcome = match purchase_body::read(body, app.body_timeout, buyer).await {
        Ok(user) => {
            // Before anything is counted for the user: nobody without a pass uses up what others may ask.
            if let Err(refusal) = app.bots.check(&head.headers, &user, app.now()) {
                return Answer::from(refusal).into();
            }
            let client = || app.proxies.client(peer, &head.headers);
            outcome(app, user, idempotency_key, client).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    outcome.map_or_else(|refused| refused, Answer::from).into()
}

async fn outcome(
    app: &App,
    user: UserId,
    idempotency_key: Option<IdempotencyKey>,
    client: impl FnOnce() -> IpAddr,
) -> Result<Outcome, Answer> {
    app.limits.take_user(&user).map_err(Refusal::RateLimited)?;
    let settled = app
        .view
        .settled(&user, idempotency_key.as_ref(), app.latest());
    if let Some(outcome) = settled {
        return Ok(outcome);
    }
    let attempt = Attempt {
        user,
        order_id: app.order_id(),
        idempotency_key,
        network: Some(Network::from(client())),
    };
    // Where the processor is short, a refusal costs what others need: only the middleware `give_way` decides on that.
    let is_patient = app.load.is_felt();
    Ok(app.orders.purchase(attempt, is_patient).await?)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LookUp {
    purchased: bool,
    order_id: Option<String>,
}

/// `GET /api/purchase/{userId}`: whether this user has an order. Where buyers show who they are, each hears of
/// his own alone, and of everybody else what he would hear of somebody who has never bought.
pub(crate) async fn look_up(
    State(app): State<Arc<App>>,
    user_id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    let asking = identity::buyer(&app, &headers)?;
    // The only thing that can be wrong with the path is that it is not UTF-8.
    let Path(user_id) = user_id.map_err(|_| Refusal::InvalidUser(None))?;
    let user = UserId::parse(&user_id).map_err(|reason| Refusal::InvalidUser(Some(reason)))?;

    let order = match asking {
        Some(asking) if asking != user => None,
        _ => order_of(&app, &user).await?,
    };
    let order_id = order.map(|order| order_id(order.id));
    let body = Json(LookUp {
        purchased: order_id.is_some(),
        order_id,
    });
    Ok(([(CACHE_CONTROL, "no-store")], body).into_response())
}

async fn order_of(app: &App, user: &UserId) -> Result<Option<Order>, Busy> {
    match app.view.order_of(user) {
        Some(order) => Ok(Some(order)),
        None => app.orders.find(user).await,
    }
}

/// All that can be refused before the body is read.
fn check_head(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refusal> {
    let idempotency_key = idempotency_key(headers)?;
    if !purchase_body::is_json(headers) {
        return Err(Refusal::UnsupportedMediaType);
    }
    Ok(idempotency_key)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refusal> {
    const INVALID: Refusal =
        Refusal::BadRequest("the header Idempotency-Key takes 1 to 255 printable ASCII characters");
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::BadRequest(
            "the header Idempotency-Key is there twice",
        ));
    }
    let text = value.to_str().map_err(|_| INVALID)?;
    IdempotencyKey::parse(text).map(Some).map_err(|_| INVALID)
}
