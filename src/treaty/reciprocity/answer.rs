//! The shape of a status: what section 8 of `docs/reciprocity.md` writes, member by member.
//!
//! Invariants: members stand in alphabetical order, so that the same status is the same bytes; records are named by
//! their digests (in a history without signatures, by their ids).
//!
//! Deliberately absent: checkpoints, links and sentences, which an answer over HTTP adds beside these members.

use serde::Serialize;

/// The status of the pair, and everything that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The newest finding of absence of each slot that has one.
    pub absence: Vec<Absence>,
    /// The oldest ambiguity that nobody resolved.
    pub ambiguity: Option<Ambiguity>,
    /// The instant asked about.
    pub as_of: String,
    /// Requests that were denied, by the side that denied them.
    pub denials: Sides<u64>,
    /// Visits that were carried out.
    pub exercise: Exercise,
    /// `tree:<size>`: what was known.
    pub known_at: String,
    /// Every obligation that is open, the one that is due first before the others.
    pub next: Vec<Next>,
    /// What is owed.
    pub obligations: Vec<Row>,
    /// How the two stand.
    pub pair: Pair,
    /// The calendar year.
    pub period: String,
    /// Places in the quotas.
    pub quota: Vec<Quota>,
    /// Every request, with the verdict that it was given.
    pub requests: Vec<Request>,
    /// How each side stands.
    pub sides: Sides<Side>,
    /// Which slots are in force.
    pub slots: Vec<Slot>,
    /// Every live claim.
    pub standing: Vec<Standing>,
    /// The terms in force.
    pub terms: Option<String>,
    /// US, RU or UNDISPUTED.
    pub view: &'static str,
}

/// One value for each side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sides<T> {
    /// The Russian Federation's.
    #[serde(rename = "RU")]
    pub ru: T,
    /// The United States'.
    #[serde(rename = "US")]
    pub us: T,
}

/// A finding of absence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Absence {
    /// What ended it before its time.
    pub invalidated_by: Option<String>,
    /// The report.
    pub report: String,
    /// The end of the visit.
    pub since: String,
    /// The slot.
    pub slot: String,
    /// Until when it stands.
    pub valid_until: String,
}

/// An ambiguity: `<digest of the report>/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ambiguity {
    /// Which one.
    pub oldest: String,
    /// When it was raised.
    pub raised_at: String,
}

/// Visits that were carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exercise {
    /// Those by the United States less those by the Russian Federation.
    pub balance: i64,
    /// By the side that inspected.
    pub completed: Sides<u64>,
}

/// An obligation that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Next {
    /// When it is due.
    pub due_at: String,
    /// Its id.
    pub obligation: String,
    /// The time left.
    pub seconds_left: i64,
}

/// One obligation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The records that made its state, in log order.
    pub causes: Vec<String>,
    /// The rule that matched.
    pub clause: String,
    /// When it was created.
    pub created_at: String,
    /// By which record.
    pub created_by: String,
    /// When it is due.
    pub due_at: String,
    /// What is worth knowing beside the state.
    pub flags: Flags,
    /// What its state counts in a grade.
    pub grade: Option<&'static str>,
    /// Whether its kind enters a side's grade.
    pub graded: bool,
    /// To whom it is owed.
    pub holder: &'static str,
    /// Its id.
    pub id: String,
    /// What is owed.
    pub kind: &'static str,
    /// Who owes it.
    pub obligor: &'static str,
    /// The calendar year that it belongs to.
    pub period: String,
    /// The slot.
    pub slot: Option<String>,
    /// How it stands.
    pub state: &'static str,
    /// The request of its visit.
    pub visit: Option<String>,
}

/// What is worth knowing beside a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flags {
    /// Whether a contest that stands names a record which moved it.
    pub disputed: bool,
    /// Whether the asker found the reply enough.
    pub quality: &'static str,
    /// Whether its place lies beyond the quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<&'static str>,
}

/// How the two stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The records that determine it.
    pub because: Vec<String>,
    /// The status.
    pub status: String,
}

/// How one side stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The records that determine it.
    pub because: Vec<String>,
    /// The grade.
    pub grade: &'static str,
}

/// A slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// The records that determine it.
    pub because: Vec<String>,
    /// Whether visits can be asked for.
    pub in_force: bool,
    /// Which one.
    pub slot: String,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The arrival, as first notified.
    pub eta: String,
    /// Its record.
    pub intent: String,
    /// Who asks.
    pub party: &'static str,
    /// The calendar year.
    pub period: String,
    /// Why it is not admissible, if it is not.
    pub reason: Option<&'static str>,
    /// The slot.
    pub slot: String,
    /// ADMISSIBLE or INADMISSIBLE.
    pub verdict: &'static str,
}

/// The places of one slot and year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// How many there are.
    pub distributed: u64,
    /// The calendar year.
    pub period: String,
    /// How many are free.
    pub remaining: u64,
    /// How many are held by requests that are open.
    pub reserved: u64,
    /// The slot.
    pub slot: String,
    /// How many were used.
    pub used: u64,
}

/// A live claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// accepted, contested or unanswered.
    pub answer: &'static str,
    /// The record of the answer.
    pub answered_by: Option<String>,
    /// What a countermeasure cites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cites: Option<Vec<Cite>>,
    /// Its record.
    pub claim: String,
    /// The kind of record.
    pub kind: &'static str,
    /// Who claims.
    pub party: &'static str,
    /// The slots that it names.
    pub slots: Vec<String>,
}

/// An obligation that a countermeasure cites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cite {
    /// The citation, as the record has it.
    pub cited: String,
    /// The obligation.
    pub obligation: String,
    /// How it stood when the withholding took effect.
    pub state: &'static str,
}
