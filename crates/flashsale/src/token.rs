//! `flashsale token`: keys and tokens for tests, and for shops that try this server.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use flashsale_api::identity::sign::{self, Grant, SigningKey};
use flashsale_sale::UserId;

use crate::cli::token::{
    KeysArguments, PublicArguments, SignArguments, TokenArguments, TokenCommand,
};
use crate::failure::Failure;
use crate::world;

const PRIVATE_FILE: &str = "private.pem";
const KEYS_FILE: &str = "keys.json";

/// For its owner alone.
const SECRET_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;

pub(crate) fn run(arguments: &TokenArguments) -> Result<ExitCode, Failure> {
    let text = match &arguments.command {
        TokenCommand::Keys(arguments) => keys(arguments)?,
        TokenCommand::Public(arguments) => public(arguments)?,
        TokenCommand::Sign(arguments) => token(arguments)?,
    };
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::failed(format!("standard output: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

fn keys(arguments: &KeysArguments) -> Result<String, Failure> {
    let new = sign::make(arguments.algorithm, world::random).map_err(Failure::refused)?;
    let folder = &arguments.output;
    fs::create_dir_all(folder)
        .map_err(|error| Failure::failed(format!("{}: {error}", folder.display())))?;
    let (private, keys) = (folder.join(PRIVATE_FILE), folder.join(KEYS_FILE));
    // Looked for beforehand, so that not one is made and the other refused.
    for path in [&private, &keys] {
        if path.symlink_metadata().is_ok() {
            return Err(taken(path));
        }
    }
    let (shown, private_shown) = (keys.display(), private.display());
    let algorithm = arguments.algorithm;
    let Some(text) = new.private else {
        write(&keys, &new.keys, SECRET_MODE)?;
        return Ok(format!(
            "{shown} signs tokens, and is for the server as well: keep it secret in both places\n\
             TOKEN_KEYS={shown} TOKEN_ALGORITHMS={algorithm}\n"
        ));
    };
    write(&private, &text, SECRET_MODE)?;
    write(&keys, &new.keys, PUBLIC_MODE)?;
    Ok(format!(
        "{private_shown} signs tokens: keep it with the shop, and secret\n\
         {shown} is for the server: TOKEN_KEYS={shown} TOKEN_ALGORITHMS={algorithm}\n"
    ))
}

fn public(arguments: &PublicArguments) -> Result<String, Failure> {
    sign::keys_of(&read(&arguments.key)?).map_err(|error| refused(&arguments.key, error))
}

fn token(arguments: &SignArguments) -> Result<String, Failure> {
    let key = SigningKey::parse(&read(&arguments.key)?)
        .map_err(|error| refused(&arguments.key, error))?;
    UserId::parse(&arguments.subject)
        .map_err(|reason| Failure::refused(format!("--subject {reason}")))?;
    let now = world::clock()();
    let until = arguments.expires.from(now);
    let grant = Grant {
        iss: arguments.issuer.as_deref(),
        nbf: arguments.not_before.map(|moment| moment.from(now).0 / 1000),
        ..Grant::new(&arguments.subject, &arguments.audience, now, until)
    };
    Ok(key.sign(&grant) + "\n")
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::refused(format!("--key {}: {error}", path.display())))
}

fn refused(path: &Path, reason: impl std::fmt::Display) -> Failure {
    Failure::refused(format!("--key: the file {} {reason}", path.display()))
}

/// Never over a file that is there: whoever loses a key locks all buyers out.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(mode).open(path);
    let written = opened.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => taken(path),
        _ => Failure::failed(format!("{}: {error}", path.display())),
    })
}

fn taken(path: &Path) -> Failure {
    Failure::refused(format!(
        "{} is there already. Choose another folder, or move it away: a key is not written over",
        path.display()
    ))
}
