//! `audit`: verifies a whole log.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{audit_folder, files};
use crate::evidence::audit::Report;
use crate::evidence::verdict::Overall;
use crate::words::Lang;

/// Verifies a whole log from a folder that `export` wrote: every signature under the key that was good at its place,
/// every rule, every countersignature, every hash and tile, and the checkpoint. Nothing is asked of any server.
///
/// Exit codes: 0 verified, 1 not verified, 2 bad input or usage, 3 cannot decide (no root of trust was given).
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// The root of trust; from somebody you trust, not from the folder
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_TRUST")]
    trust: Option<PathBuf>,
    /// Print the report as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Print in Russian
    #[arg(long)]
    ru: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let trust = arguments.trust.as_deref().map(files::read_trust).transpose()?;
    let lang = if arguments.ru { Lang::Ru } else { Lang::En };
    let report = audit_folder::audit(&arguments.folder, trust)?;
    if arguments.json {
        println!("{:#}", report.to_json(lang));
    }
    eprint!("{}", text(&report, lang));
    Ok(ExitCode::from(match report.overall {
        Overall::Verified | Overall::VerifiedWithRemarks => 0,
        Overall::NotVerified => 1,
        Overall::CannotDecide => 3,
    }))
}

fn text(report: &Report, lang: Lang) -> String {
    let mut text = String::new();
    for check in &report.checks {
        let place = check.place.as_ref().map_or_else(String::new, |place| format!("{place}: "));
        let mark = super::verify::mark(check.result);
        text.push_str(&format!("{mark}  {:<11} {place}{}\n", check.check, check.detail.in_lang(lang)));
    }
    let (size, root) = (report.head.size, report.head.root);
    let result = super::verify::result(report.overall, lang);
    text.push_str(&match lang {
        Lang::En => format!("RESULT: {result}   ({size} entries, root {root})\n"),
        Lang::Ru => format!("ИТОГ: {result}   (записей: {size}, корень {root})\n"),
    });
    text
}
