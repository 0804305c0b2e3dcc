//! Which sale a server sells, and whether the settings agree with the stored ones.
//!
//! A sale is stored once, and then its stored settings hold: a restart neither counts `30s` again nor
//! fills the stock up. A setting that contradicts the stored one is refused with both values.
//!
//! Without `SALE_ID`, `SALE_START` and `SALE_END` it is the demo: a sale of a few seconds' notice
//! that is gone on with while it lasts. When it is over, its ledger is kept and a new one begins.

use std::fmt::Display;
use std::path::Path;

use flashsale_ledger::sqlite::{Contents, OpenError, Reader, SaleFiles, SqliteLedger, files};
use flashsale_ledger::{Clock, Ledger as _};
use flashsale_sale::{InvalidSale, Phase, Sale, SaleId, Timestamp, Window};

use crate::cli::SaleSettings;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::orders::calendar;
use crate::{stored, world};

const PRODUCT_ID: &str = "AL-042";
const PRODUCT_DESCRIPTION: &str = "Alba Stacking Dishes, Vermilion";
const STOCK: u32 = 1000;
/// Long enough to open the page before a sale without a given start begins.
const START: Moment = Moment::In(10_000);
/// How long a sale without a given end lasts, in milliseconds.
const DURATION_MS: u64 = 3_600_000;

/// The sale to sell, with its ledger open.
#[derive(Debug)]
pub(crate) struct ChosenSale {
    pub(crate) ledger: SqliteLedger,
    /// Whether it began with this start of the server.
    pub(crate) is_new: bool,
    pub(crate) is_demo: bool,
}

/// Opens the ledger of the sale that the settings mean, and makes it if there is none.
pub(crate) fn open(
    settings: &SaleSettings,
    data_dir: &Path,
    clock: Clock,
) -> Result<ChosenSale, Failure> {
    let now = clock();
    let is_demo =
        settings.sale_id.is_none() && settings.sale_start.is_none() && settings.sale_end.is_none();
    let id = if is_demo {
        demo_id(data_dir, now)?
    } else {
        named_id(settings)?
    };
    let mut sale_files = SaleFiles::lock(data_dir, &id).map_err(Failure::failed)?;
    let is_new = sale_files.contents().map_err(Failure::failed)? == Contents::Nothing;
    if is_new {
        let sale = new_sale(settings, id, now)?;
        let key = |error| Failure::failed(format!("the system gave no random bytes: {error}"));
        let epoch = world::key().map_err(key)?;
        let csrf_key = world::key().map_err(key)?;
        sale_files
            .create(sale, epoch, csrf_key)
            .map_err(Failure::failed)?;
    }
    let ledger = sale_files.open(clock).map_err(Failure::failed)?;
    if !is_new {
        check_agreement(settings, ledger.view().sale()).map_err(Failure::Refused)?;
    }
    Ok(ChosenSale {
        ledger,
        is_new,
        is_demo,
    })
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

/// The demo that is still going on, or a new name.
fn demo_id(data_dir: &Path, now: Timestamp) -> Result<SaleId, Failure> {
    // The names hold the time, so the last by name is the last that began.
    let demos = stored::sales(data_dir)?;
    let latest = demos
        .into_iter()
        .rfind(|id| id.as_str().starts_with("demo-"));
    if let Some(id) = latest {
        let is_over = is_over(&files::database_path(data_dir, &id), now);
        if !is_over.map_err(Failure::failed)? {
            return Ok(id);
        }
    }
    let mut time = now;
    loop {
        let stamp: String = calendar(time)
            .chars()
            .filter(char::is_ascii_digit)
            .take(14)
            .collect();
        let id = SaleId::parse(&format!("demo-{}-{}", &stamp[..8], &stamp[8..]));
        let id = id.map_err(Failure::failed)?;
        if !files::database_path(data_dir, &id).exists() {
            return Ok(id);
        }
        // Only a clock that was set back leads here.
        time.0 += 1_000;
    }
}

fn is_over(path: &Path, now: Timestamp) -> Result<bool, OpenError> {
    let ledger = Reader::open(path)?;
    Ok(ledger.sale().window().phase(now) == Phase::Ended || ledger.has_ended()?)
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
