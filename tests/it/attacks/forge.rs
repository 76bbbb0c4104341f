//! A whole log made anew by somebody who holds the operator's keys: every hash, every head and every checkpoint fits.

use std::fmt::Write as _;

use countersign::hash::Hash;
use countersign::note::Signer;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::{Tree, leaf_hash};

use countersign::treaty::entry::Entry;
use countersign::treaty::record::Signed;
use countersign::treaty::time::Instant;

use super::super::support::ledger::{ORIGIN, clerk_key, log_key};

/// Copies of the tables, and what puts them back.
pub const KEEP: &str = "CREATE TABLE public.entry AS TABLE countersign.entry; CREATE TABLE public.tree_head AS TABLE countersign.tree_head; \
    CREATE TABLE public.head AS TABLE countersign.head; \
    CREATE TABLE public.access_event AS TABLE countersign.access_event";
pub const RESTORE: &str = "DELETE FROM countersign.entry; INSERT INTO countersign.entry TABLE public.entry; \
    DELETE FROM countersign.tree_head; INSERT INTO countersign.tree_head TABLE public.tree_head; \
    DELETE FROM countersign.head; INSERT INTO countersign.head TABLE public.head; \
    DELETE FROM countersign.access_event; \
    INSERT INTO countersign.access_event OVERRIDING SYSTEM VALUE TABLE public.access_event";

/// The chain of the events of reading, made anew over those that are there: each field of an event behind its length, all of
/// them behind 0x02, and each link with the value before it behind 0x03.
pub const REMAKE: &str = "DO $$ DECLARE event record; field bytea; text bytea; value bytea := sha256(''); next bigint := 0; BEGIN \
    FOR event IN SELECT * FROM countersign.access_event WHERE place IS NOT NULL ORDER BY place LOOP \
      text := '\\x02'::bytea; \
      FOREACH field IN ARRAY ARRAY[convert_to((extract(epoch FROM event.at) * 1000000)::bigint::text, 'UTF8'), \
          convert_to(event.request_id, 'UTF8'), event.token, convert_to(event.label, 'UTF8'), \
          convert_to(event.party, 'UTF8'), convert_to(event.role, 'UTF8'), convert_to(event.address, 'UTF8'), \
          convert_to(event.action, 'UTF8'), convert_to(event.subject, 'UTF8'), convert_to(event.outcome, 'UTF8')] LOOP \
        text := text || CASE WHEN field IS NULL THEN '\\x00'::bytea \
          ELSE '\\x01'::bytea || int4send(octet_length(field)) || field END; \
      END LOOP; \
      value := sha256('\\x03'::bytea || value || sha256(text)); \
      UPDATE countersign.access_event SET place = next, chain = value WHERE id = event.id; \
      next := next + 1; \
    END LOOP; END $$";

/// Switches the triggers off, does something, and puts them back as they were.
pub fn behind(what: &str) -> String {
    let each = |how: &str| {
        let of = |table: &str, names: &[&str]| -> String {
            names.iter().map(|name| format!("ALTER TABLE countersign.{table} {how} TRIGGER {name};")).collect()
        };
        of("entry", &["entry_is_kept", "entry_is_not_truncated"])
            + &of("cosignature", &["cosignature_is_kept", "cosignature_is_not_truncated"])
            + &of("tree_head", &["tree_head_is_kept", "tree_head_is_not_truncated"])
            + &of("head", &["head_is_one_row", "head_is_not_truncated", "head_moves_forward"])
            + &of("access_event", &["access_event_is_kept", "access_event_is_not_truncated"])
    };
    format!("{} {what}; {}", each("DISABLE"), each("ENABLE ALWAYS"))
}

/// Entries, and the tree over them.
pub struct Log {
    entries: Vec<String>,
    tree: Tree,
    /// Who signs its checkpoints.
    key: Signer,
}

impl Log {
    pub fn of(entries: &[String]) -> Log {
        let mut tree = Tree::default();
        for entry in entries {
            tree.append(leaf_hash(entry.as_bytes()));
        }
        Log { entries: entries.to_vec(), tree, key: log_key() }
    }

    /// The same log, whose checkpoints another key signs.
    pub fn signed_by(self, key: Signer) -> Log {
        Log { key, ..self }
    }

    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// What the log's key signs for this size.
    pub fn checkpoint(&self, size: u64) -> String {
        let root = self.tree.root_at(size).expect("a size");
        Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&self.key).expect("signs")
    }

    pub fn root_at(&self, size: u64) -> Hash {
        self.tree.root_at(size).expect("a size")
    }

    pub fn proof(&self, from: u64, to: u64) -> Vec<Hash> {
        self.tree.prove_consistency(from, to).expect("two sizes")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("'\\x"), |mut text, byte| {
        write!(text, "{byte:02x}").expect("written");
        text
    }) + "'"
}

/// The statements that put a log in the place of the one that is there, with the events of sending that belong to it. The
/// column of digests is unique: a record that stands twice has another digest there the second time.
pub fn replace(log: &Log) -> String {
    let mut sql = String::from(
        "DELETE FROM countersign.entry; DELETE FROM countersign.tree_head; \
         DELETE FROM countersign.access_event WHERE action = 'submit';",
    );
    let mut digests = std::collections::BTreeSet::new();
    for (index, bytes) in log.entries.iter().enumerate() {
        let entry = Entry::parse(bytes.as_bytes()).expect("an entry");
        let (own, leaf) = (entry.signed.digest, leaf_hash(bytes.as_bytes()));
        let digest = if digests.insert(own) { own } else { Hash::of(own.as_bytes()) };
        write!(
            sql,
            "INSERT INTO countersign.access_event (action, subject, outcome) VALUES ('submit', '{own}', 'recorded');"
        )
        .expect("written");
        let json = entry.signed.json().replace('\'', "''");
        write!(
            sql,
            "INSERT INTO countersign.entry VALUES ({index}, {}, {}, {}, '{json}');",
            hex(digest.as_bytes()),
            hex(leaf.as_bytes()),
            hex(bytes.as_bytes())
        )
        .expect("written");
        let (size, root) = (index as u64 + 1, log.tree.root_at(index as u64 + 1).expect("a size"));
        write!(sql, "INSERT INTO countersign.tree_head VALUES ({size}, {});", hex(root.as_bytes())).expect("written");
    }
    let root = hex(log.tree.root().as_bytes());
    write!(sql, "UPDATE countersign.head SET size = {}, root = {root}", log.size()).expect("written");
    sql
}

/// An entry of this note, countersigned with the clerk's key at a time.
pub fn countersigned(note: &str, at: Instant) -> String {
    let signed = Signed::parse(note.as_bytes()).expect("a record");
    Entry::countersign(signed, &clerk_key(), at).expect("signs").bytes
}

/// The same record, countersigned so many seconds later.
pub fn at_another_time(entry: &str, by: i64) -> String {
    let read = Entry::parse(entry.as_bytes()).expect("an entry");
    let at = Instant::from_seconds(read.received_at.seconds() + by).expect("a time");
    Entry::countersign(read.signed, &clerk_key(), at).expect("signs").bytes
}

/// When an entry was received.
pub fn received(entry: &str) -> Instant {
    Entry::parse(entry.as_bytes()).expect("an entry").received_at
}
