//! The status of the pair as one sentence for people, in both working languages.
//!
//! A sentence names both sides, the year, the instant, in whose view it holds, how many obligations are in the state
//! that decides, and on how many records that rests. It repeats what the answer says and adds nothing.
//!
//! Invariants: the same answer gives the same sentence; swapping the sides swaps their names and their numbers.
//!
//! Deliberately absent: any word on who is right.

use super::answer::{Answer, Row, Side};
use crate::treaty::party::Party;
use crate::words::Words;

/// The two sides, in the order in which sentences name them.
const SIDES: [Party; 2] = [Party::Us, Party::Ru];

/// The sentence of an answer. It counts obligations, so the answer must be whole.
pub fn sentence(answer: &Answer) -> Words {
    let Words { en, ru } = Sentence(answer).what();
    let (from_en, from_ru) = standpoint(answer.view);
    let (period, as_of, records) = (&answer.period, &answer.as_of, answer.pair.because.len());
    Words::new(
        format!("{from_en}, for {period}, as of {as_of}: {en}. Records that determine it: {records}."),
        format!("{from_ru}, за {period} год, на {as_of}: {ru}. Определяющих записей: {records}."),
    )
}

/// In whose view.
fn standpoint(view: &str) -> (&'static str, &'static str) {
    match view {
        "US" => ("In the view of the United States", "С точки зрения Соединённых Штатов"),
        "RU" => ("In the view of the Russian Federation", "С точки зрения Российской Федерации"),
        _ => ("By what neither side disputes", "По тому, чего не оспаривает ни одна из сторон"),
    }
}

struct Sentence<'a>(&'a Answer);

impl Sentence<'_> {
    /// What the status says.
    fn what(&self) -> Words {
        let (name, inner) = self.0.pair.status.split_once('(').unwrap_or((self.0.pair.status.as_str(), ""));
        let defaulted = || self.count("refused or overdue", "отказано или просрочено", "D");
        let withheld = || self.count("withheld", "приостановлено", "X");
        let none = |en: &'static str, ru: &'static str| Words::fixed(en, ru);
        match name {
            "NOT_IN_FORCE" if inner.contains("default") => both(&[self.out_of_force(), defaulted()]),
            "NOT_IN_FORCE" => self.out_of_force(),
            "ONE_SIDED" => defaulted(),
            "MUTUAL_DEFAULT" if SIDES.into_iter().any(|party| self.side(party).grade == "X") => {
                both(&[defaulted(), withheld()])
            }
            "MUTUAL_DEFAULT" => defaulted(),
            "COUNTERMEASURE_IN_EFFECT" => both(&[
                defaulted(),
                withheld(),
                none(
                    "the side that withholds cites an obligation of the other",
                    "приостановившая сторона ссылается на обязательство другой",
                ),
            ]),
            "SUSPENDED_BY" | "SUSPENDED_MUTUAL" => {
                both(&[withheld(), none("nothing is refused or overdue", "отказов и просрочек нет")])
            }
            "CONTESTED" => both(&[
                self.count("claimed or contested", "заявлено или оспорено", "C"),
                none("nothing is withheld, refused or overdue", "приостановлений, отказов и просрочек нет"),
            ]),
            "RECIPROCAL_WITH_EXCUSE" => both(&[
                self.count("excused", "освобождено", "E"),
                none(
                    "nothing is contested, withheld, refused or overdue",
                    "спорного, приостановлений, отказов и просрочек нет",
                ),
            ]),
            "RECIPROCAL_OPEN" => both(&[
                self.count("open", "открыто", "P"),
                none(
                    "nothing is excused, contested, withheld, refused or overdue",
                    "освобождений, спорного, приостановлений, отказов и просрочек нет",
                ),
            ]),
            _ => both(&[
                self.count("performed or released", "исполнено или снято", "S"),
                none("nothing that was owed is outstanding", "неисполненного нет"),
            ]),
        }
    }

    /// The slots at which no visit can be asked for.
    fn out_of_force(&self) -> Words {
        let out = self.0.slots.iter().filter(|slot| !slot.in_force).map(|slot| slot.slot.as_str());
        let slots = out.collect::<Vec<_>>().join(", ");
        let sides = SIDES.into_iter().filter(|party| self.side(*party).grade == "N").map(Party::name);
        let (en, ru): (Vec<_>, Vec<_>) = sides.map(|name| (name.en, name.ru)).unzip();
        Words::new(
            format!("not in force: slots {slots} (inspected: {})", en.join(", ")),
            format!("не действуют места {slots} (инспектируются: {})", ru.join(", ")),
        )
    }

    fn side(&self, party: Party) -> &Side {
        match party {
            Party::Us => &self.0.sides.us,
            _ => &self.0.sides.ru,
        }
    }

    /// How many obligations of each side have a grade, and how many standing claims stand beside them.
    fn count(&self, en: &str, ru: &str, grade: &str) -> Words {
        let owed = SIDES.map(|party| self.owed(party, grade));
        let claims = SIDES.map(|party| self.claims(party, grade));
        let mut words = Words::new(format!("{en}: {}", numbers(owed).en), format!("{ru}: {}", numbers(owed).ru));
        if claims != [0, 0] {
            let numbers = numbers(claims);
            words.en = format!("{}, by standing claims: {}", words.en, numbers.en).into();
            words.ru = format!("{}, действующими заявлениями: {}", words.ru, numbers.ru).into();
        }
        words
    }

    /// The graded obligations of a side that have a grade, those that an earlier year left over included.
    fn owed(&self, party: Party, grade: &str) -> usize {
        let because = &self.side(party).because;
        let left_over = |row: &Row| match grade {
            "S" => false,
            "E" => row.causes.iter().all(|cause| because.contains(cause)), // not what both excuse
            _ => true,
        };
        let counts = |row: &&Row| {
            row.graded
                && row.obligor == party.as_str()
                && row.grade == Some(grade)
                && (row.period == self.0.period || (row.period < self.0.period && left_over(row)))
        };
        self.0.obligations.iter().filter(counts).count()
    }

    /// The live claims that give a side its grade without an obligation that they meet.
    fn claims(&self, party: Party, grade: &str) -> usize {
        let side = self.side(party);
        let met = |claim: &String| self.0.obligations.iter().any(|row| row.graded && row.causes.contains(claim));
        let counts = self.0.standing.iter().filter(|standing| {
            standing.party == party.as_str() && side.because.contains(&standing.claim) && !met(&standing.claim)
        });
        if side.grade == grade { counts.count() } else { 0 }
    }
}

