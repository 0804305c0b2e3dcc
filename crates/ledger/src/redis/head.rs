//! The settings of a sale as Redis keeps them, and how they come there: once, by whichever node is first.

use std::fmt::Write as _;

use flashsale_sale::{Sale, SaleId, Timestamp, Window};
use redis::{Pipeline, Value};

use super::connection::Pool;
use super::keys::Keys;
use super::record;
use super::trouble::Trouble;
use crate::CsrfKey;

/// The form of what is stored. A program that knows another one must not sell from it.
const VERSION: &str = "2";
/// How often another node may be quicker. One that was has made the sale, so once is the rule.
const TRIES_MAX: u32 = 10;

/// What is stored of a sale besides its orders. All but the end is written once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sale: Sale,
    /// Tells this sale from every other, also from a later one of the same name: 32 hexadecimal digits.
    pub(crate) epoch: String,
    pub(crate) csrf_key: CsrfKey,
    /// When the ledger saw the end of the sale.
    pub(crate) ended_at: Option<Timestamp>,
}

/// What is there of a sale.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing at all.
    Nothing,
    /// A sale, which may be sold from.
    Sale(Box<Head>),
}

/// Reads what is stored. A stock or orders without settings are an error.
pub(super) async fn read(pool: &Pool, keys: &Keys, id: &SaleId) -> Result<Found, Trouble> {
    let mut lease = pool.lease().await?;
    let answers = lease.all(&question(keys, None)).await?;
    found(&answers, id)
}

/// Stores a new sale unless there is one, and returns the one that is stored and whether it is new.
pub(super) async fn create(pool: &Pool, keys: &Keys, new: &Head) -> Result<(Head, bool), Trouble> {
    let id = new.sale.id();
    for _ in 0..TRIES_MAX {
        let guard = [&keys.config, &keys.stock, &keys.orders];
        let (watched, answers) = pool
            .lease()
            .await?
            .watch(&question(keys, Some(guard)))
            .await?;
        if let Found::Sale(head) = found(&answers[1..], id)? {
            watched.unwatch().await?;
            return Ok((*head, false));
        }
        let (_, written) = watched.exec(&new.write(keys)).await?;
        let Some(answers) = written else {
            continue;
        };
        for answer in answers {
            answer
                .extract_error()
                .map_err(|error| Trouble::after_sending(&error))?;
        }
        return Ok((new.clone(), true));
    }
    Err(Trouble::Outrun(TRIES_MAX))
}

fn question(keys: &Keys, guard: Option<[&String; 3]>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    if let Some(guard) = guard {
        pipeline.cmd("WATCH").arg(&guard);
    }
    pipeline.cmd("HGETALL").arg(&keys.config);
    pipeline.cmd("EXISTS").arg(&keys.stock).arg(&keys.orders);
    pipeline
}

pub(crate) fn found(answers: &[Value], id: &SaleId) -> Result<Found, Trouble> {
    let [config, others] = answers else {
        return Err(Trouble::unsound("Redis gave too few answers"));
    };
    let fields = fields(config);
    if !fields.is_empty() {
        let head = Head::parse(&fields, id).map_err(|reason| {
            Trouble::unsound(format!("the configuration of {id} in Redis: {reason}"))
        })?;
        return Ok(Found::Sale(Box::new(head)));
    }
    if record::number(others) != Some(0) {
        return Err(Trouble::unsound(format!(
            "Redis holds a stock or orders of {id} without its configuration"
        )));
    }
    Ok(Found::Nothing)
}

/// The fields of a hash, also where the protocol has a type of its own for it.
fn fields(value: &Value) -> Vec<(&str, &str)> {
    let pairs: Vec<(&Value, &Value)> = match value {
        Value::Map(pairs) => pairs.iter().map(|(name, value)| (name, value)).collect(),
        Value::Array(values) => values
            .chunks_exact(2)
            .map(|two| (&two[0], &two[1]))
            .collect(),
        _ => Vec::new(),
    };
    pairs
        .into_iter()
        .filter_map(|(name, value)| Some((record::text(name)?, record::text(value)?)))
        .collect()
}

impl Head {
    pub(crate) fn write(&self, keys: &Keys) -> Pipeline {
        let (sale, window) = (&self.sale, self.sale.window());
        let mut pipeline = Pipeline::new();
        pipeline.atomic();
        pipeline
            .cmd("HSET")
            .arg(&keys.config)
            .arg(&["version", VERSION, "saleId", sale.id().as_str()])
            .arg(&["epoch", &self.epoch, "csrfKey", &hex(&self.csrf_key)])
            .arg(&["productId", sale.product_id()])
            .arg(&["productDescription", sale.product_description()])
            .arg("stock")
            .arg(sale.stock())
            .arg("startsAt")
            .arg(window.starts_at().0)
            .arg("endsAt")
            .arg(window.ends_at().0);
        pipeline.cmd("SET").arg(&keys.stock).arg(sale.stock());
        pipeline
    }

    fn parse(fields: &[(&str, &str)], id: &SaleId) -> Result<Self, String> {
        let field = |name: &str| {
            let found = fields.iter().find(|(found, _)| *found == name);
            found
                .map(|(_, value)| *value)
                .ok_or_else(|| format!("the field {name} is missing"))
        };
        let number = |name: &str| {
            let text = field(name)?;
            text.parse::<u64>()
                .map_err(|_| format!("the field {name} is {text:?}, which is no number"))
        };
        let version = field("version")?;
        if version != VERSION {
            return Err(format!(
                "it has format version {version}, this program reads {VERSION}"
            ));
        }
        if field("saleId")? != id.as_str() {
            return Err(format!("it is that of {}", field("saleId")?));
        }
        let window = Window::new(Timestamp(number("startsAt")?), Timestamp(number("endsAt")?))
            .map_err(|error| error.to_string())?;
        let stock = u32::try_from(number("stock")?).map_err(|_| "the stock is too large")?;
        let (product, description) = (field("productId")?, field("productDescription")?);
        let sale = Sale::new(
            id.clone(),
            product.to_owned(),
            description.to_owned(),
            stock,
            window,
        )
        .map_err(|error| error.to_string())?;
        Ok(Self {
            sale,
            epoch: field("epoch")?.to_owned(),
            csrf_key: unhex(field("csrfKey")?).ok_or("the field csrfKey is not a key")?,
            ended_at: field("endedAt")
                .is_ok()
                .then(|| number("endedAt"))
                .transpose()?
                .map(Timestamp),
        })
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: Vec<u8> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect::<Option<_>>()?;
    bytes.try_into().ok()
}
