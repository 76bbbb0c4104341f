//! What a page shows, how wide it is, and how its columns stand.

use serde_json::json;

use super::*;

fn row(kind: &str, state: &str, graded: bool) -> Value {
    json!({
        "id": format!("{kind}:sha256:{}:B1", "ab".repeat(32)), "kind": kind, "slot": "B1", "period": "2026", "obligor": "RU",
        "holder": "US", "due_at": "2026-08-13T06:00:00Z", "state": state, "graded": graded,
        "flags": { "disputed": state == "REFUSED", "quality": "n/a" },
    })
}

fn view(status: &str, state: &str) -> Value {
    let sentence = "С точки зрения Российской Федерации, за 2026 год: освобождено, и ничего больше. ".repeat(3);
    json!({
        "pair": { "status": status, "because": [] },
        "sides": { "US": { "grade": "S" }, "RU": { "grade": "E" } },
        "obligations": [row("ADMIT", state, true), row("ACK", "OVERDUE", false), row("REPORT", "FULFILLED", true)],
        "next": [{ "due_at": "2026-08-13T06:00:00Z", "obligation": row("ADMIT", state, true)["id"], "seconds_left": 108_060 }],
        "standing": [{
            "claim": format!("sha256:{}", "cd".repeat(32)), "kind": "exemption", "party": "RU", "slots": ["B1", "B2"],
            "answer": "contested", "answered_by": null,
            "cites": [{ "cited": "x", "obligation": row("CLARIFY", state, true)["id"], "state": "OVERDUE" }],
        }],
        "words": { "en": "A sentence.", "ru": sentence },
    })
}

fn answer() -> Value {
    json!({
        "as_of": "2026-08-13T00:00:00Z", "known_at": "tree:142", "period": "2026",
        "quota": [{ "slot": "B1", "period": "2026", "distributed": 2, "used": 1, "reserved": 0, "remaining": 1 }],
        "denials": { "US": 0, "RU": 3 }, "exercise": { "completed": { "US": 3, "RU": 4 }, "balance": -1 },
        "absence": [{
            "slot": "A1", "since": "2026-07-29T06:00:00Z", "valid_until": "2026-10-27T23:59:59Z", "invalidated_by": null,
            "report": "r",
        }],
        "ambiguity": { "oldest": format!("sha256:{}/AMB-1", "ef".repeat(32)), "raised_at": "2026-08-01T00:00:00Z" },
        "views": {
            "US": view("ONE_SIDED(RU)", "REFUSED"),
            "RU": view("RECIPROCAL_WITH_EXCUSE", "EXCUSED"),
            "UNDISPUTED": view("NOT_IN_FORCE(US,RU; default US,RU)", "CONTESTED"),
        },
    })
}

#[test]
fn each_obligation_has_a_row_and_each_view_a_column() {
    let page = table(&answer(), Lang::En);
    let of = |start: &str| page.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
    assert_eq!(of("US  "), "US          ONE_SIDED(RU)                         grades: US S, RU E");
    let admit = "   ADMIT       B1  RU→US    2026-08-13 06:00 REFUSED !         EXCUSED           CONTESTED";
    assert_eq!(of("   ADMIT"), admit);
    assert!(of("  -ACK").ends_with("OVERDUE"), "{page}");
    for part in [
        "1 d 06 h 01 min left",
        "ADMIT:abababab:B1",
        "exemption",
        "contested",
        "cites CLARIFY:abababab:B1: OVERDUE",
        "Denials: US 0, RU 3",
        "efefefef/AMB-1",
        "A sentence.",
        "  B1     2   1   0   1",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn no_line_is_too_wide_and_columns_stand_straight_in_both_languages() {
    for lang in [Lang::En, Lang::Ru] {
        let page = table(&answer(), lang);
        for line in page.lines() {
            assert!(line.chars().count() <= WIDTH && line == line.trim_end(), "{line}");
        }
        let column = |line: &str, needle: &str| line.split(needle).next().expect("a part").chars().count();
        let heads: Vec<usize> =
            page.lines().filter(|line| line.ends_with(" UNDISPUTED")).map(|l| column(l, "UNDISPUTED")).collect();
        let state = page.lines().find(|line| line.starts_with("   ADMIT")).expect("a row");
        assert!(heads.len() == 2 && heads.iter().all(|head| *head == column(state, "CONTESTED")), "{page}");
    }
}

#[test]
fn nothing_is_shown_for_nothing() {
    let page = table(&json!({}), Lang::Ru);
    assert!(page.contains("ничего"), "{page}");
}
