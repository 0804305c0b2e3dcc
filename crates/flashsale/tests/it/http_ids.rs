//! User ids: which are refused, which are kept to the letter, and which mean the same person.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::books;
use crate::support::client::{Answer, Client};
use crate::support::contract::assert_error;
use crate::support::http::encoded;
use crate::support::server::TestServer;

const USER_ID_CHARS_MAX: usize = 254;

async fn assert_invalid(client: &mut Client, user: &str) {
    let request = client.door().purchase(user);
    let response = client.send(&request).await.expect("an answer");
    assert_eq!(response.status, 422, "{user:?}: {}", response.text());
    assert_error(&response, 422, "invalid_user", &[]);
}

#[tokio::test]
async fn row_36_ids_that_name_nobody_are_refused() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    for user in ["", " ", "ab", "  ab  ", "\u{a0}\u{2003}\u{3000}ab", "éé"] {
        assert_invalid(&mut client, user).await;
    }
    for length in [USER_ID_CHARS_MAX + 1, 10 * 1024] {
        assert_invalid(&mut client, &"x".repeat(length)).await;
    }
    assert_invalid(&mut client, &"é".repeat(USER_ID_CHARS_MAX + 1)).await;
    assert_invalid(
        &mut client,
        &format!("{}@example.com", "x".repeat(USER_ID_CHARS_MAX)),
    )
    .await;
    // One character that the canonical form makes into eighteen.
    assert_invalid(
        &mut client,
        &format!("{}@example.com", "\u{fdfa}".repeat(20)),
    )
    .await;
    for control in ["\0", "\r\n", "\n", "\r", "\t", "\u{1b}", "\u{7f}", "\u{85}"] {
        assert_invalid(&mut client, &format!("ada{control}lovelace")).await;
    }
    // An address of which nothing is left once what leaves no mark is taken out of it.
    assert_invalid(&mut client, "@\u{200b}\u{200b}\u{200b}").await;
    assert_eq!(client.status().await["sold"], 0);

    for user in [
        "abc",
        &"x".repeat(USER_ID_CHARS_MAX),
        &"é".repeat(USER_ID_CHARS_MAX),
    ] {
        let order_id = client.buy(user).await.purchased();
        assert_eq!(client.lookup(user).await, Some(order_id));
    }
}

/// Ids that a careless store would take for a pattern, a separator, an escape or one another.
const ODD_IDS: [&str; 56] = [
    "a:b",
    "a:b:",
    ":a:b",
    "a::b",
    "a%3Ab",
    "a%3ab",
    "{a}b",
    "{}{}",
    "{{}}",
    "{drop}:user:a",
    "drop:stock",
    "***",
    "a*c",
    "a?c",
    "[abc]",
    "[a-z]",
    "abc",
    "Abc",
    "ABC",
    "ａｂｃ",
    "a.c",
    "a,c",
    "a;c",
    "a|c",
    "a&c=d",
    "a=c",
    "a+c",
    "a c",
    "a  c",
    "a/c",
    "a//c",
    "../..",
    "/etc/passwd",
    "a\\c",
    "\\0\\0",
    "\\u0041",
    "%00%00",
    "%2F%2F",
    "o'brien",
    "\"quoted\"",
    "a\"b,c\"d",
    "'; DROP TABLE orders; --",
    "x' OR '1'='1",
    "=1+1",
    "-1-1",
    "null",
    "undefined",
    "__proto__",
    "<b>bold</b>",
    "${jndi:x}",
    "café",
    "cafe\u{301}",
    "ab\u{200b}c",
    "a\u{2028}c",
    "\u{1f600}\u{1f44d}\u{1f3fd}",
    "\u{202e}abc",
];

