//! What can be counted of the requests: by whom they were answered, and how long buyers waited.

use std::time::Duration;

use axum::http::StatusCode;
use flashsale_meters::{Counter, Histogram};

use crate::answer::{Answer, Refusal};

/// What a purchase came to, for whoever counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempted {
    Purchased,
    AlreadyPurchased,
    SoldOut,
    NotActive,
    Paused,
    Busy,
    /// Too many came from one address or for one user.
    RateLimited,
    /// It never came as far as the sale: forged, not understood, no valid user.
    Refused,
    /// The server is at fault.
    Failed,
}

impl Attempted {
    pub(crate) const ALL: [Self; 9] = [
        Self::Purchased,
        Self::AlreadyPurchased,
        Self::SoldOut,
        Self::NotActive,
        Self::Paused,
        Self::Busy,
        Self::RateLimited,
        Self::Refused,
        Self::Failed,
    ];

    /// Its name among the labels of a metric.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Purchased => "purchased",
            Self::AlreadyPurchased => "already_purchased",
            Self::SoldOut => "sold_out",
            Self::NotActive => "not_active",
            Self::Paused => "paused",
            Self::Busy => "busy",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    fn of(answer: &Answer) -> Self {
        match answer {
            Answer::Purchased(_) => Self::Purchased,
            Answer::AlreadyPurchased(_) => Self::AlreadyPurchased,
            Answer::SoldOut => Self::SoldOut,
            Answer::NotActive(_) => Self::NotActive,
            Answer::Paused => Self::Paused,
            Answer::Refused(Refusal::Busy(_)) => Self::Busy,
            Answer::Refused(Refusal::RateLimited(_)) => Self::RateLimited,
            Answer::Refused(Refusal::Internal(_)) => Self::Failed,
            Answer::Refused(_) => Self::Refused,
        }
    }
}

/// The route of a request, and of all others together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Purchase,
    Status,
    Events,
    Csrf,
    Check,
    Pass,
    LookUp,
    Health,
    Admin,
    Other,
}

impl Route {
    pub(crate) const ALL: [Self; 10] = [
        Self::Purchase,
        Self::Status,
        Self::Events,
        Self::Csrf,
        Self::Check,
        Self::Pass,
        Self::LookUp,
        Self::Health,
        Self::Admin,
        Self::Other,
    ];

    /// Its name among the labels of a metric.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Purchase => "/api/purchase",
            Self::Status => "/api/status",
            Self::Events => "/api/events",
            Self::Csrf => "/api/csrf",
            Self::Check => "/api/check",
            Self::Pass => "/api/pass",
            Self::LookUp => "/api/purchase/{userId}",
            Self::Health => "health",
            Self::Admin => "admin",
            Self::Other => "other",
        }
    }

    fn of(path: &str) -> Self {
        match path {
            "/api/purchase" => Self::Purchase,
            "/api/status" => Self::Status,
            "/api/events" => Self::Events,
            "/api/csrf" => Self::Csrf,
            "/api/check" => Self::Check,
            "/api/pass" => Self::Pass,
            "/api/purchase/{user_id}" => Self::LookUp,
            "/livez" | "/readyz" => Self::Health,
            _ if path.starts_with("/admin") || path == "/metrics" => Self::Admin,
            _ => Self::Other,
        }
    }
}

/// The classes of status codes, from 2xx to 5xx. The server sends no 1xx of its own.
pub(crate) const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// Everything that is counted, for the life of the process.
#[derive(Debug, Default)]
pub struct Meters {
    attempts: [Counter; Attempted::ALL.len()],
    answers: [[Counter; CLASSES.len()]; Route::ALL.len()],
    /// How long purchases took that the sale itself answered or was too busy for, in microseconds.
    pub(crate) purchase_us: Histogram,
    /// Connections that were accepted, and that have ended.
    pub(crate) accepted: Counter,
    pub(crate) ended: Counter,
}

impl Meters {
    /// A request was answered. `route` is the one that the router matched.
    pub(crate) fn answered(
        &self,
        route: &str,
        status: StatusCode,
        answer: Option<&Answer>,
        took: Duration,
    ) {
        let route = Route::of(route);
        let class = usize::from(status.as_u16() / 100);
        self.answers[route as usize][class.clamp(2, 5) - 2].increment();
        let (Route::Purchase, Some(answer)) = (route, answer) else {
            return;
        };
        let attempted = Attempted::of(answer);
        self.attempts[attempted as usize].increment();
        let is_of_sale = !matches!(
            attempted,
            Attempted::RateLimited | Attempted::Refused | Attempted::Failed
        );
        if is_of_sale {
            let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            self.purchase_us.record(us);
        }
    }

    pub(crate) fn attempts(&self, attempted: Attempted) -> u64 {
        self.attempts[attempted as usize].get()
    }

    pub(crate) fn answers(&self, route: Route, class: usize) -> u64 {
        self.answers[route as usize][class].get()
    }

    pub(crate) fn connections(&self) -> u64 {
        // The later counter is read first, so that the difference is never below zero.
        let ended = self.ended.get();
        self.accepted.get().saturating_sub(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_own_counter() {
        let names: Vec<_> = Attempted::ALL.map(Attempted::name).to_vec();
        let places: Vec<_> = Attempted::ALL.map(|attempted| attempted as usize).to_vec();
        assert_eq!(places, (0..names.len()).collect::<Vec<_>>());
        let places: Vec<_> = Route::ALL.map(|route| route as usize).to_vec();
        assert_eq!(places, (0..Route::ALL.len()).collect::<Vec<_>>());
        for route in [
            "/api/purchase",
            "/api/status",
            "/api/events",
            "/api/csrf",
            "/api/check",
            "/api/pass",
        ] {
            assert_eq!(Route::of(route).name(), route);
        }
    }

    #[test]
    fn an_answer_is_counted_once() {
        let meters = Meters::default();
        let took = Duration::from_micros(7);
        let sold_out = Answer::SoldOut;
        meters.answered("/api/purchase", StatusCode::GONE, Some(&sold_out), took);
        let forged = Answer::Refused(Refusal::BadRequest("no"));
        meters.answered(
            "/api/purchase",
            StatusCode::BAD_REQUEST,
            Some(&forged),
            took,
        );
        meters.answered("/api/status", StatusCode::OK, None, took);
        assert_eq!(meters.attempts(Attempted::SoldOut), 1);
        assert_eq!(meters.attempts(Attempted::Refused), 1);
        assert_eq!(meters.answers(Route::Purchase, 2), 2);
        assert_eq!(meters.answers(Route::Status, 0), 1);
        let times = meters.purchase_us.counts();
        assert_eq!(
            (times.count(), times.max()),
            (1, 7),
            "a refusal is no purchase"
        );
    }
}
