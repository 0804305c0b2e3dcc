//! Programs and threads on a core of their own, and what programs cost by the system's account.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, nice, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::runtime;
use tokio::task::LocalSet;

use crate::Failure;

/// The core of the server and its Redis.
pub(crate) const SERVER_CORE: u32 = 0;
/// The core of the load generator.
pub(crate) const LOAD_CORE: u32 = 1;

const START_MAX: Duration = Duration::from_mins(1);
const STOP_MAX: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

/// A program under way; killed when it is dropped.
pub(crate) struct Running(Child);

/// A command that runs on one core, with nothing of this environment but the path. It is killed when the thread
/// ends that has started it, so that nothing is left, running or stopped, however this program ends.
pub(crate) fn pinned(core: u32, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "taskset", "-c", &core.to_string()]);
    command.arg(program);
    #[expect(
        clippy::disallowed_methods,
        reason = "programs are looked for where this one was"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).stdin(Stdio::null());
    command
}

/// Starts a program, its words in a file, and waits until it listens.
pub(crate) fn start(command: &mut Command, port: u16, log: &Path) -> Result<Running, Failure> {
    let shown = format!("{command:?}");
    let file = || File::create(log).map_err(|error| format!("{}: {error}", log.display()));
    command.stdout(Stdio::null()).stderr(file()?);
    let mut running = Running::spawn(command)?;
    let deadline = now() + START_MAX;
    while TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_err() {
        if let Ok(Some(status)) = running.0.try_wait() {
            let said = fs::read_to_string(log).unwrap_or_default();
            return Err(format!("{shown} ended with {status}: {said}"));
        }
        if now() >= deadline {
            return Err(format!("{shown} does not listen on port {port}"));
        }
        std::thread::sleep(POLL);
    }
    Ok(running)
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16, Failure> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    Ok(listener
        .map_err(|error| format!("no free port: {error}"))?
        .port())
}

/// What a command says on standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let shown = format!("{command:?}");
    let output = command
        .output()
        .map_err(|error| format!("{shown}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!(
            "{shown} ended with {}: {text}{said}",
            output.status
        ))
    }
}

/// Runs a future on a thread that stays on one core. What it spawns with `spawn_local` ends with it. The higher
/// the niceness, the more it makes way for other threads of that core.
pub(crate) fn on_core<T: Send, F: Future<Output = Result<T, Failure>>>(
    core: u32,
    niceness: i32,
    begin: impl FnOnce() -> F + Send,
) -> Result<T, Failure> {
    let work = || {
        stay_on(core)?;
        nice(niceness).map_err(|error| format!("cannot make way: {error}"))?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        LocalSet::new().block_on(&runtime, begin())
    };
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Keeps this thread on one core.
pub(crate) fn stay_on(core: u32) -> Result<(), Failure> {
    let mut cores = CpuSet::new();
    cores.set(core as usize);
    sched_setaffinity(None, &cores).map_err(|error| format!("cannot stay on core {core}: {error}"))
}

/// As many as the system lets this process have. Where that is too few, a connection fails and says so.
pub(crate) fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // What is not granted is not there.
    let _ = setrlimit(Resource::Nofile, raised);
}

impl Running {
    /// Starts a program, without waiting for anything.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self, Failure> {
        let child = command.spawn();
        child
            .map(Self)
            .map_err(|error| format!("{command:?}: {error}"))
    }

    /// Time on a core since the start, of the user and of the system for it.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        cpu(self.0.id())
    }

    /// Memory that is in use, in bytes.
    pub(crate) fn resident(&self) -> Result<u64, Failure> {
        resident(self.0.id())
    }

    /// How many files and sockets it has open.
    pub(crate) fn descriptors(&self) -> Result<u64, Failure> {
        let path = format!("/proc/{}/fd", self.0.id());
        let entries = fs::read_dir(&path).map_err(|error| format!("{path}: {error}"))?;
        Ok(entries.count() as u64)
    }

    /// Does some work, and tells the most memory that the program took meanwhile, in bytes.
    pub(crate) fn watching_memory<T>(
        &self,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<(T, u64), Failure> {
        let (is_over, most, id) = (AtomicBool::new(false), AtomicU64::new(0), self.0.id());
        let result = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    most.fetch_max(resident(id).unwrap_or(0), Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            let result = work();
            is_over.store(true, Ordering::Relaxed);
            result
        })?;
        Ok((result, most.into_inner()))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Failure> {
        let pid = self.pid().ok_or("a program without a number")?;
        kill_process(pid, signal).map_err(|error| format!("cannot signal: {error}"))
    }

    pub(crate) fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.0.id()).ok()?)
    }

    /// Asks it to end in order, and waits.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        self.signal(Signal::TERM)?;
        let deadline = now() + STOP_MAX;
        while now() < deadline {
            if let Ok(Some(_)) = self.0.try_wait() {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        Err("a server does not stop".to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn resident(process: u32) -> Result<u64, Failure> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| {
        line.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<u64>()
            .ok()
    });
    kib.map(|kib| kib * 1024)
        .ok_or_else(|| format!("{path} has no VmRSS"))
}

fn cpu(process: u32) -> Result<Duration, Failure> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    // The name of the program comes before, in brackets, and may hold spaces.
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse)
        .collect();
    let [user, system] = ticks[..] else {
        return Err(format!("{path} cannot be read"));
    };
    let tick = Duration::from_secs(1)
        / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100);
    Ok(tick * u32::try_from(user + system).unwrap_or(u32::MAX))
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
