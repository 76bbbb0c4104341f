//! `receipt`: what the ledger has of a record, on a page that two people can compare.
//!
//! Deliberately absent: proof. The page is for eyes and ears; `verify` checks the record's bundle.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::files;
use super::key_show::groups;
use crate::hash::Hash;
use crate::note::Note;

/// Prints what the ledger has of a record: who signed it, what it is, when it was received, its digest in groups of
/// four to read aloud, and for a report what its findings add up to. Show it to the other side, who can print the same.
///
/// Given a file, it takes the digest of the text that you hold, so that what is compared is your copy.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The record: its digest (sha256:…), or the file that you hold
    record: String,
    /// The ledger
    #[arg(long, env = "COUNTERSIGN_URL")]
    url: String,
    /// Your token
    #[arg(long, env = "COUNTERSIGN_TOKEN", hide_env_values = true)]
    token: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let digest = digest(&arguments.record)?;
    let client = Client::new(&arguments.url, Some(&arguments.token));
    let record = client.fetch_json(&format!("/v1/records/{digest}"))?;
    let inspection = record["links"]["inspection"].as_str();
    let inspection = inspection.map(|path| client.fetch_json(path)).transpose()?;
    print!("{}", page(&digest, &record, inspection.as_ref()));
    Ok(ExitCode::SUCCESS)
}

/// The digest that was given, or that of the text in a file.
fn digest(given: &str) -> anyhow::Result<Hash> {
    if let Ok(digest) = given.parse() {
        return Ok(digest);
    }
    let text = files::read_text(Path::new(given)).context("the record is neither a digest nor a file")?;
    let signed = Note::parse(text.as_bytes());
    Ok(Hash::of(signed.as_ref().map_or(text.as_str(), |note| note.text()).as_bytes()))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The page, in both languages.
fn page(digest: &Hash, record: &Value, inspection: Option<&Value>) -> String {
    let mut lines = vec![
        ("What / Что", format!("{} · {} No. {}", text(record, "kind"), text(record, "party"), record["number"])),
        ("Entry / Запись", record["index"].to_string()),
    ];
    for by in record["signed_by"].as_array().into_iter().flatten() {
        lines.push(("Signed / Подписал", text(by, "key").to_owned()));
    }
    lines.push(("Received / Получено", text(record, "received_at").to_owned()));
    if let Some(visit) = inspection {
        let (slot, inspecting) = (text(visit, "slot"), text(visit, "inspecting"));
        lines.push(("Inspection / Инспекция", format!("{inspecting} → {slot}, ETA {}", text(visit, "eta"))));
        lines.extend(findings(&digest.to_string(), visit));
    }
    for flag in record["flags"].as_array().into_iter().flatten() {
        lines.push(("Flag / Пометка", flag.as_str().map_or_else(|| flag.to_string(), str::to_owned)));
    }
    if let Some(by) = record["superseded_by"].as_str() {
        lines.push(("Corrected by / Исправлено", by.to_owned()));
    }
    let spoken = groups(digest.to_string().trim_start_matches("sha256:"));
    let (half, rest) = spoken.split_at(spoken.len().min(40));
    lines.push(("Digest / Отпечаток", half.trim_end().to_owned()));
    lines.push(("", rest.to_owned()));
    lines.iter().map(|(name, value)| format!("{name:<26}{value}\n")).collect()
}

/// What a report's findings add up to, and how many lines differ.
fn findings(digest: &str, visit: &Value) -> Vec<(&'static str, String)> {
    let found = visit["findings"].as_array().into_iter().flatten().find(|found| text(found, "report") == digest);
    let Some(found) = found else { return Vec::new() };
    let differences = found["differences"].as_array().map_or(0, Vec::len);
    let open = found["ambiguities"].as_array().into_iter().flatten().filter(|one| one["open"] == true).count();
    vec![
        ("Adds up to / Итог", text(found, "roll_up").to_owned()),
        ("Differences / Различия", differences.to_string()),
        ("Open / Не снято", open.to_string()),
    ]
}
