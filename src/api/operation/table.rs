//! The table: one row an operation. To add one, add a row and follow the compiler.

use super::super::metrics;
use super::{Access, Answered, Example, Id, Method, Mistake, Operation, Sent};

const TEXT: Answered = Answered::Text("text/plain; charset=utf-8");
const NONE: &[&str] = &[];
const KNOWN: &[&str] = &["known_at"];
const LIST: &[&str] = &["known_at", "bom"];
const VISITS: &[&str] = &["known_at", "bom", "site"];
const FILTERS: &[&str] = &[
    "known_at",
    "bom",
    "limit",
    "cursor",
    "kind",
    "party",
    "site",
    "inspection",
    "signed_by",
    "flag",
    "received_from",
    "received_to",
];
const DECLARATIONS: &[&str] = &[
    "known_at",
    "bom",
    "limit",
    "cursor",
    "party",
    "site",
    "inspection",
    "signed_by",
    "flag",
    "received_from",
    "received_to",
];

const STATUS: &[&str] = &["as_of", "known_at", "view", "period", "include"];
const OWED: &[&str] =
    &["as_of", "known_at", "view", "kind", "slot", "obligor", "state", "due_before", "limit", "cursor", "bom"];

/// Reads without anything to send.
const fn get(
    (id, name): (Id, &'static str),
    path: &'static str,
    summary: &'static str,
    access: Access,
    query: &'static [&'static str],
    answered: Answered,
    example: Example,
) -> Operation {
    Operation { id, name, method: Method::Get, path, summary, access, query, sent: None, answered, example }
}

/// Takes something.
const fn post(
    (id, name): (Id, &'static str),
    path: &'static str,
    summary: &'static str,
    access: Access,
    sent: Sent,
    answered: Answered,
    example: Example,
) -> Operation {
    let (method, query, sent) = (Method::Post, NONE, Some(sent));
    Operation { id, name, method, path, summary, access, query, sent, answered, example }
}

const fn example(path: &'static str, one: Mistake, other: Mistake) -> Example {
    Example { path, mistakes: [one, other] }
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
    get(
        (Id::Reciprocity, "reciprocity"),
        "/v1/reciprocity",
        "How the two sides stand: for any day, as known on any day, in each side's view",
        Access::Everything,
        STATUS,
        Answered::Json("status"),
        example("/v1/reciprocity?as_of=2026-03-06T00:00:00Z&view=all", Mistake::NoToken, Mistake::Value("view=both")),
    ),
    get(
        (Id::Timeline, "timeline"),
        "/v1/reciprocity/timeline",
        "Every change of the status of the pair from one instant to another",
        Access::Everything,
        &["from", "to", "view", "known_at"],
        Answered::Json("any"),
        example(
            "/v1/reciprocity/timeline?from=2026-02-01T00:00:00Z&to=2026-04-01T00:00:00Z&view=all",
            Mistake::NoToken,
            Mistake::Value("from=yesterday"),
        ),
    ),
    post(
        (Id::WhatIf, "what_if"),
        "/v1/reciprocity/what-if",
        "How the two sides would stand, had something else been said. Nothing is stored",
        Access::Everything,
        Sent::Supposition,
        Answered::Json("status"),
        example("/v1/reciprocity/what-if", Mistake::NoToken, Mistake::Malformed("supposition_malformed")),
    ),
    get(
        (Id::Compare, "compare"),
        "/v1/compare",
        "What became of a status as more became known",
        Access::Everything,
        &["from", "to", "as_of", "view"],
        Answered::Json("any"),
        example("/v1/compare?from=tree:10&to=tree:30", Mistake::NoToken, Mistake::Value("to=tree:30")),
    ),
    get(
        (Id::Obligations, "obligations"),
        "/v1/obligations",
        "What each side owes, in the order of the records that created it",
        Access::Everything,
        OWED,
        Answered::List("obligation"),
        example("/v1/obligations?as_of=2026-03-06T00:00:00Z&kind=ADMIT", Mistake::NoToken, Mistake::Value("kind=ALL")),
    ),
    get(
        (Id::Obligation, "obligation"),
        "/v1/obligations/{id}",
        "One obligation in each view, with every change of its state",
        Access::Everything,
        &["as_of", "known_at"],
        Answered::Json("any"),
        example("/v1/obligations/ADMIT:$VISIT:A1", Mistake::NoToken, Mistake::Absent("/v1/obligations/ADMIT")),
    ),
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
