//! `submit`: sends a signed record.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::files;
use super::key_show::groups;

/// What a mirror answers that keeps a record for the ledger.
const LODGED: u16 = 202;
/// Exit code for a record that is no entry yet.
const NO_ENTRY: u8 = 5;

/// Sends a signed record to a ledger and prints its receipt. Anybody may send it; the signatures are what counts.
/// Sending the same record again is always safe: there is one entry, and the same receipt.
///
/// A Party's mirror takes what the ledger does not: it prints its word that it keeps the record, and the exit code is 5
/// until the record is an entry.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The signed record; `-` for standard input
    note: PathBuf,
    /// The ledger
    #[arg(long, env = "COUNTERSIGN_URL")]
    url: String,
    /// Wait until the record is final: until a mirror of each Party has cosigned it, or whatever the terms demand. Some
    /// seconds at most; what is there then is printed
    #[arg(long)]
    wait: bool,
    /// Where to write the receipt; it must not exist yet. Standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let note = files::read(&arguments.note)?;
    let client = Client::new(&arguments.url, None);
    let path = if arguments.wait { "/v1/records?wait=cosigned" } else { "/v1/records" };
    let answer = client.post(path, "text/plain; charset=utf-8", &note)?;
    let new = answer.status == 201;
    if answer.status == LODGED {
        let word = String::from_utf8(answer.success()?).context("the answer is not text")?;
        eprintln!(
            "Lodged at a mirror, which brings it to the ledger; it is no entry yet. Keep the mirror's word for it."
        );
        files::write_result(arguments.out.as_deref(), &word)?;
        return Ok(ExitCode::from(NO_ENTRY));
    }
    let answer: Value = serde_json::from_slice(&answer.success()?).context("the answer is not JSON")?;
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    let digest = text("digest");
    let how = if new { "Recorded" } else { "Recorded before" };
    eprintln!("{how}: entry {}, received {}", answer["index"], text("received_at"));
    eprintln!("Digest to read aloud: {}", groups(digest.trim_start_matches("sha256:")));
    eprintln!("Standing: {}", standing(&answer));
    if answer["flags"].as_array().is_some_and(|flags| !flags.is_empty()) {
        eprintln!("Flags: {}", answer["flags"]);
    }
    files::write_result(arguments.out.as_deref(), text("receipt"))?;
    Ok(ExitCode::SUCCESS)
}

/// How far the record is from final, in words.
fn standing(record: &Value) -> String {
    let word = record["status"].as_str().unwrap_or_default();
    let cosigned = &record["cosigned"];
    let by = |name: &str, party: &str| cosigned[name].as_str().map(|at| format!("{party} mirror {at}"));
    let by: Vec<String> = [by("us", "US"), by("ru", "RU")].into_iter().flatten().collect();
    let said = if by.is_empty() { String::new() } else { format!(" (cosigned by: {})", by.join(", ")) };
    match cosigned["quorum"].as_str() {
        Some("none") => format!("{word}{said}; the terms demand no cosignature, so it never becomes final"),
        _ => format!("{word}{said}"),
    }
}
