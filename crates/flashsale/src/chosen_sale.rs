//! Which sale a server sells, and whether the settings agree with the stored ones.
//!
//! A sale is stored once, and then its stored settings hold: a restart neither counts `30s` again nor
//! fills the stock up. A setting that contradicts the stored one is refused with both values.
//!
//! Without `SALE_ID`, `SALE_START` and `SALE_END` it is the demo: a sale of a few seconds' notice
//! that is gone on with while it lasts. When it is over, its ledger is kept and a new one begins.
//!
//! [`mod@file`] finds and makes it in a folder, [`redis`] in a Redis that many nodes share.

pub(crate) mod file;
pub(crate) mod redis;

use std::fmt::Display;

use flashsale_api::admin::about::Engine;
use flashsale_sale::{InvalidSale, Phase, Sale, SaleId, Timestamp, Window};

use crate::cli::SaleSettings;
use crate::failure::Failure;
use crate::moment::Moment;
use flashsale_api::export::calendar;

const PRODUCT_ID: &str = "AL-042";
const PRODUCT_DESCRIPTION: &str = "Alba Stacking Dishes, Vermilion";
const STOCK: u32 = 1000;
/// Long enough to open the page before a sale without a given start begins.
const START: Moment = Moment::In(10_000);
/// How long a sale without a given end lasts, in milliseconds.
const DURATION_MS: u64 = 3_600_000;
/// What the names of demo sales begin with.
const DEMO: &str = "demo-";

/// The sale to sell, with its ledger open.
#[derive(Debug)]
pub(crate) struct ChosenSale<L> {
    pub(crate) ledger: L,
    /// Which kind of ledger it is.
    pub(crate) engine: Engine,
    /// Where the ledger is, for people.
    pub(crate) place: String,
    /// Whether it began with this start of the server.
    pub(crate) is_new: bool,
    pub(crate) is_demo: bool,
}

impl SaleSettings {
    /// Whether they name no sale, so that it is the demo.
    fn is_demo(&self) -> bool {
        self.sale_id.is_none() && self.sale_start.is_none() && self.sale_end.is_none()
    }
}

fn named_id(settings: &SaleSettings) -> Result<SaleId, Failure> {
    if let Some(id) = &settings.sale_id {
        return SaleId::parse(id).map_err(|error| Failure::refused(format!("SALE_ID: {error}")));
    }
    let product_id = settings.product_id.as_deref().unwrap_or(PRODUCT_ID);
    SaleId::parse(product_id).map_err(|_| {
        Failure::refused(format!(
            "PRODUCT_ID {product_id:?} cannot name the ledger; give the sale a name with SALE_ID"
        ))
    })
}

/// The name of a demo: the first digits of a time in UTC, so that the last by name is the last that began.
fn demo_name(time: Timestamp, digits: usize) -> Result<SaleId, Failure> {
    let stamp: String = calendar(time)
        .chars()
        .filter(char::is_ascii_digit)
        .take(digits)
        .collect();
    let (day, rest) = stamp.split_at(8);
    SaleId::parse(&format!("{DEMO}{day}-{rest}")).map_err(Failure::failed)
}

fn new_sale(settings: &SaleSettings, id: SaleId, now: Timestamp) -> Result<Sale, Failure> {
    let starts_at = settings.sale_start.unwrap_or(START).from(now);
    let ends_at = match settings.sale_end {
        Some(end) => end.from(now),
        None => Timestamp(starts_at.0.saturating_add(DURATION_MS)),
    };
    let window = Window::new(starts_at, ends_at).map_err(|error| {
        let (start, end) = (calendar(starts_at), calendar(ends_at));
        Failure::refused(format!("SALE_START is {start} and SALE_END {end}: {error}"))
    })?;
    // Stored, it would use up its name and never sell anything: more likely the year is wrong.
    if window.phase(now) == Phase::Ended {
        let (end, now) = (calendar(ends_at), calendar(now));
        let unasked = match settings.sale_end {
            Some(_) => "",
            None => ", an hour after SALE_START,",
        };
        return Err(Failure::refused(format!(
            "SALE_END {end}{unasked} has passed already: it is {now}, and a new sale must end later"
        )));
    }
    let text =
        |given: &Option<String>, default: &str| given.as_deref().unwrap_or(default).to_owned();
    Sale::new(
        id,
        text(&settings.product_id, PRODUCT_ID),
        text(&settings.product_description, PRODUCT_DESCRIPTION),
        settings.sale_stock.unwrap_or(STOCK),
        window,
    )
    .map_err(|error| {
        let setting = match error {
            InvalidSale::Stock(_) => "SALE_STOCK",
            InvalidSale::ProductId => "PRODUCT_ID",
            InvalidSale::ProductDescription => "PRODUCT_DESCRIPTION",
        };
        Failure::refused(format!("{setting}: {error}"))
    })
}

