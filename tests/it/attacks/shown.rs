//! Attacks by what is shown, and to whom; and those on what lies beside the log.
//!
//! An entry demands the event of its sending, so removing or moving that is found by anybody; events of reading stand in a
//! chain, and who makes the whole chain anew is found by whoever holds what the clerk signed of it.

use std::path::Path;

use countersign::hash::Hash;
use countersign::note::{KeyKind, Signer};
use countersign::treaty::entry::Entry;
use countersign::treaty::record::{Anchor, Kind, Signed};
use serde_json::Value;

use super::super::support::ledger::{ORIGIN, clerk_key, draft, signed};
use super::super::support::records::changing;
use super::Detector::{Audit, Holder, Meeting, Mirror, Reader, Witness};
use super::HELD;
use super::forge::{Log, REMAKE, countersigned, received};
use super::table::{Act, Attack, DECLARED, attack, colluding};

/// Everything that names an operator of its own, under another's names.
fn own(name: &str) -> Signer {
    let kind = if name.ends_with("/clerk") { KeyKind::Countersign } else { KeyKind::Ed25519 };
    let seed = *Hash::of(format!("the operator's own {name}").as_bytes()).as_bytes();
    Signer::from_seed(name, kind, seed).expect("a key")
}

/// The key of the log that is shown in the place of another.
pub fn own_log_key() -> Signer {
    own(ORIGIN)
}

