//! `export --tables`, `export --table`: whole tables as files, compared with the manifest that the clerk signed.
//!
//! Invariants: a file has its own name only when its rows, bytes and hash are those of the manifest; until then it has
//! another one, and after a failure none. Nothing is ever overwritten.
//!
//! Deliberately absent: going on in the middle. A download that broke off is begun again.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;

use super::client::Client;
use crate::evidence::manifest::{Listed, Manifest};
use crate::hash::Hasher;
use crate::note::Verifier;
use crate::service::export::{self, Form, Table, sqlite};

/// What can be taken away on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// Every record
    Records,
    /// Every visit
    Inspections,
    /// What each side owes, in every view
    Obligations,
    /// How the two sides stand, in every view
    Status,
    /// Every table, in one database (format sqlite)
    Ledger,
}

/// What the ledger is asked about its tables.
pub struct Asked {
    known_at: Option<String>,
    /// Of the status: what was named of `as_of`, `view` and `period`.
    question: Vec<(&'static str, String)>,
}

impl Asked {
    /// Takes what was named on the command line.
    pub fn new(
        known_at: &Option<String>,
        as_of: &Option<String>,
        view: &Option<String>,
        period: Option<i32>,
    ) -> anyhow::Result<Asked> {
        let named = [("as_of", as_of.clone()), ("view", view.clone()), ("period", period.map(|year| year.to_string()))];
        let question: Vec<_> = named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        for value in known_at.iter().chain(question.iter().map(|(_, value)| value)) {
            // Instants, sizes, views and years need no escapes; anything else the ledger would refuse as well.
            let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":-.".contains(&byte));
            ensure!(is_plain, "{value}: not an instant, a size or a year");
        }
        Ok(Asked { known_at: known_at.clone(), question })
    }

    /// The end of the address of a manifest.
    fn query(&self) -> String {
        let known_at = self.known_at.iter().map(|at| format!("&known_at={at}"));
        known_at.chain(self.question.iter().map(|(name, value)| format!("&{name}={value}"))).collect()
    }

    /// Whether a manifest is about nothing else: what was named stands in it, and nothing but what the status answers.
    fn is_answered(&self, manifest: &Manifest) -> bool {
        let told = |(name, value): &(&str, String)| manifest.filter.iter().any(|(n, v)| n == name && v == value);
        self.question.iter().all(told)
            && manifest.filter.iter().all(|(name, _)| ["as_of", "view", "period"].contains(&name.as_str()))
    }
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for a spreadsheet
    Csv,
    /// One JSON object a line
    Ndjson,
    /// A database
    Sqlite,
}

/// The file that is meant.
pub fn file(choice: Choice, format: Format) -> anyhow::Result<export::File> {
    let table = match choice {
        Choice::Records => Some(Table::Records),
        Choice::Inspections => Some(Table::Inspections),
        Choice::Obligations => Some(Table::Obligations),
        Choice::Status => Some(Table::Status),
        Choice::Ledger => None,
    };
    match (table, format) {
        (None, Format::Sqlite) => Ok(export::File::Database),
        (None, _) => bail!("the whole ledger is one database: take --format sqlite"),
        (Some(_), Format::Sqlite) => bail!("a database holds every table: take --table ledger"),
        (Some(table), Format::Csv) => Ok(export::File::Text(table, Form::Csv)),
        (Some(table), Format::Ndjson) => Ok(export::File::Text(table, Form::Ndjson)),
    }
}

/// Saves every table in every form, with the manifest, in a new folder.
pub fn all(client: &Client, folder: &Path, asked: &Asked) -> anyhow::Result<()> {
    ensure!(!folder.exists(), "{} is there already; export into a new folder", folder.display());
    let (note, manifest) = signed_manifest(client, None, asked)?;
    // Everything goes into a folder of another name first, so that half an export is never taken for a whole one.
    let partial = Partial(folder.with_added_extension("partial"));
    partial.remove();
    std::fs::create_dir_all(&partial.0).with_context(|| format!("cannot make {}", partial.0.display()))?;
    for listed in &manifest.files {
        save(client, &manifest, listed, &partial.0.join(&listed.name))?;
    }
    let place = partial.0.join("manifest");
    std::fs::write(&place, note).with_context(|| format!("cannot write {}", place.display()))?;
    std::fs::rename(&partial.0, folder).with_context(|| format!("cannot make {}", folder.display()))?;
    report(&manifest, folder);
    Ok(())
}

/// Saves one file, and its manifest beside it.
pub fn one(client: &Client, file: export::File, out: &Path, asked: &Asked) -> anyhow::Result<()> {
    ensure!(
        file.is_of_status() || asked.question.is_empty(),
        "--as-of, --view and --period are about the status: take --table obligations, status or ledger"
    );
    let beside = out.with_added_extension("manifest");
    for path in [out, &beside] {
        ensure!(!path.exists(), "{} is there already, and is not overwritten", path.display());
    }
    let (note, manifest) = signed_manifest(client, Some(file), asked)?;
    let listed = manifest.files.first().context("the manifest names no file")?;
    let partial = Partial(out.with_added_extension("partial"));
    save(client, &manifest, listed, &partial.0)?;
    std::fs::write(&beside, note).with_context(|| format!("cannot write {}", beside.display()))?;
    std::fs::rename(&partial.0, out).with_context(|| format!("cannot make {}", out.display()))?;
    report(&manifest, out);
    Ok(())
}

