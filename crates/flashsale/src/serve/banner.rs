//! What a person sees at the start: where to look, how the sale is set up, and what is not safe.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use flashsale_limits::Rates;
use flashsale_sale::{Phase, Sale, Status};

use flashsale_api::export::calendar;
use flashsale_api::identity::Identity;

/// What there is to say.
pub(super) struct Facts<'a> {
    /// Where it listens, with the scheme.
    pub(super) origin: &'a str,
    pub(super) console: Option<Console<'a>>,
    /// Where the ledger is.
    pub(super) place: &'a str,
    pub(super) status: Status,
    pub(super) sale: &'a Arc<Sale>,
    pub(super) is_new: bool,
    pub(super) is_demo: bool,
    pub(super) has_page: bool,
    pub(super) identity: &'a Identity,
    /// How often somebody may ask.
    pub(super) rates: Rates,
}

/// Where the console listens, how, and where its token is found.
#[derive(Clone, Copy)]
pub(super) struct Console<'a> {
    pub(super) address: SocketAddr,
    pub(super) token: &'a str,
    pub(super) is_secure: bool,
}

/// Prints it to standard output. Whoever reads that may have gone, which is no reason not to sell.
pub(super) fn print(facts: &Facts<'_>) {
    drop(std::io::stdout().write_all(text(facts).as_bytes()));
}

fn text(facts: &Facts<'_>) -> String {
    let Facts {
        origin,
        sale,
        status,
        ..
    } = facts;
    let window = sale.window();
    let (start, end) = (window.starts_at(), window.ends_at());
    let demo = if facts.is_demo { ", a demo" } else { "" };
    let begun = if facts.is_new {
        "new"
    } else {
        "gone on with, as it is stored"
    };
    let console = match facts.console {
        Some(Console {
            address,
            token,
            is_secure,
        }) => {
            let scheme = if is_secure { "https" } else { "http" };
            format!("{scheme}://{address}, its token is in {token}")
        }
        None => "none".to_owned(),
    };
    let mut lines = vec![
        format!(
            "flashsale {} is listening on {origin}",
            env!("CARGO_PKG_VERSION")
        ),
        String::new(),
        format!("  sale     {} ({begun}{demo})", sale.id()),
        format!(
            "  product  {} ({})",
            sale.product_description(),
            sale.product_id()
        ),
        format!("  stock    {} units, {} sold", sale.stock(), status.sold),
        format!(
            "  start    {}{}",
            calendar(start),
            distance(status, start.0)
        ),
        format!("  end      {}{}", calendar(end), distance(status, end.0)),
        format!("  ledger   {}", facts.place),
        format!("  console  {console}"),
        "  stop     Ctrl-C; the orders stay, and the next start goes on with them".to_owned(),
    ];
    if !facts.has_page {
        lines
            .push("  page     none: this was built without it, the API is all there is".to_owned());
    }
    lines.push(String::new());
    if status.phase == Phase::Ended {
        lines.push("  This sale is over. Another one needs another SALE_ID.\n".to_owned());
    }
    let dangers = dangers(facts);
    if !dangers.is_empty() {
        lines.push(if facts.is_demo {
            "  This is a demo. It is not safe for a real sale, because".to_owned()
        } else {
            "  Before buyers come, know that".to_owned()
        });
        lines.extend(dangers);
    }
    lines.push("\n".to_owned());
    lines.join("\n")
}

/// What a real sale should not be open to.
fn dangers(facts: &Facts<'_>) -> Vec<String> {
    let open_console = facts
        .console
        .is_some_and(|console| !console.is_secure && !console.address.ip().is_loopback());
    [
        (matches!(facts.identity, Identity::Open), OPEN_IDENTITY),
        (facts.rates == Rates::default(), UNCOUNTED),
        (!facts.origin.starts_with("https:"), PLAIN),
        (open_console, OPEN_CONSOLE),
    ]
    .into_iter()
    .filter(|(holds, _)| *holds)
    .map(|(_, sentence)| sentence.to_owned())
    .collect()
}

const OPEN_IDENTITY: &str =
    "  - whoever sends a user id is believed to be that user (IDENTITY=open): put it behind a front
    that knows its users, or set IDENTITY=token;";

const UNCOUNTED: &str =
    "  - nothing limits how often somebody may ask (RATE_LIMIT=off), which is for tests;";

const PLAIN: &str =
    "  - it speaks plain HTTP: give it a certificate with TLS_CERT and TLS_KEY, or let the front speak
    HTTPS and set SECURE_COOKIES=true.";

const OPEN_CONSOLE: &str =
    "  - the console can be reached from elsewhere, and speaks plain HTTP: put HTTPS in front of it, or
    reach it through a tunnel.";

fn distance(status: &Status, time: u64) -> String {
    let seconds = time.abs_diff(status.now.0) / 1000;
    let text = match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    };
    if time > status.now.0 {
        format!(" (in {text})")
    } else {
        format!(" ({text} ago)")
    }
}
