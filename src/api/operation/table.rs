//! The table: one row an operation. To add one, add a row and follow the compiler.

use super::super::metrics;
use super::row::{DECLARATIONS, FILTERS, KNOWN, LIST, NONE, TEXT, VISITS, example, get, post};
use super::{Access, Answered, Mistake, Operation, Sent, exports, feed};

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
    /// The proof that an entry is in the tree of a size.
    Inclusion,
    /// The proof that one tree begins with another.
    Consistency,
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
    /// Every entry in log order, one line each.
    Events,
    /// Every entry as it comes (server-sent events).
    Stream,
    /// The newest entries, as an Atom feed.
    Atom,
    /// Records as a table.
    RecordsCsv,
    /// Records, one line each.
    RecordsNdjson,
    /// Visits as a table.
    InspectionsCsv,
    /// Visits, one line each.
    InspectionsNdjson,
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

/// Every operation.
pub const OPERATIONS: &[Operation] = &[
    get(
        (Id::Live, "live"),
        "/livez",
        "Whether the process answers",
        Access::Open,
        NONE,
        TEXT,
        example("/livez", Mistake::Parameter, Mistake::Method),
    ),
    get(
        (Id::Ready, "ready"),
        "/readyz",
        "Whether the database answers and the ledger writes",
        Access::Open,
        NONE,
        TEXT,
        example("/readyz", Mistake::Parameter, Mistake::Method),
    ),
    get(
        (Id::Metrics, "metrics"),
        "/metrics",
        "Figures for monitoring, as Prometheus reads them",
        Access::Tree,
        NONE,
        Answered::Text(metrics::MEDIA_TYPE),
        example("/metrics", Mistake::Parameter, Mistake::BadToken),
    ),
    get(
        (Id::Description, "description"),
        "/v1/openapi.json",
        "This description (OpenAPI 3.1)",
        Access::Open,
        NONE,
        Answered::Json("any"),
        example("/v1/openapi.json", Mistake::Parameter, Mistake::Method),
    ),
    get(
        (Id::Docs, "docs"),
        "/v1/docs",
        "This description, for people",
        Access::Open,
        NONE,
        Answered::Text("text/html; charset=utf-8"),
        example("/v1/docs", Mistake::Parameter, Mistake::Method),
    ),
    get(
        (Id::Log, "log"),
        "/v1/log",
        "The log's name, keys, policy and newest checkpoint",
        Access::Open,
        NONE,
        Answered::Json("log"),
        example("/v1/log", Mistake::Parameter, Mistake::Method),
    ),
    get(
        (Id::Policy, "policy"),
        "/v1/log/policy",
        "Keys and quorum (C2SP tlog-policy)",
        Access::Open,
        NONE,
        TEXT,
        example("/v1/log/policy", Mistake::Parameter, Mistake::Method),
    ),
    get(
        (Id::Inclusion, "inclusion"),
        "/v1/log/proofs/inclusion/{index}/{size}",
        "The proof that an entry is in the tree of a size",
        Access::Tree,
        NONE,
        Answered::Json("inclusion"),
        example("/v1/log/proofs/inclusion/3/5", Mistake::Parameter, Mistake::BadToken),
    ),
    get(
        (Id::Consistency, "consistency"),
        "/v1/log/proofs/consistency/{first}/{second}",
        "The proof that one tree begins with another",
        Access::Tree,
        NONE,
        Answered::Json("consistency"),
        example("/v1/log/proofs/consistency/3/5", Mistake::Parameter, Mistake::BadToken),
    ),
    get(
        (Id::Checkpoint, "checkpoint"),
        "/checkpoint",
        "The newest signed checkpoint (C2SP tlog-checkpoint)",
        Access::Tree,
        NONE,
        TEXT,
        example("/checkpoint", Mistake::Parameter, Mistake::BadToken),
    ),
    get(
        (Id::EntryTile, "entry_tile"),
        "/tile/entries/{*path}",
        "A bundle of entries (C2SP tlog-tiles)",
        Access::Everything,
        NONE,
        Answered::Bytes,
        example("/tile/entries/000.p/5", Mistake::BadToken, Mistake::Absent("/tile/entries/999")),
    ),
    get(
        (Id::Tile, "tile"),
        "/tile/{*path}",
        "A tile of hashes (C2SP tlog-tiles)",
        Access::Tree,
        NONE,
        Answered::Bytes,
        example("/tile/0/000.p/5", Mistake::Absent("/tile/0/999"), Mistake::BadToken),
    ),
    post(
        (Id::Verify, "verify"),
        "/v1/verify",
        "Verifies a bundle under this ledger's own root of trust",
        Access::Open,
        Sent::Bundle,
        Answered::Json("any"),
        example("/v1/verify", Mistake::MediaType, Mistake::Parameter),
    ),
    get(
        (Id::Records, "records"),
        "/v1/records",
        "Records, newest first, in pages that never shift",
        Access::Holder,
        FILTERS,
        Answered::List("record"),
        example("/v1/records?limit=3&kind=designation", Mistake::NoToken, Mistake::Parameter),
    ),
    post(
        (Id::Submit, "submit"),
        "/v1/records",
        "Takes a signed record; answers when it is durable. 200 if it was there",
        Access::Open,
        Sent::Note,
        Answered::Json("recorded"),
        example("/v1/records", Mistake::MediaType, Mistake::Malformed("not_a_note")),
    ),
    post(
        (Id::Prepare, "prepare"),
        "/v1/records/prepare",
        "Answers the exact text to sign for a record's JSON object",
        Access::Told,
        Sent::Record,
        TEXT,
        example("/v1/records/prepare", Mistake::MediaType, Mistake::Malformed("record_malformed")),
    ),
    get(
        (Id::Record, "record"),
        "/v1/records/{name}",
        "One record",
        Access::Own,
        KNOWN,
        Answered::Json("record"),
        example("/v1/records/6", Mistake::NoToken, Mistake::Absent("/v1/records/999999")),
    ),
    get(
        (Id::Note, "note"),
        "/v1/records/{name}/note",
        "The bytes of one entry",
        Access::Own,
        KNOWN,
        TEXT,
        example("/v1/records/6/note", Mistake::NoToken, Mistake::Absent("/v1/records/999999/note")),
    ),
    get(
        (Id::Receipt, "receipt"),
        "/v1/records/{name}/receipt",
        "The proof of one entry in the first checkpoint that contained it (C2SP tlog-proof)",
        Access::Own,
        KNOWN,
        TEXT,
        example("/v1/records/6/receipt", Mistake::NoToken, Mistake::Absent("/v1/records/999999/receipt")),
    ),
    get(
        (Id::Bundle, "bundle"),
        "/v1/records/{name}/bundle",
        "Everything that the verification of one record needs, in one file",
        Access::Own,
        KNOWN,
        Answered::Bundle,
        example("/v1/records/6/bundle", Mistake::NoToken, Mistake::Absent("/v1/records/999999/bundle")),
    ),
    get(
        (Id::Sites, "sites"),
        "/v1/sites",
        "The slots, each with its site, what is declared there, and the visits to it",
        Access::Holder,
        LIST,
        Answered::List("any"),
        example("/v1/sites", Mistake::NoToken, Mistake::Parameter),
    ),
    get(
        (Id::Site, "site"),
        "/v1/sites/{code}",
        "One slot",
        Access::Own,
        KNOWN,
        Answered::Json("any"),
        example("/v1/sites/A1", Mistake::NoToken, Mistake::Absent("/v1/sites/Z9")),
    ),
    get(
        (Id::Inspections, "inspections"),
        "/v1/inspections",
        "Every visit from its intent on, newest first",
        Access::Holder,
        VISITS,
        Answered::List("any"),
        example("/v1/inspections?site=A1", Mistake::NoToken, Mistake::Parameter),
    ),
    get(
        (Id::Inspection, "inspection"),
        "/v1/inspections/{name}",
        "One visit: both sides' records side by side",
        Access::Own,
        KNOWN,
        Answered::Json("any"),
        example("/v1/inspections/$VISIT", Mistake::NoToken, Mistake::Absent("/v1/inspections/999999")),
    ),
    get(
        (Id::Declarations, "declarations"),
        "/v1/declarations",
        "The declarations, as a list of records",
        Access::Holder,
        DECLARATIONS,
        Answered::List("record"),
        example("/v1/declarations", Mistake::NoToken, Mistake::Parameter),
    ),
    get(
        (Id::Keys, "keys"),
        "/v1/keys",
        "The keys, each with its revocation and, for authors, the next number",
        Access::Holder,
        LIST,
        Answered::List("any"),
        example("/v1/keys", Mistake::NoToken, Mistake::Parameter),
    ),
    get(
        (Id::Terms, "terms"),
        "/v1/terms",
        "The first terms and every amendment",
        Access::Holder,
        LIST,
        Answered::List("record"),
        example("/v1/terms", Mistake::NoToken, Mistake::Parameter),
    ),
    feed::EVENTS,
    feed::STREAM,
    feed::ATOM,
    exports::RECORDS_AS_CSV,
    exports::RECORDS_AS_NDJSON,
    exports::INSPECTIONS_AS_CSV,
    exports::INSPECTIONS_AS_NDJSON,
    exports::DATABASE,
    exports::MANIFEST,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_stand_in_the_order_of_the_names() {
        for (place, operation) in OPERATIONS.iter().enumerate() {
            assert_eq!(operation.id as usize, place);
            assert_eq!(operation.id.operation().name, operation.name);
        }
    }
}
