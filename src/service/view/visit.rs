//! How a visit is shown: both sides' records side by side, with their clocks.
//!
//! Invariants: what a report adds up to is computed here from its claims, and from a correction's claims where there is
//! one; nothing is judged.
//!
//! Deliberately absent: obligations and their states.

use serde_json::{Value, json};

use super::super::cosigned::Finality;
use super::super::known::Known;
use super::record;
use crate::hash::Hash;
use crate::treaty::claims::Claims;
use crate::treaty::declaration::Declaration;
use crate::treaty::entry::Entry;
use crate::treaty::milestone::Milestones;
use crate::treaty::past::{Past, PastVisit};
use crate::treaty::record::{Body, Kind};
use crate::treaty::report::{Report, ReportItem};
use crate::treaty::terms::Limits;
use crate::treaty::time::{Instant, Span};
use crate::treaty::visit::Visit;

/// One line of the list of visits.
pub fn inspection_line(past: &Past<'_>, of: &PastVisit<'_>) -> Value {
    let visit = of.visit();
    let milestones = of.milestones().map(|step| {
        json!({
            "name": step.name.as_str(),
            "at": step.effect.to_string(),
            "index": step.index,
            "signed_by": sides(step.signed_by.us, step.signed_by.ru),
        })
    });
    let receipt_of = |report: u64| of.receipts().filter(|receipt| receipt.report == report).last();
    let reports = of.reports().map(|report| {
        json!({
            "index": report.index,
            "handed_over_at": report.handed_over_at.to_string(),
            "roll_up": report.roll_up.as_str(),
            "ambiguities": report.ambiguities.len(),
            "receipt": receipt_of(report.index).map(|receipt| receipt.result.as_str()),
            "corrected": past.correction_of(report.index).is_some(),
        })
    });
    json!({
        "inspection": visit.digest.to_string(),
        "index": visit.intent,
        "slot": visit.slot.to_string(),
        "inspecting": visit.inspecting.as_str(),
        "inspected": visit.inspected.as_str(),
        "host": visit.host.as_str(),
        "received_at": visit.received_at.to_string(),
        "eta": visit.eta.to_string(),
        "poe": &*visit.poe,
        "verdict": if visit.inadmissible.is_some() { "INADMISSIBLE" } else { "ADMISSIBLE" },
        "reason": visit.inadmissible.map(|reason| reason.as_str()),
        "milestones": milestones.collect::<Vec<_>>(),
        "reports": reports.collect::<Vec<_>>(),
        "links": { "self": format!("/v1/inspections/{}", visit.digest), "site": format!("/v1/sites/{}", visit.slot) },
    })
}

fn sides(us: bool, ru: bool) -> Vec<&'static str> {
    [("US", us), ("RU", ru)].into_iter().filter(|(_, signed)| *signed).map(|(side, _)| side).collect()
}

/// A whole visit. `entry_of` gives the entry at an index, and `finality` how far it is from final.
pub fn inspection<'e>(
    known: &Known,
    of: &PastVisit<'_>,
    entry_of: &dyn Fn(u64) -> Option<&'e Entry>,
    finality: &dyn Fn(u64) -> Finality,
) -> Value {
    let past = known.past();
    let visit = of.visit();
    let mut value = inspection_line(&past, of);
    let digest_of = |index: u64| entry_of(index).map(|entry| entry.signed.digest);
    let mut records: [Vec<Value>; 3] = Default::default();
    for index in [visit.intent].into_iter().chain(of.records()) {
        let Some(entry) = entry_of(index) else { continue };
        let shown = record(known, index, entry, &digest_of).cosigned(&finality(index));
        let shown = serde_json::to_value(shown).unwrap_or_default();
        let party = entry.signed.record.header.party;
        let column = if party == visit.inspecting { 0 } else { 1 + usize::from(party != visit.inspected) };
        records[column].push(shown);
    }
    let [inspecting, inspected, host] = records;
    value["records"] = json!({ "inspecting": inspecting, "inspected": inspected, "host": host });
    value["clocks"] = clocks(&past, of);
    let declaration_of = |report: &Report| match entry_of(past.index_of(&report.declaration)?).map(body) {
        Some(Body::Declaration(declaration)) => Some(&**declaration),
        _ => None,
    };
    let found = of.reports().filter_map(|report| {
        let original = entry_of(report.index)?;
        let corrected = past.correction_of(report.index).and_then(entry_of);
        Some(findings(report.index, original, corrected, &digest_of, &declaration_of))
    });
    value["findings"] = found.collect();
    value
}

