//! The rows of exports: whole tables to take away.
//!
//! Deliberately absent: pages. Lists have them.

use super::row::{KNOWN, TEXT, example, get};
use super::{Access, Answered, Id, Mistake, Operation};

/// Of a table of records.
const RECORDS: &[&str] =
    &["known_at", "kind", "party", "site", "inspection", "signed_by", "flag", "received_from", "received_to"];
/// Of the same with a byte-order mark.
const RECORDS_CSV: &[&str] =
    &["known_at", "bom", "kind", "party", "site", "inspection", "signed_by", "flag", "received_from", "received_to"];
/// Of a table without a filter.
const MARKED: &[&str] = &["known_at", "bom"];
/// Of a table that says how the two sides stand.
const STANDING: &[&str] = &["known_at", "as_of", "view", "period"];
/// Of the same with a byte-order mark.
const STANDING_CSV: &[&str] = &["known_at", "as_of", "view", "period", "bom"];
/// Of the manifest: everything that its files take, and which files.
const ALL: &[&str] = &[
    "known_at",
    "files",
    "as_of",
    "view",
    "period",
    "bom",
    "kind",
    "party",
    "site",
    "inspection",
    "signed_by",
    "flag",
    "received_from",
    "received_to",
];
const CSV: Answered = Answered::Stream("text/csv; charset=utf-8; header=present");
const NDJSON: Answered = Answered::Stream(super::super::exports::NDJSON);

const fn export(
    (id, name): (Id, &'static str),
    path: &'static str,
    summary: &'static str,
    query: &'static [&'static str],
    answered: Answered,
    shown: &'static str,
) -> Operation {
    let example = example(shown, Mistake::NoToken, Mistake::Parameter);
    get((id, name), path, summary, Access::Holder, query, answered, example)
}

/// Records as CSV.
pub const RECORDS_AS_CSV: Operation = export(
    (Id::RecordsCsv, "records_csv"),
    "/v1/exports/records.csv",
    "Every record in log order, as a table",
    RECORDS_CSV,
    CSV,
    "/v1/exports/records.csv?kind=designation",
);

/// Records as NDJSON.
pub const RECORDS_AS_NDJSON: Operation = export(
    (Id::RecordsNdjson, "records_ndjson"),
    "/v1/exports/records.ndjson",
    "Every record in log order, one line each; the last line says that it is complete",
    RECORDS,
    NDJSON,
    "/v1/exports/records.ndjson?party=US",
);

/// Visits as CSV.
pub const INSPECTIONS_AS_CSV: Operation = export(
    (Id::InspectionsCsv, "inspections_csv"),
    "/v1/exports/inspections.csv",
    "Every visit in the order of the intents, as a table",
    MARKED,
    CSV,
    "/v1/exports/inspections.csv",
);

/// Visits as NDJSON.
pub const INSPECTIONS_AS_NDJSON: Operation = export(
    (Id::InspectionsNdjson, "inspections_ndjson"),
    "/v1/exports/inspections.ndjson",
    "Every visit in the order of the intents, one line each; the last line says that it is complete",
    KNOWN,
    NDJSON,
    "/v1/exports/inspections.ndjson",
);

/// A table that says how the two sides stand: not for hosts.
const fn standing(
    name: (Id, &'static str),
    path: &'static str,
    summary: &'static str,
    query: &'static [&'static str],
    answered: Answered,
    shown: &'static str,
) -> Operation {
    let example = example(shown, Mistake::NoToken, Mistake::Value("view=both"));
    get(name, path, summary, Access::Everything, query, answered, example)
}

/// Obligations as CSV.
pub const OBLIGATIONS_AS_CSV: Operation = standing(
    (Id::ObligationsCsv, "obligations_csv"),
    "/v1/exports/obligations.csv",
    "Everything that each side owes, a row for every obligation in every view, as a table",
    STANDING_CSV,
    CSV,
    "/v1/exports/obligations.csv?as_of=2026-03-06T00:00:00Z",
);

/// Obligations as NDJSON.
pub const OBLIGATIONS_AS_NDJSON: Operation = standing(
    (Id::ObligationsNdjson, "obligations_ndjson"),
    "/v1/exports/obligations.ndjson",
    "Everything that each side owes, one line for every obligation in every view; the last line says that it is complete",
    STANDING,
    NDJSON,
    "/v1/exports/obligations.ndjson?as_of=2026-03-06T00:00:00Z&view=us",
);

/// The status as CSV.
pub const STATUS_AS_CSV: Operation = standing(
    (Id::StatusCsv, "status_csv"),
    "/v1/exports/status.csv",
    "How the two sides stand, a row for every view, as a table",
    STANDING_CSV,
    CSV,
    "/v1/exports/status.csv?as_of=2026-03-06T00:00:00Z",
);

/// The status as NDJSON.
pub const STATUS_AS_NDJSON: Operation = standing(
    (Id::StatusNdjson, "status_ndjson"),
    "/v1/exports/status.ndjson",
    "How the two sides stand, one line for every view; the last line says that it is complete",
    STANDING,
    NDJSON,
    "/v1/exports/status.ndjson?as_of=2026-03-06T00:00:00Z",
);

/// Every table in one file.
pub const DATABASE: Operation = export(
    (Id::Database, "database"),
    "/v1/exports/ledger.sqlite",
    "Every table in one SQLite database",
    STANDING,
    Answered::Stream(super::super::exports::SQLITE),
    "/v1/exports/ledger.sqlite",
);

/// What the files should be.
pub const MANIFEST: Operation = export(
    (Id::Manifest, "manifest"),
    "/v1/exports/manifest",
    "Rows, bytes and hashes of an export, signed by the clerk",
    ALL,
    TEXT,
    "/v1/exports/manifest?files=records.csv,ledger.sqlite",
);
