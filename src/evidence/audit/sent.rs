//! Who sent each entry: rows of a database that nobody signs, and that the entries nevertheless demand.
//!
//! An entry is committed in one transaction with the event of its sending, so there is exactly one event for each entry, in
//! the order of the entries. Whoever removes, doubles or reorders such events is found; whoever changes what an event says
//! beside the digest, an address for example, is not.
//!
//! Deliberately absent: events of reading and acts on tokens ([`super::accesses`]).

use super::Auditor;
use crate::evidence::verdict::Outcome;
use crate::hash::Hash;
use crate::words::Words;

impl Auditor {
    /// Takes up the next events of sending, each by the digest of the entry that it is about. Whether more are worth a look.
    pub fn sent(&mut self, digests: &[String]) -> bool {
        for text in digests {
            if self.broken || !self.worth_a_look("sent") {
                return false;
            }
            let digest = text.parse::<Hash>().ok();
            match digest.and_then(|digest| self.replica.register().index_of(&digest)) {
                None => {
                    let detail = Words::new(
                        format!("An event says that {text} was sent, and there is no such entry."),
                        format!("Событие говорит, что прислано {text}, а такой записи нет."),
                    );
                    self.fail("sent", text, "event_of_nothing", detail);
                }
                Some(index) => {
                    if index != self.counts.sent {
                        self.event_missing(self.counts.sent);
                    }
                    self.counts.sent = index + 1;
                }
            }
        }
        true
    }

    /// Ends the events of sending; without `seen` the role may not see them.
    pub fn senders(&mut self, seen: bool) {
        if self.broken {
            return;
        }
        if !seen {
            let detail = Words::fixed(
                "Who sent the entries was not compared: this role may not see it.",
                "Кто прислал записи, не сверялось: этой роли оно не показывается.",
            );
            return self.add("sent", None, Outcome::NotRequired, "not_shown", detail);
        }
        if self.counts.sent != self.size() && self.worth_a_look("sent") {
            self.event_missing(self.counts.sent);
        }
        if !self.failed("sent") {
            let size = self.size();
            let detail = Words::new(
                format!("{size} events, one for each entry, in their order."),
                format!("Событий: {size}, по одному на запись, в их порядке."),
            );
            self.add("sent", None, Outcome::Pass, "events_agree", detail);
        }
    }

    fn event_missing(&mut self, index: u64) {
        let detail = Words::new(
            format!("The event of sending entry {index} is not where it must be."),
            format!("Событие о присылке записи {index} не на своём месте."),
        );
        self.fail("sent", &format!("entry {index}"), "event_missing", detail);
    }
}