/// A number for each side.
fn numbers([us, russia]: [usize; 2]) -> Words {
    let [first, second] = SIDES.map(Party::name);
    Words::new(
        format!("{} {us}, {} {russia}", first.en, second.en),
        format!("{} {us}, {} {russia}", first.ru, second.ru),
    )
}

/// Parts of a sentence.
fn both(parts: &[Words]) -> Words {
    let join = |of: fn(&Words) -> &str| parts.iter().map(of).collect::<Vec<_>>().join("; ");
    Words::new(join(|words| &words.en), join(|words| &words.ru))
}

#[cfg(test)]
mod tests {
    use super::super::answer::{Exercise, Pair, Sides, Slot, Standing};
    use super::*;

    /// An answer with this status and these grades, and nothing else.
    fn answer(status: &str, us: &'static str, russia: &'static str) -> Answer {
        let side = |grade| Side { because: vec!["claim".into()], grade };
        let slot = |slot: &str, in_force| Slot { because: Vec::new(), in_force, slot: slot.into() };
        Answer {
            absence: Vec::new(),
            ambiguity: None,
            as_of: "2026-03-01T00:00:00Z".into(),
            denials: Sides::default(),
            exercise: Exercise { balance: 0, completed: Sides::default() },
            known_at: "tree:1".into(),
            next: Vec::new(),
            obligations: Vec::new(),
            pair: Pair { because: vec!["claim".into(), "other".into()], status: status.into() },
            period: "2026".into(),
            quota: Vec::new(),
            requests: Vec::new(),
            sides: Sides { us: side(us), ru: side(russia) },
            slots: vec![slot("A1", us != "N"), slot("B1", russia != "N")],
            standing: Vec::new(),
            terms: None,
            view: "UNDISPUTED",
        }
    }

    #[test]
    fn every_status_has_its_own_sentence_and_each_names_both_sides() {
        let mut seen = std::collections::BTreeSet::new();
        for (status, us, russia, says) in [
            ("NOT_IN_FORCE(US)", "N", "S", "not in force: slots A1 (inspected: United States)"),
            ("NOT_IN_FORCE(US,RU; default US)", "N", "N", "not in force: slots A1, B1"),
            ("ONE_SIDED(US)", "D", "S", "refused or overdue: United States 0, Russian Federation 0"),
            ("MUTUAL_DEFAULT", "D", "X", "refused or overdue"),
            ("COUNTERMEASURE_IN_EFFECT", "D", "X", "cites an obligation of the other"),
            ("SUSPENDED_BY(US)", "X", "S", "withheld"),
            ("CONTESTED", "C", "S", "claimed or contested"),
            ("RECIPROCAL_WITH_EXCUSE", "E", "S", "excused"),
            ("RECIPROCAL_OPEN", "P", "S", "open"),
            ("RECIPROCAL", "S", "S", "performed or released"),
        ] {
            let words = sentence(&answer(status, us, russia));
            assert!(words.en.contains(says), "{status}: {words}");
            assert!(words.en.ends_with("Records that determine it: 2."), "{status}: {words}");
            assert!(words.ru.contains("за 2026 год, на 2026-03-01T00:00:00Z"), "{}", words.ru);
            assert!(seen.insert(words.ru.into_owned()), "{status}");
        }
    }

    #[test]
    fn a_claim_that_meets_no_obligation_is_counted_beside_them() {
        let mut answer = answer("SUSPENDED_BY(RU)", "S", "X");
        answer.standing.push(Standing {
            answer: "unanswered",
            answered_by: None,
            cites: None,
            claim: "claim".into(),
            kind: "suspension",
            party: "RU",
            slots: Vec::new(),
        });
        let words = sentence(&answer);
        let says = "withheld: United States 0, Russian Federation 0, by standing claims: United States 0, Russian Federation 1";
        assert!(words.en.contains(says), "{words}");
    }
}