/// The declaration that a report, or the correction of one, was compared with.
pub fn declaration_named(entry: &Entry) -> Option<&Hash> {
    match body(entry) {
        Body::Report(report) => Some(&report.declaration),
        Body::Correction(correction) => match correction.body.as_ref()?.as_kind(Kind::Report)? {
            Ok(Body::Report(report)) => Some(&report.declaration),
            _ => None,
        },
        _ => None,
    }
}

/// What one report says, as its newest correction has it.
fn findings<'e>(
    index: u64,
    original: &'e Entry,
    corrected: Option<&'e Entry>,
    digest_of: &dyn Fn(u64) -> Option<Hash>,
    declaration_of: &dyn Fn(&Report) -> Option<&'e Declaration>,
) -> Value {
    let mut value = json!({ "report": digest_of(index).map(|digest| digest.to_string()) });
    let Body::Report(first) = &original.signed.record.body else { return value };
    let mut report: &Report = first;
    if let Some(entry) = corrected
        && let Body::Correction(correction) = &entry.signed.record.body
    {
        value["corrected_by"] = entry.signed.digest.to_string().into();
        if correction.void == Some(true) {
            value["void"] = true.into();
            return value;
        }
        if let Some(Ok(Body::Report(new))) = correction.body.as_ref().and_then(|body| body.as_kind(Kind::Report)) {
            report = new;
        }
    }
    value["roll_up"] = report.claims.roll_up().as_str().into();
    value["claims"] = claims(&report.claims);
    let declaration = declaration_of(report);
    let lines = report.items.0.iter().enumerate();
    value["differences"] = lines.filter_map(|(line, item)| difference(line, item, declaration)).collect();
    let open: Vec<&str> = report.ambiguities.0.iter().map(|ambiguity| ambiguity.id.0.as_str()).collect();
    let ambiguities = first.ambiguities.0.iter().map(|ambiguity| {
        let cleared = !open.contains(&ambiguity.id.0.as_str());
        let mut shown = json!({ "id": ambiguity.id.0, "open": !cleared });
        if let Some(entry) = corrected.filter(|_| cleared) {
            shown["cleared_by"] = entry.signed.digest.to_string().into();
            shown["cleared_at"] = entry.received_at.to_string().into();
        }
        shown
    });
    value["ambiguities"] = ambiguities.collect();
    value
}

fn body(entry: &Entry) -> &Body {
    &entry.signed.record.body
}

