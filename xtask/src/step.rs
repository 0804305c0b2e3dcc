//! Runs one thing after the other and tells how long each took.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// What ended a command: a sentence for the person, a code for the shell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) sentence: String,
    pub(crate) code: u8,
}

impl Failure {
    /// Something is not as it must be.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            code: 1,
        }
    }
}

/// The steps of one command.
pub(crate) struct Steps {
    began_at: Instant,
    done: u32,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Self {
            began_at: now(),
            done: 0,
        }
    }

    /// Does one step, with its name before it and its time behind it. The first that fails is the
    /// last that is done.
    pub(crate) fn run<T>(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        println!("\n==> {name}");
        let began_at = now();
        let result = step();
        let time = readable(began_at.elapsed());
        match &result {
            Ok(_) => println!("==> {name}: done in {time}"),
            Err(_) => println!("==> {name}: failed after {time}"),
        }
        self.done += 1;
        result.map_err(|failure| Failure {
            sentence: format!("{name}: {}", failure.sentence),
            ..failure
        })
    }

    pub(crate) fn summary(&self) -> String {
        format!(
            "{} steps passed in {}",
            self.done,
            readable(self.began_at.elapsed())
        )
    }
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask lies in the repository")
}

/// The folder in which cargo puts release builds, also when `CARGO_TARGET_DIR` moves it: this program
/// lies in its sibling.
pub(crate) fn release_dir() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot tell where this program lies: {error}")))?;
    let own_dir = program.parent().expect("a program lies in a folder");
    Ok(own_dir.with_file_name("release"))
}

/// The folder for programs that the tests need, beside the builds.
pub(crate) fn tools_dir() -> Result<PathBuf, Failure> {
    Ok(release_dir()?.with_file_name("tools"))
}

/// `cargo` with these arguments, in the root of the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}

/// Shows a command, so that a person can repeat it, and runs it.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    println!("{}", line(command));
    let program = command.get_program().display().to_string();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure {
            sentence: format!("`{}` ended with {status}", line(command)),
            code: exit_code(status),
        }),
        Err(error) => Err(Failure::new(format!("cannot run {program}: {error}"))),
    }
}

/// What a command says on standard output, or nothing if it cannot be run or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// A command as one would type it in its folder.
fn line(command: &Command) -> String {
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        let value = value.unwrap_or_default().display().to_string();
        let quote = if value.contains(' ') { "'" } else { "" };
        let _ = write!(line, "{}={quote}{value}{quote} ", name.display());
    }
    let _ = write!(line, "{}", command.get_program().display());
    for argument in command.get_args() {
        let _ = write!(line, " {}", argument.display());
    }
    line
}

/// The code of a child is passed on. A signal leaves none.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(1)
}

fn readable(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[expect(clippy::disallowed_methods, reason = "it times builds, not sales")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_failed_command_is_passed_on() {
        let failure = run(cargo(&["no-such-subcommand"]).stderr(std::process::Stdio::null()));
        let failure = failure.unwrap_err();
        assert_eq!(failure.code, 101);
        assert!(
            failure.sentence.contains("cargo no-such-subcommand"),
            "{failure:?}"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = run(&mut Command::new("no-such-program")).unwrap_err();
        assert_eq!(failure.code, 1);
        assert!(failure.sentence.contains("no-such-program"), "{failure:?}");
    }

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = cargo(&["doc", "--no-deps"]);
        command.env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            line(&command),
            "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps"
        );
    }
}
