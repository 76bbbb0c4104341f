//! The names of the operations.
//!
//! Deliberately absent: everything else about them ([`super::table`]).

use super::{OPERATIONS, Operation};

/// Names of the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// Whether the process answers.
    Live,
    /// Whether the database answers and the ledger writes.
    Ready,
    /// Figures for monitoring, as Prometheus reads them.
    Metrics,
    /// This description (OpenAPI 3.1).
    Description,
    /// This description, for people.
    Docs,
    /// The log's name, keys, policy and newest checkpoint.
    Log,
    /// Keys and quorum (C2SP tlog-policy).
    Policy,
    /// Every head that was committed.
    Heads,
    /// Where the record of accesses stands.
    Accesses,
    /// The links of the record of accesses.
    AccessLinks,
    /// How each cosigner stands.
    Cosigners,
    /// The proof that an entry is in the tree of a size.
    Inclusion,
    /// The proof that one tree begins with another.
    Consistency,
    /// Takes a signed checkpoint that may contradict the ledger.
    Evidence,
    /// The newest signed checkpoint (C2SP tlog-checkpoint).
    Checkpoint,
    /// A bundle of entries (C2SP tlog-tiles).
    EntryTile,
    /// A tile of hashes (C2SP tlog-tiles).
    Tile,
    /// Verifies a bundle under this ledger's own root of trust.
    Verify,
    /// Records, newest first, in pages that never shift.
    Records,
    /// Takes a signed record; answers when it is durable. 200 if it was there.
    Submit,
    /// Answers the exact text to sign for a record's JSON object.
    Prepare,
    /// One record.
    Record,
    /// The bytes of one entry.
    Note,
    /// The proof of one entry in the first checkpoint that contained it (C2SP tlog-proof).
    Receipt,
    /// Everything that the verification of one record needs, in one file.
    Bundle,
    /// The slots, each with its site, what is declared there, and the visits to it.
    Sites,
    /// One slot.
    Site,
    /// Every visit from its intent on, newest first.
    Inspections,
    /// One visit: both sides' records side by side.
    Inspection,
    /// The declarations, as a list of records.
    Declarations,
    /// The keys, each with its revocation and, for authors, the next number.
    Keys,
    /// The first terms and every amendment.
    Terms,
    /// How the two sides stand.
    Reciprocity,
    /// Every change of the status of the pair.
    Timeline,
    /// How the two sides would stand, had something else been said.
    WhatIf,
    /// What became of a status as more became known.
    Compare,
    /// What each side owes.
    Obligations,
    /// One obligation, with every change of its state.
    Obligation,
    /// Every entry in log order, one line each.
    Events,
    /// Every entry as it comes (server-sent events).
    Stream,
    /// The newest entries, as an Atom feed.
    Atom,
    /// Deadlines as a calendar.
    Calendar,
    /// Records as a table.
    RecordsCsv,
    /// Records, one line each.
    RecordsNdjson,
    /// Visits as a table.
    InspectionsCsv,
    /// Visits, one line each.
    InspectionsNdjson,
    /// What each side owes, as a table.
    ObligationsCsv,
    /// What each side owes, one line each.
    ObligationsNdjson,
    /// How the two sides stand, as a table.
    StatusCsv,
    /// How the two sides stand, one line a view.
    StatusNdjson,
    /// Every table in one database.
    Database,
    /// What the files of an export should be.
    Manifest,
}

impl Id {
    /// The row of this operation.
    pub fn operation(self) -> &'static Operation {
        &OPERATIONS[self as usize] // the rows stand in the order of the names, which a test looks at
    }
}
