//! `new report`: the draft of an inspection's report, with everything that the ledger knows already.
//!
//! Invariants: nothing that an inspector has to see for himself is filled in. Findings, methods, times that no
//! milestone gives and the narrative are left empty, which `check` names as faults; each line of items says that what
//! was observed is what was declared, and is there to be edited.
//!
//! Deliberately absent: the changes since the declaration. They are named on standard error.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::Client;
use super::files;
use crate::author::Draft;
use crate::hash::Hash;
use crate::service::clock::Clock;
use crate::treaty::party::Party;
use crate::treaty::record::{Anchor, Channel, Kind};

/// Writes the draft of an inspection's report: who signs, its number and anchor, the declaration in force, and a line
/// for each declared item with what was observed beside it. Edit it, then `check`, `sign` and `submit` it.
///
/// Each line says at first that what was observed is what was declared. Change what differs; take out what nobody
/// looked at. Findings, methods and the narrative are empty: the draft is no record until you fill them in.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The inspection: the digest of its intent
    #[arg(long, value_name = "DIGEST")]
    intent: Hash,
    /// The leader's key name, where the inspecting Party has more than one
    #[arg(long, value_name = "NAME")]
    leader: Option<String>,
    /// The ledger
    #[arg(long, env = "COUNTERSIGN_URL")]
    url: String,
    /// Your token
    #[arg(long, env = "COUNTERSIGN_TOKEN", hide_env_values = true)]
    token: String,
    /// Where to write the draft; it must not exist yet. Standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::new(&arguments.url, Some(&arguments.token));
    let visit = client.fetch_json(&format!("/v1/inspections/{}", arguments.intent))?;
    let site = client.fetch_json(&format!("/v1/sites/{}", text(&visit, "slot")))?;
    let keys = client.fetch_json("/v1/keys")?;
    let checkpoint = client.fetch_json("/v1/log")?["checkpoint"].take();
    let party = Party::from_word(text(&visit, "inspecting")).context("the ledger does not say who inspects")?;
    let (leader, number) = leader(&keys, party, arguments.leader.as_deref())?;
    let root = text(&checkpoint, "root").parse().ok();
    let anchor = checkpoint["size"].as_u64().zip(root).context("the ledger answered no size and root")?;
    let draft = Draft {
        id: Uuid::now_v7(),
        kind: Kind::Report,
        party,
        signers: vec![leader],
        number,
        signed_at: Clock::System.now(),
        effective_at: None,
        anchor: Anchor { size: anchor.0, root: anchor.1 },
        channel: Channel::OnSite,
        refs: vec![arguments.intent],
        body: body(&visit, &site["declaration"])?,
    };
    files::write_result(arguments.out.as_deref(), &format!("{:#}\n", draft.object()))?;
    for change in site["data_changes"].as_array().into_iter().flatten() {
        eprintln!("Since the declaration: data change {}, received {}", change["digest"], change["received_at"]);
    }
    eprintln!("Fill in what is empty, edit what was observed, then: countersign check");
    Ok(ExitCode::SUCCESS)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The name and the next number of the leader's key.
fn leader(keys: &Value, party: Party, wanted: Option<&str>) -> anyhow::Result<(String, u64)> {
    let good = keys["data"].as_array().into_iter().flatten().filter(|key| {
        let is_leader = text(key, "party") == party.as_str() && text(key, "role") == "leader";
        is_leader && key["revoked"].is_null() && wanted.is_none_or(|name| name == text(key, "name"))
    });
    let found: Vec<(&str, Option<u64>)> = good.map(|key| (text(key, "name"), key["next_number"].as_u64())).collect();
    match found.as_slice() {
        [(name, Some(number))] => Ok(((*name).to_owned(), *number)),
        [(name, None)] => bail!("this token may not see how many records {name} has written; use one of {party}"),
        [] => bail!("{party} has no leader's key in force"),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
            bail!("say who leads: --leader NAME, one of {}", names.join(", "))
        }
    }
}

/// The body, from the declaration in force (as its newest correction has it) and the visit's milestones.
fn body(visit: &Value, declaration: &Value) -> anyhow::Result<Value> {
    let digest = declaration["digest"].as_str().context("nothing is declared at this site")?;
    let corrected = &declaration["corrected"]["correction"]["body"];
    let declared = if corrected.is_object() { corrected } else { &declaration["declared"] };
    let launchers = declared["launchers"].as_array().into_iter().flatten();
    let cells: u64 = launchers.filter_map(|launcher| launcher["cells"].as_u64()).sum();
    let step = |name: &str| {
        let mut steps = visit["milestones"].as_array().into_iter().flatten();
        steps.find(|step| text(step, "name") == name).map_or("", |step| text(step, "at")).to_owned()
    };
    let empty = || json!({ "finding": "", "method": "" });
    let mut first = json!({ "finding": "" });
    if cells > 0 {
        (first["k"], first["n"]) = (cells.into(), cells.into());
    }
    first["method"] = "".into();
    let line = |item: &Value| {
        let quantity = json!({ "type": item["type"], "count": item["count"] });
        json!({
            "uid": item["uid"], "location": item["location"],
            "declared": quantity, "observed": quantity, "method": "",
        })
    };
    Ok(json!({
        "handed_over_at": "",
        "started_at": step("start"),
        "ended_at": step("end"),
        "declaration": digest,
        "claims": { "C1": first, "C2": empty(), "C3": empty(), "C4": empty(), "C5": empty(), "C6": empty() },
        "items": declared["items"].as_array().into_iter().flatten().map(line).collect::<Vec<_>>(),
        "ambiguities": [],
        "photographs": [],
        "limitations": [],
        "narrative": { "en": "", "ru": "" },
    }))
}
