//! How a row of the table is written.
//!
//! Deliberately absent: the rows.

use super::{Access, Answered, Example, Id, Method, Mistake, Operation, Sent};

/// Plain text, as signed things are.
pub const TEXT: Answered = Answered::Text("text/plain; charset=utf-8");
/// No parameters.
pub const NONE: &[&str] = &[];
/// Of what is read at a size.
pub const KNOWN: &[&str] = &["known_at"];
/// Of a receipt.
pub const RECEIPT: &[&str] = &["known_at", "final"];
/// Of a list.
pub const LIST: &[&str] = &["known_at", "bom"];
/// Of the list of visits.
pub const VISITS: &[&str] = &["known_at", "bom", "site"];
/// Of a list of records.
pub const FILTERS: &[&str] = &[
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
/// Of a list of records of one kind.
pub const DECLARATIONS: &[&str] = &[
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

/// Reads without anything to send.
pub const fn get(
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
pub const fn post(
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

impl Operation {
    /// The same with parameters.
    pub const fn asked(self, query: &'static [&'static str]) -> Operation {
        Operation { query, ..self }
    }
}

/// A call that succeeds, and two that do not.
pub const fn example(path: &'static str, one: Mistake, other: Mistake) -> Example {
    Example { path, mistakes: [one, other] }
}
