//! `inspect`: what a file says, without believing any of it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::files;
use crate::evidence::bundle::Bundle;
use crate::hash::Hash;
use crate::note::Note;
use crate::note::clerk::countersigned_at;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::proof::Proof;
use crate::treaty::time::Instant;

/// Shows what a file says: a signed note (a record, an entry, a checkpoint), a receipt, or a bundle. Nothing is
/// checked; `verify` does that.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file; `-` for standard input
    file: PathBuf,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = files::read_text(&arguments.file)?;
    if text.trim_start().starts_with('{') {
        let bundle = Bundle::parse(&text).map_err(|faults| {
            let first = faults.first().map_or_else(String::new, |fault| format!("{} {}", fault.pointer, fault.detail));
            anyhow::anyhow!("the file is JSON, and not a bundle: {first}")
        })?;
        println!("bundle of {} · root of trust it names: {}", bundle.origin, bundle.trust);
        note(&bundle.entry)?;
        proof(&bundle.receipt)?;
        println!("{} supporting entries", bundle.support.len());
    } else if text.starts_with(crate::tlog::proof::FIRST_LINE) {
        proof(&text)?;
    } else {
        note(&text)?;
    }
    println!("Nothing of this was checked.");
    Ok(ExitCode::SUCCESS)
}

fn note(text: &str) -> anyhow::Result<()> {
    let note = match Note::parse(text.as_bytes()) {
        Ok(note) => note,
        Err(error) => bail!("line {}: {error}", error.line()),
    };
    if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
        println!("checkpoint of {} · size {} · root {}", checkpoint.origin, checkpoint.size, checkpoint.root);
    } else {
        println!("note · digest {}", Hash::of(note.text().as_bytes()));
        print!("{}", note.text());
    }
    for line in note.lines() {
        let time = (line.blob.len() == 72).then(|| countersigned_at(line)).flatten().and_then(Instant::from_unsigned);
        let time = time.map_or_else(String::new, |time| format!(" · says {time}"));
        println!("signature line · {} · key id {}{time}", line.name, line.id);
    }
    Ok(())
}

fn proof(text: &str) -> anyhow::Result<()> {
    let proof = Proof::parse(text)?;
    println!("receipt · index {} · {} hashes", proof.index, proof.hashes.len());
    note(&proof.checkpoint)
}
