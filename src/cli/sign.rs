//! `sign`: signs a record, or adds a signature to one that others have signed.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::files;
use crate::author;
use crate::evidence::trust::Trust;
use crate::json::Fault;
use crate::note::{Note, Signer, assemble};
use crate::treaty::record::{FIRST_LINE, Malformed, Record};

/// Signs a record. The file is one of three things:
///
/// - a JSON object: it is laid out as a record for the ledger named by --origin or --trust;
/// - the text of a record, as `prepare` answers it: it is signed byte for byte;
/// - a record that others have signed: your signature is added to theirs.
///
/// Read what you sign: the text is what stands above the signature lines.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The record; `-` for standard input
    record: PathBuf,
    /// Your key; give it again for each further key
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// The name of the ledger, for a JSON object
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// The root of trust, which names the ledger as well
    #[arg(long, value_name = "FILE", conflicts_with = "origin")]
    trust: Option<PathBuf>,
    /// Where to write the signed record; it must not exist yet. Standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let given = files::read_text(&arguments.record)?;
    let (text, earlier) = parts(arguments, &given)?;
    let record = Record::parse(&text).map_err(|malformed| anyhow::anyhow!(faults(&malformed)))?;
    let signers = arguments.key.iter().map(|path| files::read_signer(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let named: Vec<&str> = record.header.signers.iter().map(|name| name.as_str()).collect();
    for signer in &signers {
        let name = signer.verifier().name();
        if !named.contains(&name) {
            bail!("the record does not name {name}: its signers are {}", named.join(", "));
        }
    }
    let note = author::sign(&text, &signers.iter().collect::<Vec<&Signer>>())?;
    let note = with_earlier(&text, &note, &earlier)?;
    let signed = Note::parse(note.as_bytes())?;
    let missing: Vec<&str> =
        named.iter().copied().filter(|name| signed.lines().iter().all(|line| line.name != *name)).collect();
    files::write_result(arguments.out.as_deref(), &note)?;
    if !missing.is_empty() {
        eprintln!("Still to sign: {}. Send them the signed record; `sign` adds a signature to it.", missing.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// The text to sign, and the note that others have signed already, if it is one.
fn parts(arguments: &Arguments, given: &str) -> anyhow::Result<(String, Option<String>)> {
    if given.starts_with(FIRST_LINE) {
        return match Note::parse(given.as_bytes()) {
            Ok(note) => Ok((note.text().to_owned(), Some(given.to_owned()))),
            Err(_) => Ok((given.to_owned(), None)),
        };
    }
    let origin = match (&arguments.origin, &arguments.trust) {
        (Some(origin), _) => origin.clone(),
        (None, Some(path)) => files::read_trust(path).map(|trust: Trust| trust.origin)?,
        (None, None) => bail!("say for which ledger the record is: --origin NAME, or --trust FILE"),
    };
    let object = serde_json::from_str(given).context("the file is neither a record nor a JSON object")?;
    // Faults that laying out would hide, such as a name that stands twice, are found in what was given.
    let as_given = author::text_of(&origin, given);
    Record::parse(&as_given).map_err(|malformed| anyhow::anyhow!(faults(&malformed)))?;
    Ok((author::lay_out(&origin, &object), None))
}

/// The earlier lines and the new ones, each signer once.
fn with_earlier(text: &str, note: &str, earlier: &Option<String>) -> anyhow::Result<String> {
    let Some(earlier) = earlier else { return Ok(note.to_owned()) };
    let mut lines = Note::parse(earlier.as_bytes())?.lines().to_vec();
    for line in Note::parse(note.as_bytes())?.lines() {
        if lines.iter().any(|other| other.name == line.name) {
            bail!("{} has signed already", line.name);
        }
        lines.push(line.clone());
    }
    Ok(assemble(text, &lines))
}

/// Every fault of a text, a line each.
pub fn faults(malformed: &Malformed) -> String {
    let line = |fault: &Fault| {
        let place = if fault.pointer.is_empty() { format!("line {}", fault.line) } else { fault.pointer.clone() };
        format!("\n  {place}: {} [{}]", fault.detail, fault.code)
    };
    format!("this is not a record:{}", malformed.faults.iter().map(line).collect::<String>())
}
