//! The report of an inspection of a demonstration.
//!
//! Invariants: what is declared in a report is what the declaration says; a photograph is a hash of nothing.
//!
//! Deliberately absent: anything that a real team has seen.

use serde_json::{Value, json};

use super::places::{cells, interceptor};
use super::story::text;
use crate::hash::Hash;
use crate::treaty::time::Instant;

/// What a team saw.
#[derive(Clone, Copy, Default)]
pub struct Seen {
    /// Whether only some cells were drawn and opened.
    pub sampled: bool,
    /// Whether an item was not where it is declared.
    pub difference: bool,
    /// Whether something stayed unclear.
    pub ambiguity: bool,
    /// Whether a limit was set, and somebody in the team dissents.
    pub limited: bool,
}

/// The times of a report.
pub struct Times {
    /// When the inspection started.
    pub started: Instant,
    /// When it ended.
    pub ended: Instant,
    /// When the report was handed over.
    pub handed_over: Instant,
}

/// The cells that were drawn, where a team opened some of them.
const DRAWN: [(&str, u32); 6] = [("M1", 3), ("M1", 7), ("M2", 2), ("M2", 5), ("M3", 1), ("M3", 8)];

/// The body of a report.
pub fn report(slot: &str, declaration: Hash, times: &Times, seen: &Seen) -> Value {
    let is_aegis = slot.starts_with('A');
    let photograph = |number: u32| Hash::of(format!("demonstration {slot} {} {number}", times.ended).as_bytes());
    let unclear = json!([{
        "id": "AMB-1",
        "text": text(
            "In store 1 a container stands behind another; its length could not be measured",
            "В хранилище 1 контейнер стоит за другим; измерить его длину не удалось",
        ),
        "photos": [photograph(2).to_string()],
    }]);
    let mut body = json!({
        "handed_over_at": times.handed_over.to_string(),
        "started_at": times.started.to_string(),
        "ended_at": times.ended.to_string(),
        "declaration": declaration.to_string(),
        "claims": claims(is_aegis, seen),
        "items": if is_aegis { cells_seen(slot, seen) } else { stores_seen(slot, seen) },
        "ambiguities": if seen.ambiguity { unclear } else { json!([]) },
        "photographs": photographs(photograph, seen),
        "limitations": [],
        "equipment": ["measuring tape", "camera of the escort", "borescope"],
        "narrative": text("The inspection went as planned", "Инспекция прошла по плану"),
    });
    if seen.limited {
        body["limitations"] = json!([{
            "area": text("Control room", "Зал управления"),
            "reason": text("Shrouded for secrecy", "Закрыт чехлами в целях защиты сведений"),
            "alternative": text("A list of the consoles was shown", "Показан перечень пультов"),
        }]);
        body["dissent"] = text(
            "One inspector holds that the list does not replace a look at the room",
            "Один инспектор считает, что перечень не заменяет осмотра зала",
        );
    }
    body
}

/// The six findings.
fn claims(is_aegis: bool, seen: &Seen) -> Value {
    let finding = |finding: &str, method: &str| json!({ "finding": finding, "method": method });
    let (k, n, method) = match (is_aegis, seen.sampled) {
        (true, true) => (DRAWN.len(), 24, "hatch open, canister marking read"),
        (true, false) => (24, 24, "hatch open, canister marking read"),
        (false, _) => (12, 12, "canisters opened, length measured"),
    };
    let mut first = json!({ "finding": "confirmed", "k": k, "n": n, "method": method });
    if seen.sampled {
        first["selection"] = "drawn by lot before both sides".into();
        first["note"] = text("A sample, not the whole", "Выборка, а не полный осмотр");
    }
    let on_site = if seen.ambiguity { "ambiguous" } else { "confirmed" };
    let fire_control = if seen.limited { "access_denied" } else { "confirmed" };
    let inventory = if seen.difference { "not_confirmed" } else { "confirmed" };
    json!({
        "C1": first,
        "C2": finding(on_site, "walk through stores and transport areas"),
        "C3": finding(fire_control, "exhibition of racks and consoles"),
        "C4": finding("confirmed", "inventory of handling equipment"),
        "C5": finding(inventory, "count, identifiers read"),
        "C6": finding("confirmed", "launchers and canisters counted"),
    })
}

/// The cells of an Aegis Ashore site that were opened.
fn cells_seen(slot: &str, seen: &Seen) -> Value {
    let line = |(module, cell): (&str, u32)| {
        let one = json!({ "type": interceptor(slot), "count": 1 });
        json!({
            "uid": format!("{slot}-{module}-{cell}"), "location": format!("{module}/{cell}"),
            "declared": one, "observed": one, "method": "marking read",
        })
    };
    if seen.sampled { DRAWN.into_iter().map(line).collect() } else { cells().map(line).collect() }
}

/// The stores of a base.
fn stores_seen(slot: &str, seen: &Seen) -> Value {
    let line = |uid: &str, kind: &str, observed: u32| {
        json!({
            "uid": format!("{slot}-{uid}"), "location": "store-1",
            "declared": { "type": kind, "count": 8 }, "observed": { "type": kind, "count": observed },
            "method": "count, length measured",
        })
    };
    let mut second = line("S2", "9M729", if seen.difference { 7 } else { 8 });
    second["measurements"] = json!([{
        "what": "length beyond that of a 9M728", "value": 53, "unit": "cm", "tolerance": 1, "instrument": "measuring tape",
    }]);
    json!([line("S1", "9M728", 8), second])
}

/// The photographs, by the hash of files that do not exist.
fn photographs(hash: impl Fn(u32) -> Hash, seen: &Seen) -> Value {
    let photograph = |number: u32, subject: Value| {
        json!({
            "sha256": hash(number).to_string(), "bytes": 2_400_000 + number, "subject": subject,
            "taken_by": "escort", "class": "parties",
        })
    };
    let mut all = vec![photograph(1, text("View of the launchers", "Общий вид пусковых установок"))];
    if seen.ambiguity {
        all.push(photograph(2, text("The container in store 1", "Контейнер в хранилище 1")));
    }
    all.into()
}
