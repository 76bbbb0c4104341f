//! `status`: how the two sides stand.
//!
//! From a history file it is computed here, with no ledger and no signatures, and the command says so.
//!
//! Invariants: the JSON on standard output is the answer alone; everything else goes to standard error.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::history::History;
use crate::treaty::reciprocity::{Query, Viewer};
use crate::treaty::time::Instant;

/// The arguments of `countersign status`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A plain file of records, one JSON object a line, the terms first; nothing in it is proved
    #[arg(long, value_name = "FILE")]
    history: PathBuf,
    /// The instant asked about, such as 2026-08-13T00:00:00Z; the newest record's receipt, if left out
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    /// What was known: an instant, or tree:<size>; everything, if left out
    #[arg(long, value_name = "INSTANT|tree:SIZE")]
    known_at: Option<String>,
    /// In whose view: us, ru or undisputed
    #[arg(long, default_value = "undisputed", value_parser = viewer)]
    view: Viewer,
    /// The calendar year; that of the instant asked about, if left out
    #[arg(long, value_name = "YEAR")]
    period: Option<i32>,
}

fn viewer(text: &str) -> Result<Viewer, String> {
    Viewer::from_word(&text.to_ascii_uppercase()).ok_or_else(|| "write us, ru or undisputed".to_owned())
}

/// Runs `countersign status`.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = &arguments.history;
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (history, left_out) = History::read(&text).with_context(|| format!("{} is no history", path.display()))?;
    for left_out in &left_out {
        eprintln!("line {} is left out: {}", left_out.line, left_out.why);
    }
    eprintln!("computed from a plain file: no record in it is signed, and nothing is proved");
    let size = match arguments.known_at.as_deref() {
        None => history.size(),
        Some(text) => known_at(&history, text)?,
    };
    let as_of = match &arguments.as_of {
        Some(text) => Instant::parse(text).with_context(|| format!("--as-of {text}: write YYYY-MM-DDTHH:MM:SSZ"))?,
        None => history.last_received_at().context("the history has no record")?,
    };
    let answer = history.status(size, Query { as_of, viewer: arguments.view, period: arguments.period });
    println!("{}", serde_json::to_string_pretty(&answer)?);
    Ok(ExitCode::SUCCESS)
}

fn known_at(history: &History, text: &str) -> anyhow::Result<u64> {
    if let Some(size) = text.strip_prefix("tree:") {
        let size: u64 = size.parse().with_context(|| format!("--known-at {text}: write tree:<size>"))?;
        if size == 0 || size > history.size() {
            bail!("--known-at {text}: the history has {} records", history.size());
        }
        return Ok(size);
    }
    let at = Instant::parse(text)
        .with_context(|| format!("--known-at {text}: write YYYY-MM-DDTHH:MM:SSZ, or tree:<size>"))?;
    match history.size_at(at) {
        0 => bail!("--known-at {text}: nothing had been received then"),
        size => Ok(size),
    }
}
