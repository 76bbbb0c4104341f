//! `verify`: what one file proves, offline. Uses nothing of the server: that is the product's promise.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::files;
use crate::evidence::attached::Attached;
use crate::evidence::verdict::{DOES_NOT_SAY, Outcome, Overall, Verdict};
use crate::evidence::verify;
use crate::hash::Hash;
use crate::note::{Note, NoteError};
use crate::treaty::record::Signed;
use crate::words::Lang;

/// Verifies a bundle: one file with a record, its proof, and the keys it rests on. Nothing is asked of any server.
///
/// The root of trust is one line, `countersign/trust/v1 <origin> <digest>`: get it from somebody you trust, not from
/// the ledger. Without it everything is checked that can be, and nothing is decided.
///
/// Exit codes: 0 verified (with remarks, too; then 6 with --strict), 1 not verified, 2 bad input or usage, 3 cannot
/// decide, 4 the file carries no signature, 5 the file does not show that the record is in a ledger.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The bundle; `-` for standard input
    file: PathBuf,
    /// The root of trust
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_TRUST")]
    trust: Option<PathBuf>,
    /// A file that lies beside the bundle: a photograph of a report, the drawing of a diagram
    #[arg(long, value_name = "FILE", num_args = 1..)]
    attached: Vec<PathBuf>,
    /// Print the verdict as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Exit with 6 where the verdict has remarks
    #[arg(long)]
    strict: bool,
    /// Print in Russian
    #[arg(long)]
    ru: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = files::read_text(&arguments.file)?;
    let trust = arguments.trust.as_deref().map(files::read_trust).transpose()?;
    let lang = if arguments.ru { Lang::Ru } else { Lang::En };
    if let Some(code) = not_a_bundle(&text) {
        return Ok(ExitCode::from(code));
    }
    let attached = arguments.attached.iter().map(|path| read_attached(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let verdict = verify(&text, trust.as_ref()).with_attached(&text, &attached);
    if arguments.json {
        println!("{:#}", verdict.to_json(lang));
    }
    eprint!("{}", report(&verdict, lang));
    let code = match verdict.overall {
        Overall::Verified => 0,
        Overall::VerifiedWithRemarks => u8::from(arguments.strict) * 6,
        Overall::NotVerified if verdict.about.is_none() => 2,
        Overall::NotVerified => 1,
        Overall::CannotDecide => 3,
    };
    Ok(ExitCode::from(code))
}

/// A file beside the bundle. It may be a film, so it passes through piece by piece.
fn read_attached(path: &Path) -> anyhow::Result<Attached> {
    let read = File::open(path).and_then(Hash::of_reader);
    let (sha256, bytes) = read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Attached { name: path.display().to_string(), sha256, bytes })
}

/// A text that is no bundle but something near one: what to do instead, and the exit code.
fn not_a_bundle(text: &str) -> Option<u8> {
    if text.trim_start().starts_with('{') {
        return None;
    }
    let (code, what) = match Note::parse(text.as_bytes()) {
        Err(NoteError::NoSignatures) => (4, "The file carries no signature."),
        Err(_) => (2, "The file is neither a bundle nor a signed note."),
        Ok(note) if Signed::parse(text.as_bytes()).is_ok() || note.text().starts_with("countersign/record/v1\n") => (
            5,
            "The file is a signed record, and does not show that it is in a ledger. Fetch its bundle: GET /v1/records/<digest>/bundle",
        ),
        Ok(_) => (2, "The file is a signed note, and not a record. `countersign inspect` shows what it says."),
    };
    eprintln!("{what}");
    Some(code)
}

/// The checks, a line each, and the result.
pub fn report(verdict: &Verdict, lang: Lang) -> String {
    let mut text = String::new();
    if let Some(about) = &verdict.about {
        let signers = about.signers.join(", ");
        let index = about.index.map_or_else(String::new, |index| format!(" {index}"));
        text.push_str(&match lang {
            Lang::En => format!("Record{index} · {} by {} · {signers}\n", about.kind, about.party),
            Lang::Ru => format!("Запись{index} · {}, сторона {} · {signers}\n", about.kind, about.party),
        });
    }
    for (number, finding) in (1..).zip(&verdict.findings) {
        let check = format!("{:?}", finding.check).to_lowercase();
        let subject = finding.subject.as_ref().map_or_else(String::new, |subject| format!("{subject}: "));
        let detail = finding.detail.in_lang(lang);
        text.push_str(&format!("{number:3} {}  {check:<17} {subject}{detail}\n", mark(finding.result)));
    }
    let line = verdict.trust.line.as_deref().unwrap_or(match lang {
        Lang::En => "none given",
        Lang::Ru => "не указан",
    });
    text.push_str(&match lang {
        Lang::En => format!("RESULT: {}   (root of trust: {line})\n", result(verdict.overall, lang)),
        Lang::Ru => format!("ИТОГ: {}   (корень доверия: {line})\n", result(verdict.overall, lang)),
    });
    for (_, words) in DOES_NOT_SAY {
        text.push_str(&format!("  {}\n", words.in_lang(lang)));
    }
    text
}

/// Four letters for an outcome.
pub const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "PASS",
        Outcome::Fail => "FAIL",
        Outcome::CouldNotCheck => "????",
        Outcome::NotRequired => "N/A ",
    }
}

/// The verdict in words.
pub const fn result(overall: Overall, lang: Lang) -> &'static str {
    match (overall, lang) {
        (Overall::Verified, Lang::En) => "VERIFIED",
        (Overall::Verified, Lang::Ru) => "ПОДТВЕРЖДЕНО",
        (Overall::VerifiedWithRemarks, Lang::En) => "VERIFIED WITH REMARKS",
        (Overall::VerifiedWithRemarks, Lang::Ru) => "ПОДТВЕРЖДЕНО С ЗАМЕЧАНИЯМИ",
        (Overall::NotVerified, Lang::En) => "NOT VERIFIED",
        (Overall::NotVerified, Lang::Ru) => "НЕ ПОДТВЕРЖДЕНО",
        (Overall::CannotDecide, Lang::En) => "CANNOT DECIDE",
        (Overall::CannotDecide, Lang::Ru) => "РЕШИТЬ НЕЛЬЗЯ",
    }
}
