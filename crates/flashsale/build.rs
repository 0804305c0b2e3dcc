//! Builds the web page into the binary: `npm ci` and Vite, when the page's sources have changed.
//!
//! The result goes to cargo's output directory. Only `node_modules` lies in `web/`, where editors and
//! the development server look for it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Major and minor: what Vite asks for.
const NODE_MIN: (u32, u32) = (20, 19);
const WITHOUT_PAGE: &str =
    "To build the API alone, without the page: cargo run --release --no-default-features";

fn main() {
    if let Err(message) = build() {
        eprintln!("\n{message}\n");
        std::process::exit(1);
    }
}

fn build() -> Result<(), String> {
    let output = PathBuf::from(variable("OUT_DIR"));
    let page = output.join("page");
    let mut files = Vec::new();
    if is_set("CARGO_FEATURE_PAGE") {
        let web = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../../web");
        for source in [
            "api.html",
            "console.html",
            "index.html",
            "package.json",
            "package-lock.json",
            "scripts",
            "src",
            "vite.config.ts",
        ] {
            println!("cargo::rerun-if-changed={}", web.join(source).display());
        }
        check_node()?;
        install_packages(&web)?;
        let target = page
            .to_str()
            .ok_or("the output directory's path is not UTF-8")?;
        let arguments = ["run", "build", "--", "--outDir", target, "--emptyOutDir"];
        run(
            "building the page",
            Command::new("npm").args(arguments).current_dir(&web),
        )?;
        list(&page, &mut files).map_err(|error| format!("{}: {error}", page.display()))?;
        files.sort();
    } else {
        println!("cargo::rerun-if-changed=build.rs");
    }
    let mut source = String::from("&[\n");
    for file in &files {
        let name = format!("/{}", file.strip_prefix(&page).unwrap_or(file).display());
        let path = file.display().to_string();
        let _ = writeln!(source, "    ({name:?}, include_bytes!({path:?})),");
    }
    source.push(']');
    fs::write(output.join("page.rs"), source).map_err(|error| format!("page.rs: {error}"))
}

fn check_node() -> Result<(), String> {
    let (major, minor) = NODE_MIN;
    let needed = format!("Node.js {major}.{minor} or later with npm is needed to build the page");
    let output = Command::new("node")
        .arg("--version")
        .output()
        .map_err(|_| {
            format!("{needed}, and `node` was not found. See https://nodejs.org.\n{WITHOUT_PAGE}")
        })?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut parts = version
        .trim_start_matches('v')
        .split('.')
        .map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= NODE_MIN => Ok(()),
        _ => Err(format!("{needed}, and this is {version}.\n{WITHOUT_PAGE}")),
    }
}

/// Installs what the lock file names, unless that is what is installed.
fn install_packages(web: &Path) -> Result<(), String> {
    let lock = web.join("package-lock.json");
    let wanted = fs::read(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    let stamp = web.join("node_modules/.installed-package-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let install = ["ci", "--no-audit", "--no-fund"];
    run(
        "installing the page's packages",
        Command::new("npm").args(install).current_dir(web),
    )?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn run(what: &str, command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{what}: npm was not found ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    Err(format!(
        "{what} failed ({}):\n{text}\n{WITHOUT_PAGE}",
        output.status
    ))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
fn is_set(name: &str) -> bool {
    env::var_os(name).is_some()
}