/// Compares every setting that is given, and certain, with what is stored.
fn check_agreement(settings: &SaleSettings, sale: &Sale) -> Result<(), String> {
    let id = sale.id();
    let differ = |name: &str, given: &dyn Display, stored: &dyn Display| {
        Err(format!(
            "{name} is {given}, but the sale {id} is stored with {stored}. What is stored holds: \
             remove the setting, or give a new sale another SALE_ID"
        ))
    };
    if let Some(stock) = settings.sale_stock
        && stock != sale.stock()
    {
        return differ("SALE_STOCK", &stock, &sale.stock());
    }
    let texts = [
        ("PRODUCT_ID", &settings.product_id, sale.product_id()),
        (
            "PRODUCT_DESCRIPTION",
            &settings.product_description,
            sale.product_description(),
        ),
    ];
    for (name, given, stored) in texts {
        if let Some(given) = given
            && given != stored
        {
            return differ(name, given, &stored);
        }
    }
    let times = [
        ("SALE_START", settings.sale_start, sale.window().starts_at()),
        ("SALE_END", settings.sale_end, sale.window().ends_at()),
    ];
    for (name, given, stored) in times {
        // A relative time meant a moment at the first start, which is the stored one.
        if let Some(Moment::At(given)) = given
            && given != stored
        {
            return differ(name, &calendar(given), &calendar(stored));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> SaleSettings {
        SaleSettings {
            sale_id: Some("drop".into()),
            product_id: None,
            product_description: None,
            sale_stock: None,
            sale_start: None,
            sale_end: None,
        }
    }

    fn sale(settings: &SaleSettings) -> Result<Sale, Failure> {
        new_sale(
            settings,
            SaleId::parse("drop").unwrap(),
            Timestamp(1_000_000),
        )
    }

    #[test]
    fn a_sale_without_settings_starts_soon_and_lasts_an_hour() {
        let sale = sale(&settings()).unwrap();
        assert_eq!(sale.stock(), STOCK);
        assert_eq!(sale.window().starts_at(), Timestamp(1_010_000));
        assert_eq!(sale.window().ends_at(), Timestamp(4_610_000));
    }

    #[test]
    fn row_46_a_sale_that_makes_no_sense_is_refused() {
        let check = |settings: SaleSettings| {
            assert!(
                matches!(sale(&settings), Err(Failure::Refused(_))),
                "{settings:?}"
            );
        };
        let (start, end) = (Some(Moment::In(2_000)), Some(Moment::In(1_000)));
        check(SaleSettings {
            sale_start: start,
            sale_end: end,
            ..settings()
        });
        check(SaleSettings {
            sale_start: start,
            sale_end: start,
            ..settings()
        });
        // Its end is the very moment of the start, which is the first after the sale.
        check(SaleSettings {
            sale_start: Some(Moment::At(Timestamp(1))),
            sale_end: Some(Moment::In(0)),
            ..settings()
        });
        check(SaleSettings {
            sale_stock: Some(10_000_001),
            ..settings()
        });
        check(SaleSettings {
            product_id: Some(String::new()),
            ..settings()
        });
        check(SaleSettings {
            product_description: Some("a\nb".into()),
            ..settings()
        });
    }

    #[test]
    fn row_10_a_contradiction_is_refused_with_both_values() {
        let stored = sale(&settings()).unwrap();
        let check = |settings: SaleSettings, both: Option<[&str; 2]>| {
            let result = check_agreement(&settings, &stored);
            match both {
                None => assert_eq!(result, Ok(())),
                Some(both) => {
                    let sentence = result.unwrap_err();
                    assert!(
                        both.iter().all(|value| sentence.contains(value)),
                        "{sentence}"
                    );
                }
            }
        };
        check(settings(), None);
        check(
            SaleSettings {
                sale_stock: Some(STOCK),
                ..settings()
            },
            None,
        );
        check(
            SaleSettings {
                sale_start: Some(Moment::In(5)),
                ..settings()
            },
            None,
        );
        check(
            SaleSettings {
                sale_stock: Some(7),
                ..settings()
            },
            Some(["7", "1000"]),
        );
        let other = SaleSettings {
            product_id: Some("other".into()),
            ..settings()
        };
        check(other, Some(["other", PRODUCT_ID]));
        let start = Some(Moment::At(Timestamp(1_010_001)));
        let both = ["1970-01-01T00:16:50.001Z", "1970-01-01T00:16:50.000Z"];
        check(
            SaleSettings {
                sale_start: start,
                ..settings()
            },
            Some(both),
        );
    }
}
