//! How the cosigners of a ledger stand, and the newest checkpoint that is final.
//!
//! Deliberately absent: their addresses, and what they said in their own words. Both are for the operator's log.

use serde_json::{Value, json};

use super::head;
use crate::service::known::Known;
use crate::service::ledger::Ledger;
use crate::service::policy::demands_any;
use crate::tlog::Head;

/// Every cosigner that the ledger asks: how it stands, the greatest size that it cosigned and when, and how many entries
/// it is behind.
pub fn cosigners(ledger: &Ledger) -> Value {
    let known = Known::all(ledger.now());
    let size = known.size();
    let standings = ledger.cosigned.standings.load();
    let shown = standings.iter().map(|one| {
        let (cosigned, at) = one.cosigned.unzip();
        let lag = size.saturating_sub(cosigned.unwrap_or(0));
        let at = at.map(|at| at.to_string());
        json!({ "key": one.name.as_str(), "state": one.state_at(size).as_str(), "size": cosigned, "at": at, "lag": lag })
    });
    let cosigners: Vec<Value> = shown.collect();
    json!({
        "size": size,
        "quorum": if demands_any(&known.past()) { "demanded" } else { "none" },
        "cosigners": cosigners,
        "final": newest_final(ledger, &known),
        "alarm": ledger.cosigned.alarm.load().is_some(),
    })
}

fn newest_final(ledger: &Ledger, known: &Known) -> Option<Value> {
    let size = ledger.cosigned.lines.load().last_final()?;
    let root = known.published.replica.tree().root_at(size)?;
    let mut shown = head(Head { size, root });
    shown["note"] = ledger.checkpoint_at(&known.published, size)?.into();
    Some(shown)
}
