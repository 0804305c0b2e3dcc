//! The real binary, started in a directory of its own on a free port.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use super::books::{self, InRedis, Place};
use super::client::{Client, Door};
use super::console::Console;
use super::faults::Faults;
use super::http::{Connection, Request, Response};
use super::now_ms;
use super::process::{Exit, Process};

const START_MAX: Duration = Duration::from_secs(20);
const EXIT_MAX: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(2);

/// More than a test opens at once; the usual soft limit of 1,024 is less.
const FILES_MAX: u64 = 8_192;

/// The sale's name, and so the name of its files.
pub(crate) const SALE_ID: &str = "drop";

pub(crate) const HOUR_MS: i64 = 3_600_000;

/// The binary under test.
pub(crate) fn flashsale() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_flashsale"))
}

/// A directory that one test owns; gone when the last server or setup that uses it is dropped.
#[derive(Clone)]
pub(crate) struct Home(Arc<TempDir>);

impl Home {
    pub(crate) fn new() -> Self {
        Self(Arc::new(TempDir::new().expect("a temporary directory")))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.data().join(format!("{SALE_ID}.sqlite3"))
    }

    /// A home of its own whose data directory holds the same files at this moment.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        std::fs::create_dir(copy.data()).expect("a data directory");
        for entry in std::fs::read_dir(self.data()).expect("the data directory") {
            let entry = entry.expect("an entry of the data directory");
            if entry.file_type().expect("a file type").is_file() {
                std::fs::copy(entry.path(), copy.data().join(entry.file_name()))
                    .expect("a copy of a file");
            }
        }
        copy
    }
}

/// How a server is to be started. Cloned, changed and started again on the same home, it is a restart.
#[derive(Clone)]
pub(crate) struct Setup {
    binary: PathBuf,
    home: Home,
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    faults: Option<Faults>,
}

impl Setup {
    /// A sale of a thousand units that is under way, and nothing of the developer's environment.
    pub(crate) fn new() -> Self {
        let now = now_ms();
        let setup = Self::bare();
        let setup = setup
            .env("SALE_ID", SALE_ID)
            .stock(1_000)
            .window(now - HOUR_MS, now + HOUR_MS);
        // Tests ask often and from one address; those of the limits set their own.
        setup.env("DATA_DIR", "data").env("RATE_LIMIT", "off")
    }

    /// No settings at all but a free port, so that tests can run side by side.
    pub(crate) fn bare() -> Self {
        let setup = Self {
            binary: flashsale(),
            home: Home::new(),
            environment: BTreeMap::new(),
            arguments: vec!["serve".to_owned()],
            faults: None,
        };
        setup.env("PORT", "0")
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "literals and numbers are given as they stand"
    )]
    pub(crate) fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.insert(name.to_owned(), value.to_string());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        self
    }

    pub(crate) fn stock(self, units: u64) -> Self {
        self.env("SALE_STOCK", units)
    }

    /// When the sale is on, in epoch milliseconds.
    pub(crate) fn window(self, starts_at: i64, ends_at: i64) -> Self {
        self.env("SALE_START", starts_at).env("SALE_END", ends_at)
    }

    /// Sells from this Redis. The tests' sale is under way, so a node must be told that it is new.
    pub(crate) fn on_redis(self, url: &str) -> Self {
        self.env("REDIS_URL", url)
            .env("REDIS_DURABILITY", "memory")
            .env("REDIS_CREATE_LATE", true)
    }

    pub(crate) fn binary(mut self, path: PathBuf) -> Self {
        self.binary = path;
        self
    }

    pub(crate) fn at(mut self, home: Home) -> Self {
        self.home = home;
        self
    }

    /// Puts the shim between the server and its disk and clock.
    pub(crate) fn with_faults(mut self) -> Self {
        self.faults = Some(Faults::new(self.home.path()));
        self
    }

    /// Takes the shim out again: the next start runs on the real disk and clock.
    pub(crate) fn without_faults(mut self) -> Self {
        self.faults = None;
        self
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn faults(&self) -> &Faults {
        self.faults
            .as_ref()
            .expect("this setup has no shim; ask `with_faults` for it")
    }

    pub(crate) async fn start(self) -> TestServer {
        match self.try_start().await {
            Ok(server) => server,
            Err((_, exit)) => panic!("the server did not start: {exit:?}"),
        }
    }

    /// Starts where a refusal is expected, and returns how it was told.
    pub(crate) async fn refused(self) -> Exit {
        match self.try_start().await {
            Ok(_) => panic!("the server started although it should refuse"),
            Err((_, exit)) => exit,
        }
    }

    pub(crate) async fn try_start(self) -> Result<TestServer, (Self, Exit)> {
        let mut process = self.spawn();
        let deadline = Instant::now() + START_MAX;
        let address = loop {
            // The last line but notes: all that a test asks for is before it.
            let banner = process.stdout();
            if let Some(address) = listening_on(&banner)
                && after(&banner, "\n  stop ").is_some()
            {
                break address;
            }
            if let Some(exit) = process.ended_within(Duration::ZERO).await {
                return Err((self, exit));
            }
            assert!(
                Instant::now() < deadline,
                "not listening after {START_MAX:?}: {}",
                process.stderr()
            );
            tokio::time::sleep(POLL).await;
        };
        Ok(TestServer {
            process,
            setup: self,
            address,
        })
    }

    fn spawn(&self) -> Process {
        raise_file_limit();
        let mut command = Command::new(&self.binary);
        command
            .args(&self.arguments)
            .current_dir(self.home.path())
            .env_clear()
            .envs(&self.environment);
        if let Some(faults) = &self.faults {
            command.envs(faults.environment());
        }
        Process::spawn(&mut command)
    }
}