/// A ledger of the same name that begins with the operator's own keys.
fn pretended(entries: &mut Vec<String>, _: usize) {
    let first = Entry::parse(entries[0].as_bytes()).expect("an entry");
    let mut body = serde_json::from_str::<Value>(first.signed.json()).expect("JSON")["body"].take();
    body["log_vkey"] = own_log_key().verifier().to_string().into();
    body["clerk_vkey"] = own(clerk_key().verifier().name()).verifier().to_string().into();
    let mut names = Vec::new();
    for (state, keys) in body["roots"].as_object_mut().expect("roots") {
        for role in ["root", "recovery"] {
            keys[role] = own(&format!("{state}/{role}/1")).verifier().to_string().into();
        }
        names.push(format!("{state}/root/1"));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let say = |kind, names: &[&str], body| {
        let mut record = draft(kind, names, body);
        record.number = 1;
        let keys: Vec<Signer> = names.iter().map(|name| own(name)).collect();
        let note = countersign::author::sign(&record.text(ORIGIN), &keys.iter().collect::<Vec<_>>()).expect("signs");
        let signed = Signed::parse(note.as_bytes()).expect("a record");
        Entry::countersign(signed, &own(clerk_key().verifier().name()), received(&entries[0])).expect("signs").bytes
    };
    let terms = say(Kind::Terms, &names, body);
    let centre = own("US/centre/1").verifier().to_string();
    let centre = serde_json::json!({ "vkey": centre, "name": "US/centre/1", "role": "centre" });
    let registered = say(Kind::KeyRegistration, &["US/root/1", "US/centre/1"], centre);
    *entries = vec![terms, registered];
}

/// Another file of the same length.
fn swapped(path: &Path) {
    let mut bytes = std::fs::read(path).expect("readable");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(path, bytes).expect("written");
}

pub const ATTACKS: &[Attack] = &[
    attack(
        "A-19 another schema in the place of Postgres's own",
        Act::Schema(
            "CREATE SCHEMA shadow; \
             CREATE FUNCTION shadow.same(bytea, bytea) RETURNS boolean LANGUAGE sql AS 'SELECT true'; \
             CREATE OPERATOR shadow.= (FUNCTION = shadow.same, LEFTARG = bytea, RIGHTARG = bytea); \
             DO $$ BEGIN EXECUTE pg_catalog.format('ALTER ROLE countersign_runtime IN DATABASE %I \
             SET search_path = shadow, pg_catalog', pg_catalog.current_database()); END $$",
            "DROP SCHEMA shadow CASCADE; \
             DO $$ BEGIN EXECUTE pg_catalog.format('ALTER ROLE countersign_runtime IN DATABASE %I \
             RESET search_path', pg_catalog.current_database()); END $$",
        ),
        &[(Audit, "schema/schema_altered")],
    ),
    attack(
        "A-24 the file beside a bundle, by another of the same length",
        Act::File(swapped),
        &[(Reader, "attached/attached_not_named")],
    ),
    attack(
        "A-26 a record dated back, with a stolen key and an old anchor",
        Act::Forge(|entries, _| {
            let mut record = draft(Kind::DataChange, &["US/centre/1"], changing("A1"));
            record.anchor = Anchor { size: HELD, root: Log::of(entries).root_at(HELD) };
            entries.push(countersigned(&signed(&record), received(&entries[entries.len() - 1])));
        }),
        &[(Mirror, "entry 31 is dated")],
    ),
    attack(
        "A-32 two histories, one for each Party",
        Act::Fork(|entries, at| {
            let at = at.max(DECLARED);
            entries[at] = countersigned(&colluding(), received(&entries[at]));
        }),
        &[(Meeting, "checkpoint/root_differs"), (Meeting, "two checkpoints of one size")],
    ),
    attack(
        "A-34 one Party is shown the log as it was",
        Act::Fork(|entries, at| entries.truncate(at)),
        &[(Meeting, "checkpoint/entries_missing")],
    ),
    attack(
        "A-35 another ledger under the same name, with keys of its own",
        Act::Pretend(pretended),
        &[(Audit, "trust/other_ledger"), (Holder, "checkpoint/checkpoint_not_signed"), (Witness, "403")],
    ),
    attack(
        "A-38 an old record once more, countersigned anew",
        Act::Forge(|entries, at| {
            let note = Entry::parse(entries[at].as_bytes()).expect("an entry").signed.note;
            entries.push(countersigned(&note, received(&entries[entries.len() - 1])));
        }),
        &[(Audit, "entries/repeated")],
    ),
    attack(
        "A-41 the event of a record's sending, removed",
        Act::Sql(
            |at| {
                format!(
                    "DELETE FROM countersign.access_event WHERE action = 'submit' AND subject = \
                     (SELECT 'sha256:' || pg_catalog.encode(digest, 'hex') FROM countersign.entry WHERE index = {at})"
                )
            },
            "SELECT 1",
        ),
        &[(Audit, "sent/event_missing")],
    ),
    attack(
        "A-41 an event of reading, removed",
        Act::Sql(|at| format!("DELETE FROM countersign.access_event WHERE place = {at}"), "SELECT 1"),
        &[(Audit, "accesses/event_missing")],
    ),
    attack(
        "A-41 two events of reading, in each other's place",
        Act::Sql(
            |at| {
                format!(
                    "UPDATE countersign.access_event SET place = 1000 WHERE place = {at}; \
                     UPDATE countersign.access_event SET place = {at} WHERE place = {at} + 1; \
                     UPDATE countersign.access_event SET place = {at} + 1 WHERE place = 1000"
                )
            },
            "SELECT 1",
        ),
        &[(Audit, "accesses/event_altered")],
    ),
    attack(
        "A-41 an event of reading, put to another's account",
        Act::Sql(|at| format!("UPDATE countersign.access_event SET party = 'PL' WHERE place = {at}"), "SELECT 1"),
        &[(Audit, "accesses/event_altered")],
    ),
    attack(
        "A-41 an event of reading, removed, and the chain made anew",
        Act::Sql(|at| format!("DELETE FROM countersign.access_event WHERE place = {at}; {REMAKE}"), "SELECT 1"),
        &[(Holder, "accesses/events_")],
    ),
    attack(
        "A-41 the newest events of reading, removed",
        Act::Sql(|at| format!("DELETE FROM countersign.access_event WHERE place > {at}"), "SELECT 1"),
        &[(Holder, "accesses/events_missing")],
    ),
    attack(
        "A-41 the events of sending, in another order",
        Act::Sql(
            |at| {
                format!(
                    "UPDATE countersign.access_event AS event SET subject = 'sha256:' || pg_catalog.encode(digest, 'hex') \
                     FROM countersign.entry AS entry WHERE action = 'submit' AND index BETWEEN {at} AND {at} + 1 \
                     AND subject = (SELECT 'sha256:' || pg_catalog.encode(digest, 'hex') FROM countersign.entry AS other \
                     WHERE other.index = 2 * {at} + 1 - entry.index)"
                )
            },
            "SELECT 1",
        ),
        &[(Audit, "sent/event_missing")],
    ),
];
