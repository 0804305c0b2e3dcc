//! Reading and auditing a sale in Redis, also while nodes sell from it.

use std::sync::Arc;

use flashsale_sale::{Order, Sale, SaleId};
use redis::{Pipeline, Value};

use super::address::Address;
use super::books::{self, Books};
use super::connection::{Connection, Pool};
use super::dialer::Dialer;
use super::head::{self, Found, Head};
use super::keys::Keys;
use super::open::OpenError;
use super::record::{self, Position};
use super::trouble::Trouble;
use crate::audit::{Audit, Finding};

/// How many orders are read at once.
const PAGE: usize = 1_000;

/// A sale opened for reading, as it was at one moment: orders that are stored later do not show.
#[derive(Debug)]
pub struct Reader {
    address: Address,
    pool: Pool,
    keys: Keys,
    head: Head,
    books: Books,
}

/// Why the orders could not all be handed over.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// Redis failed, or holds something that was not written by flashsale.
    #[error("{0}")]
    Redis(String),
    /// The caller's function failed.
    #[error("{0}")]
    Caller(E),
}

impl<E> From<Trouble> for ReadError<E> {
    fn from(trouble: Trouble) -> Self {
        Self::Redis(trouble.to_string())
    }
}

impl Reader {
    /// Opens a sale. Fails when Redis holds none of that name.
    pub async fn open(
        address: Address,
        authorities: Option<Vec<u8>>,
        id: &SaleId,
    ) -> Result<Self, OpenError> {
        let keys = Keys::of(id);
        let dialer = Dialer::new(address.clone(), authorities, keys.config.clone(), None);
        let pool = Pool::new(Arc::new(dialer), 1);
        let Found::Sale(head) = head::read(&pool, &keys, id).await? else {
            return Err(OpenError::Unusable(format!(
                "Redis at {address} holds no sale {id}"
            )));
        };
        let mut question = Pipeline::new();
        question.atomic();
        books::ask(&mut question, &keys, None);
        let books = Books::parse(&pool.lease().await?.at_once(&question).await?)?;
        Ok(Self {
            address,
            pool,
            keys,
            head: *head,
            books,
        })
    }

    /// The settings of the sale.
    pub fn sale(&self) -> &Sale {
        &self.head.sale
    }

    /// Where Redis is, without the password.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Hands every order over, in order of unit.
    pub async fn for_each_order<E>(
        &self,
        mut each: impl FnMut(Order) -> Result<(), E>,
    ) -> Result<(), ReadError<E>> {
        let mut lease = self.pool.lease().await?;
        let mut last = None;
        loop {
            let page = self.page(&mut lease, last).await?;
            let Some(end) = page.last().map(Position::of) else {
                return Ok(());
            };
            last = Some(end);
            for order in page {
                each(order).map_err(ReadError::Caller)?;
            }
        }
    }

    /// Checks the configuration, the counter, every order and every receipt, and returns how many orders
    /// there are and all that is wrong. Fails when Redis cannot be read to the end.
    pub async fn audit(&self) -> Result<(u64, Vec<Finding>), OpenError> {
        let mut audit = Audit::new(&self.head.sale);
        if let Err(fault) = self.books.check(&self.head, None) {
            audit.find(format!("{fault} ({})", self.books));
        }
        let mut lease = self.pool.lease().await?;
        let mut last = None;
        loop {
            let page = match self.page(&mut lease, last).await {
                Err(Trouble::Closed(fault)) => {
                    audit.find(fault.to_string());
                    break;
                }
                page => page?,
            };
            let Some(end) = page.last().map(Position::of) else {
                break;
            };
            last = Some(end);
            self.check_receipts(&mut lease, &page, &mut audit).await?;
            for order in &page {
                audit.check(order);
            }
        }
        self.find_stray_receipts(&mut lease, &mut audit).await?;
        Ok(audit.finish())
    }

    /// The orders behind a position, up to the last one that was there when the sale was opened.
    async fn page(
        &self,
        lease: &mut Connection,
        after: Option<Position>,
    ) -> Result<Vec<Order>, Trouble> {
        let Some(end) = self.books.last else {
            return Ok(Vec::new());
        };
        let start = after.map_or_else(|| "-".to_owned(), |after| format!("({after}"));
        let mut command = redis::cmd("XRANGE");
        command
            .arg(&self.keys.orders)
            .arg(start)
            .arg(end.to_string())
            .arg("COUNT")
            .arg(PAGE);
        let entries = lease.command(&command).await?;
        record::parse_entries(&entries).map_err(Trouble::unsound)
    }

