//! What Prometheus asks for, in the text format of `OpenMetrics`. Names and units follow its conventions:
//! base units, `_total` behind counters, no label whose values have no bound.

mod out;

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use flashsale_sale::Phase;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use out::Out;

use super::Admin;
use crate::answer::{Answer, Refusal, phase_name};
use crate::load::HELD_LOOKS_MAX;
use crate::meters::{Attempted, CLASSES, Route};

const CONTENT_TYPE_TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`.
pub(super) async fn show(State(admin): State<Arc<Admin>>) -> Result<Response, Answer> {
    let mut registry = Registry::with_prefix("flashsale");
    registry.register_collector(Box::new(OfSale(Arc::clone(&admin))));
    let mut text = String::new();
    let written = text::encode_registry(&mut text, &registry).and_then(|()| {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(OfProcess(admin)));
        text::encode(&mut text, &registry)
    });
    written.map_err(|error| Refusal::Internal(error.to_string()))?;
    let head = [
        (CONTENT_TYPE, CONTENT_TYPE_TEXT),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((head, text).into_response())
}

#[derive(Debug)]
struct OfSale(Arc<Admin>);

impl Collector for OfSale {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out::new(encoder);
        self.requests(&mut out)?;
        self.sale(&mut out)?;
        self.node(&mut out)?;
        self.load(&mut out)
    }
}

impl OfSale {
    fn requests(&self, out: &mut Out<'_>) -> fmt::Result {
        let meters = &self.0.app.meters;
        let version = self.0.about.version;
        out.info(
            "build",
            "The version of the program.",
            &[("version", version)],
        )?;
        let attempts = Attempted::ALL
            .map(|attempted| ([("outcome", attempted.name())], meters.attempts(attempted)));
        let help = "Attempts to purchase that were answered, by what they came to.";
        out.counters("purchases", help, attempts)?;
        let help = "From the head of a purchase to its answer, where it came as far as the sale.";
        out.times("purchase_duration", help, &meters.purchase_us.counts())?;
        let answers = Route::ALL.into_iter().flat_map(|route| {
            CLASSES.into_iter().enumerate().map(move |(class, code)| {
                let labels = [("route", route.name()), ("code", code)];
                (labels, meters.answers(route, class))
            })
        });
        out.counters("http_requests", "Requests that were answered.", answers)
    }

    fn sale(&self, out: &mut Out<'_>) -> fmt::Result {
        let app = &self.0.app;
        let (status, window) = (app.view.status(app.now()), app.view.sale().window());
        out.gauge(
            "units_sold",
            "Units sold, as this node has seen it.",
            status.sold,
        )?;
        out.gauge(
            "units_left",
            "Units left, as this node has seen it.",
            status.remaining,
        )?;
        let phases = [Phase::Upcoming, Phase::Active, Phase::SoldOut, Phase::Ended].map(|phase| {
            (
                [("phase", phase_name(phase))],
                u32::from(phase == status.phase),
            )
        });
        out.gauges(
            "phase",
            "1 for what the sale is doing, 0 for the others.",
            phases,
        )?;
        let paused = status.paused_at.is_some();
        out.gauge(
            "paused",
            "1 while the emergency brake is pulled.",
            paused.into(),
        )?;
        let (starts_at, ends_at) = (window.starts_at(), window.ends_at());
        out.moment(
            "sale_start_timestamp",
            "When the sale opens, since the epoch.",
            starts_at,
        )?;
        out.moment(
            "sale_end_timestamp",
            "When the sale is over, since the epoch.",
            ends_at,
        )
    }

    fn node(&self, out: &mut Out<'_>) -> fmt::Result {
        let (app, backlog) = (&self.0.app, self.0.app.orders.backlog());
        let ready = app.orders.ready().is_ok();
        out.gauge("ready", "1 while this node can take orders.", ready.into())?;
        let (queue, queue_max) = (narrow(backlog.queue), narrow(backlog.queue_max));
        out.gauge(
            "purchase_queue_entries",
            "Purchases that wait for the ledger.",
            queue,
        )?;
        out.gauge(
            "purchase_queue_entries_max",
            "How many may wait.",
            queue_max,
        )?;
        let help = "Purchases that were decided together.";
        out.numbers("batch_entries", help, &backlog.batch_entries)?;
        out.times(
            "commit_duration",
            "What the ledger took for a batch.",
            &backlog.commit_us,
        )?;
        let connections = u32::try_from(app.meters.connections()).unwrap_or(u32::MAX);
        let connections_max = narrow(self.0.about.connections_max);
        out.gauge("connections", "Open connections of buyers.", connections)?;
        out.gauge("connections_max", "How many may be open.", connections_max)?;
        let (streams, streams_max) = (narrow(app.live.streams()), narrow(app.live.streams_max()));
        out.gauge("event_streams", "Open live streams.", streams)?;
        out.gauge("event_streams_max", "How many may be open.", streams_max)
    }

    fn load(&self, out: &mut Out<'_>) -> fmt::Result {
        let load = &self.0.app.load;
        let help = "How long a request waits that comes now, before anything is done for it.";
        out.seconds("request_wait", help, load.wait().as_secs_f64())?;
        let help = "Looks that are held until requests wait less.";
        out.gauge("looks_held", help, narrow(load.held()))?;
        out.gauge(
            "looks_held_max",
            "How many may be held.",
            narrow(HELD_LOOKS_MAX),
        )?;
        let help = "1 while purchases are sent away because requests wait for long.";
        out.gauge("overloaded", help, load.is_overloaded().into())?;
        let help = "Purchases that were sent away for that, before anything of them was read.";
        out.counters("purchases_sent_away", help, [([], load.sent_away.get())])
    }
}

/// The names that every process uses for these.
#[derive(Debug)]
struct OfProcess(Arc<Admin>);

impl Collector for OfProcess {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out::new(encoder);
        let started_at = self.0.about.node_started_at;
        out.moment(
            "process_start_time",
            "When the process began, since the epoch.",
            started_at,
        )?;
        let Some(process) = (self.0.process)() else {
            return Ok(());
        };
        out.process_cpu_seconds(process.cpu_seconds)?;
        out.process_resident_bytes(process.resident_bytes)?;
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let (open, max) = (number(process.open_fds), number(process.max_fds));
        out.gauge("process_open_fds", "Open files, sockets among them.", open)?;
        out.gauge("process_max_fds", "How many may be open.", max)
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
