//! The grade of each side, and what two grades make of the pair (section 4, rulings 20, 21, 33 and 34).
//!
//! Deliberately absent: any word for a state but its grade. The ledger computes; Parties determine.

use super::judge::{Judged, Standing, Viewer};
use crate::treaty::obligation::State;
use crate::treaty::party::Party;

/// How a side stands, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Everything was performed, or nothing was owed.
    S,
    /// Something is open.
    P,
    /// Something is excused.
    E,
    /// Something is claimed or contested.
    C,
    /// Something is withheld.
    X,
    /// Something was refused, or is overdue.
    D,
}

impl Grade {
    /// The letter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Grade::S => "S",
            Grade::P => "P",
            Grade::E => "E",
            Grade::C => "C",
            Grade::X => "X",
            Grade::D => "D",
        }
    }

    /// What a state counts; nothing for what is dormant.
    pub const fn of(state: State) -> Option<Grade> {
        Some(match state {
            State::Fulfilled | State::FulfilledLate | State::Released => Grade::S,
            State::Open => Grade::P,
            State::Excused => Grade::E,
            State::ExcuseClaimed | State::Contested => Grade::C,
            State::Withheld => Grade::X,
            State::Refused | State::Overdue => Grade::D,
            State::Dormant | State::Extinguished => return None,
        })
    }
}

/// Whether an obligation of an earlier period still enters the grade of a later one (ruling 33).
pub fn carries_over(judged: &Judged, standing: &Standing) -> bool {
    !standing.state.is_final() && !judged.is_excused_by_both()
}

/// What gives a side a grade: an obligation, or a standing claim.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The side.
    pub party: Party,
    /// What it counts.
    pub grade: Grade,
    /// The records that it rests on.
    pub causes: Vec<u32>,
    /// Whether it cites an obligation of the other side.
    pub cites_other: bool,
}

/// How a side stands.
#[derive(Clone, Debug)]
pub struct SideGrade {
    /// Whether one of its slots is not in force, and the records that say so.
    pub out_of_force: Option<Vec<u32>>,
    /// The worst grade of its grounds.
    pub worst: Grade,
    /// The records that it rests on.
    pub because: Vec<u32>,
    /// Whether a ground that gives the side its grade cites an obligation of the other.
    cites_other: bool,
}

impl SideGrade {
    /// What the grounds of a side add up to; `terms` stands where there is none.
    pub fn of(party: Party, grounds: &[Ground], out_of_force: Option<Vec<u32>>, terms: Option<u32>) -> SideGrade {
        let own = || grounds.iter().filter(|ground| ground.party == party);
        let worst = own().map(|ground| ground.grade).max();
        let deciding = || own().filter(|ground| Some(ground.grade) == worst);
        let mut because: Vec<u32> = deciding().flat_map(|ground| ground.causes.iter().copied()).collect();
        if worst.is_none() {
            because.extend(terms);
        }
        let cites_other = deciding().any(|ground| ground.cites_other);
        SideGrade { out_of_force, worst: worst.unwrap_or(Grade::S), because: sorted(because), cites_other }
    }

    /// The letter that the answer shows.
    pub const fn letter(&self) -> &'static str {
        if self.out_of_force.is_some() { "N" } else { self.worst.as_str() }
    }

    /// The records that the answer shows for the side.
    pub fn shown_because(&self) -> &[u32] {
        self.out_of_force.as_deref().unwrap_or(&self.because)
    }
}

/// Indices in log order, each once.
pub fn sorted(mut indices: Vec<u32>) -> Vec<u32> {
    indices.sort_unstable();
    indices.dedup();
    indices
}

/// The status of the pair, and the records that determine it.
pub fn pair(us: &SideGrade, ru: &SideGrade) -> (String, Vec<u32>) {
    let sides = [(Party::Us, us), (Party::Ru, ru)];
    let with = |holds: &dyn Fn(&SideGrade) -> bool| -> Vec<Party> {
        sides.iter().filter(|(_, side)| holds(side)).map(|(party, _)| *party).collect()
    };
    let because = |parties: &[Party]| {
        let of = sides.iter().filter(|(party, _)| parties.contains(party));
        sorted(of.flat_map(|(_, side)| side.because.iter().copied()).collect())
    };
    let defaulting = with(&|side| side.worst == Grade::D);
    let blocking = with(&|side| side.out_of_force.is_some());
    if !blocking.is_empty() {
        let mut causes = because(&defaulting);
        causes.extend(sides.iter().filter_map(|(_, side)| side.out_of_force.as_ref()).flatten());
        let default = if defaulting.is_empty() { String::new() } else { format!("; default {}", names(&defaulting)) };
        return (format!("NOT_IN_FORCE({}{default})", names(&blocking)), sorted(causes));
    }
    let withholding = with(&|side| side.worst == Grade::X);
    let both = [Party::Us, Party::Ru];
    match (&defaulting[..], &withholding[..]) {
        ([_, _], _) => ("MUTUAL_DEFAULT".into(), because(&both)),
        ([_], [x]) => {
            let side = if *x == Party::Us { us } else { ru };
            let status = if side.cites_other { "COUNTERMEASURE_IN_EFFECT" } else { "MUTUAL_DEFAULT" };
            (status.into(), because(&both))
        }
        ([one], _) => (format!("ONE_SIDED({one})"), because(&defaulting)),
        (_, [_, _]) => ("SUSPENDED_MUTUAL".into(), because(&both)),
        (_, [one]) => (format!("SUSPENDED_BY({one})"), because(&withholding)),
        _ => {
            let worst = us.worst.max(ru.worst);
            let status = match worst {
                Grade::C => "CONTESTED",
                Grade::E => "RECIPROCAL_WITH_EXCUSE",
                Grade::P => "RECIPROCAL_OPEN",
                Grade::S | Grade::X | Grade::D => "RECIPROCAL",
            };
            (status.into(), because(&with(&|side| side.worst == worst)))
        }
    }
}

fn names(parties: &[Party]) -> String {
    parties.iter().map(|party| party.as_str()).collect::<Vec<_>>().join(",")
}

/// The grade that a live standing withholding gives its side (ruling 20): it counts as one obligation withheld; for
/// who contests it, and for both together, as one contested.
pub const fn of_standing(viewer: Viewer, author: Party, contested: bool) -> Grade {
    let own = matches!((viewer, author), (Viewer::Us, Party::Us) | (Viewer::Ru, Party::Ru));
    if contested && !own { Grade::C } else { Grade::X }
}
