//! `check`: every fault of a record, offline, before it is signed or sent.
//!
//! Invariants: nothing but files is read. Without a log only the form is judged; with an exported one the rules are as
//! well, by the same replica as the server's, as if the record were received when it says that it was signed.
//!
//! Deliberately absent: a promise. What comes into the log before the record may change the answer.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{audit_folder, files};
use crate::author;
use crate::note::Note;
use crate::replica::Replica;
use crate::treaty::admit::Signatures;
use crate::treaty::record::{FIRST_LINE, Malformed, Record, Signed};
use crate::treaty::refusal::{Refusal, Refused};

/// Names every fault of a record, offline. The file is a JSON object, the text of a record, or a signed record.
///
/// With --log, the folder that `export` wrote, it also says what the rules would refuse if the log stood as it stands
/// there. Exit codes: 0 no fault was found, 1 there are faults, 2 bad input or usage.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The record; `-` for standard input
    record: PathBuf,
    /// The name of the ledger, for a JSON object
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// The root of trust, which names the ledger as well
    #[arg(long, value_name = "FILE", conflicts_with = "origin")]
    trust: Option<PathBuf>,
    /// An exported log, which names the ledger as well
    #[arg(long, value_name = "FOLDER")]
    log: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let given = files::read_text(&arguments.record)?;
    let log = arguments.log.as_deref().map(audit_folder::replica).transpose()?;
    let origin = origin(arguments, log.as_ref())?;
    let faults = faults(&given, origin, log.as_ref())?;
    for fault in &faults {
        println!("{fault}");
    }
    if faults.is_empty() {
        println!("No fault was found{}.", judged(log.as_ref(), arguments.log.as_deref()));
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} to mend.", faults.len());
    Ok(ExitCode::FAILURE)
}

/// What a good answer stands on.
fn judged(log: Option<&Replica>, folder: Option<&Path>) -> String {
    match (log, folder) {
        (Some(log), Some(folder)) => {
            format!(" by the rules over the {} entries in {}", log.head().size, folder.display())
        }
        _ => " in its form; --log FOLDER judges it by the rules as well".to_owned(),
    }
}

/// The ledger that the record must name, if one is given.
fn origin(arguments: &Arguments, log: Option<&Replica>) -> anyhow::Result<Option<String>> {
    if let Some(path) = &arguments.trust {
        return Ok(Some(files::read_trust(path)?.origin));
    }
    let of_log = || log.and_then(|log| log.register().terms()).map(|terms| terms.origin.clone());
    Ok(arguments.origin.clone().or_else(of_log))
}

/// Every fault, a line each.
fn faults(given: &str, origin: Option<String>, log: Option<&Replica>) -> anyhow::Result<Vec<String>> {
    let is_note = given.starts_with(FIRST_LINE) && Note::parse(given.as_bytes()).is_ok();
    if is_note {
        let signed = match Signed::parse(given.as_bytes()) {
            Ok(signed) => signed,
            Err(malformed) => return Ok(of_form(&malformed)),
        };
        return Ok(of_signed(signed, origin.as_deref(), log));
    }
    let text = if given.starts_with(FIRST_LINE) {
        given.to_owned()
    } else if given.trim_start().starts_with('{') {
        let name =
            origin.as_deref().context("say for which ledger it is: --origin NAME, --trust FILE or --log FOLDER")?;
        author::text_of(name, given)
    } else {
        bail!("the file is neither a record nor a JSON object")
    };
    Ok(match Record::parse(&text) {
        Ok(record) => of_rules(&record, origin.as_deref(), log),
        Err(malformed) => of_form(&malformed),
    })
}

fn of_form(malformed: &Malformed) -> Vec<String> {
    let line = |fault: &crate::json::Fault| {
        let place = if fault.pointer.is_empty() { format!("line {}", fault.line) } else { fault.pointer.clone() };
        format!("{place}: {} [{}]", fault.detail, fault.code)
    };
    malformed.faults.iter().map(line).collect()
}

fn of_refusals(refused: &[Refused]) -> Vec<String> {
    let line = |refused: &Refused| {
        let place = if refused.pointer.is_empty() { "the record" } else { &refused.pointer };
        format!("{place}: {} [{}, rules {}]", refused.words(), refused.refusal.code(), refused.refusal.provision())
    };
    refused.iter().map(line).collect()
}

/// The record is for the ledger that was named.
fn of_origin(record: &Record, origin: Option<&str>) -> Vec<Refused> {
    let other = origin.filter(|origin| *origin != record.origin);
    other.map(|origin| Refused::new(Refusal::OriginMismatch, "", origin)).into_iter().collect()
}

/// What the rules would refuse in a record that is not signed yet.
fn of_rules(record: &Record, origin: Option<&str>, log: Option<&Replica>) -> Vec<String> {
    let refused = match log {
        Some(log) => log.foresee(record, received(record, log)),
        None => of_origin(record, origin),
    };
    of_refusals(&refused)
}

/// What is wrong with a signed record: its lines, and with a log its signatures and what the rules refuse.
fn of_signed(signed: Signed, origin: Option<&str>, log: Option<&Replica>) -> Vec<String> {
    let Some(log) = log else {
        let mut refused = signed.line_faults();
        refused.extend(of_origin(&signed.record, origin));
        return of_refusals(&refused);
    };
    if let Some(index) = log.register().index_of(&signed.digest) {
        println!("The record stands in this log already: entry {index}.");
        return Vec::new();
    }
    let at = received(&signed.record, log);
    match signed.verify(log.register(), "check") {
        Ok(verified) => of_refusals(&log.admit(&verified, at, Signatures::Check)),
        Err(refused) => of_refusals(&refused),
    }
}

/// When the record is taken to be received: when it says that it was signed, and never before the newest entry.
fn received(record: &Record, log: &Replica) -> crate::treaty::time::Instant {
    let signed_at = record.header.signed_at;
    log.last_received_at().map_or(signed_at, |last| last.max(signed_at))
}
