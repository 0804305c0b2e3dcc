//! What a person sees at the start: where to look, how the sale is set up, and what is not safe.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use flashsale_ledger::sqlite::files;
use flashsale_sale::{Phase, Sale, Status};

use crate::orders::calendar;

/// What there is to say.
pub(super) struct Facts<'a> {
    pub(super) address: SocketAddr,
    pub(super) data_dir: &'a Path,
    pub(super) status: Status,
    pub(super) sale: &'a Arc<Sale>,
    pub(super) is_new: bool,
    pub(super) is_demo: bool,
    pub(super) has_page: bool,
}

/// Prints it to standard output.
pub(super) fn print(facts: &Facts<'_>) {
    let Facts {
        address,
        sale,
        status,
        ..
    } = facts;
    let window = sale.window();
    let ledger = files::database_path(facts.data_dir, sale.id());
    let demo = if facts.is_demo { ", a demo" } else { "" };
    let begun = if facts.is_new {
        "new"
    } else {
        "gone on with, as it is stored"
    };

    println!(
        "flashsale {} is listening on http://{address}",
        env!("CARGO_PKG_VERSION")
    );
    println!();
    println!("  sale     {} ({begun}{demo})", sale.id());
    println!(
        "  product  {} ({})",
        sale.product_description(),
        sale.product_id()
    );
    println!("  stock    {} units, {} sold", sale.stock(), status.sold);
    println!(
        "  start    {}{}",
        calendar(window.starts_at()),
        distance(status, window.starts_at().0)
    );
    println!(
        "  end      {}{}",
        calendar(window.ends_at()),
        distance(status, window.ends_at().0)
    );
    println!("  ledger   {}", ledger.display());
    println!("  stop     Ctrl-C; the orders stay, and the next start goes on with them");
    if !facts.has_page {
        println!("  page     none: this was built without it, the API is all there is");
    }
    if status.phase == Phase::Ended {
        println!("\n  This sale is over. Another one needs another SALE_ID.");
    }
    println!();
    if facts.is_demo {
        println!("  This is a demo. It is not safe for a real sale, because");
    } else {
        println!("  Before buyers come, know that");
    }
    println!("  - whoever sends a user id is believed to be that user: put it behind a front that");
    println!("    knows its users;");
    println!("  - nothing limits how often one address may ask: let the front do that as well;");
    println!("  - it speaks plain HTTP: let the front speak HTTPS, and set SECURE_COOKIES=true.");
    println!();
}

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
