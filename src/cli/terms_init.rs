//! `terms init`: the terms of entry 0.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::files;
use crate::author::Draft;
use crate::note::{Note, Verifier};
use crate::service::clock::Clock;
use crate::tlog::EMPTY_ROOT;
use crate::tlog::checkpoint::Checkpoint;
use crate::treaty::party::{KeyName, Party, Role};
use crate::treaty::record::{Anchor, Channel, Kind};

/// Writes the text of the first terms: the bargain of the four sites, with the keys that are found in a folder. The
/// folder holds the `.vkey` files of the log, of its clerk, and of the root and recovery key of US, RU, RO and PL.
///
/// Read the text and change what you agreed differently; then every root signs it in turn: `countersign sign TEXT --key
/// …`. The result is what `serve --create-log` begins a log with.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The name of the log, a URL without its scheme: ledger.example/bilateral
    #[arg(long)]
    origin: String,
    /// The folder with the .vkey files
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Mark the ledger as a demonstration, in the terms and so for good
    #[arg(long)]
    demonstration: bool,
    /// Let anybody read checkpoints and hash tiles
    #[arg(long)]
    public_log: bool,
    /// Demand that a mirror of each Party cosigns: a record is final when both have. Without it no record ever is
    #[arg(long)]
    mirrors: bool,
    /// The last checkpoint of a log that has ended, which the new one continues: its signed note
    #[arg(long, value_name = "FILE")]
    succeeds: Option<PathBuf>,
    /// Where to write the text; it must not exist yet. Standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let keys = Keys::read(&arguments.keys)?;
    let clock = Clock::System;
    let mut draft = draft(&arguments.origin, &keys, arguments.demonstration, arguments.public_log, &clock)?;
    if arguments.mirrors {
        draft.body["quorum"] = both_mirrors();
    } else {
        eprintln!("Nobody's cosignature is demanded, so no record will be final: --mirrors demands one of each Party.");
    }
    if let Some(path) = &arguments.succeeds {
        draft.body["succeeds"] = ended(path)?;
    }
    files::write_result(arguments.out.as_deref(), &draft.text(&arguments.origin))?;
    eprintln!("To be signed by: {}", draft.signers.join(", "));
    Ok(ExitCode::SUCCESS)
}

/// The quorum of terms that demand a mirror of each Party.
pub fn both_mirrors() -> Value {
    json!({ "all": [format!("{}/mirror", Party::Us), format!("{}/mirror", Party::Ru)] })
}

/// What the terms say of the log that ended. Whoever signs them compares it with the checkpoint that each side holds.
fn ended(path: &Path) -> anyhow::Result<Value> {
    let bytes = files::read(path)?;
    let note = Note::parse(&bytes).with_context(|| format!("{} is not a signed checkpoint", path.display()))?;
    let before = Checkpoint::parse(note.text()).with_context(|| format!("{} is not a checkpoint", path.display()))?;
    eprintln!("It continues {}, which ended with {} entries and the root {}.", before.origin, before.size, before.root);
    Ok(json!({ "origin": before.origin, "size": before.size, "root": before.root.to_string() }))
}

/// The keys that terms name.
pub struct Keys(BTreeMap<String, Verifier>);

impl Keys {
    /// Every `.vkey` file of a folder.
    fn read(folder: &Path) -> anyhow::Result<Keys> {
        let mut keys = BTreeMap::new();
        let listing = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for file in listing {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "vkey") {
                let key = files::read_verifier(&path)?;
                keys.insert(key.name().to_owned(), key);
            }
        }
        Ok(Keys(keys))
    }

    /// The keys with these names.
    pub fn of(keys: impl IntoIterator<Item = Verifier>) -> Keys {
        Keys(keys.into_iter().map(|key| (key.name().to_owned(), key)).collect())
    }

    fn named(&self, name: &str) -> anyhow::Result<String> {
        let key =
            self.0.get(name).with_context(|| format!("no key named {name}: make it with `countersign keygen`"))?;
        Ok(key.to_string())
    }

    /// The one key of a state and a role.
    fn of_role(&self, party: Party, role: Role) -> anyhow::Result<&Verifier> {
        let mut found = self
            .0
            .values()
            .filter(|key| KeyName::parse(key.name()).is_some_and(|name| name.party() == party && name.role() == role));
        match (found.next(), found.next()) {
            (Some(key), None) => Ok(key),
            (None, _) => bail!("no {role} key of {party}: make it with `countersign keygen --name {party}/{role}/1`"),
            (Some(_), Some(_)) => bail!("more than one {role} key of {party}: leave one"),
        }
    }
}

/// The first terms, before they are text.
pub fn draft(origin: &str, keys: &Keys, demonstration: bool, public_log: bool, clock: &Clock) -> anyhow::Result<Draft> {
    let mut roots = serde_json::Map::new();
    let mut signers = Vec::new();
    for &party in Party::ALL {
        let (root, recovery) = (keys.of_role(party, Role::Root)?, keys.of_role(party, Role::Recovery)?);
        roots.insert(party.to_string(), json!({ "root": root.to_string(), "recovery": recovery.to_string() }));
        signers.push(root.name().to_owned());
    }
    let mut body = json!({
        "title": {
            "en": "Reciprocal transparency measures at four sites",
            "ru": "Взаимные меры транспарентности на четырёх объектах",
        },
        "origin": origin,
        "version": 1,
        "rules": crate::treaty::terms::RULES,
        "log_vkey": keys.named(origin)?,
        "clerk_vkey": keys.named(&format!("{origin}/clerk"))?,
        "roots": roots,
        "slots": slots(),
        "quorum": { "all": [] },
    });
    for (name, given) in [("demonstration", demonstration), ("public_log", public_log)] {
        if given {
            body[name] = true.into();
        }
    }
    Ok(Draft {
        id: Uuid::now_v7(),
        kind: Kind::Terms,
        party: Party::Us,
        signers,
        number: 1,
        signed_at: clock.now(),
        effective_at: None,
        anchor: Anchor { size: 0, root: EMPTY_ROOT },
        channel: Channel::DiplomaticNote,
        refs: Vec::new(),
        body,
    })
}

/// The four slots of the bargain.
fn slots() -> Value {
    let slot = |inspecting: &str, inspected: &str, host: &str, en: &str, ru: &str| {
        json!({
            "inspecting": inspecting, "inspected": inspected, "host": host, "designated_by": "US",
            "name": { "en": en, "ru": ru },
        })
    };
    json!({
        "A1": slot("RU", "US", "RO", "Aegis Ashore site in Romania", "Объект «Иджис Эшор» в Румынии"),
        "A2": slot("RU", "US", "PL", "Aegis Ashore site in Poland", "Объект «Иджис Эшор» в Польше"),
        "B1": slot("US", "RU", "RU", "First base of the other side's choice", "Первая база по выбору другой стороны"),
        "B2": slot("US", "RU", "RU", "Second base of the other side's choice", "Вторая база по выбору другой стороны"),
    })
}
