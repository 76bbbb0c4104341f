//! `status`: how the two sides stand.
//!
//! From a history file it is computed here, with no ledger and no signatures, and the command says so; a ledger computes
//! its own. Both are shown by one renderer ([`text`]).
//!
//! Invariants: the answer on standard output is the answer alone; everything else goes to standard error.

mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use super::client::Client;
use crate::history::History;
use crate::treaty::reciprocity::words::sentence;
use crate::treaty::reciprocity::{Query, Viewer};
use crate::treaty::time::Instant;
use crate::words::Lang;

/// Shows how the two sides stand, on any day, as known on any day: from a history file, or from a ledger
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A plain file of records, one JSON object a line, the terms first; nothing in it is proved
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// The ledger to ask, where no history is given
    #[arg(long, env = "COUNTERSIGN_URL", required_unless_present = "history")]
    url: Option<String>,
    /// Your token
    #[arg(long, env = "COUNTERSIGN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The instant asked about, such as 2026-08-13T00:00:00Z; of a history the newest receipt, of a ledger now
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    /// What was known: an instant, or tree:<size>; everything, if left out
    #[arg(long, value_name = "INSTANT|tree:SIZE")]
    known_at: Option<String>,
    /// In whose view the JSON is: us, ru, undisputed, or all. People are shown all
    #[arg(long, value_parser = ["us", "ru", "undisputed", "all"])]
    view: Option<String>,
    /// The calendar year; that of the instant asked about, if left out
    #[arg(long, value_name = "YEAR")]
    period: Option<i32>,
    /// Print a table for people, as a ledger's status is
    #[arg(long, conflicts_with = "json")]
    text: bool,
    /// Print JSON, as a history's status is
    #[arg(long)]
    json: bool,
    /// The language of the table: en or ru
    #[arg(long, default_value = "en", value_parser = lang)]
    lang: Lang,
}

fn lang(text: &str) -> Result<Lang, String> {
    match text {
        "en" => Ok(Lang::En),
        "ru" => Ok(Lang::Ru),
        _ => Err("write en or ru".to_owned()),
    }
}

/// Runs `countersign status`.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let as_table = arguments.text || (arguments.history.is_none() && !arguments.json);
    let usual = if arguments.history.is_some() { "undisputed" } else { "all" };
    let view = if as_table { "all" } else { arguments.view.as_deref().unwrap_or(usual) };
    let answer = match (&arguments.history, &arguments.url) {
        (Some(path), _) => from_history(arguments, path, view)?,
        (None, Some(url)) => from_ledger(arguments, url, view)?,
        (None, None) => bail!("give --history or --url"),
    };
    if as_table {
        print!("{}", text::table(&answer, arguments.lang));
    } else {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a ledger answers.
fn from_ledger(arguments: &Arguments, url: &str, view: &str) -> anyhow::Result<Value> {
    let mut path = format!("/v1/reciprocity?view={view}");
    let period = arguments.period.map(|period| period.to_string());
    for (name, value) in [("as_of", &arguments.as_of), ("known_at", &arguments.known_at), ("period", &period)] {
        if let Some(value) = value {
            // Instants, sizes and years need no escapes; anything else the ledger would refuse as well.
            if !value.bytes().all(|b| b.is_ascii_alphanumeric() || b":-.".contains(&b)) {
                bail!("--{} {value}: not an instant, a size or a year", name.replace('_', "-"));
            }
            path.push_str(&format!("&{name}={value}"));
        }
    }
    Client::new(url, arguments.token.as_deref()).fetch_json(&path)
}

/// What is computed from a plain file.
fn from_history(arguments: &Arguments, path: &Path, view: &str) -> anyhow::Result<Value> {
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
    let one = |viewer| {
        let answer = history.status(size, Query { as_of, viewer, period: arguments.period });
        let mut value = serde_json::to_value(&answer).context("the answer cannot be written")?;
        if arguments.text {
            let words = sentence(&answer);
            value["words"] = serde_json::json!({ "en": words.en, "ru": words.ru });
        }
        anyhow::Ok(value)
    };
    match Viewer::from_word(&view.to_ascii_uppercase()) {
        Some(viewer) => one(viewer),
        None => {
            let mut views = Map::new();
            for viewer in [Viewer::Us, Viewer::Ru, Viewer::Undisputed] {
                views.insert(viewer.as_str().to_owned(), one(viewer)?);
            }
            Ok(side_by_side(views))
        }
    }
}

/// All views, as a ledger answers them: the members in which they do not differ stand once, above them.
fn side_by_side(mut views: Map<String, Value>) -> Value {
    let first = views.values().next().and_then(Value::as_object).cloned().unwrap_or_default();
    let same =
        |name: &String, value: &Value| !VIEWED.contains(&name.as_str()) && views.values().all(|v| v[name] == *value);
    let mut whole: Map<String, Value> = first.into_iter().filter(|(name, value)| same(name, value)).collect();
    for view in views.values_mut().filter_map(Value::as_object_mut) {
        view.retain(|name, _| !whole.contains_key(name));
    }
    whole.insert("views".to_owned(), views.into());
    whole.into()
}

/// The members that belong to a view, also where all views happen to agree.
const VIEWED: [&str; 6] = ["next", "obligations", "pair", "sides", "standing", "view"];

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
