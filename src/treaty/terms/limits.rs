//! The time limits and counts of the terms, with the values that hold where the terms are silent.
//!
//! The defaults are those of the first rules profile: each is taken from a regime that has worked (New START, INF,
//! CFE, the Vienna Document), and each can be changed by the Parties.
//!
//! Deliberately absent: what a limit does. The rules that use one say so.

use crate::json::{Fault, Value};
use crate::treaty::shape::{At, Form, Int, List, Members, Schema, Shape, wrong};
use crate::treaty::time::Span;

crate::one_of! {
    /// How "one visit at a time" is counted.
    pub enum OneVisitPer {
        /// For each inspected Party.
        Party = "party",
        /// For each territory.
        Territory = "territory",
        /// For each slot.
        Slot = "slot",
    }
}

crate::body! {
    /// The limits of the terms. A member that is left out keeps its default.
    #[derive(Default)]
    pub struct Limits {
        /// From receipt of a request to the estimated arrival. Default 32h (New START).
        notice: Option<Span>,
        /// From receipt of a notification to its acknowledgement. Default 1h.
        ack: Option<Span>,
        /// From the estimated arrival to the arrival at the site. Default 24h.
        admit: Option<Span>,
        /// From the naming of the site to the restrictions. Default 1h (INF).
        freeze: Option<Span>,
        /// From the naming of the site to the arrival there. Default 24h (New START).
        access: Option<Span>,
        /// From the end of the inspection to the hand-over of the report. Default 2h (INF).
        report: Option<Span>,
        /// From the hand-over of the report to its receipt. Default 1h (CFE).
        receipt: Option<Span>,
        /// From a change to its notification. Default 5d (New START).
        data_change: Option<Span>,
        /// From the coming into force of a slot to its first declaration. Default 45d (New START).
        baseline: Option<Span>,
        /// From an urgent request for clarification to the reply. Default 48h (Vienna Document).
        clarify_urgent: Option<Span>,
        /// From a routine request for clarification to the reply. Default 10d.
        clarify_routine: Option<Span>,
        /// From a request for consultation to the meeting. Default 45d.
        consult: Option<Span>,
        /// From the naming of the site to the opening of a sealed declaration. Default 24h.
        opening: Option<Span>,
        /// How long before the estimated arrival a host answers. Default 12h.
        host_act: Option<Span>,
        /// From a list of inspectors to an objection. Default 15d.
        inspector_objection: Option<Span>,
        /// How long after the due time access may be said to have been offered. Default 24h.
        access_offered: Option<Span>,
        /// How long a finding of absence stands. Default 90d.
        absence: Option<Span>,
        /// Visits to a slot in a calendar year. Default 2 (New START, per base).
        quota: Option<Int<0, 1_000>>,
        /// How "one visit at a time" is counted. Default party.
        one_visit_per: Option<OneVisitPer>,
        /// From the arrival at the point of entry to the naming of the site. Shown only. Default 4h.
        site_named: Option<Span>,
        /// How long an inspection lasts. Shown only. Default 24h (INF).
        duration: Option<Span>,
        /// By how much it may be extended by agreement. Shown only. Default 8h (INF).
        extension: Option<Span>,
        /// From the departure to the lodging of the report in the ledger. Shown only. Default 24h.
        lodging: Option<Span>,
        /// Between full updates of a declaration. Shown only. Default 180d.
        full_update: Option<Span>,
        /// Inspectors in a team. A larger one is flagged. Default 10 (INF).
        team: Option<Int<1, 100>>,
        /// Members of a team who speak the language of the inspected Party. Shown only. Default 2 (INF).
        team_language: Option<Int<0, 100>>,
    }
}

macro_rules! spans {
    ($($name:ident $default:ident($n:literal);)*) => {
        impl Limits {
            $(
                #[doc = concat!("The limit `", stringify!($name), "`, or its default.")]
                pub fn $name(&self) -> Span {
                    self.$name.unwrap_or(Span::$default($n))
                }
            )*
        }
    };
}

spans! {
    notice Hours(32);
    ack Hours(1);
    admit Hours(24);
    freeze Hours(1);
    access Hours(24);
    report Hours(2);
    receipt Hours(1);
    data_change Days(5);
    baseline Days(45);
    clarify_urgent Hours(48);
    clarify_routine Days(10);
    consult Days(45);
    host_act Hours(12);
    access_offered Hours(24);
    absence Days(90);
    inspector_objection Days(15);
    site_named Hours(4);
    duration Hours(24);
    extension Hours(8);
    lodging Hours(24);
}

macro_rules! keep {
    ($new:expr, $old:expr, $($field:ident)*) => { Limits { $($field: $new.$field.or($old.$field),)* } };
}

impl Limits {
    /// Visits to a slot in a calendar year.
    pub fn quota(&self) -> u64 {
        self.quota.map_or(2, |quota| quota.0.unsigned_abs())
    }

    /// Inspectors in a team.
    pub fn team(&self) -> u64 {
        self.team.map_or(10, |team| team.0.unsigned_abs())
    }

    /// How "one visit at a time" is counted.
    pub fn one_visit_per(&self) -> OneVisitPer {
        self.one_visit_per.unwrap_or(OneVisitPer::Party)
    }