    /// Each user's receipt must say what the list says.
    async fn check_receipts(
        &self,
        lease: &mut Connection,
        orders: &[Order],
        audit: &mut Audit<'_>,
    ) -> Result<(), Trouble> {
        let mut command = redis::cmd("MGET");
        for order in orders {
            command.arg(self.keys.receipt(&order.user));
        }
        let Value::Array(receipts) = lease.command(&command).await? else {
            return Err(Trouble::unsound("the receipts cannot be read"));
        };
        for (order, receipt) in orders.iter().zip(receipts) {
            let (unit, id) = (order.unit, order.id);
            match receipt {
                Value::BulkString(bytes) if bytes == record::receipt(order).as_bytes() => {}
                Value::BulkString(_) => {
                    audit.find(format!(
                        "the receipt of unit {unit} ({id}) says something else"
                    ));
                }
                _ => audit.find(format!("the receipt of unit {unit} ({id}) is missing")),
            }
        }
        Ok(())
    }

    /// A receipt without an order would keep its user from buying, and show an order that is none.
    async fn find_stray_receipts(
        &self,
        lease: &mut Connection,
        audit: &mut Audit<'_>,
    ) -> Result<(), Trouble> {
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = redis::cmd("SCAN");
            let pattern = format!("{}*", glob_escaped(&self.keys.receipts));
            scan.arg(&cursor)
                .arg("MATCH")
                .arg(pattern)
                .arg("COUNT")
                .arg(PAGE);
            let Value::Array(mut answer) = lease.command(&scan).await? else {
                return Err(Trouble::unsound("the keys cannot be listed"));
            };
            let (Some(Value::Array(keys)), Some(next)) = (answer.pop(), answer.pop()) else {
                return Err(Trouble::unsound("the keys cannot be listed"));
            };
            self.check_keys(lease, &keys, audit).await?;
            record::text(&next).unwrap_or("0").clone_into(&mut cursor);
            if cursor == "0" {
                return Ok(());
            }
        }
    }

    /// What has an order in the list was compared with it already. The order of another may have been made
    /// since the list was looked at; then it stands where the receipt says.
    async fn check_keys(
        &self,
        lease: &mut Connection,
        keys: &[Value],
        audit: &mut Audit<'_>,
    ) -> Result<(), Trouble> {
        let mut users: Vec<&[u8]> = Vec::new();
        let mut questions = Pipeline::new();
        for key in keys {
            let Value::BulkString(key) = key else {
                continue;
            };
            let user = key.strip_prefix(self.keys.receipts.as_bytes());
            let user = user.unwrap_or_default();
            if !audit.has_order_of(user) {
                users.push(user);
                questions.cmd("GET").arg(&key[..]);
            }
        }
        let mut places = Vec::new();
        let mut orders = Pipeline::new();
        for (user, receipt) in users.iter().zip(lease.commands(&questions).await?) {
            let Some(position) = position_in(&receipt) else {
                audit.find(
                    "there is a receipt that cannot be read, without an order of its user"
                        .to_owned(),
                );
                continue;
            };
            let place = position.to_string();
            let range = orders.cmd("XRANGE").arg(&self.keys.orders);
            range.arg(&place).arg(&place);
            places.push((*user, position.unit));
        }
        for ((user, unit), found) in places.into_iter().zip(lease.all(&orders).await?) {
            let found = record::parse_entries(&found).map_err(Trouble::unsound)?;
            if !found
                .iter()
                .any(|order| order.user.as_str().as_bytes() == user)
            {
                audit.find(format!(
                    "there is a receipt of unit {unit} without an order of its user in the list"
                ));
            }
        }
        Ok(())
    }
}

fn position_in(receipt: &Value) -> Option<Position> {
    record::text(receipt)?
        .split(' ')
        .next()
        .and_then(Position::parse)
}

/// The name of a sale has none of these, but a pattern must never be made of what was not looked at.
fn glob_escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            ['\\']
                .into_iter()
                .filter(move |_| "*?[]\\^-".contains(c))
                .chain([c])
        })
        .collect()
}
