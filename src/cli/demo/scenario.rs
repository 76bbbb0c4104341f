//! What a demonstration plays: the first year of an agreement that was never made.
//!
//! Two inspections at each of the four sites, and around them what a ledger has to carry: lists and an objection,
//! diagrams, conditions of a host, late records, a request that is not admissible, a key that is replaced and one that
//! is revoked, a difference, an ambiguity that is cleared, corrections. What the sides dispute is in
//! [`super::disputes`]. The records say of themselves that they are a demonstration.
//!
//! Invariants: nothing that is played is refused; the whole story lies in one calendar year.
//!
//! Deliberately absent: anything but the public API, as any client uses it.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::Datelike as _;
use serde_json::json;

use super::super::player::{Player, Statement};
use super::places::{declaration, diagram, interceptor, sites};
use super::report::Seen;
use super::story::{DAY, HOUR, MINUTE, Story, after, centre_of, host_text, other, text};
use super::visit::{Answer, Visit, Visited, intent, sides};
use super::{disputes, mirrors};
use crate::hash::Hash;
use crate::service::clock::Clock;
use crate::treaty::party::Party;
use crate::treaty::record::Kind;
use crate::treaty::time::Instant;

/// How long the scenario lasts, with a day to spare.
const LASTS: i64 = 312 * DAY;

/// The four slots.
const SLOTS: [&str; 4] = ["A1", "A2", "B1", "B2"];

/// The keys of people, beside those of offices: leaders of teams and escorts.
pub const PEOPLE: [&str; 8] = [
    "US/leader/1",
    "US/escort/1",
    "US/escort/2",
    "US/escort/3",
    "RU/leader/1",
    "RU/leader/2",
    "RU/escort/1",
    "RU/escort/2",
];

/// When the scenario begins: 5 January, 09:00 UTC, of the year given, or of the last one in which it is over by now.
pub fn begins(year: Option<i32>, now: Instant) -> anyhow::Result<Instant> {
    let this_year = chrono::DateTime::from_timestamp(now.seconds(), 0).map_or(1970, |now| now.year());
    let begin = |year: i32| Instant::parse(&format!("{year:04}-01-05T09:00:00Z"));
    let over = |begin: &Instant| begin.seconds() + LASTS < now.seconds();
    if let Some(year) = year {
        let wanted = begin(year).filter(over);
        return wanted
            .with_context(|| format!("the scenario would not be over by now in {year}; give an earlier --year"));
    }
    let newest = begin(this_year).filter(over).or_else(|| begin(this_year - 1));
    newest.context("the clock of this machine is wrong")
}

/// Writes everything, in order.
pub fn play(player: &mut Player, clock: &Clock) -> anyhow::Result<()> {
    let mut story = Story::new(player, clock);
    let declared = first_weeks(&mut story)?;
    people(&mut story)?;
    for slot in SLOTS {
        story.later(DAY)?;
        let (_, _, host) = sides(slot);
        let centres: Vec<String> = [Party::Us, Party::Ru].into_iter().chain(host).map(centre_of).collect();
        let centres: Vec<&str> = centres.iter().map(String::as_str).collect();
        story.say(Statement::new(Kind::SiteDiagram, &centres, diagram(slot)))?;
    }
    let of = |slot: &str| declared.get(slot).copied().context("every slot is declared");
    let [a1, b1, a2, b2, a1_again, b1_again, b2_again, a2_again] = visits();
    disputes::snow(&mut story, &a1, of("A1")?)?;
    disputes::procedures(&mut story, &b1, of("B1")?)?;
    let timed = a2.play(&mut story, of("A2")?)?;
    revoked_key(&mut story)?;
    corrected_time(&mut story, &timed)?;
    disputes::no_answer(&mut story)?;
    b2.play(&mut story, of("B2")?)?;
    too_short_notice(&mut story)?;
    data_changes(&mut story)?;
    rotated_key(&mut story)?;
    disputes::nobody_came(&mut story)?;
    a1_again.play(&mut story, of("A1")?)?;
    story.player.skip("RU/escort/1", 1)?; // a number that never comes: the next one shows a gap
    let unclear = disputes::two_readings(&mut story, &b1_again, of("B1")?)?;
    disputes::suspended(&mut story)?;
    disputes::step_by_step(&mut story, [&b2_again, &a2_again], [of("B2")?, of("A2")?])?;
    cleared_ambiguity(&mut story, unclear)?;
    disputes::open_question(&mut story)
}

