//! The attacks, each with whom it must not escape.
//!
//! Their numbers are those of a longer list; those of what is shown, and to whom, stand in [`super::shown`].

use std::path::Path;

use countersign::note::Signer;
use countersign::treaty::record::Kind;

use super::super::support::ledger::{draft, registration, signed};
use super::super::support::records::changing;
use super::Detector::{self, Audit, Holder, Witness};
use super::forge::{at_another_time, countersigned, received};

/// What is done.
pub enum Act {
    /// Statements about rows, with the triggers off; and what undoes what the copies of the tables do not.
    Sql(fn(usize) -> String, &'static str),
    /// A change of the schema, and what undoes it.
    Schema(&'static str, &'static str),
    /// Another log, all of it, in the place of the one that is there.
    Forge(fn(&mut Vec<String>, usize)),
    /// The same, done before the witness was asked about what is changed.
    Tail(fn(&mut Vec<String>, usize)),
    /// The same, with a key of the operator's own in the place of the log's.
    Pretend(fn(&mut Vec<String>, usize)),
    /// Another log that one Party is shown, and nobody else.
    Fork(fn(&mut Vec<String>, usize)),
    /// Something done to the file that lies beside a bundle.
    File(fn(&Path)),
}

/// An attack.
pub struct Attack {
    pub name: &'static str,
    pub act: Act,
    /// Who must find it, at least, and as what: how the finding begins.
    pub evidence: &'static [(Detector, &'static str)],
}