fn report(manifest: &Manifest, place: &Path) {
    let rows: u64 = manifest.files.iter().map(|file| file.rows).sum();
    let (size, scope) = (manifest.head.size, &manifest.scope);
    eprintln!("{}: {rows} rows, as of tree:{size}, scope: {scope}; as the clerk's manifest says", place.display());
}

/// A file or a folder that goes unless it got its name.
struct Partial(PathBuf);

impl Partial {
    fn remove(&self) {
        // It is not there where nothing went wrong.
        let _ = std::fs::remove_file(&self.0).or_else(|_| std::fs::remove_dir_all(&self.0));
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The manifest of one file, or of every file that exists for whoever asks, and that the clerk signed it.
fn signed_manifest(client: &Client, file: Option<export::File>, asked: &Asked) -> anyhow::Result<(Vec<u8>, Manifest)> {
    let about = client.fetch_json("/v1/log")?;
    // Each that it has had: the clerk may change while this runs.
    let vkeys = about["clerk_keys"].as_array().into_iter().flatten();
    let clerks: Vec<Verifier> = vkeys.filter_map(|key| Verifier::parse(key["vkey"].as_str()?).ok()).collect();
    ensure!(!clerks.is_empty(), "the ledger does not name the key of its clerk");
    let files = file.map_or_else(String::new, |file| format!("&files={}", file.name()));
    let mut note = Vec::new();
    client
        .download(&format!("/v1/exports/manifest?{}", (files + &asked.query()).trim_start_matches('&')), &mut note)?;
    let manifest = clerks.iter().find_map(|clerk| Manifest::open(&note, clerk)).context(
        "the manifest does not bear the signature of the ledger's clerk, so nothing was saved: \
         keep it as evidence if it comes again, and ask the operator",
    )?;
    let wanted = match file {
        Some(file) => vec![file],
        None if reads_everything(&manifest) => export::File::all(),
        None => export::File::of_a_host(),
    };
    let is_whole = manifest.files.iter().map(|listed| listed.name.clone()).eq(wanted.iter().map(|file| file.name()));
    let is_asked = is_whole && asked.is_answered(&manifest) && about["origin"] == manifest.origin.as_str();
    ensure!(is_asked, "the manifest is about something else than was asked for, so nothing was saved");
    Ok((note, manifest))
}

/// Whether the files of a manifest are those of somebody who is told how the two sides stand.
fn reads_everything(manifest: &Manifest) -> bool {
    manifest.scope == "everything"
}

/// Where a file is, as the manifest describes it.
fn address(manifest: &Manifest, listed: &Listed) -> String {
    let of_status = reads_everything(manifest)
        && export::File::all().iter().any(|file| file.is_of_status() && file.name() == listed.name);
    let question = manifest.filter.iter().filter(|_| of_status).map(|(name, value)| format!("&{name}={value}"));
    let question: String = question.collect();
    format!("/v1/exports/{}?known_at=tree:{}{question}", listed.name, manifest.head.size)
}

/// Downloads one file and compares it with the manifest.
fn save(client: &Client, manifest: &Manifest, listed: &Listed, path: &Path) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut counted = Counted::new(BufWriter::new(file));
    client
        .download(&address(manifest, listed), &mut counted)
        .with_context(|| format!("{} did not arrive whole, and was not saved; run the command again", listed.name))?;
    counted.inner.flush().with_context(|| format!("cannot write {}", path.display()))?;
    let rows = match Path::new(&listed.name).extension().and_then(|ending| ending.to_str()) {
        Some("sqlite") => sqlite::count(path)?,
        _ => counted.lines.saturating_sub(1), // the heading of a CSV file, the last line of an NDJSON file
    };
    for (what, came, said) in [
        ("bytes", counted.bytes.to_string(), listed.bytes.to_string()),
        ("rows", rows.to_string(), listed.rows.to_string()),
        ("SHA-256", counted.hasher.hash().to_string(), listed.sha256.to_string()),
    ] {
        if came != said {
            bail!(
                "{}: {what} {came}, and the clerk's manifest says {said}; it was not saved. Run the command again; if \
                 it comes again, the ledger or somebody on the way changes files: keep both as evidence",
                listed.name
            );
        }
    }
    Ok(())
}

/// Counts and hashes what passes.
struct Counted<W> {
    inner: W,
    bytes: u64,
    /// Line feeds that stand in no quoted cell.
    lines: u64,
    quoted: bool,
    hasher: Hasher,
}

impl<W: Write> Counted<W> {
    fn new(inner: W) -> Counted<W> {
        Counted { inner, bytes: 0, lines: 0, quoted: false, hasher: Hasher::default() }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        let bytes = bytes.get(..written).unwrap_or_default();
        self.bytes += written as u64;
        self.hasher.update(bytes);
        for byte in bytes {
            self.quoted ^= *byte == b'"';
            self.lines += u64::from(*byte == b'\n' && !self.quoted);
        }
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    #[test]
    fn a_line_feed_in_a_cell_ends_no_row() {
        let mut counted = Counted::new(Vec::new());
        counted.write_all(b"a,b\r\n\"x \"\"y\"\"\nz\",1\r\n").expect("written");
        assert_eq!((counted.lines, counted.bytes), (2, 20));
        assert_eq!(counted.hasher.hash(), Hash::of(&counted.inner));
    }
}
