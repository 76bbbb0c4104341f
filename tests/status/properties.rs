//! What holds of every history (the invariants of section 4), over random ones. A failure is cut down, line by line, to
//! the shortest history that still shows it.
//!
//! Each property has histories of its own. `COUNTERSIGN_HISTORIES` says how many are drawn for each; 2,000 if left out, so
//! that the seven invariants are looked for in 10,000.

use countersign::history::History;
use countersign::treaty::docket::CaseKind;
use countersign::treaty::reciprocity::{Answer, Query, Viewer};
use serde_json::{Value, json};

use crate::random::{Draw, grid, history};
use crate::timeline::{Timeline, VIEWS, instant, words};

fn histories() -> u64 {
    std::env::var("COUNTERSIGN_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000)
}

/// The properties. No two of them draw the same history.
#[derive(Clone, Copy)]
enum Property {
    KnownForEver,
    MirrorNeutrality,
    Quota,
    ViewsAndCauses,
    NoDetermination,
    Settled,
    Year,
}

const PROPERTIES: u64 = 7;

/// Looks at histories until one does not hold, and shows the shortest that does not.
fn holds(of: Property, property: impl Fn(&Timeline, u64) -> Result<(), String>) {
    let symmetric = matches!(of, Property::MirrorNeutrality);
    for seed in (0..histories()).map(|i| i * PROPERTIES + of as u64) {
        let mut timeline = history(seed, symmetric);
        let Err(mut why) = property(&timeline, seed) else { continue };
        let mut line = timeline.lines.len();
        while line > 1 {
            line -= 1;
            let removed = timeline.lines.remove(line);
            match property(&timeline, seed) {
                Err(still) => why = still,
                Ok(()) => timeline.lines.insert(line, removed),
            }
        }
        panic!("seed {seed}: {why}\n{}", timeline.text());
    }
}

fn read(timeline: &Timeline) -> History {
    History::read(&timeline.text()).expect("it begins with terms").0
}

fn ask(history: &History, size: u64, as_of: usize, viewer: Viewer) -> Answer {
    history.status(size, Query { as_of: instant(&grid(as_of)), viewer, period: None })
}

/// The same in all three views, which are made together.
fn ask_all(history: &History, size: u64, as_of: usize) -> [Answer; 3] {
    let answers = history.statuses(size, instant(&grid(as_of)), None, &VIEWS);
    answers.try_into().expect("one for each view")
}

/// An instant to ask about.
fn some_day(seed: u64) -> usize {
    Draw::new(seed ^ 0xdead).below(100)
}

#[test]
fn invariants_one_and_two_what_was_known_gives_the_same_answer_for_ever() {
    holds(Property::KnownForEver, |timeline, seed| {
        let all = read(timeline);
        let cut = 1 + Draw::new(seed ^ 7).below(timeline.lines.len());
        let first = History::read(&Timeline { lines: timeline.lines[..cut].to_vec() }.text()).expect("terms").0;
        let day = some_day(seed);
        for (then, now) in ask_all(&first, first.size(), day).iter().zip(&ask_all(&all, first.size(), day)) {
            if then != now {
                return Err(format!("{} as of {}: {}", then.view, grid(day), difference(then, now)));
            }
        }
        Ok(())
    });
}

/// The first member in which two answers differ.
fn difference(a: &Answer, b: &Answer) -> String {
    let (a, b) = (serde_json::to_value(a).expect("JSON"), serde_json::to_value(b).expect("JSON"));
    let members = a.as_object().expect("an object");
    let differing = members.iter().find(|(name, value)| b[name.as_str()] != **value);
    differing.map_or(String::new(), |(name, value)| format!("{name}: {value} and {}", b[name.as_str()]))
}

#[test]
fn invariant_four_no_place_beyond_the_quota_goes_unflagged() {
    holds(Property::Quota, |timeline, seed| {
        let history = read(timeline);
        let answer = ask(&history, history.size(), some_day(seed), Viewer::Us);
        for quota in &answer.quota {
            let of_row = |row: &&countersign::treaty::reciprocity::Row| {
                row.slot.as_ref() == Some(&quota.slot) && row.period == quota.period && row.flags.quota.is_some()
            };
            let flagged = answer.obligations.iter().filter(of_row).count() as u64;
            if quota.used + quota.reserved - flagged > quota.distributed {
                return Err(format!("{quota:?}, {flagged} flagged"));
            }
        }
        Ok(())
    });
}

#[test]
fn invariants_five_and_six_undisputed_is_what_both_agree_on_and_everything_names_its_causes() {
    holds(Property::ViewsAndCauses, |timeline, seed| {
        let history = read(timeline);
        let [us, ru, both] = ask_all(&history, history.size(), some_day(seed));
        for row in &us.obligations {
            let in_ru = ru.obligations.iter().find(|other| other.id == row.id);
            let in_both = both.obligations.iter().find(|other| other.id == row.id);
            if in_ru.is_some_and(|other| other.state == row.state) && in_both.is_none_or(|b| b.state != row.state) {
                return Err(format!("{} is {} in both views", row.id, row.state));
            }
        }
        for answer in [&us, &ru, &both] {
            if let Some(row) = answer.obligations.iter().find(|row| !row.causes.contains(&row.created_by)) {
                return Err(format!("{} does not name what created it", row.id));
            }
            if answer.pair.because.is_empty() {
                return Err(format!("{} names no cause", answer.pair.status));
            }
        }
        Ok(())
    });
}

/// The same history, or its answer, with the sides changed.
pub fn mirrored(text: &str) -> String {
    let swaps = [("US", "RU"), ("A1", "B1"), ("A2", "B2")];
    let text = text.replace("EXCUSE", "\u{2}").replace("SUSPENDED", "\u{3}").replace("REFUSED", "\u{4}"); // they have US in them
    let swapped = swaps
        .iter()
        .fold(text, |text, (one, other)| text.replace(one, "\u{1}").replace(other, one).replace('\u{1}', other));
    swapped.replace('\u{2}', "EXCUSE").replace('\u{3}', "SUSPENDED").replace('\u{4}', "REFUSED")
}

/// An answer whose lists are in an order that does not know of sides.
pub fn as_sets(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(as_sets);
            items.sort_by_key(Value::to_string);
        }
        Value::Object(members) => members.values_mut().for_each(as_sets),
        _ => {}
    }
}

