//! `judge`: what files of evidence prove, offline.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::{audit_folder, files};
use crate::evidence::judge::{Held, Judgement, Ruled, Shown, accused, judge, keys_of, rule};
use crate::note::Succession;
use crate::tlog::checkpoint::Checkpoint;

/// Says what files prove about a log that were kept as evidence: by a witness, a mirror, or the ledger itself (the files in
/// their folders `evidence`), or by anybody, who may give signed checkpoints and receipts. All of them are judged together.
///
/// Two checkpoints that the log signed, of one size and with two roots, prove that it has two histories; of two sizes,
/// with the consistency proof that stands beside them. The log's key is taken from entry 0, which the root of trust names:
/// give its bytes (GET /v1/records/0/note), or any bundle of that ledger.
///
/// An entry that a mirror refused and its proof (`.entry`, `.tlog-proof`) show that the log signed it. Whether a rule forbids
/// it follows from the entries before it: give --folder, a copy of the log that `export` wrote, from that mirror.
///
/// What a mirror kept of the record of who read what (`accesses`, and `.held` and `.shown` in its folder of evidence) is judged
/// in the same way: two statements that no record can both be prove that events were removed or changed.
///
/// Exit codes: 0 nothing contradicts anything, 1 proved, 2 bad input or usage, or no file holds anything that the log
/// signed, 3 nothing is proved either way.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The root of trust
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_TRUST")]
    trust: PathBuf,
    /// Entry 0 of the log, or a bundle
    #[arg(long, value_name = "FILE")]
    terms: PathBuf,
    /// A copy of the log, for an entry that was refused
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Print the judgement as JSON on standard output
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let trust = files::read_trust(&arguments.trust)?;
    let keys = keys_of(&files::read_text(&arguments.terms)?, &trust).with_context(|| {
        format!("{} does not hold entry 0 of the ledger that {trust} names", arguments.terms.display())
    })?;
    let read: Vec<Vec<u8>> = arguments.files.iter().map(|path| files::read(path)).collect::<anyhow::Result<_>>()?;
    let mut judgement = judge(&read, &trust.origin, &keys);
    if let (Some(folder), false) = (&arguments.folder, judgement.shown.is_proof()) {
        judgement.shown = by_rule(folder, &read, &trust.origin, &keys.log, judgement.shown)?;
    }
    if arguments.json {
        println!("{:#}", to_json(arguments, &judgement));
    }
    for (path, held) in arguments.files.iter().zip(&judgement.files) {
        eprintln!("{}: {}", path.display(), words(held));
    }
    eprintln!("RESULT: {}", result(judgement.shown));
    Ok(ExitCode::from(match judgement.shown {
        shown if shown.is_proof() => 1,
        Shown::Same => 0,
        Shown::Nothing => 2,
        _ => 3,
    }))
}

/// Judges the entry in the files by the entries before it.
fn by_rule(
    folder: &Path,
    files: &[Vec<u8>],
    origin: &str,
    keys: &Succession,
    otherwise: Shown,
) -> anyhow::Result<Shown> {
    let (proof, entry) = accused(files, origin, keys).context("no file is an entry whose proof is in another file")?;
    let size = Checkpoint::open_by(proof.checkpoint.as_bytes(), origin, keys).ok();
    let size = size.map_or(0, |checkpoint| checkpoint.size);
    let before = audit_folder::prefix(folder, proof.index)?;
    Ok(match rule(&before, &proof, entry, size) {
        Ruled::Forbidden(index, why) => {
            eprintln!("{why}");
            Shown::RuleBroken(index)
        }
        Ruled::Admitted(index) => {
            eprintln!("entry {index} breaks no rule");
            otherwise
        }
        Ruled::OtherEntries => {
            eprintln!("{} does not hold the entries before it in the log that signed it", folder.display());
            otherwise
        }
    })
}

fn words(held: &Held) -> String {
    match held {
        Held::Checkpoints(sizes) => {
            let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
            format!("checkpoints that the log signed, of size {}", sizes.join(", "))
        }
        Held::Entry(Some((index, size))) => {
            format!("what the log signed as entry {index}, under a checkpoint of size {size}")
        }
        Held::Entry(None) => "an entry that nothing here shows to be in the log".into(),
        Held::Proof(index, size) => {
            format!("a proof of entry {index} in a checkpoint of size {size} that the log signed")
        }
        Held::Accesses(count) => format!("what the ledger's clerk signed of its record of accesses, of {count} events"),
        Held::Nothing(why) => format!("nothing that the log signed: {why}"),
    }
}

fn result(shown: Shown) -> String {
    match shown {
        Shown::Fork(size) => format!("FORK PROVED: the log signed two roots at size {size}, so it has two histories"),
        Shown::NotEmpty => "FORK PROVED: the log signed a root of no entries that cannot be".into(),
        Shown::NotAnEntry(index) => format!("PROVED: what the log signed as entry {index} is no entry of a ledger"),
        Shown::RuleBroken(index) => format!("PROVED: the log signed entry {index}, which the rules forbid"),
        Shown::AccessesChanged(count) => format!(
            "PROVED: the ledger's clerk signed two records of who read what, both of {count} events, that contradict each other"
        ),
        Shown::Unproved => {
            "NOTHING PROVED: where sizes differ, ask the log for a consistency proof; whether a rule forbids an entry \
             follows from those before it (--folder)"
                .into()
        }
        Shown::Same => "NOTHING CONTRADICTS: everything that was signed here is of one size and says the same".into(),
        Shown::Nothing => "NOTHING SAID: no file holds anything that the log signed".into(),
    }
}

fn to_json(arguments: &Arguments, judgement: &Judgement) -> Value {
    let size = match judgement.shown {
        Shown::Fork(size) => Some(size),
        Shown::NotEmpty => Some(0),
        _ => None,
    };
    let files = arguments.files.iter().zip(&judgement.files);
    let files: Vec<Value> =
        files.map(|(path, held)| json!({ "file": path.display().to_string(), "holds": words(held) })).collect();
    json!({ "finding": judgement.shown.code(), "proved": judgement.shown.is_proof(), "size": size, "files": files })
}
