//! The columns of a database beside the bytes of its entries: what people's own queries read.
//!
//! Nothing of it is truth. The auditor computes every column again from the entry's bytes and compares, on every core,
//! and believes no comparison that the database could make itself.
//!
//! Deliberately absent: the order of members in `record`, which Postgres does not keep.

use serde_json::Value;

use super::Auditor;
use crate::hash::Hash;
use crate::replica::on_every_core;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::cosignature::answered;
use crate::tlog::{Head, leaf_hash};
use crate::treaty::entry::Entry;
use crate::words::Words;

/// A row as the database gives it. What is larger than it can be is `None`.
#[derive(Clone, Debug)]
pub struct Row {
    /// The column `index`.
    pub index: i64,
    /// The column `digest`.
    pub digest: Vec<u8>,
    /// The column `leaf_hash`.
    pub leaf_hash: Vec<u8>,
    /// The column `note`: the entry's bytes.
    pub note: Option<Vec<u8>>,
    /// The column `record`, as text.
    pub record: Option<String>,
}

impl Row {
    /// The columns that do not say what the note says. A note that is no entry is the business of the replay.
    fn differing(&self) -> Vec<&'static str> {
        let Some(note) = &self.note else { return vec!["note"] };
        let Ok(entry) = Entry::parse(note) else { return Vec::new() };
        let same = |stored: &[u8], hash: Hash| stored == hash.as_bytes();
        let json = |text: &str| serde_json::from_str::<Value>(text).ok();
        let record = self.record.as_deref().and_then(json);
        let columns = [
            ("digest", same(&self.digest, entry.signed.digest)),
            ("leaf_hash", same(&self.leaf_hash, leaf_hash(note))),
            ("record", record.is_some() && record == json(entry.signed.json())),
        ];
        columns.into_iter().filter(|(_, same)| !same).map(|(column, _)| column).collect()
    }
}

impl Auditor {
    /// Takes up the next rows: their columns, and their notes as entries. After the first that cannot be taken up,
    /// nothing more is.
    pub fn rows(&mut self, rows: &[Row]) -> bool {
        if self.broken {
            return false;
        }
        let first = self.size();
        for (expected, row) in (first..).zip(rows) {
            if u64::try_from(row.index) != Ok(expected) {
                self.row_missing(expected, row.index);
                return false;
            }
        }
        let differing = on_every_core(rows.iter().collect(), |row: &Row| row.differing());
        let differing = differing.unwrap_or_else(|| rows.iter().map(Row::differing).collect());
        for (row, columns) in rows.iter().zip(differing) {
            for column in columns {
                let detail = Words::new(
                    format!("The column {column} is not what the entry's bytes say."),
                    format!("Столбец {column} не соответствует байтам записи."),
                );
                self.fail("stored", &format!("entry {}", row.index), "column_differs", detail);
            }
        }
        self.counts.rows += rows.len() as u64;
        let notes: Vec<&[u8]> = rows.iter().map(|row| row.note.as_deref().unwrap_or_default()).collect();
        self.entries(&notes)
    }

    fn row_missing(&mut self, expected: u64, found: i64) {
        self.broken = true;
        if expected == 0 {
            self.no_beginning();
        }
        let detail = Words::new(
            format!("Index {expected} was expected, and the row says {found}."),
            format!("Ожидался номер {expected}, в строке {found}."),
        );
        self.fail("stored", &format!("entry {expected}"), "row_missing", detail);
    }

    /// Compares the row that says where the ledger would go on, and how many rows there are.
    pub fn head_row(&mut self, head: Option<Head>, rows: u64) {
        if self.broken {
            return;
        }
        let (size, own) = (self.size(), self.replica.head());
        if head != Some(own) {
            let said = head.map_or("nothing".to_owned(), |head| format!("size {} root {}", head.size, head.root));
            let detail = Words::new(
                format!("The head row says {said}; the entries say size {size} root {}.", own.root),
                format!("В строке head: {said}; по записям: размер {size}, корень {}.", own.root),
            );
            self.fail("stored", "head", "head_row_differs", detail);
        }
        if rows != size {
            let detail = Words::new(
                format!("The table counts {rows} rows, and {size} of them follow each other from 0 on."),
                format!("В таблице {rows} строк, подряд от 0 идут {size}."),
            );
            self.fail("stored", "entry", "row_missing", detail);
        }
    }

    /// Takes up a stored cosignature line: it must be good, by the key of this name that was good at this size, over the
    /// checkpoint that the entries have at it. The ledger stores no other. Whether more of them are worth a look.
    pub fn cosignature(&mut self, size: i64, name: &str, line: &str) -> bool {
        self.counts.cosignatures += 1;
        if !self.broken && self.is_cosignature(size, name, line).is_none() {
            let detail = Words::fixed(
                "It is not a good line by a cosigner's key that was good at this size, over the checkpoint of this size.",
                "Это не верная строка ключа соподписанта, действовавшего при этом размере, под контрольной точкой этого размера.",
            );
            self.fail("cosignatures", &format!("size {size}, {name}"), "cosignature_bad", detail);
        }
        self.worth_a_look("cosignatures")
    }

    fn is_cosignature(&self, size: i64, name: &str, line: &str) -> Option<()> {
        let size = u64::try_from(size).ok()?;
        let register = self.replica.register();
        let key = register.key(name).filter(|key| key.name.role().cosigns() && key.is_good_at(size))?;
        let (origin, root) = (register.terms()?.origin.clone(), self.replica.tree().root_at(size)?);
        let text = Checkpoint { origin, size, root }.to_string();
        answered(&key.published, &format!("{line}\n"), &text).ok().map(|_| ())
    }

    /// Notes a committed head that cannot be one.
    pub fn head_malformed(&mut self, place: &str) {
        let detail = Words::fixed("It is not a size and a root.", "Это не размер и корень.");
        self.fail("heads", place, "head_malformed", detail);
    }

    /// Notes that a file does not hold as many entries as its name says.
    pub fn not_a_bundle(&mut self, place: &str) {
        self.broken = true;
        if self.size() == 0 {
            self.no_beginning();
        }
        let detail = Words::fixed(
            "It does not hold as many entries as its name says.",
            "В нём не столько записей, сколько говорит его имя.",
        );
        self.fail("entries", place, "not_a_bundle", detail);
    }
}
