//! `bench status`: how long a status takes as the log grows.
//!
//! The records are those of [`super::new_start::years`], without signatures and without a server: what is measured is
//! the work of an answer, from the register to its JSON.
//!
//! Deliberately absent: what HTTP and the access event add, which `bench new-start` measures.

use std::collections::HashMap;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

use super::super::demo::story::{HOUR, after};
use super::super::player::Statement;
use super::super::progress::Progress;
use super::super::terms_init::{self, Keys};
use super::new_start::FIRST;
use super::new_start::years::{Author, Pen, QUOTA};
use super::{ORIGIN, first_keys, percentile, print};
use crate::author::Draft;
use crate::hash::Hash;
use crate::service::clock::Clock;
use crate::tlog::EMPTY_ROOT;
use crate::treaty::admit::rules;
use crate::treaty::apply::apply;
use crate::treaty::party::KeyName;
use crate::treaty::reciprocity::{Frame, Scope, Viewer, statuses};
use crate::treaty::record::{Anchor, Record};
use crate::treaty::register::Register;
use crate::treaty::time;

/// Measures the status of the pair in a log that grows to so many entries, spread over years as New START's were, and in
/// one year that is more and more crowded: as known now, and as known when half of it was there.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Entries
    #[arg(long, default_value_t = 100_000)]
    entries: u64,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ensure!(arguments.entries >= 1_000, "give at least 1,000 entries");
    let begins = time::Instant::parse(&format!("{FIRST}-01-01T00:00:00Z")).context("a calendar year")?;
    let mut plain = Plain::begin()?;
    let (mut measures, mut next) = (Vec::new(), 1_000);
    let begun = Instant::now();
    let mut progress = Progress::new("entries", arguments.entries);
    let mut author = Author::begin(&mut plain, after(begins, HOUR)?)?;
    for year in 0.. {
        author.year(year, FIRST)?;
        let size = author.written() + 1;
        progress.at(size);
        if size >= next {
            let folded = begun.elapsed();
            measures.push(measure(author.pen(), FIRST + year, folded)?);
            next *= 10;
        }
        if size >= arguments.entries {
            break;
        }
    }
    progress.end();
    let crowded = [1, 3, 7, 20, 50].into_iter().map(|times| {
        let mut plain = Plain::begin()?;
        let begun = Instant::now();
        Author::begin(&mut plain, after(begins, HOUR)?)?.crowded_year(0, FIRST, times)?;
        measure(&plain, FIRST, begun.elapsed())
    });
    let crowded = crowded.collect::<anyhow::Result<Vec<_>>>()?;
    print(&json!({ "years": measures, "one_crowded_year": crowded }), arguments.json);
    Ok(ExitCode::SUCCESS)
}

/// How often each question is asked.
const ASKED: usize = 200;

/// The medians of an answer at one size, in milliseconds.
fn measure(plain: &Plain, year: i32, folded: Duration) -> anyhow::Result<serde_json::Value> {
    let register = &plain.register;
    let as_of = time::Instant::parse(&format!("{year}-12-31T00:00:00Z")).context("a calendar year")?;
    let frame = Frame { as_of, period: year, scope: Scope::Period };
    let median = |size: u64, frame: Frame| {
        let asked = if frame.scope == Scope::Everything { 3 } else { ASKED };
        let mut times: Vec<Duration> = (0..asked)
            .map(|_| {
                let known = register.known(size);
                let names = |index: u32| known.event(index).map(|event| event.digest.to_string()).unwrap_or_default();
                let begun = Instant::now();
                let answers = statuses(known, frame, &[Viewer::Undisputed], &names);
                black_box(serde_json::to_string(&answers).unwrap_or_default());
                begun.elapsed()
            })
            .collect();
        percentile(&mut times, 0.5)
    };
    let size = register.size();
    let half = register.known(size / 2).event(u32::try_from(size / 2)? - 1).context("an entry")?.received_at;
    let then = Frame { as_of: half, period: half.year(), scope: Scope::Period };
    Ok(json!({
        "entries": size,
        "years": year - FIRST + 1,
        "now_ms": median(size, frame),
        "half_known_now_ms": median(size / 2, frame),
        "half_known_then_ms": median(size / 2, then),
        "now_as_of_half_ms": median(size, then),
        "everything_ms": median(size, Frame { scope: Scope::Everything, ..frame }),
        "fold_us_per_entry": (folded.as_secs_f64() * 1e7 / size as f64).round() / 10.0,
    }))
}

/// A pen that signs nothing: what it writes is judged and applied as a ledger does, keys aside.
struct Plain {
    register: Register,
    numbers: HashMap<String, u64>,
}

impl Plain {
    /// Begins with the terms.
    fn begin() -> anyhow::Result<Plain> {
        let keys = first_keys()?;
        let all = Keys::of(keys.iter().map(|key| key.verifier().clone()));
        let begins = time::Instant::parse(&format!("{FIRST}-01-01T00:00:00Z")).context("a calendar year")?;
        let mut terms = terms_init::draft(ORIGIN, &all, true, true, &Clock::scripted(begins))?;
        terms.body["limits"] = json!({ "quota": QUOTA });
        let text = terms.text(ORIGIN);
        let record = Record::parse(&text).map_err(|malformed| anyhow::anyhow!("{malformed:?}"))?;
        let mut register = Register::default();
        apply(&mut register, &record, Hash::of(text.as_bytes()), begins);
        Ok(Plain { register, numbers: HashMap::new() })
    }
}

impl Pen for Plain {
    fn write(&mut self, at: time::Instant, statement: Statement<'_>) -> anyhow::Result<Hash> {
        let author = *statement.signers.first().context("a record has an author")?;
        let number = self.numbers.entry(author.to_owned()).or_default();
        *number += 1;
        let draft = Draft {
            id: Uuid::now_v7(),
            kind: statement.kind,
            party: KeyName::parse(author).with_context(|| format!("{author} is no key name"))?.party(),
            signers: statement.signers.iter().map(|name| (*name).to_owned()).collect(),
            number: *number,
            signed_at: at,
            effective_at: statement.effective_at,
            anchor: Anchor { size: 0, root: EMPTY_ROOT },
            channel: statement.channel,
            refs: statement.refs,
            body: statement.body,
        };
        let text = draft.text(ORIGIN);
        let record = Record::parse(&text).map_err(|malformed| anyhow::anyhow!("{malformed:?}"))?;
        let terms = self.register.terms().context("terms")?;
        let refused = rules(&self.register, terms, &record, at);
        ensure!(refused.is_empty(), "{refused:?} in {text}");
        let digest = Hash::of(text.as_bytes());
        apply(&mut self.register, &record, digest, at);
        Ok(digest)
    }
}