    /// These limits, and those of `old` where these say nothing: what an amendment makes of the terms before it.
    pub fn over(&self, old: &Limits) -> Limits {
        keep!(self, old, notice ack admit freeze access report receipt data_change baseline clarify_urgent
            clarify_routine consult opening host_act inspector_objection access_offered absence quota one_visit_per
            site_named duration extension lodging full_update team team_language)
    }
}

crate::one_of! {
    /// A kind of obligation. All but HOST_ACT can enter a side's grade.
    pub enum ObligationKind {
        /// To declare a slot first.
        Baseline = "BASELINE",
        /// To notify a change.
        DataChange = "DATA_CHANGE",
        /// To acknowledge a notification.
        Ack = "ACK",
        /// To let a team in.
        Admit = "ADMIT",
        /// To restrict movements.
        Freeze = "FREEZE",
        /// To bring the team to the site.
        Access = "ACCESS",
        /// To hand over a report.
        Report = "REPORT",
        /// To acknowledge receipt of a report.
        Receipt = "RECEIPT",
        /// To answer a request for clarification.
        Clarify = "CLARIFY",
        /// To meet for consultation.
        Consult = "CONSULT",
        /// To open a sealed declaration.
        Opening = "OPENING",
        /// To answer a request to inspect, as its host.
        HostAct = "HOST_ACT",
    }
}

/// Who must cosign a checkpoint for its records to be final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// Every one of these; of none, nothing is demanded.
    All(Vec<Quorum>),
    /// At least one of these.
    Any(Vec<Quorum>),
    /// At least so many of these.
    AtLeast(u32, Vec<Quorum>),
    /// A cosigner whose key name begins so, such as `US/mirror`.
    Cosigner(String),
}

/// Items in one list of a quorum.
const QUORUM_ITEMS: usize = 32;

impl Quorum {
    /// Two cosigners of which one may be the other: a key whose name begins with both could be counted twice, and no
    /// policy can say so.
    pub fn overlap(&self) -> Option<(&str, &str)> {
        let mut prefixes = Vec::new();
        self.prefixes(&mut prefixes);
        let begins = |a: &str, b: &str| {
            let rest = b.strip_prefix(a.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let pairs = prefixes.iter().enumerate().flat_map(|(i, a)| prefixes[i + 1..].iter().map(|b| (*a, *b)));
        let mut overlaps = pairs.filter(|(a, b)| begins(a, b) || begins(b, a));
        overlaps.next()
    }

    fn prefixes<'q>(&'q self, into: &mut Vec<&'q str>) {
        match self {
            Quorum::Cosigner(prefix) => into.push(prefix),
            Quorum::All(of) | Quorum::Any(of) | Quorum::AtLeast(_, of) => {
                of.iter().for_each(|part| part.prefixes(into))
            }
        }
    }

    fn list(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Vec<Quorum>> {
        let list = List::<Quorum, 0, QUORUM_ITEMS>::read(value, at, faults)?.0;
        // "All of none" demands nothing. Only the whole quorum may say so; no tlog-policy could say it of a part.
        match list.iter().position(|item| *item == Quorum::All(Vec::new())) {
            Some(position) => wrong(&at.item(position), Form::TooFew, "≥ 1", faults),
            None => Some(list),
        }
    }
}

impl Shape for Quorum {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Quorum> {
        if let Value::String(prefix) = value {
            let good = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/-".contains(&b));
            return if good {
                Some(Quorum::Cosigner(prefix.to_string()))
            } else {
                wrong(at, Form::NotACode, "", faults)
            };
        }
        let mut members = Members::open(value, at, faults)?;
        let list = |name: &'static str, members: &mut Members<'_, '_>, faults: &mut Vec<Fault>| {
            let member = members.find(name)?;
            Some(Quorum::list(&member.value, &at.member(name, member.line), faults))
        };
        let (all, any) = (list("all", &mut members, faults), list("any", &mut members, faults));
        let (of, n) = (list("of", &mut members, faults), members.take::<Option<Int<1, 32>>>("n", faults)?);
        members.finish(faults);
        match (all, any, n, of) {
            (Some(all), None, None, None) => all.map(Quorum::All),
            // A quorum that nobody can meet would leave every record short of final for ever.
            (None, Some(Some(any)), None, None) if any.is_empty() => {
                wrong(&at.member("any", at.line()), Form::TooFew, "≥ 1", faults)
            }
            (None, Some(any), None, None) => any.map(Quorum::Any),
            (None, None, Some(Int(n)), Some(of)) => match (u32::try_from(n).ok()?, of?) {
                (n, of) if of.len() < n as usize => {
                    wrong(&at.member("n", at.line()), Form::OutOfRange, &format!("1..{}", of.len()), faults)
                }
                (n, of) => Some(Quorum::AtLeast(n, of)),
            },
            _ => wrong(at, Form::Combination, "all, any, n + of", faults),
        }
    }

    fn schema() -> Schema {
        Schema::Text {
            form: "a key name prefix, or one of `{\"all\": […]}`, `{\"any\": […]}`, `{\"n\": 2, \"of\": […]}`",
            max: 76,
        }
    }
}
