//! Any list as a table (RFC 4180).
//!
//! Columns are named by the path of the member that they show, with dots; their order never changes, and new ones are
//! added at the end. Texts of the other side are written so that no spreadsheet takes them for a formula.
//!
//! Invariants: every row has every column; a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets
//! an apostrophe before it, unless it is a number.
//!
//! Deliberately absent: truncation.

use serde_json::Value;

/// The columns of a list of records.
pub const RECORDS: &[&str] = &[
    "index",
    "digest",
    "id",
    "kind",
    "party",
    "number",
    "received_at",
    "record.signed_at",
    "record.effective_at",
    "record.channel",
    "signed_by",
    "flags",
    "status",
    "superseded_by",
    "record.refs",
    "record.body",
];
/// The columns of a list of sites.
pub const SITES: &[&str] = &[
    "code",
    "name.en",
    "name.ru",
    "inspecting",
    "inspected",
    "host",
    "designated_by",
    "site.code",
    "site.name.en",
    "site.name.ru",
    "site.lat_e7",
    "site.lon_e7",
    "site.accuracy_m",
    "site.source",
    "designation.index",
    "host_consent.action",
    "host_consent.valid_until",
    "declaration.index",
    "declaration.received_at",
];
/// The columns of a list of keys.
pub const KEYS: &[&str] = &[
    "name",
    "vkey",
    "party",
    "role",
    "person",
    "registered.index",
    "revoked.index",
    "revoked.reason",
    "revoked.suspect_from",
    "next_number",
];
/// The columns of a list of visits.
pub const INSPECTIONS: &[&str] = &[
    "inspection",
    "index",
    "slot",
    "inspecting",
    "inspected",
    "host",
    "received_at",
    "eta",
    "poe",
    "verdict",
    "reason",
    "milestones",
    "reports",
];

/// The columns of a list of obligations.
pub const OBLIGATIONS: &[&str] = &[
    "id",
    "kind",
    "slot",
    "period",
    "obligor",
    "holder",
    "created_by",
    "created_at",
    "due_at",
    "visit",
    "state",
    "grade",
    "graded",
    "clause",
    "causes",
    "flags.disputed",
    "flags.quality",
    "flags.quota",
];

/// The columns of every obligation in every view: those of a list, and then what the whole list says once.
pub const OWED: &[&str] = &[
    "id",
    "kind",
    "slot",
    "period",
    "obligor",
    "holder",
    "created_by",
    "created_at",
    "due_at",
    "visit",
    "state",
    "grade",
    "graded",
    "clause",
    "causes",
    "flags.disputed",
    "flags.quality",
    "flags.quota",
    "view",
    "as_of",
    "known_at",
];
/// The columns of the status in every view.
pub const STATUS: &[&str] = &[
    "view",
    "as_of",
    "known_at",
    "period",
    "pair.status",
    "pair.because",
    "sides.US.grade",
    "sides.US.because",
    "sides.RU.grade",
    "sides.RU.because",
    "words.en",
    "words.ru",
    "terms",
    "exercise.completed.US",
    "exercise.completed.RU",
    "exercise.balance",
    "denials.US",
    "denials.RU",
    "slots",
    "quota",
    "requests",
    "next",
    "standing",
    "absence",
    "ambiguity",
];

/// Writes the rows of a list as a table.
pub fn table(columns: &[&str], rows: &[Value], byte_order_mark: bool) -> String {
    heading(columns, byte_order_mark) + &lines(columns, rows)
}

/// The first line of a table.
pub fn heading(columns: &[&str], byte_order_mark: bool) -> String {
    let mut text = String::from(if byte_order_mark { "\u{feff}" } else { "" });
    line(columns.iter().map(|column| (*column).to_owned()), &mut text);
    text
}

/// The lines after the first.
pub fn lines(columns: &[&str], rows: &[Value]) -> String {
    let mut text = String::new();
    for row in rows {
        line(columns.iter().map(|column| cell(row, column)), &mut text);
    }
    text
}

fn line(cells: impl Iterator<Item = String>, text: &mut String) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            text.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            text.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
        } else {
            text.push_str(&cell);
        }
    }
    text.push_str("\r\n");
}

/// The member that a column names.
pub fn member<'r>(row: &'r Value, column: &str) -> &'r Value {
    column.split('.').fold(row, |value, name| &value[name])
}

/// The member that a column names, as text.
fn cell(row: &Value, column: &str) -> String {
    match member(row, column) {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        Value::Number(number) => number.to_string(),
        other => harmless(&other.to_string()),
    }
}

fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_keeps_every_letter_and_starts_no_formula() {
        let rows = [json!({ "a": "=1+1", "b": { "c": "Редзиково, ș ț ł \"x\"" }, "d": -5 }), json!({ "a": null })];
        let text = table(&["a", "b.c", "d"], &rows, false);
        assert_eq!(text, "a,b.c,d\r\n'=1+1,\"Редзиково, ș ț ł \"\"x\"\"\",-5\r\n,,\r\n");
        assert!(table(&["a"], &rows, true).starts_with('\u{feff}'));
    }
}
