//! What an audit finds in Redis: books that were tampered with, each in one way.

use flashsale_testkit::{Program, RedisServer};

use crate::support::books::{self, InRedis, Row};
use crate::support::process::Exit;
use crate::support::server::{HOUR_MS, TestServer};

/// How an order is made into one that cannot be.
type Change = fn(&mut Row);

const ORDERS: usize = 20;
const CONFIG: &str = "{drop}:config";
const STOCK: &str = "{drop}:stock";
const LIST: &str = "{drop}:orders";

/// A sale of a few orders, of which nobody sells any more.
struct Sold {
    redis: RedisServer,
    rows: Vec<Row>,
}

impl Sold {
    async fn start() -> Self {
        let redis = RedisServer::setup(Program::Redis).start().await;
        let mut sold = Self {
            redis,
            rows: Vec::new(),
        };
        sold.again().await;
        sold
    }

    /// Makes it anew.
    async fn again(&mut self) {
        self.redis.command(&["FLUSHALL"]).await.assert_ok();
        let node = TestServer::setup()
            .on_redis(&self.redis.url())
            .start()
            .await;
        let mut client = node.client().await;
        for number in 1..=ORDERS {
            let (user, key) = (format!("buyer-{number}"), format!("key-{number}"));
            client.buy_with_key(&user, &key).await.purchased();
        }
        assert_eq!(node.stop().await.1.code, Some(0));
        books::assert_clean(&self.place()).await;
        self.rows = books::orders(&self.place()).await;
    }

    fn place(&self) -> InRedis {
        InRedis(self.redis.url())
    }

    /// The order of a unit.
    fn row(&self, unit: usize) -> &Row {
        &self.rows[unit - 1]
    }

    /// Where it stands in the list.
    fn position(&self, unit: usize) -> String {
        format!("{}-{unit}", self.row(unit).ordered_at)
    }

    async fn tamper(&self, command: &[&str]) {
        let reply = self.redis.command(command).await;
        assert_eq!(reply.error(), None, "{command:?}");
    }

    /// Adds an order to the end of the list, by hand.
    async fn add(&self, row: &Row) {
        let position = format!("{}-{}", row.ordered_at, row.unit);
        let key = row.idempotency_key.as_deref().unwrap_or_default();
        let fields = ["order", &row.order_id, "user", &row.user_id, "key", key];
        self.tamper(&[&["XADD", LIST, &position], &fields[..]].concat())
            .await;
    }

    /// Gives it a receipt as well.
    async fn add_receipt(&self, row: &Row) {
        let key = row.idempotency_key.as_deref().unwrap_or_default();
        let receipt = format!("{}-{} {} {key}", row.ordered_at, row.unit, row.order_id);
        let name = format!("{{drop}}:user:{}", row.user_id);
        self.tamper(&["SET", &name, &receipt]).await;
    }

    /// One order more than there are, of somebody else.
    fn one_more(&self) -> Row {
        let last = self.row(ORDERS).clone();
        Row {
            unit: last.unit + 1,
            order_id: "0123456789abcdef".repeat(2),
            user_id: "eve".to_owned(),
            ordered_at: last.ordered_at + 1,
            idempotency_key: Some("key".to_owned()),
        }
    }

    /// The audit finds something: exit code 1, and how much. Returns what it says.
    async fn audit(&self) -> Exit {
        let exit = books::audit(&self.place()).await;
        assert_eq!(exit.code, Some(1), "{}", exit.said());
        assert_eq!(exit.stderr, "");
        exit.assert_line_with(&["findings"]);
        exit
    }

    /// Tampers with it by these commands, and looks for one line of the audit with all of these words.
    async fn check(&mut self, commands: &[&[&str]], words: &[&str]) {
        for command in commands {
            self.tamper(command).await;
        }
        self.audit()
            .await
            .assert_line_with(&[&["WRONG"], words].concat());
        self.again().await;
    }
}

#[tokio::test]
async fn a_receipt_that_is_gone_or_says_something_else_is_found() {
    let mut sold = Sold::start().await;
    let receipt = "{drop}:user:buyer-7";
    let id = sold.row(7).order_id.clone();
    let words = ["unit 7 ", &id, "missing"];
    sold.check(&[&["DEL", receipt]], &words).await;
    let id = sold.row(7).order_id.clone();
    let words = ["unit 7 ", &id, "missing"];
    sold.check(&[&["DEL", receipt], &["SADD", receipt, "x"]], &words)
        .await;
    let position = sold.position(7);
    let (this, other) = (sold.row(7).order_id.clone(), sold.row(8).order_id.clone());
    for text in [
        String::new(),
        "x".to_owned(),
        // Another order, another key, none, another unit.
        format!("{position} {other} key-7"),
        format!("{position} {this} key-8"),
        format!("{position} {this}"),
        format!("{} {this} key-7", sold.position(8)),
    ] {
        sold.tamper(&["SET", receipt, &text]).await;
        let exit = sold.audit().await;
        exit.assert_line_with(&["WRONG", "unit 7 ", "says something else"]);
        exit.assert_line_with(&["1 findings"]);
    }
}

