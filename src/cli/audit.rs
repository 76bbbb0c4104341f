//! `audit`: verifies a whole log.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};

use super::audit_held::{Held, line};
use super::{audit_database, audit_folder, audit_url, files};
use crate::evidence::audit::Report;
use crate::evidence::verdict::Overall;
use crate::words::Lang;

/// Verifies a whole log: every signature under the key that was good at its place, every verdict of the rules, every
/// countersignature, hash and tile, the checkpoint with its cosignatures, and every receipt that you hold.
///
/// The log is a folder that `export` wrote, an address (a ledger, or any web server that serves such a folder), or a
/// ledger's database; there the columns beside the entries, the heads and the schema are compared, too. What is read is
/// taken for hostile. For each fault the report says which check failed, where, and what it means.
///
/// Exit codes: 0 verified (with remarks, too; then 6 with --strict), 1 not verified, 2 bad input or usage, or the log
/// cannot be reached, 3 cannot decide (no root of trust was given).
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("log").required(true).args(["folder", "url", "database_url"])))]
pub struct Arguments {
    /// The folder
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The address of a ledger, or of a folder on a web server
    #[arg(long)]
    url: Option<String>,
    /// Your token at the ledger, which gives entries to those alone who may read everything
    #[arg(long, env = "COUNTERSIGN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The database; any role that may read the log
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The root of trust; from somebody you trust, not from the log
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_TRUST")]
    trust: Option<PathBuf>,
    /// Receipts or bundles that you hold
    #[arg(long, value_name = "FILE", num_args = 1..)]
    receipt: Vec<PathBuf>,
    /// Signed checkpoints that you hold
    #[arg(long, value_name = "FILE", num_args = 1..)]
    checkpoint: Vec<PathBuf>,
    /// A file of heads: the ledger's second store
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// What the ledger's clerk signed of its record of accesses, as a mirror keeps it; for --url and --database-url
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "folder")]
    accesses: Vec<PathBuf>,
    /// Exit with 6 where the report has remarks
    #[arg(long)]
    strict: bool,
    /// Print the report as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Print in Russian
    #[arg(long)]
    ru: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let held = held(arguments)?;
    let report = match (&arguments.folder, &arguments.url, &arguments.database_url) {
        (Some(folder), _, _) => audit_folder::audit(folder, &held)?,
        (_, Some(url), _) => audit_url::audit(url, arguments.token.as_deref(), &held)?,
        (_, _, Some(url)) => audit_database::audit(url, &held)?,
        _ => anyhow::bail!("nothing to audit"), // clap demands one of the three
    };
    if arguments.json {
        println!("{:#}", report.to_json(held.lang));
    }
    eprint!("{}", text(&report, held.lang));
    Ok(ExitCode::from(match report.overall {
        Overall::Verified => 0,
        Overall::VerifiedWithRemarks => u8::from(arguments.strict) * 6,
        Overall::NotVerified => 1,
        Overall::CannotDecide => 3,
    }))
}

/// Reads what the caller holds.
fn held(arguments: &Arguments) -> anyhow::Result<Held> {
    let named = |path: &PathBuf| path.display().to_string();
    let text = |path| Ok((named(path), files::read_text(path)?));
    let bytes = |path| Ok((named(path), files::read(path)?));
    Ok(Held {
        trust: arguments.trust.as_deref().map(files::read_trust).transpose()?,
        receipts: arguments.receipt.iter().map(text).collect::<anyhow::Result<_>>()?,
        checkpoints: arguments.checkpoint.iter().map(bytes).collect::<anyhow::Result<_>>()?,
        heads: arguments.heads.as_deref().map(files::read).transpose()?,
        accesses: arguments.accesses.iter().map(bytes).collect::<anyhow::Result<_>>()?,
        lang: if arguments.ru { Lang::Ru } else { Lang::En },
    })
}

fn text(report: &Report, lang: Lang) -> String {
    let mut text: String = report.checks.iter().map(|check| line(check, lang)).collect();
    let (size, root) = (report.head.size, report.head.root);
    let result = super::verify::result(report.overall, lang);
    text.push_str(&match lang {
        Lang::En => format!("RESULT: {result}   ({size} entries, root {root})\n"),
        Lang::Ru => format!("ИТОГ: {result}   (записей: {size}, корень {root})\n"),
    });
    text
}
