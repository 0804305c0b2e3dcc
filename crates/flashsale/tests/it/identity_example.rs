//! The example of a shop's back end in `docs/examples`: it runs, and the server takes its tokens.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::books;
use crate::support::client::Answer;
use crate::support::http::{Connection, Request};
use crate::support::identity::{COOKIE, ShopKey, purchase, with_tokens};
use crate::support::process::Process;
use crate::support::server::{Home, TestServer};

const START_MAX: Duration = Duration::from_secs(20);

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/shop.mjs")
}

/// The shop, with a key of its own, on a free port.
async fn open_shop(key: &Path) -> (Process, SocketAddr) {
    let mut command = Command::new("node");
    command.arg(example()).arg(key).env("PORT", "0");
    command.env("SECURE_COOKIES", "false");
    let shop = Process::spawn(&mut command);
    let deadline = Instant::now() + START_MAX;
    loop {
        let said = shop.stdout();
        if let Some((_, address)) = said.trim_end().split_once("listening on http://") {
            return (shop, address.parse().expect("an address"));
        }
        assert!(Instant::now() < deadline, "{}{}", said, shop.stderr());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the shop sets for a customer whose session this is.
async fn sale_token(shop: SocketAddr, session: &str) -> Option<String> {
    let mut connection = Connection::open(shop).await.expect("a connection");
    let request = Request::post("/sale-token").header("cookie", format!("session={session}"));
    let response = connection.begin(&request).await.expect("an answer");
    let cookie = response.header("set-cookie")?;
    let token = cookie.strip_prefix(COOKIE)?.strip_prefix('=')?;
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    Some(token.split_once(';')?.0.to_owned())
}

async fn check(key: &Path, keys: &Path, algorithm: &str) {
    let (_shop, shop) = open_shop(key).await;
    let setup = with_tokens(TestServer::setup(), keys, algorithm);
    let server = setup
        .env("TOKEN_ISSUER", "https://shop.example")
        .start()
        .await;
    assert_eq!(sale_token(shop, "of-nobody").await, None);
    let token = sale_token(shop, "of-ada").await.expect("a token");
    let cookie = format!("{COOKIE}={token}");
    let csrf = Request::get("/api/csrf").header("cookie", &cookie);
    let given = server.ask(&csrf).await;
    assert_eq!(
        given.json()["userId"],
        "ada@example.com",
        "{algorithm}: {}",
        given.text()
    );
    let csrf = given.json()["csrfToken"]
        .as_str()
        .expect("a token")
        .to_owned();
    let request = purchase(&csrf, "{}").header("cookie", &cookie);
    let order = Answer::of(&server.ask(&request).await).purchased();
    let receipt = Request::get("/api/purchase/ada@example.com").header("cookie", &cookie);
    assert_eq!(server.ask(&receipt).await.json()["orderId"], order.as_str());
    let grace = sale_token(shop, "of-grace").await.expect("a token");
    let receipt =
        Request::get("/api/purchase/ada@example.com").header("cookie", format!("{COOKIE}={grace}"));
    assert_eq!(server.ask(&receipt).await.json()["purchased"], false);
}

#[tokio::test]
async fn row_51_the_example_of_a_shop_sells_to_its_customers() {
    for algorithm in ["EdDSA", "ES256"] {
        let key = ShopKey::make(algorithm).await;
        check(&key.private(), &key.public(), algorithm).await;
    }
}

/// A key that Node.js has made, once by the server's own document and once in PEM.
#[tokio::test]
async fn row_51_the_example_of_a_shop_may_have_a_key_of_rsa() {
    const MAKE: &str = "const { generateKeyPairSync } = require('node:crypto');
        const { writeFileSync } = require('node:fs');
        const publicKeyEncoding = { type: 'spki', format: 'pem' };
        const privateKeyEncoding = { type: 'pkcs8', format: 'pem' };
        const options = { modulusLength: 2048, publicKeyEncoding, privateKeyEncoding };
        const { publicKey, privateKey } = generateKeyPairSync('rsa', options);
        writeFileSync('public.pem', publicKey);
        writeFileSync('private.pem', privateKey);";
    let home = Home::new();
    let mut command = Command::new("node");
    command.args(["-e", MAKE]).current_dir(home.path());
    let made = Process::spawn(&mut command).exit(START_MAX).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let (private, public) = (
        home.path().join("private.pem"),
        home.path().join("public.pem"),
    );
    check(&private, &public, "RS256").await;

    let arguments = ["token", "public", "--key", "private.pem"];
    let document = books::run(home.path(), &arguments).await;
    assert_eq!(document.code, Some(0), "{document:?}");
    let keys = home.path().join("keys.json");
    std::fs::write(&keys, document.stdout).expect("a file is written");
    check(&private, &keys, "RS256").await;
}
