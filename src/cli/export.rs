//! `export`: a whole log as a folder of files, its tables ([`super::export_tables`]), or its records as a plain history
//! ([`super::export_history`]).

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args};

use super::client::Client;
use super::export_history;
use super::export_tables::{self, Asked, Choice, Format};
use super::progress::Progress;
use crate::note::Note;
use crate::tlog::checkpoint::{Checkpoint, decimal};
use crate::tlog::tiles::{number_of_tiles, tiles_of};

/// Saves a whole log as a folder: its checkpoint, every hash tile and every entry, in the layout of C2SP tlog-tiles, and
/// the root of trust that the ledger names. Any static web server can serve the folder, and `audit --folder` verifies
/// it with no ledger in reach. Needs a token of a Party or an auditor.
///
/// Or saves tables to work with: all of them in a folder (`--tables`), or one of them (`--table`, `--format`, `--out`).
/// Each file is compared with a manifest that the ledger's clerk signed, and kept only if it is whole. What each side
/// owes and how the two stand is told in every view, as of now, unless `--as-of` and `--view` say otherwise. A host's
/// token gives what the host may read, and nothing of the status.
///
/// With `--history` the records go into a plain file, one JSON object a line, which `status --history` reads; nothing in
/// that file is proved.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["folder", "history", "tables", "table"])))]
pub struct Arguments {
    /// The whole log, in this folder; it must not exist yet
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The records, in this plain file; it must not exist yet
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Every table in every format, in this folder; it must not exist yet
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,
    /// One table
    #[arg(long, value_enum, requires = "format", requires = "out")]
    table: Option<Choice>,
    /// How the table is written
    #[arg(long, value_enum, requires = "table")]
    format: Option<Format>,
    /// The file; it must not exist yet. Its manifest stands beside it
    #[arg(long, value_name = "FILE", requires = "table")]
    out: Option<PathBuf>,
    /// Tables as they were then: `tree:<size>`, or an instant
    #[arg(long, value_name = "WHEN", conflicts_with = "folder")]
    known_at: Option<String>,
    /// The instant that tables of the status are about, such as 2026-08-13T00:00:00Z; now, if left out
    #[arg(long, value_name = "INSTANT", conflicts_with_all = ["folder", "history"])]
    as_of: Option<String>,
    /// In whose view tables of the status are: us, ru, undisputed, or all of them
    #[arg(long, value_parser = ["us", "ru", "undisputed", "all"], conflicts_with_all = ["folder", "history"])]
    view: Option<String>,
    /// The calendar year of the status; that of the instant, if left out
    #[arg(long, value_name = "YEAR", conflicts_with_all = ["folder", "history"])]
    period: Option<i32>,
    /// The ledger
    #[arg(long, env = "COUNTERSIGN_URL")]
    url: String,
    /// Your token
    #[arg(long, env = "COUNTERSIGN_TOKEN", hide_env_values = true)]
    token: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::new(&arguments.url, Some(&arguments.token));
    let asked = Asked::new(&arguments.known_at, &arguments.as_of, &arguments.view, arguments.period)?;
    if let Some(folder) = &arguments.folder {
        whole_log(&client, folder)?;
    }
    if let Some(folder) = &arguments.tables {
        export_tables::all(&client, folder, &asked)?;
    }
    if let (Some(table), Some(format), Some(out)) = (arguments.table, arguments.format, &arguments.out) {
        export_tables::one(&client, export_tables::file(table, format)?, out, &asked)?;
    }
    if let Some(file) = &arguments.history {
        export_history::write(&client, file)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn whole_log(client: &Client, folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        bail!("{} is there already; export into a new folder", folder.display());
    }
    // Everything goes into a folder of another name first, so that half an export is never taken for a whole one.
    let partial = folder.with_added_extension("partial");
    if partial.exists() {
        std::fs::remove_dir_all(&partial).with_context(|| format!("cannot remove {}", partial.display()))?;
    }
    let size = save(client, &partial)?;
    std::fs::rename(&partial, folder).with_context(|| format!("cannot make {}", folder.display()))?;
    eprintln!("{size} entries in {}. Audit them with: countersign audit --folder {0}", folder.display());
    Ok(())
}

fn save(client: &Client, folder: &Path) -> anyhow::Result<u64> {
    let about = client.fetch_json("/v1/log")?;
    let checkpoint = client.fetch("/checkpoint")?;
    let size = match Note::parse(&checkpoint).map(|note| Checkpoint::parse(note.text())) {
        Ok(Ok(checkpoint)) => checkpoint.size,
        _ => bail!("the ledger answered something that is not a checkpoint"),
    };
    let total = number_of_tiles(size);
    let mut progress = Progress::new("tiles", total);
    for (done, tile) in (1..).zip(tiles_of(size)) {
        write(folder, &tile.to_string(), &client.fetch(&format!("/{tile}"))?)?;
        progress.at(done);
    }
    progress.end();
    let trust = about["trust"].as_str().unwrap_or_default();
    write(folder, "trust", format!("{trust}\n").as_bytes())?;
    write(folder, "policy", &client.fetch("/v1/log/policy")?)?;
    write(folder, "heads", &heads(client, size)?)?;
    write(folder, "checkpoint", &checkpoint)?;
    Ok(size)
}

/// Every head that the ledger committed, up to a size.
fn heads(client: &Client, until: u64) -> anyhow::Result<Vec<u8>> {
    let (mut all, mut last) = (String::new(), 0);
    while last < until {
        let page = String::from_utf8(client.fetch(&format!("/v1/log/heads?after={last}"))?)?;
        let sizes = page.lines().map_while(|line| decimal(line.split(' ').next()?).map(|size| (size, line)));
        let before = last;
        for (size, line) in sizes.take_while(|(size, _)| *size <= until).skip_while(|(size, _)| *size <= before) {
            all.push_str(&format!("{line}\n"));
            last = size;
        }
        if last == before {
            bail!("the ledger does not list the head of size {until}, and shows its checkpoint");
        }
    }
    Ok(all.into_bytes())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
