//! One running server, which can be killed, frozen and started again.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tempfile::TempDir;

use crate::patience::Patience;
use crate::port::free_port;
use crate::process::Process;
use crate::program::Program;
use crate::resp::{Reply, Resp};

const START_MAX: Duration = Duration::from_secs(30);
const STOP_MAX: Duration = Duration::from_secs(10);
const SYNC_MAX: Duration = Duration::from_secs(15);
/// How many ports are tried. Another process may take one between the choice and the start.
const PORTS_MAX: u32 = 5;

const CONFIGURATION: &str = "server.conf";
const LOG: &str = "server.log";

/// What every server is told first; options of a test come behind and win.
const DEFAULTS: [(&str, &str); 6] = [
    ("bind", "127.0.0.1"),
    ("daemonize", "no"),
    ("loglevel", "notice"),
    ("save", ""),
    ("appendonly", "no"),
    // The default waits five seconds for more replicas to come.
    ("repl-diskless-sync-delay", "0"),
];

/// How a server is to be started.
#[derive(Debug, Clone)]
pub struct Setup {
    program: Program,
    port: Option<u16>,
    options: Vec<(String, String)>,
    password: Option<String>,
    sentinel: bool,
}

impl Setup {
    /// A line of the configuration: `appendonly` and `yes`.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.options.push((name.to_owned(), value.to_owned()));
        self
    }

    /// This port of 127.0.0.1 instead of a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Asks clients for a password, and gives the same one to the server that this one copies.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.option("requirepass", password)
            .option("masterauth", password)
    }

    /// Makes it a replica of the server at this address.
    #[must_use]
    pub fn replica_of(self, master: SocketAddr) -> Self {
        let value = format!("{} {}", master.ip(), master.port());
        self.option("replicaof", &value)
    }

    /// Makes it a sentinel.
    pub(crate) fn sentinel(mut self) -> Self {
        self.sentinel = true;
        self
    }

    /// Starts the server, and returns when it answers.
    pub async fn start(self) -> RedisServer {
        for _ in 0..PORTS_MAX {
            let port = self.port.unwrap_or_else(free_port);
            let home = TempDir::new().expect("a temporary folder");
            self.write_configuration(port, home.path());
            let process = Mutex::new(self.spawn(home.path()));
            let server = RedisServer {
                setup: self.clone(),
                port,
                process,
                home,
            };
            match server.until_ready().await {
                Ok(()) => return server,
                Err(_) if self.port.is_none() && server.log().contains("in use") => {}
                Err(sentence) => panic!("{sentence}; its log:\n{}", server.log()),
            }
        }
        panic!("{PORTS_MAX} ports in a row were taken by others");
    }

    fn write_configuration(&self, port: u16, home: &Path) {
        let mut lines = format!("port {port}\n");
        let defaults = DEFAULTS.iter().copied();
        let options = self.options.iter();
        let options = options.map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in defaults.chain(options) {
            let value = if value.is_empty() { "\"\"" } else { value };
            lines.extend([name, " ", value, "\n"]);
        }
        std::fs::write(home.join(CONFIGURATION), lines).expect("a configuration");
    }

    /// The configuration stays as the server leaves it: a sentinel and a cluster write their own.
    fn spawn(&self, home: &Path) -> Process {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(home.join(LOG));
        let log: File = log.expect("a log");
        let mode = self.sentinel.then_some("--sentinel");
        let arguments: Vec<&str> = [CONFIGURATION].into_iter().chain(mode).collect();
        Process::spawn(&self.program.path(), &arguments, home, log)
    }
}

/// A server in a folder of its own. Dropping it kills it.
pub struct RedisServer {
    setup: Setup,
    port: u16,
    // Locked for a moment at a time, so that a test can kill a server which others still hold.
    process: Mutex<Process>,
    // Behind the process, because fields are dropped in this order.
    home: TempDir,
}

impl RedisServer {
    /// A server that keeps nothing on the disk, on a free port of 127.0.0.1.
    pub fn setup(program: Program) -> Setup {
        Setup {
            program,
            port: None,
            options: Vec::new(),
            password: None,
            sentinel: false,
        }
    }

    /// Which program it runs.
    pub fn program(&self) -> Program {
        self.setup.program
    }

    /// The port of 127.0.0.1 on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// `redis://127.0.0.1:6379`, with the password if it has one.
    pub fn url(&self) -> String {
        let password = self.password();
        let door = password.map_or(String::new(), |password| format!(":{password}@"));
        format!("redis://{door}{}", self.address())
    }

    pub(crate) fn password(&self) -> Option<&str> {
        self.setup.password.as_deref()
    }