#[tokio::test]
async fn a_counter_that_was_changed_is_found() {
    let mut sold = Sold::start().await;
    let last = "last unit: 20";
    for left in ["979", "981", "1000", "-20"] {
        let told = format!("units left: {left},");
        sold.check(&[&["SET", STOCK, left]], &[&told, last]).await;
    }
    let gone = ["counter of units left is gone", last];
    sold.check(&[&["DEL", STOCK]], &gone).await;
    sold.check(&[&["SET", STOCK, "many"]], &["units left", last])
        .await;
    // Redis can no longer count with it, so a node would half write its next order.
    sold.check(&[&["SET", STOCK, "0980"]], &["units left", last])
        .await;
}

#[tokio::test]
async fn a_stock_that_was_changed_is_found() {
    let mut sold = Sold::start().await;
    let words = ["do not add up", "units left: 980,", "last unit: 20"];
    sold.check(&[&["HSET", CONFIG, "stock", "2000"]], &words)
        .await;
    let less: [&[&str]; 2] = [&["HSET", CONFIG, "stock", "18"], &["SET", STOCK, "-2"]];
    sold.check(&less, &["unit 19 ", "beyond the stock of 18"])
        .await;
    sold.check(&less, &["20 orders", "stock of 18"]).await;
}

#[tokio::test]
async fn an_order_that_was_added_by_hand_is_found() {
    let mut sold = Sold::start().await;
    let more = sold.one_more();
    sold.add(&more).await;
    let exit = sold.audit().await;
    let books = [
        "WRONG",
        "units left: 980,",
        "entries in the list: 21",
        "last unit: 21",
    ];
    exit.assert_line_with(&books);
    exit.assert_line_with(&["WRONG", "receipt of unit 21 ", &more.order_id, "missing"]);
    // With a counter that fits there is still no receipt.
    sold.tamper(&["DECR", STOCK]).await;
    let exit = sold.audit().await;
    exit.assert_line_with(&["WRONG", "receipt of unit 21 ", "missing"]);
    exit.assert_line_with(&["1 findings"]);

    // A second order of one user, and one with the id of another.
    sold.again().await;
    let twice = Row {
        user_id: "buyer-3".to_owned(),
        ..sold.one_more()
    };
    sold.add(&twice).await;
    sold.tamper(&["DECR", STOCK]).await;
    sold.audit()
        .await
        .assert_line_with(&["WRONG", "unit 21 ", "unit 3 ", "same user"]);
    sold.again().await;
    let same_id = Row {
        order_id: sold.row(5).order_id.clone(),
        ..sold.one_more()
    };
    sold.add(&same_id).await;
    sold.add_receipt(&same_id).await;
    sold.tamper(&["DECR", STOCK]).await;
    let words = ["WRONG", "unit 21 ", "unit 5 ", &same_id.order_id];
    sold.audit().await.assert_line_with(&words);
}

#[tokio::test]
async fn an_order_in_a_place_that_cannot_be_is_found() {
    let mut sold = Sold::start().await;
    let tampered: [(Change, [&str; 2]); 3] = [
        (
            |row| row.ordered_at += 2 * HOUR_MS,
            ["unit 21 ", "outside the window"],
        ),
        (|row| row.unit = 23, ["unit 23 ", "follows unit 20"]),
        (
            |row| row.unit = 1_001,
            ["unit 1001 ", "beyond the stock of 1000"],
        ),
    ];
    for (change, words) in tampered {
        let mut row = sold.one_more();
        change(&mut row);
        sold.add(&row).await;
        sold.add_receipt(&row).await;
        sold.tamper(&["DECR", STOCK]).await;
        sold.audit()
            .await
            .assert_line_with(&[&["WRONG"], &words[..]].concat());
        sold.again().await;
    }
    // The list itself takes no order before its last.
    let early = ["XADD", LIST, "1-21", "order", "x", "user", "eve", "key", ""];
    let refusal = sold.redis.command(&early).await;
    assert!(refusal.error().is_some(), "{refusal:?}");
}