#[test]
fn invariant_three_swapping_the_sides_swaps_the_answer() {
    holds(Property::MirrorNeutrality, |timeline, seed| {
        let (plain, swapped) = (read(timeline), History::read(&mirrored(&timeline.text())).expect("terms").0);
        let day = some_day(seed);
        let ([us, _, both], [_, ru, swapped_both]) =
            (ask_all(&plain, plain.size(), day), ask_all(&swapped, swapped.size(), day));
        for (one, other) in [(us, ru), (both, swapped_both)] {
            let viewer = one.view;
            let one = serde_json::to_string(&one).expect("JSON");
            let mut one: Value = serde_json::from_str(&mirrored(&one)).expect("JSON");
            let mut other = serde_json::to_value(other).expect("JSON");
            for answer in [&mut one, &mut other] {
                answer["exercise"]["balance"] = Value::Null; // a signed number, looked at below
                let sorted = answer["pair"]["status"].as_str().unwrap_or_default().replace("RU,US", "US,RU");
                answer["pair"]["status"] = sorted.into();
                as_sets(answer);
            }
            if one != other {
                return Err(format!("{viewer} as of {}:\n{one}\n{other}", grid(day)));
            }
        }
        Ok(())
    });
}

/// The statuses that a pair can have; what stands in brackets names sides.
const STATUSES: [&str; 10] = [
    "NOT_IN_FORCE",
    "MUTUAL_DEFAULT",
    "COUNTERMEASURE_IN_EFFECT",
    "ONE_SIDED",
    "SUSPENDED_MUTUAL",
    "SUSPENDED_BY",
    "CONTESTED",
    "RECIPROCAL_WITH_EXCUSE",
    "RECIPROCAL_OPEN",
    "RECIPROCAL",
];

/// The same history with conclusions of both Parties in between, each about some record before it.
fn concluded(timeline: &Timeline, seed: u64) -> Timeline {
    let mut draw = Draw::new(seed ^ 0xbeef);
    let mut lines: Vec<Value> = Vec::new();
    for line in &timeline.lines {
        lines.push(line.clone());
        if draw.chance(30) {
            let side = *draw.of(&["US", "RU"]);
            let about = draw.of(&lines)["record"]["id"].clone();
            let id = format!("conclusion-{}", lines.len());
            let record = json!({
                "id": id, "kind": "determination", "party": side, "refs": [about], "body": { "text": words() },
            });
            lines.push(json!({ "received_at": line["received_at"], "signed_by": [side], "record": record }));
        }
    }
    Timeline { lines }
}

