//! How a slot is shown: its site, what is declared there, who consents, and the visits to it.
//!
//! Deliberately absent: whether the slot is in force for a Party's grade.

use serde_json::{Value, json};

use super::super::known::Known;
use super::{inspection_line, text};
use crate::hash::Hash;
use crate::treaty::entry::Entry;
use crate::treaty::party::Slot;
use crate::treaty::past::Past;
use crate::treaty::record::Body;
use crate::treaty::terms::SlotTerms;

/// One slot: what the terms say of it, and what the log holds about it. `entry_of` gives the entry at an index.
pub fn site<'e>(known: &Known, code: Slot, terms: &SlotTerms, entry_of: &dyn Fn(u64) -> Option<&'e Entry>) -> Value {
    let past = known.past();
    let at = past.last_received_at().unwrap_or_default();
    let mut value = json!({
        "code": code.to_string(),
        "name": text(&terms.name),
        "inspecting": terms.inspecting.as_str(),
        "inspected": terms.inspected.as_str(),
        "host": terms.host.as_str(),
        "designated_by": terms.designated_by.as_str(),
    });
    let designation = past.designation(code, at).map(|designated| designated.index);
    if let Some(index) = designation
        && let Some(entry) = entry_of(index)
        && let Body::Designation(body) = &entry.signed.record.body
    {
        value["site"] = json!({
            "code": body.site.0,
            "name": text(&body.name),
            "lat_e7": body.lat_e7.0,
            "lon_e7": body.lon_e7.0,
            "accuracy_m": body.accuracy_m.0,
            "source": body.source.0,
        });
        value["designation"] = reference(index, entry);
    }
    if let Some(consent) = past.standing_consent(code, at)
        && let Some(entry) = entry_of(consent.index)
    {
        let mut shown = reference(consent.index, entry);
        shown["action"] = consent.action.as_str().into();
        if let Some(until) = consent.valid_until {
            shown["valid_until"] = until.to_string().into();
        }
        value["host_consent"] = shown;
    }
    if let Some((index, entry)) = past.diagram(code).and_then(|index| Some((index, entry_of(index)?))) {
        let mut shown = reference(index, entry);
        shown["diagram"] = body_of(entry);
        value["diagram"] = shown;
    }
    let consents = past.consents(code).map(|consent| {
        json!({
            "index": consent.index,
            "scope": consent.scope.as_str(),
            "action": consent.action.as_str(),
            "effect": consent.effect.to_string(),
            "valid_until": consent.valid_until.map(|until| until.to_string()),
        })
    });
    value["consents"] = consents.collect();
    declared(&past, code, entry_of, &mut value);
    value["visits"] = visits(&past, code, entry_of);
    value
}

/// The declaration in force and the changes after it: the newest that is not void, and what followed it and is not.
fn in_force(past: &Past<'_>, code: Slot) -> Option<(u64, Vec<u64>)> {
    let data: Vec<_> = past.data(code).filter(|data| !past.is_void(data.index)).collect();
    let position = data.iter().rposition(|data| data.is_declaration)?;
    let changes = data.iter().skip(position + 1).map(|data| data.index);
    Some((data.get(position)?.index, changes.collect()))
}

/// The declaration in force, with what its corrections and the changes after it say.
fn declared<'e>(past: &Past<'_>, code: Slot, entry_of: &dyn Fn(u64) -> Option<&'e Entry>, value: &mut Value) {
    let Some((index, changes)) = in_force(past, code) else { return };
    if let Some(entry) = entry_of(index) {
        let mut shown = reference(index, entry);
        shown["declared"] = body_of(entry);
        if let Some(correction) = past.correction_of(index)
            && let Some(by) = entry_of(correction)
        {
            shown["corrected"] = reference(correction, by);
            shown["corrected"]["correction"] = body_of(by);
        }
        value["declaration"] = shown;
    }
    let changes = changes.iter().filter_map(|&index| Some(reference(index, entry_of(index)?)));
    value["data_changes"] = changes.collect();
}

/// The visits to a slot, newest first, each with its differences between declared and observed.
fn visits<'e>(past: &Past<'_>, code: Slot, entry_of: &dyn Fn(u64) -> Option<&'e Entry>) -> Value {
    let of_slot = past.visits().rev().filter(|visit| visit.visit().slot == code);
    let shown = of_slot.map(|visit| {
        let mut line = inspection_line(past, &visit);
        let newest = visit.reports().last().and_then(|report| entry_of(report.index));
        if let Some(Body::Report(report)) = newest.map(|entry| &entry.signed.record.body) {
            let items = report.items.0.iter().map(|item| {
                json!({
                    "location": item.location.0,
                    "declared": { "type": item.declared.r#type.0, "count": item.declared.count.0 },
                    "observed": { "type": item.observed.r#type.0, "count": item.observed.count.0 },
                })
            });
            line["declared_and_observed"] = items.collect();
        }
        line
    });
    shown.collect()
}

/// The indices of the entries that [`site`] shows.
pub fn site_indices(known: &Known, code: Slot) -> Vec<u64> {
    let past = known.past();
    let at = past.last_received_at().unwrap_or_default();
    let mut indices: Vec<u64> = past.designation(code, at).map(|designated| designated.index).into_iter().collect();
    indices.extend(past.standing_consent(code, at).map(|consent| consent.index));
    indices.extend(past.diagram(code));
    if let Some((declaration, changes)) = in_force(&past, code) {
        indices.extend([declaration].into_iter().chain(past.correction_of(declaration)).chain(changes));
    }
    let reports = past.visits().filter(|visit| visit.visit().slot == code);
    indices.extend(reports.filter_map(|visit| visit.reports().last().map(|report| report.index)));
    indices
}

fn reference(index: u64, entry: &Entry) -> Value {
    let digest: Hash = entry.signed.digest;
    json!({ "index": index, "digest": digest.to_string(), "received_at": entry.received_at.to_string() })
}

fn body_of(entry: &Entry) -> Value {
    let mut object: Value = serde_json::from_str(entry.signed.json()).unwrap_or_default();
    object["body"].take()
}
