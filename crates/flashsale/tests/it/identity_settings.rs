//! Settings of signed identities that make no sense, and the command that makes keys and tokens.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::books;
use crate::support::http::Request;
use crate::support::identity::{ShopKey, SignedIn, sign, with_tokens};
use crate::support::server::{Home, Setup, TestServer};

async fn check_refused(setup: Setup, words: &[&str]) {
    let exit = setup.refused().await;
    assert_eq!(exit.code, Some(2), "{exit:?}");
    for word in words {
        assert!(
            exit.stderr.contains(word),
            "{word:?} is missing: {}",
            exit.stderr
        );
    }
    let lines = exit
        .stderr
        .lines()
        .filter(|line| line.starts_with("flashsale: "));
    assert_eq!(lines.count(), 1, "one sentence: {}", exit.stderr);
}

#[tokio::test]
async fn row_51_settings_that_do_not_say_whom_to_believe_are_refused() {
    let key = ShopKey::make("EdDSA").await;
    let whole = || with_tokens(TestServer::setup(), &key.public(), "EdDSA");
    for name in ["TOKEN_KEYS", "TOKEN_ALGORITHMS", "TOKEN_AUDIENCE"] {
        check_refused(whole().without(name), &["IDENTITY=token needs", name]).await;
    }
    for name in [
        "TOKEN_KEYS",
        "TOKEN_ALGORITHMS",
        "TOKEN_AUDIENCE",
        "TOKEN_ISSUER",
        "TOKEN_COOKIE",
        "SHOP_SIGN_IN_URL",
    ] {
        let value = match name {
            "TOKEN_ALGORITHMS" => "EdDSA",
            "SHOP_SIGN_IN_URL" => "/sign-in",
            _ => "shop",
        };
        let setup = TestServer::setup().env(name, value);
        check_refused(setup, &[name, "IDENTITY is open"]).await;
    }
    let missing = whole().env("TOKEN_KEYS", "no-such-file");
    check_refused(missing, &["TOKEN_KEYS", "no-such-file"]).await;
    let other = whole().env("TOKEN_ALGORITHMS", "ES256,RS256");
    check_refused(other, &["TOKEN_KEYS", "has no key for ES256, RS256"]).await;
    let private = whole().env("TOKEN_KEYS", key.private().display());
    check_refused(private, &["TOKEN_KEYS", "private key"]).await;

    let home = Home::new();
    let file = home.path().join("keys.json");
    let secret = "hunter2-hunter2-hunter2";
    fs::write(
        &file,
        json!({ "keys": [{ "kty": "oct", "k": secret }] }).to_string(),
    )
    .expect("a file is written");
    let weak = with_tokens(TestServer::setup(), &file, "HS256")
        .refused()
        .await;
    assert_eq!(weak.code, Some(2), "{weak:?}");
    assert!(weak.stderr.contains("TOKEN_KEYS"), "{}", weak.stderr);
    assert!(!weak.said().contains("hunter2"), "{}", weak.said());

    for (name, bad) in [
        ("IDENTITY", "maybe"),
        ("TOKEN_ALGORITHMS", "none"),
        ("TOKEN_ALGORITHMS", "EdDSA,HS512"),
        ("TOKEN_ALGORITHMS", ""),
        ("TOKEN_AUDIENCE", " "),
        ("TOKEN_COOKIE", "a b"),
        ("TOKEN_COOKIE", "csrfToken"),
        ("SHOP_SIGN_IN_URL", "javascript:alert(1)"),
        ("SHOP_SIGN_IN_URL", "//shop.example"),
    ] {
        let exit = whole().env(name, bad).refused().await;
        assert_eq!(exit.code, Some(2), "{name}={bad}: {exit:?}");
    }
}

#[tokio::test]
async fn the_page_is_told_where_buyers_sign_in() {
    let key = ShopKey::make("EdDSA").await;
    let setup = with_tokens(TestServer::setup(), &key.public(), "EdDSA");
    for url in ["https://shop.example/sign-in?back=1&x=2", "/sign-in"] {
        let setup = setup.clone().env("SHOP_SIGN_IN_URL", url);
        let server = setup.start().await;
        let page = server.ask(&Request::get("/")).await.text();
        let told = format!("&quot;signInUrl&quot;:&quot;{url}&quot;").replace("&x=", "&amp;x=");
        assert!(page.contains(&told), "{told} is not in {page}");
    }
}

#[tokio::test]
async fn what_is_open_is_said_loudly_and_what_is_not_is_not() {
    let server = TestServer::setup().start().await;
    let (_, exit) = server.stop().await;
    assert!(exit.stdout.contains("IDENTITY=open"), "{}", exit.stdout);
    let warned = |line: &str| line.contains("WARN") && line.contains("IDENTITY=open");
    assert!(exit.stderr.lines().any(warned), "{}", exit.stderr);

    let key = ShopKey::make("HS256").await;
    let setup = with_tokens(TestServer::setup(), &key.public(), "HS256");
    let server = setup.clone().start().await;
    let shown = server.console().json("/admin/sale").await.to_string();
    for name in [
        "IDENTITY",
        "TOKEN_KEYS",
        "TOKEN_ALGORITHMS",
        "TOKEN_AUDIENCE",
        "TOKEN_COOKIE",
    ] {
        assert!(shown.contains(name), "{name} is shown: {shown}");
    }
    let (_, exit) = server.stop().await;
    assert!(!exit.said().contains("IDENTITY=open"), "{}", exit.said());
    assert!(!exit.stdout.contains("is believed"), "{}", exit.stdout);
    assert!(!exit.stderr.contains("WARN"), "{}", exit.stderr);

    // A secret that others may read.
    let others = fs::Permissions::from_mode(0o644);
    fs::set_permissions(key.public(), others).expect("permissions are changed");
    let (_, exit) = setup.start().await.stop().await;
    assert!(exit.stderr.contains("chmod 600"), "{}", exit.stderr);
}