pub const fn attack(name: &'static str, act: Act, evidence: &'static [(Detector, &'static str)]) -> Attack {
    Attack { name, act, evidence }
}

/// A text put in the place of another in the bytes of an entry.
macro_rules! edit {
    ($old:literal, $new:literal) => {
        |at| {
            format!(
                "UPDATE countersign.entry SET note = pg_catalog.convert_to(pg_catalog.replace(pg_catalog.convert_from(note, 'UTF8'), \
                 '{}', '{}'), 'UTF8') WHERE index = {at}",
                $old, $new
            )
        }
    };
}

/// The hashes of a row made to fit its bytes.
const HASHES: &str = "UPDATE countersign.entry SET leaf_hash = pg_catalog.sha256('\\x00'::bytea || note)";

/// From here on everything is declared, and the rules allow a change of data.
pub const DECLARED: usize = 16;

/// A change of data at a Russian site, by a key that Russia lent to the operator.
pub fn colluding() -> String {
    signed(&draft(Kind::DataChange, &["RU/centre/1"], changing("B1")))
}

/// A registration that the operator signed with keys of its own, under the names of others.
fn rogue() -> String {
    let own = |name: &str| {
        let seed = *countersign::hash::Hash::of(b"the operator's own").as_bytes();
        Signer::from_seed(name, countersign::note::KeyKind::Ed25519, seed).expect("a key")
    };
    let names = ["RU/root/1", "RU/leader/66"];
    let body = serde_json::json!({ "vkey": own(names[1]).verifier().to_string(), "name": names[1], "role": "leader" });
    let text = draft(Kind::KeyRegistration, &names, body).text(super::ORIGIN);
    countersign::author::sign(&text, &[&own(names[0]), &own(names[1])]).expect("signs")
}

fn insert(entries: &mut Vec<String>, at: usize, note: &str) {
    let entry = countersigned(note, received(&entries[at.min(entries.len() - 1)]));
    entries.insert(at, entry);
}

pub const ATTACKS: &[Attack] = &[
    attack(
        "A-01 a byte of an entry",
        Act::Sql(edit!("\"number\"", "\"number\" "), "SELECT 1"),
        &[(Audit, "entries/signature_invalid")],
    ),
    attack(
        "A-02 a byte of an entry, and its hash",
        Act::Sql(
            |at| {
                format!(
                    "UPDATE countersign.entry SET note = pg_catalog.convert_to(pg_catalog.replace(pg_catalog.convert_from(note, 'UTF8'), '\"number\"', '\"number\" '), 'UTF8') WHERE index = {at}; {HASHES} WHERE index = {at}"
                )
            },
            "SELECT 1",
        ),
        &[(Audit, "entries/signature_invalid")],
    ),
    attack(
        "A-03 another record of a colluding author, and every hash and head",
        Act::Forge(|entries, at| {
            let at = at.max(DECLARED);
            entries[at] = countersigned(&colluding(), received(&entries[at]));
        }),
        &[(Holder, "checkpoint/root_differs"), (Witness, "422")],
    ),
    attack(
        "A-04 the last row",
        Act::Sql(|_| "DELETE FROM countersign.entry WHERE index = 30".into(), "SELECT 1"),
        &[(Audit, "stored/head_row_differs")],
    ),
    attack(
        "A-05 a row in the middle",
        Act::Sql(|at| format!("DELETE FROM countersign.entry WHERE index = {at}"), "SELECT 1"),
        &[(Audit, "stored/row_missing")],
    ),
    attack("A-06 the last row, and the head shrunk", Act::Forge(|entries, _| drop(entries.pop())), &[(Witness, "409")]),
    attack(
        "A-07 two rows in each other's place",
        Act::Forge(|entries, at| entries.swap(at, at + 2)),
        &[(Holder, "checkpoint/root_differs"), (Witness, "422")],
    ),
    attack(
        "A-08 a row once more, under a new index",
        Act::Sql(
            |at| {
                format!(
                    "ALTER TABLE countersign.entry DROP CONSTRAINT entry_digest_key; \
                     INSERT INTO countersign.entry SELECT 31, digest, leaf_hash, note, record FROM countersign.entry WHERE index = {at}"
                )
            },
            "DELETE FROM countersign.entry WHERE index = 31; ALTER TABLE countersign.entry ADD CONSTRAINT entry_digest_key UNIQUE (digest)",
        ),
        &[(Audit, "entries/repeated")],
    ),
    attack(
        "A-09 a row more in the middle, and the others shifted",
        Act::Forge(|entries, at| insert(entries, at.max(DECLARED), &colluding())),
        &[(Holder, "checkpoint/root_differs"), (Witness, "422")],
    ),
    attack(
        "A-10 a row killed on its page, without any trigger",
        Act::Sql(
            |at| {
                format!(
                    "CREATE EXTENSION IF NOT EXISTS pg_surgery SCHEMA public; \
                     SELECT public.heap_force_kill('countersign.entry'::pg_catalog.regclass, \
                     ARRAY[(SELECT ctid FROM countersign.entry WHERE index = {at})])"
                )
            },
            "SELECT 1",
        ),
        &[(Audit, "stored/row_missing")],
    ),
    attack(
        "A-11 everything removed, and an altered copy loaded",
        Act::Sql(
            |at| {
                format!(
                    "TRUNCATE countersign.entry; INSERT INTO countersign.entry TABLE public.entry; \
                     UPDATE countersign.entry SET note = note || '\\x00' WHERE index >= {at}; {HASHES} WHERE index >= {at}"
                )
            },
            "SELECT 1",
        ),
        &[(Audit, "entries/not_a_note")],
    ),
    attack(
        "A-12 another table under the name",
        Act::Schema(
            "ALTER TABLE countersign.entry RENAME TO entry_of_old; \
             CREATE TABLE countersign.entry (LIKE countersign.entry_of_old INCLUDING ALL); \
             INSERT INTO countersign.entry TABLE countersign.entry_of_old; \
             GRANT SELECT ON countersign.entry TO countersign_reader, countersign_runtime",
            "DROP TABLE countersign.entry; ALTER TABLE countersign.entry_of_old RENAME TO entry",
        ),
        &[(Audit, "schema/schema_altered")],
    ),
    attack(
        "A-13 what people's queries read",
        Act::Sql(
            |at| format!("UPDATE countersign.entry SET record = record || '{{\"number\": 99}}' WHERE index = {at}"),
            "SELECT 1",
        ),
        &[(Audit, "stored/column_differs")],
    ),
    attack(
        "A-14 a head without entries",
        Act::Sql(|_| "INSERT INTO countersign.tree_head VALUES (99, pg_catalog.sha256('x'))".into(), "SELECT 1"),
        &[(Audit, "heads/entries_missing")],
    ),
    attack(
        "A-15 a row hidden by a policy",
        Act::Schema(
            "ALTER TABLE countersign.entry ENABLE ROW LEVEL SECURITY; \
             CREATE POLICY hidden ON countersign.entry USING (index <> 7)",
            "DROP POLICY hidden ON countersign.entry; ALTER TABLE countersign.entry DISABLE ROW LEVEL SECURITY",
        ),
        &[(Audit, "stored/row_missing")],
    ),
    attack(
        "A-16 another configuration of the function that refuses",
        Act::Schema(
            "ALTER FUNCTION countersign.refuse() SECURITY DEFINER",
            "ALTER FUNCTION countersign.refuse() SECURITY INVOKER",
        ),
        &[(Audit, "schema/schema_altered")],
    ),
    attack(
        "A-17 a rule that swallows what is inserted",
        Act::Schema(
            "CREATE RULE swallow AS ON INSERT TO countersign.entry DO INSTEAD NOTHING",
            "DROP RULE swallow ON countersign.entry",
        ),
        &[(Audit, "schema/schema_altered")],
    ),
    attack(
        "A-18 a trigger that changes what is inserted",
        Act::Schema(
            "CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
             CREATE TRIGGER swallow BEFORE INSERT ON countersign.entry FOR EACH ROW EXECUTE FUNCTION public.nothing()",
            "DROP TRIGGER swallow ON countersign.entry; DROP FUNCTION public.nothing()",
        ),
        &[(Audit, "schema/schema_altered")],
    ),
    attack(
        "A-20 a default",
        Act::Schema(
            "ALTER TABLE countersign.entry ALTER record SET DEFAULT '{}'",
            "ALTER TABLE countersign.entry ALTER record DROP DEFAULT",
        ),
        &[(Audit, "schema/schema_altered")],
    ),
    attack(
        "A-21 a key that no root registered",
        Act::Forge(|entries, _| insert(entries, entries.len(), &rogue())),
        &[(Audit, "entries/key_unknown")],
    ),
    attack(
        "A-22 the role of a key",
        Act::Sql(
            |_| {
                "UPDATE countersign.entry SET note = pg_catalog.convert_to(pg_catalog.replace(pg_catalog.convert_from(note, 'UTF8'), '\"leader\"', '\"centre\"'), 'UTF8') WHERE index = 5".into()
            },
            "SELECT 1",
        ),
        &[(Audit, "entries/signature_invalid")],
    ),
    attack(
        "A-23 a revocation taken out, and something of no weight put in its place",
        Act::Forge(|entries, _| entries[30] = countersigned(&registration("US/escort/66"), received(&entries[30]))),
        &[(Witness, "422")],
    ),
    attack(
        "A-25 the time of an entry, by the clerk's own key",
        Act::Forge(|entries, _| entries[30] = at_another_time(&entries[30], 7)),
        &[(Witness, "422")],
    ),
    attack(
        "A-27 a time before that of the entry before",
        Act::Forge(|entries, at| entries[at] = at_another_time(&entries[at], -60)),
        &[(Audit, "entries/time_went_back"), (Holder, "receipts/receipt_beyond"), (Witness, "422")],
    ),
    attack(
        "A-28 triggers off, a record changed, triggers on",
        Act::Sql(edit!("\"absent\"", "\"absent\" "), "SELECT 1"),
        &[(Audit, "entries/signature_invalid")],
    ),
    attack(
        "A-29 more rights for the server",
        Act::Schema(
            "GRANT UPDATE, DELETE ON countersign.entry TO countersign_runtime",
            "REVOKE UPDATE, DELETE ON countersign.entry FROM countersign_runtime",
        ),
        &[(Audit, "schema/schema_altered")],
    ),
    attack(
        "A-30 an old backup",
        Act::Forge(|entries, at| entries.truncate(at)),
        &[(Holder, "checkpoint/entries_missing"), (Witness, "409")],
    ),
    attack(
        "A-31 an old backup, filled up to the same size",
        Act::Forge(|entries, at| {
            let (size, time) = (entries.len(), received(&entries[at]));
            entries.truncate(at.max(DECLARED));
            entries.resize_with(size, || countersigned(&colluding(), time));
        }),
        &[(Holder, "checkpoint/root_differs"), (Witness, "422")],
    ),
    attack(
        "A-33 a fork that goes on as if nothing were",
        Act::Forge(|entries, at| {
            let at = at.max(DECLARED);
            entries[at] = countersigned(&colluding(), received(&entries[at]));
            insert(entries, entries.len(), &colluding());
        }),
        &[(Holder, "checkpoint/root_differs"), (Witness, "422")],
    ),
    attack(
        "A-36 another record in the part that nobody cosigned yet",
        Act::Tail(|entries, _| entries[super::KEPT] = countersigned(&colluding(), received(&entries[super::KEPT]))),
        &[(Holder, "receipts/receipt_differs")],
    ),
    attack(
        "A-37 a record dropped for which a receipt was given",
        Act::Tail(|entries, _| entries.truncate(super::KEPT)),
        &[(Holder, "receipts/receipt_beyond")],
    ),
    attack(
        "A-39 the countersignature of another record",
        Act::Forge(|entries, at| {
            let (own, other) = (entries[at].clone(), entries[at + 1].clone());
            let last = |entry: &str| entry.trim_end().lines().last().expect("a line").to_owned();
            entries[at] = own.replace(&last(&own), &last(&other));
        }),
        &[(Audit, "entries/not_countersigned")],
    ),
    attack(
        "A-40 a row that no record signed",
        Act::Sql(
            |at| {
                format!(
                    "INSERT INTO countersign.entry SELECT 31, pg_catalog.sha256('x'), pg_catalog.sha256('y'), 'nothing', record \
                     FROM countersign.entry WHERE index = {at}"
                )
            },
            "SELECT 1",
        ),
        &[(Audit, "entries/not_a_note")],
    ),
    attack(
        "A-43 what a repeated record is found by",
        Act::Sql(
            |at| format!("UPDATE countersign.entry SET digest = pg_catalog.sha256('x') WHERE index = {at}"),
            "SELECT 1",
        ),
        &[(Audit, "stored/column_differs")],
    ),
    attack(
        "A-44 all of it at once, with the key of one Party",
        Act::Forge(|entries, at| {
            let time = received(&entries[at]);
            for entry in &mut entries[at.max(DECLARED)..] {
                *entry = countersigned(&signed(&draft(Kind::DataChange, &["US/centre/1"], changing("A1"))), time);
            }
        }),
        &[(Holder, "checkpoint/root_differs"), (Witness, "422")],
    ),
    attack(
        "A-42 a cosignature that nobody made",
        Act::Sql(
            |at| {
                format!(
                    "INSERT INTO countersign.cosignature (size, name, line) VALUES ({at}, 'RU/mirror/1', '— RU/mirror/1 AAAA')"
                )
            },
            "DELETE FROM countersign.cosignature",
        ),
        &[(Audit, "cosignatures/cosignature_bad")],
    ),
];