/// Centres, consents, designations, and the first declaration of each site, by slot.
fn first_weeks(story: &mut Story<'_>) -> anyhow::Result<BTreeMap<&'static str, Hash>> {
    for &party in Party::ALL {
        story.later(2 * HOUR)?;
        story.register(party, &centre_of(party), text("National centre", "Национальный центр"))?;
    }
    for party in mirrors::PARTIES {
        let [mirror, window] = mirrors::keys(party);
        story.register(party, &mirror, text("Mirror", "Зеркало"))?;
        story.register(party, &window, text("Second window", "Второе окно"))?;
    }
    for (host, slot) in [(Party::Ro, "A1"), (Party::Pl, "A2")] {
        story.later(DAY)?;
        let body = json!({ "scope": "standing", "slot": slot, "action": "give" });
        story.centre(Kind::HostConsent, host, &[], body)?;
    }
    for site in sites() {
        story.later(DAY)?;
        let named = story.centre(Kind::Designation, Party::Us, &[], site)?;
        story.acknowledge(Party::Ru, &[named])?;
    }
    let mut declared = BTreeMap::new();
    for slot in SLOTS {
        story.later(5 * DAY + 90 * MINUTE)?;
        let (_, inspected, _) = sides(slot);
        let said = story.centre(Kind::Declaration, inspected, &[], declaration(slot))?;
        story.acknowledge(other(inspected), &[said])?;
        declared.insert(slot, said);
    }
    Ok(declared)
}

/// The keys of leaders and escorts, the lists of both sides, and an objection in time.
fn people(story: &mut Story<'_>) -> anyhow::Result<()> {
    story.on("02-02T08:00")?;
    for name in ["US/leader/1", "US/escort/1", "US/escort/2", "RU/leader/1", "RU/escort/1", "RU/escort/2"] {
        let party = if name.starts_with("US") { Party::Us } else { Party::Ru };
        let office = match name.split('/').nth(1) {
            Some("leader") => text("Leader of inspection teams", "Руководитель инспекционных групп"),
            _ => text("Escort", "Сопровождающий"),
        };
        story.later(10 * MINUTE)?;
        story.register(party, name, office)?;
    }
    let mut lists = Vec::new();
    for (party, other) in [(Party::Us, Party::Ru), (Party::Ru, Party::Us)] {
        story.later(DAY)?;
        let inspector = |number: u32| json!({ "code": format!("{party}-I-{number:02}"), "languages": ["en", "ru"] });
        let body = json!({ "inspectors": (1..=6).map(inspector).collect::<Vec<_>>() });
        let list = story.centre(Kind::InspectorList, party, &[], body)?;
        story.acknowledge(other, &[list])?;
        lists.push(list);
    }
    story.later(6 * DAY)?;
    let of_russia = lists.pop().context("two lists")?;
    let reason = text("Left an earlier inspection early", "Досрочно покинул прежнюю инспекцию");
    let body = json!({ "inspectors": ["RU-I-06"], "reason": reason });
    let objection = story.centre(Kind::InspectorObjection, Party::Us, &[of_russia], body)?;
    story.acknowledge(Party::Ru, &[objection])?;
    Ok(())
}

/// The eight inspections.
fn visits() -> [Visit; 8] {
    let plan = |slot, eta, leader, escort, answer, seen| {
        let team = match sides(slot).0 {
            Party::Us => ["US-I-01", "US-I-02", "US-I-03"],
            _ => ["RU-I-01", "RU-I-02", "RU-I-03"],
        };
        Visit { slot, eta, moved_to: None, leader, escort, team, conditions: false, seen, answer }
    };
    let plain = Seen::default();
    let (us, ru) = ("US/leader/1", "RU/leader/1");
    let mut again = plan("A1", "07-28T08:00", "RU/leader/2", "US/escort/1", Answer::Declined, plain);
    again.conditions = true;
    again.seen.limited = true;
    let mut all = [
        plan("A1", "03-03T09:00", ru, "US/escort/1", Answer::InTime, plain),
        plan("B1", "03-24T06:00", us, "RU/escort/1", Answer::Comments, Seen { difference: true, ..plain }),
        plan("A2", "04-21T09:00", ru, "US/escort/2", Answer::InTime, Seen { sampled: true, ..plain }),
        plan("B2", "05-19T05:00", us, "RU/escort/2", Answer::Late, plain),
        again,
        plan("B1", "08-12T06:00", us, "RU/escort/1", Answer::InTime, Seen { ambiguity: true, ..plain }),
        plan("B2", "10-15T05:00", us, "RU/escort/2", Answer::InTime, plain),
        plan("A2", "10-22T08:00", "RU/leader/2", "US/escort/3", Answer::InTime, plain),
    ];
    for (visit, day) in [(0, "03-09T09:00"), (1, "03-31T06:00"), (6, "10-20T05:00")] {
        all[visit].moved_to = Some(day);
    }
    all
}

/// A key that somebody else may have had.
fn revoked_key(story: &mut Story<'_>) -> anyhow::Result<()> {
    story.on("04-28T07:00")?;
    let suspect_from = story.time("04-22T00:00")?;
    let body = json!({ "name": "US/escort/2", "reason": "compromised", "suspect_from": suspect_from.to_string() });
    story.revoke(Party::Us, body)?;
    story.later(HOUR)?;
    story.register(Party::Us, "US/escort/3", text("Escort", "Сопровождающий"))?;
    Ok(())
}

/// The time of a milestone was wrong: both centres say so.
fn corrected_time(story: &mut Story<'_>, visited: &Visited) -> anyhow::Result<()> {
    let (milestone, at) = visited.restrictions;
    let body = json!({
        "supersedes": milestone.to_string(),
        "effective_at": after(at, -15 * MINUTE)?.to_string(),
        "reason": text("The clock at the gate was fifteen minutes fast", "Часы на проходной спешили на 15 минут"),
    });
    story.jointly("05-05T10:00", Kind::Correction, &[visited.intent, milestone], body)?;
    Ok(())
}

/// A request that comes twenty hours before the arrival: it is recorded, and creates no obligation.
fn too_short_notice(story: &mut Story<'_>) -> anyhow::Result<()> {
    story.on("06-02T10:00")?;
    let eta = story.time("06-03T06:00")?;
    let asked = story.centre(Kind::Intent, Party::Us, &[], intent("B1", eta, &["US-I-01", "US-I-02"]))?;
    story.acknowledge(Party::Ru, &[asked])?;
    Ok(())
}

/// What changed at two sites; the second comes late.
fn data_changes(story: &mut Story<'_>) -> anyhow::Result<()> {
    let change = |slot: &str, items: serde_json::Value, reload: bool| json!({ "slot": slot, "launchers": [], "items": items, "absent": [], "reload": reload });
    let item = json!([{ "uid": "A1-M2-4-R", "type": interceptor("A1"), "location": "M2/4", "count": 1 }]);
    let stored = json!([{ "uid": "B1-S2", "type": "9M729", "location": "store-1", "count": 7 }]);
    let changes = [
        (Party::Us, Party::Ru, "06-10T12:00", "06-08T12:00", change("A1", item, true)),
        (Party::Ru, Party::Us, "06-19T12:00", "06-09T08:00", change("B1", stored, false)),
    ];
    for (party, other, at, effective, body) in changes {
        story.on(at)?;
        let effective = story.time(effective)?;
        let centre = centre_of(party);
        let said = story.say(Statement::new(Kind::DataChange, &[&centre], body).effective(effective))?;
        story.acknowledge(other, &[said])?;
    }
    let body = json!({
        "scope": "standing", "slot": "A2", "action": "condition",
        "conditions": host_text(
            Party::Pl,
            "Visits are announced to the voivode",
            "О визитах сообщается воеводе",
            "O wizytach powiadamia się wojewodę",
        ),
    });
    story.on("06-22T09:00")?;
    story.centre(Kind::HostConsent, Party::Pl, &[], body)?;
    Ok(())
}

/// A leader's key is replaced by a new one.
fn rotated_key(story: &mut Story<'_>) -> anyhow::Result<()> {
    story.on("06-25T09:00")?;
    let office = text("Leader of inspection teams", "Руководитель инспекционных групп");
    story.register(Party::Ru, "RU/leader/2", office)?;
    story.later(HOUR)?;
    story.revoke(Party::Ru, json!({ "name": "RU/leader/1", "reason": "superseded" }))?;
    Ok(())
}

/// What was unclear in a report has been cleared: both centres give the report anew, without the ambiguity.
fn cleared_ambiguity(story: &mut Story<'_>, unclear: Visited) -> anyhow::Result<()> {
    let (report, mut body) = unclear.report;
    body["ambiguities"] = json!([]);
    body["claims"]["C2"]["finding"] = "confirmed".into();
    body["narrative"] = text(
        "The container was measured again on a later visit and holds a 9M728",
        "Контейнер был измерен повторно при последующем визите; в нём 9М728",
    );
    let reason = text("AMB-1 is cleared by a joint measurement", "AMB-1 снята совместным измерением");
    let body = json!({ "supersedes": report.to_string(), "body": body, "reason": reason });
    story.jointly("11-03T09:00", Kind::Correction, &[unclear.intent, report], body)?;
    Ok(())
}
