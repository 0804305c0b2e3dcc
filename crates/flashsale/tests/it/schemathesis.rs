//! Schemathesis makes requests of the API's documents, right ones and wrong ones, and holds the answers to
//! them: no fault of the server, and no status, header or body that is not told.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use flashsale_testkit::{Program, RedisServer};

use crate::support::bots::{Says, StandIn, with_work};
use crate::support::http::Request;
use crate::support::identity::{ShopKey, SignedIn, with_tokens};
use crate::support::machine_alone;
use crate::support::process::Process;
use crate::support::server::{Setup, TestServer};

/// The program; `cargo xtask test` provides it, and says so by this variable.
const VARIABLE: &str = "SCHEMATHESIS";
const RUN_MAX: Duration = Duration::from_mins(5);

/// How many requests are made up for each operation, besides those that lie at the bounds of its schema.
const EXAMPLES: u32 = 15;
const EXAMPLES_OF_CONSOLE: u32 = 6;

#[tokio::test]
async fn made_up_requests_are_answered_as_documented_on_sqlite() {
    let _alone = machine_alone().await;
    check(TestServer::setup()).await;
}

#[tokio::test]
async fn made_up_requests_are_answered_as_documented_on_redis() {
    let _alone = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    check(TestServer::setup().on_redis(&redis.url())).await;
}

#[tokio::test]
async fn made_up_requests_over_the_limits_are_answered_as_documented() {
    let _alone = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    for setup in [
        TestServer::setup(),
        TestServer::setup().on_redis(&redis.url()),
    ] {
        let setup = setup.env("RATE_LIMIT", "4/1h");
        let server = setup.env("RATE_LIMIT_ADDRESS", "30/1h").start().await;
        let run = Run::of_buyers(&server).await;
        let run = run.with(&["--include-path-regex", "^/api/(csrf|purchase)"]);
        run.passes(&server, EXAMPLES).await;
        // So it was the run that has met them.
        assert_eq!(server.ask(&Request::get("/api/csrf")).await.status, 429);
    }
}

#[tokio::test]
async fn made_up_requests_of_who_is_signed_in_are_answered_as_documented() {
    const BUYER: &str = "customer-7";
    let _alone = machine_alone().await;
    let key = ShopKey::make("HS256").await;
    let token = key.token(BUYER).await;
    let server = with_tokens(TestServer::setup(), &key.public(), "HS256")
        .start()
        .await;
    let run = Run {
        buyer: BUYER,
        document: docs().join("openapi.json"),
        base: format!("http://{}", server.address()),
        csrf_token: SignedIn::open(&server, &token).await.csrf_token,
        arguments: Vec::new(),
    };
    let signed_in = format!("Authorization: Bearer {token}");
    let run = run.with(&["--include-path-regex", "^/api/(csrf|purchase)"]);
    run.with(&["--header", &signed_in])
        .passes(&server, EXAMPLES)
        .await;
    let orders = server.orders().await;
    let users: Vec<_> = orders.iter().map(|order| order.user_id.as_str()).collect();
    assert_eq!(users, [BUYER], "and nobody else");
}

#[tokio::test]
async fn made_up_requests_are_answered_as_documented_where_there_is_a_check() {
    let _alone = machine_alone().await;
    let service = StandIn::start(Says::Body(200, r#"{"success":true}"#.to_owned())).await;
    let of_service = service.asked_by(TestServer::setup());
    let redis = RedisServer::setup(Program::Redis).start().await;
    let on_redis = TestServer::setup().on_redis(&redis.url());
    for setup in [
        with_work(TestServer::setup()),
        with_work(on_redis),
        of_service,
    ] {
        let server = setup.start().await;
        let run = Run::of_buyers(&server).await;
        let run = run.with(&["--include-path-regex", "^/api/(check|pass|purchase)"]);
        run.passes(&server, EXAMPLES).await;
    }
    assert!(!service.questions().is_empty(), "no request had a token");
}

/// The negative control: a server that does not keep to the document is noticed.
#[tokio::test]
async fn an_answer_that_is_not_documented_is_noticed() {
    let _alone = machine_alone().await;
    let server = TestServer::setup().start().await;
    let mut run = Run::of_buyers(&server).await;
    let text = std::fs::read_to_string(&run.document).expect("the document");
    let changed = text.replace("\"live\"", "\"alive\"");
    assert_ne!(changed, text);
    run.document = server.home().path().join("changed.json");
    std::fs::write(&run.document, changed).expect("a changed document");
    let run = run.with(&["--include-path", "/livez"]);
    let (code, said) = run.run(&server, 1).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("GET /livez"), "{said}");
}

/// First as buyers, and then behind the counter, where the sale may be paused.
async fn check(setup: Setup) {
    let server = setup.start().await;
    Run::of_buyers(&server)
        .await
        .passes(&server, EXAMPLES)
        .await;
    let sold = server.orders().await.len();
    assert!(
        sold > 1,
        "{sold} sold: no requests that could buy were made"
    );
    let console = Run::of_console(&server);
    console.passes(&server, EXAMPLES_OF_CONSOLE).await;
}

/// One document, and the listener that is to keep to it.
struct Run {
    /// Who is signed in, if anybody is.
    buyer: &'static str,
    document: PathBuf,
    base: String,
    csrf_token: String,
    arguments: Vec<String>,
}

impl Run {
    async fn of_buyers(server: &TestServer) -> Self {
        let door = server.door().await;
        Self {
            buyer: "",
            document: docs().join("openapi.json"),
            base: format!("http://{}", door.address),
            csrf_token: door.csrf_token,
            arguments: Vec::new(),
        }
    }

    fn of_console(server: &TestServer) -> Self {
        let console = server.console();
        let run = Self {
            buyer: "",
            document: docs().join("openapi-admin.json"),
            base: format!("http://{}", console.address),
            csrf_token: String::new(),
            arguments: Vec::new(),
        };
        run.with(&[
            "--header",
            &format!("Authorization: Bearer {}", console.token),
        ])
    }

    fn with(mut self, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        self.arguments.extend(arguments);
        self
    }

    async fn passes(&self, server: &TestServer, examples: u32) {
        let (code, said) = self.run(server, examples).await;
        assert_eq!(code, Some(0), "{said}\n{}", server.stderr());
        println!("{said}");
    }

    /// The exit code, and all that Schemathesis and the server have said.
    async fn run(&self, server: &TestServer, examples: u32) -> (Option<i32>, String) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis");
        let mut command = Command::new(program());
        command
            .arg("--config-file")
            .arg(folder.join("schemathesis.toml"))
            .arg("run")
            .arg(&self.document)
            .args(["--url", &self.base, "--max-examples", &examples.to_string()])
            .args(&self.arguments)
            .current_dir(server.home().path())
            .env("CSRF_TOKEN", &self.csrf_token)
            .env("BUYER", self.buyer)
            // For the hooks; and no files beside them.
            .env("PYTHONPATH", &folder)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let exit = Process::spawn(&mut command).exit(RUN_MAX).await;
        (exit.code, exit.said())
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn program() -> PathBuf {
    let named = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
    named.map_or_else(|| PathBuf::from("schemathesis"), PathBuf::from)
}