    /// The folder with its configuration, its log and its data.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// All that it has logged, over all its starts.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.folder().join(LOG)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The process id of the present start, or of the last.
    pub fn pid(&self) -> u32 {
        self.process().id()
    }

    /// Whether the process is there, frozen or not.
    pub fn is_running(&self) -> bool {
        self.process().is_running()
    }

    /// Whether it is there and not frozen.
    pub(crate) fn is_awake(&self) -> bool {
        let mut process = self.process();
        process.is_running() && !process.is_frozen()
    }

    /// The processor time used since its start, its own and the system's for it. Linux only.
    pub fn cpu(&self) -> Duration {
        self.process().cpu()
    }

    /// kill -9; returns when the process is gone.
    pub fn kill(&self) {
        self.process().kill();
    }

    /// SIGTERM, an orderly end; returns when the process is gone.
    pub async fn stop(&self) {
        self.process().terminate();
        let patience = Patience::of(STOP_MAX);
        while self.is_running() {
            assert!(
                patience.another_look().await,
                "still running after {STOP_MAX:?}; its log:\n{}",
                self.log()
            );
        }
    }

    /// Starts it again on the same port and files, and returns when all its data is loaded. If it still
    /// runs, it is killed first.
    pub async fn restart(&self) {
        self.kill();
        let process = self.setup.spawn(self.folder());
        *self.process() = process;
        if let Err(sentence) = self.until_ready().await {
            panic!("{sentence}; its log:\n{}", self.log());
        }
    }

    /// SIGSTOP: it is there, and its connections stay open, but it does nothing more.
    pub fn freeze(&self) {
        self.process().freeze();
    }

    /// SIGCONT: it goes on where it was frozen.
    pub fn thaw(&self) {
        self.process().thaw();
    }

    /// A connection, past the password.
    pub async fn connect(&self) -> Resp {
        match self.try_connect().await {
            Ok(resp) => resp,
            Err(error) => panic!("no connection to {}: {error}", self.address()),
        }
    }

    async fn try_connect(&self) -> std::io::Result<Resp> {
        let mut resp = Resp::connect(self.address()).await?;
        if let Some(password) = self.password() {
            resp.try_command(&["AUTH", password]).await?;
        }
        Ok(resp)
    }

    /// One command on a connection of its own.
    pub async fn command(&self, words: &[&str]) -> Reply {
        self.connect().await.command(words).await
    }

    /// A field of `INFO`, for instance `used_memory`, if there is one of this name.
    pub async fn info(&self, field: &str) -> Option<String> {
        let info = self.command(&["INFO", "everything"]).await.text();
        find_field(&info, field)
    }

    /// Waits until this replica has the data of its master, and gets what is written from then on.
    pub async fn in_sync(&self) {
        let patience = Patience::of(SYNC_MAX);
        while !self.is_in_sync().await {
            assert!(
                patience.another_look().await,
                "no replica in sync after {SYNC_MAX:?}; its log:\n{}",
                self.log()
            );
        }
    }

    /// A server that is made a replica by a sentinel closes its connections, this one perhaps among
    /// them.
    async fn is_in_sync(&self) -> bool {
        let Ok(mut resp) = self.try_connect().await else {
            return false;
        };
        let info = resp.try_command(&["INFO", "replication"]).await;
        info.is_ok_and(|info| {
            find_field(&info.text(), "master_link_status").as_deref() == Some("up")
        })
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process
            .lock()
            .expect("a holder panics only when the test has failed")
    }

    async fn until_ready(&self) -> Result<(), String> {
        let patience = Patience::of(START_MAX);
        while !self.is_ready().await {
            if !self.is_running() {
                return Err("the server ended by itself".to_owned());
            }
            if !patience.another_look().await {
                return Err(format!("the server is not ready after {START_MAX:?}"));
            }
        }
        Ok(())
    }

    /// Whether the one that answers is the one that was started, and has loaded its data.
    async fn is_ready(&self) -> bool {
        let Ok(mut resp) = self.try_connect().await else {
            return false;
        };
        match resp.try_command(&["INFO"]).await {
            Ok(Reply::Bulk(Some(info))) => {
                let info = String::from_utf8_lossy(&info);
                let own = find_field(&info, "process_id") == Some(self.pid().to_string());
                // A sentinel has nothing to load and does not say so.
                own && find_field(&info, "loading").is_none_or(|loading| loading == "0")
            }
            // A test may have closed the door to those without a name.
            Ok(Reply::Error(text)) => text.starts_with("NOAUTH") || text.starts_with("NOPERM"),
            _ => false,
        }
    }
}

/// The value of a line `field:value`.
fn find_field(lines: &str, field: &str) -> Option<String> {
    lines.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name == field).then(|| value.to_owned())
    })
}
