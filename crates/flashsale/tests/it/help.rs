//! What the program says about itself.

use std::fs;

use crate::support::books;
use crate::support::server::Home;

/// Every setting of a server that has a value.
const SETTINGS: &[&str] = &[
    "HOST",
    "PORT",
    "DATA_DIR",
    "SALE_ID",
    "PRODUCT_ID",
    "PRODUCT_DESCRIPTION",
    "SALE_STOCK",
    "SALE_START",
    "SALE_END",
    "SHOP_NAME",
    "PRODUCT_NAME",
    "PRODUCT_PICTURE",
    "PRODUCT_PICTURE_ALT",
    "SHOP_ACCENT",
    "SHOP_ACCENT_DARK",
    "SHOP_STAGE",
    "SHOP_STAGE_DARK",
    "SHOP_LANGUAGE",
    "TLS_CERT",
    "TLS_KEY",
    "PROXY_PROTOCOL",
    "TRUSTED_PROXIES",
    "FORWARDED_BY",
    "RATE_LIMIT",
    "RATE_LIMIT_ADDRESS",
    "ALLOWED_ORIGINS",
    "IDENTITY",
    "TOKEN_KEYS",
    "TOKEN_ALGORITHMS",
    "TOKEN_AUDIENCE",
    "TOKEN_ISSUER",
    "TOKEN_COOKIE",
    "SHOP_SIGN_IN_URL",
    "BOT_CHECK",
    "PROOF_OF_WORK_BITS",
    "BOT_SERVICE_VERIFY_URL",
    "BOT_SERVICE_SECRET_FILE",
    "BOT_SERVICE_SITE_KEY",
    "BOT_SERVICE_SCRIPT",
    "BOT_SERVICE_TIMEOUT",
    "BOT_SERVICE_FAILURE",
    "BOT_PASS_LIFETIME",
    "SIGNING_KEYS",
    "SECURE_COOKIES",
    "CONNECTIONS_MAX",
    "PURCHASE_QUEUE_MAX",
    "PURCHASE_BATCH_MAX",
    "PURCHASE_DEADLINE_MS",
    "HEADER_TIMEOUT_MS",
    "BODY_TIMEOUT_MS",
    "IDLE_TIMEOUT_MS",
    "SHUTDOWN_GRACE_MS",
    "LOG",
    "LOG_FORMAT",
];

#[tokio::test]
async fn the_help_lists_every_command_and_setting() {
    let home = Home::new();
    let help = books::run(home.path(), &["--help"]).await;
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{help:?}");
    for command in ["serve", "orders", "audit", "loadtest", "token"] {
        help.assert_line_with(&[&format!("  {command} ")]);
    }
    let serve = books::run(home.path(), &["serve", "--help"]).await;
    assert_eq!(serve.code, Some(0), "{serve:?}");
    for setting in SETTINGS {
        let flag = format!("--{} ", setting.to_lowercase().replace('_', "-"));
        assert!(
            serve.stdout.contains(&flag),
            "{flag} is missing:\n{}",
            serve.stdout
        );
        assert!(
            serve.stdout.contains(&format!("[env: {setting}=")),
            "{setting} is missing:\n{}",
            serve.stdout
        );
    }
    for (command, flags) in [
        (
            "orders",
            &["--data-dir", "--sale-id", "--format", "--output"][..],
        ),
        ("audit", &["--data-dir", "--sale-id"]),
    ] {
        let help = books::run(home.path(), &[command, "--help"]).await;
        assert_eq!(help.code, Some(0), "{help:?}");
        assert!(
            flags.iter().all(|flag| help.stdout.contains(flag)),
            "{}",
            help.stdout
        );
    }
    let version = books::run(home.path(), &["--version"]).await;
    assert_eq!(
        version.stdout.trim(),
        format!("flashsale {}", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(
        fs::read_dir(home.path()).expect("a folder").count(),
        0,
        "asking for help leaves nothing behind"
    );
}