/// One item line on which what was observed is not what the declaration says, or not what the report calls declared.
/// What the declaration itself says stands beside both, where it names the item or its place.
fn difference(line: usize, item: &ReportItem, declaration: Option<&Declaration>) -> Option<Value> {
    let items = || declaration.into_iter().flat_map(|declaration| &declaration.items.0);
    let of_uid = items().find(|declared| item.uid.as_ref().is_some_and(|uid| *uid == declared.uid));
    let there = of_uid.or_else(|| items().find(|declared| declared.location == item.location));
    let agrees = there.is_none_or(|there| there.r#type == item.observed.r#type && there.count == item.observed.count);
    if agrees && item.declared == item.observed {
        return None;
    }
    Some(json!({
        "item": line,
        "location": item.location.0,
        "declared": { "type": item.declared.r#type.0, "count": item.declared.count.0 },
        "observed": { "type": item.observed.r#type.0, "count": item.observed.count.0 },
        "in_declaration": there.map(|there| json!({ "type": there.r#type.0, "count": there.count.0 })),
    }))
}

/// The findings, and for a sampled C1 how likely the sample would have met hidden items.
fn claims(claims: &Claims) -> Value {
    let mut value = json!({});
    for (name, claim) in ["C1", "C2", "C3", "C4", "C5", "C6"].into_iter().zip(claims.all()) {
        let mut shown = json!({ "finding": claim.finding.as_str(), "method": claim.method.0 });
        if let (Some(k), Some(n)) = (&claim.k, &claim.n) {
            shown["k"] = k.0.into();
            shown["n"] = n.0.into();
            if name == "C1" && claim.is_sampled() {
                let chance = |d: i64| claim.detection_probability(d).map(|p| (p * 1_000.0).round() / 10.0);
                let table =
                    [1, 2, 4, 8].into_iter().filter_map(|d| Some(json!({ "hidden": d, "percent": chance(d)? })));
                shown["detection_probability"] = table.collect();
            }
        }
        value[name] = shown;
    }
    value
}

/// The notice of a request: the arrival may not come before it has passed.
fn notice(earliest: Instant, visit: &Visit) -> Value {
    let short = earliest.seconds() - visit.eta.seconds();
    json!({
        "limit": "notice",
        "from": visit.received_at.to_string(),
        "due_at": earliest.to_string(),
        "met_at": Some(visit.eta.to_string()).filter(|_| short <= 0),
        "late_by_seconds": Some(short).filter(|short| *short > 0),
    })
}

/// The clocks of a visit: what was due when, and when it came, as corrections have it. Each clock keeps the limit that
/// was in force when it began.
fn clocks(past: &Past<'_>, of: &PastVisit<'_>) -> Value {
    let visit = of.visit();
    let step = |name: Milestones| of.first_step(name).map(|step| (step.effect, step.index));
    let at = |name: Milestones| of.first_step(name).map(|step| step.effect);
    let earliest = of.limits_at(visit.intent).notice().deadline(visit.received_at);
    let mut clocks = vec![notice(earliest, visit)];
    let mut clock =
        |name: &'static str, span: fn(&Limits) -> Span, from: Option<(Instant, u64)>, met: Option<Instant>| {
            let Some((from, index)) = from else { return };
            let limit = span(&of.limits_at(index));
            clocks.push(json!({
                "limit": name,
                "from": from.to_string(),
                "due_at": limit.deadline(from).to_string(),
                "met_at": met.map(|met| met.to_string()),
                "late_by_seconds": met.and_then(|met| limit.exceeded(from, met)),
            }));
        };
    let came = at(Milestones::SiteArrival);
    let agreed = of.agreed_eta(came.unwrap_or(Instant::LAST));
    clock("admit", Limits::admit, Some((agreed, visit.intent)), came);
    clock("site_named", Limits::site_named, step(Milestones::PoeArrival), at(Milestones::SiteNamed));
    clock("freeze", Limits::freeze, step(Milestones::SiteNamed), at(Milestones::Restrictions));
    clock("access", Limits::access, step(Milestones::SiteNamed), at(Milestones::SiteArrival));
    clock("duration", Limits::duration, step(Milestones::Start), at(Milestones::End));
    let report = of.reports().find_map(|report| Some((report.index, of.handed_over_at(report)?)));
    clock("report", Limits::report, step(Milestones::End), report.map(|(_, handed_over_at)| handed_over_at));
    if let Some((index, handed_over_at)) = report {
        let received = past.fact(index).map(|fact| (fact.received_at.max(handed_over_at), index));
        let answered = of.receipts().find(|receipt| receipt.report == index);
        let met = answered.and_then(|receipt| past.fact(receipt.index)).map(|fact| fact.received_at);
        clock("receipt", Limits::receipt, received, met);
    }
    clocks.into()
}
