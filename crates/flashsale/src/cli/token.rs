//! The arguments of `flashsale token`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use flashsale_api::identity::algorithm::Algorithm;

use crate::moment::Moment;

#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a key to sign with, and the file for the server
    Keys(KeysArguments),
    /// Print the file for the server that belongs to a private key, of RSA for one
    Public(PublicArguments),
    /// Print a token that names a buyer
    Sign(SignArguments),
}

#[derive(Debug, Args)]
pub(crate) struct KeysArguments {
    /// What the key is for: EdDSA, ES256 or HS256
    #[arg(long, default_value = "EdDSA")]
    pub(crate) algorithm: Algorithm,
    /// Folder for private.pem, which stays with the shop, and keys.json, which is for the server; with HS256
    /// both have the same secret, in keys.json
    #[arg(long, short)]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct PublicArguments {
    /// The private key in PEM
    #[arg(long)]
    pub(crate) key: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// The private key in PEM, or a JWKS document with one secret
    #[arg(long)]
    pub(crate) key: PathBuf,
    /// Who buys
    #[arg(long)]
    pub(crate) subject: String,
    /// The server that it is for: what TOKEN_AUDIENCE says there
    #[arg(long)]
    pub(crate) audience: String,
    /// Who makes it: what TOKEN_ISSUER says there, if it is set
    #[arg(long)]
    pub(crate) issuer: Option<String>,
    /// Until when it is good: 30s, 5m or 2h from now, or a time as in SALE_END
    #[arg(long, default_value = "1h", allow_hyphen_values = true)]
    pub(crate) expires: Moment,
    /// From when on it is good, written alike [default: at once]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) not_before: Option<Moment>,
}