#[tokio::test]
async fn an_order_that_was_taken_out_is_found() {
    let mut sold = Sold::start().await;
    for (unit, words) in [
        (1, ["unit 2 ", "follows unit 0"]),
        (7, ["unit 8 ", "follows unit 6"]),
        (20, ["last unit: 19", "units left: 980,"]),
    ] {
        sold.tamper(&["XDEL", LIST, &sold.position(unit)]).await;
        let exit = sold.audit().await;
        exit.assert_line_with(&[&["WRONG"], &words[..]].concat());
        // Its receipt is one without an order.
        let receipt = format!("receipt of unit {unit} without an order");
        exit.assert_line_with(&["WRONG", &receipt]);
        sold.again().await;
    }
    let words = ["entries in the list: 0", "units left: 980,"];
    sold.check(&[&["DEL", LIST]], &words).await;
}

#[tokio::test]
async fn an_entry_that_is_no_order_is_found() {
    let mut sold = Sold::start().await;
    let id = "0123456789abcdef".repeat(2);
    let odd: [&[&str]; 7] = [
        &["a", "b"],
        &["order", &id, "user", "eve"],
        &["order", "x", "user", "eve", "key", ""],
        &["order", &id, "user", "", "key", ""],
        // No id of ours: spaces around it, and an address with capitals.
        &["order", &id, "user", " eve ", "key", ""],
        &["order", &id, "user", "Eve@example.com", "key", ""],
        &["order", &id, "user", "eve", "key", "", "more", "x"],
    ];
    for fields in odd {
        let place = format!("{}-21", sold.row(ORDERS).ordered_at);
        sold.tamper(&[&["XADD", LIST, &place], fields].concat())
            .await;
        sold.audit().await.assert_line_with(&["WRONG", &place]);
        let exit = books::read("orders", &sold.place(), &["--format", "jsonl"]).await;
        assert_eq!(exit.code, Some(1), "{exit:?}");
        assert!(exit.stderr.contains(&place), "{exit:?}");
        sold.again().await;
    }
    // One that is no order at all, by its place.
    sold.tamper(&["XADD", LIST, "*", "a", "b"]).await;
    sold.audit().await.assert_line_with(&["WRONG", "-0"]);
}

#[tokio::test]
async fn a_receipt_without_an_order_is_found() {
    let mut sold = Sold::start().await;
    let eve = "{drop}:user:eve";
    let id = "0123456789abcdef".repeat(2);
    let receipt = |position: &str| format!("{position} {id}");
    let of_seven = receipt(&sold.position(7));
    let words = ["receipt of unit 7 ", "without an order"];
    sold.check(&[&["SET", eve, &of_seven]], &words).await;
    for odd in ["x", "", "1-x"] {
        let words = ["cannot be read"];
        sold.check(&[&["SET", eve, odd]], &words).await;
    }
    sold.check(&[&["SADD", eve, "x"]], &["cannot be read"])
        .await;
    // What no user can be called is nobody's receipt either.
    let nobody = ["SET", "{drop}:user:\u{1}", &of_seven];
    sold.check(&[&nobody], &["receipt of unit 7 "]).await;
    // A name that is another form of one who has bought is not that one's.
    let other_form = ["SET", "{drop}:user: buyer-7 ", &of_seven];
    sold.check(&[&other_form], &["receipt of unit 7 "]).await;
    // Nobody sells, so a unit that is not sold is none that was sold meanwhile.
    let later = receipt(&format!("{}-21", sold.row(ORDERS).ordered_at));
    sold.check(&[&["SET", eve, &later]], &["receipt of unit 21 "])
        .await;
}

#[tokio::test]
async fn a_sale_without_a_key_of_its_own_cannot_be_measured() {
    let mut sold = Sold::start().await;
    let damages: [(&[&[&str]], &str); 4] = [
        (&[&["DEL", CONFIG]], "without its configuration"),
        (&[&["HDEL", CONFIG, "epoch"]], "epoch"),
        (&[&["DEL", CONFIG], &["SET", CONFIG, "x"]], "type"),
        (&[&["HSET", CONFIG, "version", "3"]], "version 3"),
    ];
    for (damage, word) in damages {
        for command in damage {
            sold.tamper(command).await;
        }
        for command in ["audit", "orders"] {
            let exit = books::read(command, &sold.place(), &[]).await;
            assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit:?}");
            assert!(exit.stderr.contains(word), "{exit:?}");
        }
        sold.again().await;
    }
    // With these it can, and they are wrong.
    for key in [STOCK, LIST] {
        let exit = async {
            sold.tamper(&["DEL", key]).await;
            sold.tamper(&["SADD", key, "x"]).await;
            books::audit(&sold.place()).await
        }
        .await;
        assert!(matches!(exit.code, Some(1 | 2)), "{exit:?}");
        assert!(exit.said().contains("type"), "{exit:?}");
        sold.again().await;
    }
}