fn mode(path: &Path) -> u32 {
    let metadata = path.metadata().expect("the file is there");
    metadata.permissions().mode() & 0o777
}

#[tokio::test]
async fn keys_are_made_for_their_owner_and_never_written_over() {
    for algorithm in ["EdDSA", "ES256", "HS256"] {
        let home = Home::new();
        let arguments = [
            "token",
            "keys",
            "--algorithm",
            algorithm,
            "--output",
            "new/keys",
        ];
        let made = books::run(home.path(), &arguments).await;
        assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""), "{made:?}");
        let (private, keys) = (
            home.path().join("new/keys/private.pem"),
            home.path().join("new/keys/keys.json"),
        );
        let is_shared = algorithm == "HS256";
        assert_eq!(private.exists(), !is_shared);
        assert_eq!(mode(if is_shared { &keys } else { &private }), 0o600);
        let before = fs::read(&keys).expect("the keys");
        let again = books::run(home.path(), &arguments).await;
        assert_eq!(again.code, Some(2), "{again:?}");
        assert!(again.stderr.contains("is there already"), "{again:?}");
        assert_eq!(fs::read(&keys).expect("the keys"), before);

        // One of the two is enough to keep the other from being made.
        if !is_shared {
            fs::remove_file(&keys).expect("a file is removed");
            let third = books::run(home.path(), &arguments).await;
            assert_eq!(third.code, Some(2), "{third:?}");
            assert!(!keys.exists());
            let path = private.to_str().expect("plain text");
            let public = books::run(home.path(), &["token", "public", "--key", path]).await;
            assert_eq!(public.stdout.as_bytes(), before, "the same document again");
        }
    }
}

#[tokio::test]
async fn a_mistake_with_keys_and_tokens_is_told_in_a_sentence() {
    let home = Home::new();
    fs::write(home.path().join("hello"), "hello").expect("a file is written");
    let sign = ["token", "sign", "--audience", "shop", "--subject"];
    for (arguments, word) in [
        (
            &["token", "keys", "--algorithm", "RS256", "--output", "k"][..],
            "openssl genpkey",
        ),
        (
            &["token", "keys", "--algorithm", "none", "--output", "k"],
            "EdDSA",
        ),
        (
            &[&sign[..], &["ada", "--key", "nothing"]].concat(),
            "--key nothing",
        ),
        (
            &[&sign[..], &["ada", "--key", "hello"]].concat(),
            "BEGIN PRIVATE KEY",
        ),
        (&["token", "public", "--key", "hello"], "BEGIN PRIVATE KEY"),
    ] {
        let exit = books::run(home.path(), arguments).await;
        assert_eq!(exit.code, Some(2), "{arguments:?}: {exit:?}");
        assert!(exit.stderr.contains(word), "{arguments:?}: {exit:?}");
        assert!(exit.stdout.is_empty(), "{exit:?}");
    }
    let key = ShopKey::make("EdDSA").await;
    let path = key.private();
    let path = path.to_str().expect("plain text");
    let short = books::run(home.path(), &[&sign[..], &["a", "--key", path]].concat()).await;
    assert_eq!(short.code, Some(2), "{short:?}");
    assert!(short.stderr.contains("at least 3 characters"), "{short:?}");
}

/// Keys in PEM have no names, and fit whatever name a token gives.
#[tokio::test]
async fn the_issuer_counts_where_it_is_set_and_pem_is_read() {
    let key = ShopKey::make("EdDSA").await;
    let setup = with_tokens(TestServer::setup(), &key.public(), "EdDSA");
    let server = setup.env("TOKEN_ISSUER", "https://shop").start().await;
    let issued = |by: &'static str| sign_by(&key, by);
    let asked = |token: String| {
        let request = crate::support::http::Request::get("/api/csrf");
        request.header("authorization", format!("Bearer {token}"))
    };
    assert_eq!(
        server
            .ask(&asked(issued("https://shop").await))
            .await
            .status,
        200
    );
    assert_eq!(
        server
            .ask(&asked(issued("https://other").await))
            .await
            .status,
        401
    );
    assert_eq!(server.ask(&asked(key.token("ada").await)).await.status, 401);

    let jwk = key.jwk();
    let x = jwk["x"].as_str().expect("a point");
    let point = URL_SAFE_NO_PAD.decode(x).expect("base64url");
    let prefix = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    let der = [&prefix[..], &point].concat();
    let text = STANDARD.encode(der);
    let home = Home::new();
    let file = home.path().join("shop.pem");
    fs::write(
        &file,
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"),
    )
    .expect("a file is written");
    let server = with_tokens(TestServer::setup(), &file, "EdDSA")
        .start()
        .await;
    let mut ada = SignedIn::open(&server, &key.token("ada").await).await;
    ada.buy("{}").await.purchased();
}

async fn sign_by(key: &ShopKey, issuer: &str) -> String {
    sign(&key.private(), "ada", "flashsale", &["--issuer", issuer]).await
}