#[tokio::test]
async fn row_36_odd_ids_are_kept_to_the_letter() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    assert_eq!(
        ODD_IDS.iter().collect::<BTreeSet<_>>().len(),
        ODD_IDS.len(),
        "each is there once"
    );
    let mut bought = BTreeMap::new();
    for user in ODD_IDS {
        assert_eq!(
            client.lookup(user).await,
            None,
            "{user:?} is taken for another"
        );
        let answer = client
            .buy_with_key(user, &format!("key of {}", encoded(user)))
            .await;
        bought.insert(user.to_owned(), answer.purchased());
    }
    let ids: BTreeSet<&String> = bought.values().collect();
    assert_eq!(ids.len(), ODD_IDS.len(), "no two share an order");

    let server = server.kill().await.start().await;
    let mut client = server.client().await;
    for (user, order_id) in &bought {
        assert_eq!(
            client.lookup(user).await.as_ref(),
            Some(order_id),
            "{user:?}"
        );
        assert_eq!(
            client.buy(user).await,
            Answer::AlreadyPurchased(order_id.clone()),
            "{user:?}"
        );
    }
    let rows = server.orders().await;
    let stored: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row.user_id.as_str(), row.order_id.as_str()))
        .collect();
    let told: Vec<(&str, &str)> = ODD_IDS
        .iter()
        .map(|&user| (user, bought[user].as_str()))
        .collect();
    assert_eq!(stored, told);
    for row in &rows {
        assert_eq!(
            row.idempotency_key,
            Some(format!("key of {}", encoded(&row.user_id)))
        );
    }
    books::assert_clean(&server.home().ledger()).await;
}

#[tokio::test]
async fn row_36_spaces_around_an_id_do_not_count() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let order_id = client.buy("  ada lovelace\u{a0}").await.purchased();
    for user in [
        "ada lovelace",
        "ada lovelace ",
        "\tada lovelace\r\n",
        "\u{3000}ada lovelace",
    ] {
        assert_eq!(
            client.buy(user).await,
            Answer::AlreadyPurchased(order_id.clone()),
            "{user:?}"
        );
        assert_eq!(
            client.lookup(user).await,
            Some(order_id.clone()),
            "{user:?}"
        );
    }
    assert_eq!(server.orders().await[0].user_id, "ada lovelace");
}

#[tokio::test]
async fn row_37_an_address_in_another_form_is_the_same_person() {
    const PEOPLE: [(&str, &[&str]); 4] = [
        (
            "ada@example.com",
            &[
                "Ada@Example.COM",
                "ADA@EXAMPLE.COM",
                " ada@example.com ",
                "ａｄａ@example.com",
                "ada＠example.com",
                "ada@example\u{ff0e}com",
                "a\u{200b}da@example.com",
                "ada\u{ad}@example.com",
                "ada@example.com\u{feff}",
            ],
        ),
        (
            "josé@example.com",
            &[
                "jose\u{301}@example.com",
                "JOSÉ@example.com",
                "JOSE\u{301}@EXAMPLE.COM",
            ],
        ),
        (
            "strasse@example.de",
            &[
                "straße@example.de",
                "STRASSE@EXAMPLE.DE",
                "Straße@Example.de",
                "STRAẞE@example.de",
            ],
        ),
        (
            "σίσυφος@example.gr",
            &["ΣΊΣΥΦΟΣ@EXAMPLE.GR", "σίσυφοσ@example.gr"],
        ),
    ];
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let mut ids = BTreeSet::new();
    for (first, others) in PEOPLE {
        let order_id = client.buy(first).await.purchased();
        for other in others {
            assert_eq!(
                client.lookup(other).await.as_ref(),
                Some(&order_id),
                "{other:?}"
            );
            assert_eq!(
                client.buy(other).await,
                Answer::AlreadyPurchased(order_id.clone()),
                "{other:?}"
            );
        }
        ids.insert(order_id);
    }
    assert_eq!(ids.len(), PEOPLE.len());

    // It is as well whichever form came first, and after a restart.
    let order_id = client.buy("ＧＲＡＣＥ@Example.Com").await.purchased();
    let server = server.stop().await.0.start().await;
    let mut client = server.client().await;
    assert_eq!(
        client.buy("grace@example.com").await,
        Answer::AlreadyPurchased(order_id)
    );
    let rows = server.orders().await;
    assert_eq!(
        rows.last().map(|row| row.user_id.as_str()),
        Some("grace@example.com")
    );
}

#[tokio::test]
async fn row_37_other_addresses_are_other_people() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let others = [
        "ada@example.com",
        "ada@example.org",
        "ada.@example.com",
        "ada+1@example.com",
        "ida@example.com",
        "ada",
    ];
    for user in others {
        client.buy(user).await.purchased();
    }
}