#[test]
fn invariant_seven_only_parties_conclude_and_no_status_follows_from_a_conclusion() {
    holds(Property::NoDetermination, |timeline, seed| {
        let concluded = concluded(timeline, seed);
        let (plain, (with, left_out)) = (read(timeline), History::read(&concluded.text()).expect("terms"));
        if with.size() as usize + left_out.len() != concluded.lines.len() {
            return Err("the log has a record that nobody sent".to_owned());
        }
        let day = some_day(seed);
        for (without, mut answer) in
            ask_all(&plain, plain.size(), day).into_iter().zip(ask_all(&with, with.size(), day))
        {
            let word = answer.pair.status.split('(').next().unwrap_or_default();
            if !STATUSES.contains(&word) {
                return Err(format!("{word} is no status"));
            }
            answer.known_at.clone_from(&without.known_at); // there are more entries
            if answer != without {
                return Err(format!("{} as of {}: {}", answer.view, grid(day), difference(&without, &answer)));
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_marked_settled_has_nothing_outstanding_and_no_team_at_the_site() {
    use countersign::treaty::obligation::{Basis, Sight};
    holds(Property::Settled, |timeline, seed| {
        let history = read(timeline);
        let size = 1 + Draw::new(seed ^ 3).below(history.size() as usize) as u64;
        let (known, as_of) = (history.register().known(size), instant(&grid(some_day(seed))));
        let unsettled = |kind| known.unsettled(kind, as_of);
        let (visits, notices) = (unsettled(CaseKind::Visit), unsettled(CaseKind::Notice));
        let basis = Basis::of(known);
        let sight = Sight::new(known, &basis, as_of);
        if let Some(visit) = known.intents().find(|visit| !visits.contains(visit) && sight.is_open(*visit)) {
            return Err(format!("the visit of entry {visit} is open as of {as_of}"));
        }
        for answer in history.statuses(size, as_of, None, &VIEWS) {
            let viewer = answer.view;
            for row in answer.obligations {
                let index = |name: &str| known.index_of(&history.digest_named(name)?);
                let of_visit = !["ACK", "DATA_CHANGE", "CLARIFY", "CONSULT", "BASELINE"].contains(&row.kind);
                let is_unsettled = match row.visit.as_deref().filter(|_| of_visit) {
                    Some(visit) => visits.contains(&index(visit).expect("an entry")),
                    None => notices.contains(&index(&row.created_by).expect("an entry")),
                };
                let is_done = ["FULFILLED", "FULFILLED_LATE", "RELEASED"].contains(&row.state);
                if row.kind != "BASELINE" && !is_done && !is_unsettled {
                    return Err(format!("{} is {} ({viewer}, as of {as_of}, tree:{size})", row.id, row.state));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn what_a_year_shows_is_everything_less_what_is_over() {
    use countersign::treaty::obligation::State;
    use countersign::treaty::reciprocity::{Frame, Scope, statuses, words};
    holds(Property::Year, |timeline, seed| {
        let history = read(timeline);
        let mut draw = Draw::new(seed ^ 11);
        for _ in 0..3 {
            let size = 1 + draw.below(history.size() as usize) as u64;
            let as_of = instant(&grid(draw.below(110)));
            let period = as_of.year() + draw.below(3) as i32 - 1;
            let known = history.register().known(size);
            let in_scope = |scope| statuses(known, Frame { as_of, period, scope }, &VIEWS, &|index| index.to_string());
            for (whole, year) in in_scope(Scope::Everything).into_iter().zip(in_scope(Scope::Period)) {
                if words::sentence(&whole) != words::sentence(&year) {
                    return Err(format!("{} or {}", words::sentence(&whole), words::sentence(&year)));
                }
                let mut less = whole;
                let period = less.period.clone();
                less.obligations.retain(|row| {
                    !State::from_word(row.state).is_some_and(State::is_final) || (row.graded && row.period == period)
                });
                less.requests.retain(|request| request.period == period);
                less.quota.retain(|quota| quota.period == period);
                if less != year {
                    return Err(format!("as of {as_of}, tree:{size}: {}", difference(&less, &year)));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn an_agreement_that_ended_for_a_time_that_has_passed_opens_what_was_settled() {
    use countersign::treaty::reciprocity::{Frame, Scope, statuses};
    let mut timeline = Timeline::new(serde_json::json!({}));
    let both = ["US", "RU"];
    let request = timeline.request("B1", "03-01", "03-03");
    timeline.say("03-02", "US", "cancellation", &[&request]);
    let moved = serde_json::json!({ "eta": crate::timeline::at("03-20") });
    timeline.add("03-02 12:00", &both, "postponement", &[&request], moved);
    let released = timeline.history();
    // For six hours of 1 March there was no agreement: the withdrawal met nothing that was owed, and the new date revived it.
    for (version, ended, effect) in [(2, true, "03-01 12:00"), (3, false, "03-01 18:00")] {
        let body = serde_json::json!({ "version": version, "ended": ended });
        timeline.with_effect("03-05", Some(effect), &both, "terms", &[], body);
    }
    let history = timeline.history();
    let frame = Frame { as_of: instant("03-06"), period: 2027, scope: Scope::Period };
    let states = |history: &History| -> Vec<&'static str> {
        let known = history.register().known(history.size());
        let answer = statuses(known, frame, &[Viewer::Us], &|index| index.to_string()).remove(0);
        answer.obligations.iter().filter(|row| row.kind == "ADMIT").map(|row| row.state).collect()
    };
    assert_eq!((states(&released), states(&history)), (vec![], vec!["OPEN"]));
}
