//! `prepare`: the exact text to sign, judged by the ledger before it is signed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::client::Client;
use super::files;

/// Sends a record's JSON object to a ledger and prints the exact text to sign. With a token of the record's own state
/// the ledger also says what its rules would refuse. Nothing is stored, and no byte of your object is changed.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The JSON object; `-` for standard input
    record: PathBuf,
    /// The ledger
    #[arg(long, env = "COUNTERSIGN_URL")]
    url: String,
    /// Your token
    #[arg(long, env = "COUNTERSIGN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Where to write the text; it must not exist yet. Standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let object = files::read(&arguments.record)?;
    let client = Client::new(&arguments.url, arguments.token.as_deref());
    let text = client.post("/v1/records/prepare", "application/json", &object)?.success()?;
    files::write_result(arguments.out.as_deref(), &String::from_utf8(text)?)?;
    Ok(ExitCode::SUCCESS)
}