/// A running server. Dropping it kills it.
pub(crate) struct TestServer {
    process: Process,
    setup: Setup,
    address: SocketAddr,
}

impl TestServer {
    pub(crate) fn setup() -> Setup {
        Setup::new()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn home(&self) -> &Home {
        &self.setup.home
    }

    pub(crate) fn faults(&self) -> &Faults {
        self.setup.faults()
    }

    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    pub(crate) fn process_id(&self) -> rustix::process::Pid {
        self.process.pid()
    }

    pub(crate) fn stdout(&self) -> String {
        self.process.stdout()
    }

    pub(crate) fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// How much memory it has at this moment, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process_id().as_raw_nonzero());
        let status = std::fs::read_to_string(status).expect("the status of a child");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.expect("a size in KiB") * 1024
    }

    /// The address and a fresh token.
    pub(crate) async fn door(&self) -> Door {
        Door::of(self.address)
            .await
            .unwrap_or_else(|error| panic!("no token: {error}; {}", self.stderr()))
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, request: &Request) -> Response {
        let mut connection = Connection::open(self.address).await.expect("a connection");
        connection
            .send(request)
            .await
            .unwrap_or_else(|error| panic!("{request:?}: {error}; {}", self.stderr()))
    }

    pub(crate) async fn client(&self) -> Client {
        Client::open(&self.door().await)
            .await
            .expect("a connection")
    }

    /// The console, as the banner tells where it is.
    pub(crate) fn console(&self) -> Console {
        let banner = self.process.stdout();
        let address = after(&banner, "console  http://").expect("the banner names the console");
        let address = address.trim_end_matches(',');
        let token = match self.setup.environment.get("ADMIN_TOKEN") {
            Some(token) => token.clone(),
            None => std::fs::read_to_string(self.home().data().join("admin-token"))
                .expect("the token that was made"),
        };
        Console {
            address: address.parse().expect("an address"),
            token: token.trim().to_owned(),
        }
    }

    /// How this server was started, to start another like it beside it.
    pub(crate) fn setup_again(&self) -> Setup {
        self.setup.clone()
    }

    /// Where the books of its sale are.
    pub(crate) fn books(&self) -> Box<dyn Place> {
        match self.setup.environment.get("REDIS_URL") {
            Some(url) => Box::new(InRedis(url.clone())),
            None => Box::new(self.setup.home.ledger()),
        }
    }

    /// Every order, as `flashsale orders` hands it over.
    pub(crate) async fn orders(&self) -> Vec<books::Row> {
        books::orders(&*self.books()).await
    }

    /// kill -9; what is left is the setup, to start again on the same files.
    pub(crate) async fn kill(mut self) -> Setup {
        self.process.kill();
        self.process.exit(EXIT_MAX).await;
        self.setup
    }

    /// An orderly stop, and how it ended.
    pub(crate) async fn stop(self) -> (Setup, Exit) {
        self.process.terminate();
        self.ended().await
    }

    /// Waits for the server to end by itself.
    pub(crate) async fn ended(self) -> (Setup, Exit) {
        let exit = self.process.exit(EXIT_MAX).await;
        (self.setup, exit)
    }
}

/// The address that the banner tells, once the whole line is there.
fn listening_on(stdout: &str) -> Option<SocketAddr> {
    let origin = after(stdout, "listening on ")?.trim_end_matches('/');
    let (_scheme, address) = origin.split_once("://")?;
    Some(
        address
            .parse()
            .unwrap_or_else(|error| panic!("{address:?} is no address: {error}")),
    )
}

/// The word that follows on this text, once its whole line is there.
fn after<'a>(stdout: &'a str, text: &str) -> Option<&'a str> {
    let (_, rest) = stdout.split_once(text)?;
    let (line, _) = rest.split_once('\n')?;
    line.split_whitespace().next()
}

/// A thousand connections need a thousand files on both ends; children inherit the limit.
fn raise_file_limit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.map_or(FILES_MAX, |most| most.min(FILES_MAX));
        if limit.current.is_some_and(|current| current < wanted) {
            let raised = Rlimit {
                current: Some(wanted),
                maximum: limit.maximum,
            };
            setrlimit(Resource::Nofile, raised)
                .expect("a soft limit may be raised to the hard one");
        }
    });
}
