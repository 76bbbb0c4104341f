//! The record of who read what: a chain of events, beside what the ledger once said of it.
//!
//! The events are rows that nobody signs one by one. Each has its place, and hashes everything before it; so one that was
//! removed, moved or changed is found unless everything after it was made anew, and then by whoever holds what the clerk
//! signed of the record before ([`crate::evidence::accesses`]).
//!
//! Deliberately absent: what the events say, and events of sending ([`super::sent`]).

use std::collections::BTreeMap;

use super::Auditor;
use crate::evidence::accesses::AccessHead;
use crate::evidence::verdict::Outcome;
use crate::hash::Hash;
use crate::tlog::chain::ChainHead;
use crate::words::Words;

/// What is known of the record, and what somebody holds of it.
#[derive(Debug, Default)]
pub struct Accesses {
    chain: ChainHead,
    held: Vec<Held>,
    /// Where the chain stood at the counts that somebody asks about.
    at: BTreeMap<u64, Hash>,
}

/// A statement that somebody holds, and its place.
#[derive(Debug)]
struct Held {
    place: String,
    note: Vec<u8>,
}

impl Auditor {
    /// Notes what the clerk once signed of the record of accesses, before its events come.
    pub fn holds_accesses(&mut self, place: &str, note: &[u8]) {
        if let Some(count) = AccessHead::count_in(note) {
            self.accesses.at.insert(count, ChainHead::default().value);
        }
        self.accesses.held.push(Held { place: place.to_owned(), note: note.to_vec() });
    }

    /// Takes up the next events, each with its place, what its row says that all up to it add up to, and its link. Whether
    /// more are worth a look.
    pub fn accesses(&mut self, events: &[(i64, Option<Hash>, Hash)]) -> bool {
        for (place, chain, link) in events {
            if self.broken || self.failed("accesses") {
                return false;
            }
            let count = self.accesses.chain.count;
            if u64::try_from(*place) != Ok(count) {
                let detail = Words::new(
                    format!("The event in place {count} is missing; the next one is in place {place}."),
                    format!("События на месте {count} нет; следующее — на месте {place}."),
                );
                self.fail("accesses", &format!("event {count}"), "event_missing", detail);
                return false;
            }
            let next = self.accesses.chain.after(*link);
            if chain.as_ref() != Some(&next.value) {
                let detail = Words::fixed(
                    "The event is not the one that was recorded there, or one before it is not.",
                    "Событие не то, что было записано на этом месте, либо не то одно из предыдущих.",
                );
                self.fail("accesses", &format!("event {count}"), "event_altered", detail);
                return false;
            }
            self.access(next);
        }
        true
    }

    /// Takes up the next links of a record whose events are not here. Whether more are worth a look.
    pub fn access_links(&mut self, links: &[Hash]) -> bool {
        links.iter().for_each(|link| self.access(self.accesses.chain.after(*link)));
        !self.broken
    }

    /// How many events were taken up.
    pub fn access_count(&self) -> u64 {
        self.accesses.chain.count
    }

    fn access(&mut self, next: ChainHead) {
        self.accesses.chain = next;
        if let Some(value) = self.accesses.at.get_mut(&next.count) {
            *value = next.value;
        }
    }

    /// Ends the events, and compares them with everything that is held; without `seen` they are not shown here.
    pub fn readers(&mut self, seen: bool) {
        if self.broken {
            return;
        }
        if !seen {
            if self.accesses.held.is_empty() {
                return;
            }
            let detail = Words::fixed(
                "Who read what was not compared: it is not shown here.",
                "Кто и что читал, не сверялось: здесь это не показывается.",
            );
            return self.add("accesses", None, Outcome::CouldNotCheck, "not_shown", detail);
        }
        for Held { place, note } in std::mem::take(&mut self.accesses.held) {
            self.held_accesses(place, &note);
        }
        if !self.failed("accesses") {
            let count = self.accesses.chain.count;
            let detail = Words::new(
                format!("{count} events of reading and acts on tokens, one after the other."),
                format!("Событий чтения и действий с токенами: {count}, одно за другим."),
            );
            self.add("accesses", None, Outcome::Pass, "events_agree", detail);
        }
    }

    /// Ends an audit that did not come to all events, because of something else.
    pub fn events_not_reached(&mut self) {
        for check in ["sent", "accesses"] {
            if !self.broken && !self.failed(check) {
                self.not_reached(check);
            }
        }
    }

    /// How many events a statement of the clerk speaks of, if it is one.
    pub fn accesses_said(&self, note: &[u8]) -> Option<u64> {
        let terms = self.replica.register().terms()?;
        Some(AccessHead::open(note, &terms.origin, &terms.clerk).ok()?.head.count)
    }

    fn held_accesses(&mut self, place: String, note: &[u8]) {
        let Some(terms) = self.replica.register().terms() else { return };
        let said = match AccessHead::open(note, &terms.origin, &terms.clerk) {
            Ok(said) => said,
            Err(error) => {
                let detail = Words::new(
                    format!("It does not count: {error}."),
                    "Не учитывается: это не подписанное секретарём реестра состояние списка обращений.".to_owned(),
                );
                return self.fail("accesses", &place, "accesses_not_signed", detail);
            }
        };
        let (count, here) = (said.head.count, self.accesses.chain.count);
        if here < count {
            let detail = Words::new(
                format!("On {} the clerk signed {count} events, and {here} could be followed here.", said.said_at),
                format!("{} секретарь подписал {count} событий, а проследить здесь удалось {here}.", said.said_at),
            );
            return self.fail("accesses", &place, "events_missing", detail);
        }
        if self.accesses.at.get(&count) != Some(&said.head.value) {
            let detail = Words::new(
                format!("The first {count} events are not those of {}, when the clerk signed them.", said.said_at),
                format!("Первые {count} событий — не те, что секретарь подписал {}.", said.said_at),
            );
            return self.fail("accesses", &place, "events_differ", detail);
        }
        let detail = Words::new(
            format!("The {count} events that it speaks of are here."),
            format!("События, о которых идёт речь ({count}), на месте."),
        );
        self.add("accesses", Some(place), Outcome::Pass, "events_agree", detail);
    }
}
