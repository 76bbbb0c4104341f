//! The pen of a demonstration: it sets the scripted clock, and writes records by the offices of the four states.
//!
//! Invariants: time goes forward; every text says that it is a demonstration.
//!
//! Deliberately absent: what happens. That is [`super::scenario`] and [`super::visit`].

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::super::player::{Player, Statement};
use crate::hash::Hash;
use crate::service::clock::Clock;
use crate::treaty::party::Party;
use crate::treaty::record::{Kind, Signed};
use crate::treaty::time::Instant;

/// A minute, in seconds.
pub const MINUTE: i64 = 60;
/// An hour, in seconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day, in seconds.
pub const DAY: i64 = 24 * HOUR;

/// Somebody who writes a year of records.
pub struct Story<'a> {
    /// Who holds the keys and sends the records.
    pub player: &'a mut Player,
    clock: &'a Clock,
    year: String,
    /// What was signed where no line led out, until it is delivered.
    bag: Option<Vec<String>>,
}

impl<'a> Story<'a> {
    /// A story that begins at the time of the clock.
    pub fn new(player: &'a mut Player, clock: &'a Clock) -> Story<'a> {
        let year = clock.now().to_string().chars().take_while(|c| *c != '-').collect();
        Story { player, clock, year, bag: None }
    }

    /// A time of this year: `MM-DDTHH:MM`.
    pub fn time(&self, at: &str) -> anyhow::Result<Instant> {
        Instant::parse(&format!("{}-{at}:00Z", self.year)).with_context(|| format!("{at} is no time of a year"))
    }

    /// Goes to a time.
    pub fn go_to(&mut self, at: Instant) -> anyhow::Result<()> {
        ensure!(at >= self.clock.now(), "the story would go back to {at}");
        self.clock.set(at);
        Ok(())
    }

    /// Goes to a time of this year.
    pub fn on(&mut self, at: &str) -> anyhow::Result<()> {
        self.go_to(self.time(at)?)
    }

    /// Lets so many seconds pass.
    pub fn later(&mut self, by: i64) -> anyhow::Result<()> {
        self.go_to(after(self.clock.now(), by)?)
    }

    /// Writes a record: it is sent, or goes into the bag where one is open.
    pub fn say(&mut self, statement: Statement<'_>) -> anyhow::Result<Hash> {
        let Some(bag) = &mut self.bag else { return self.player.say(statement) };
        let note = self.player.sign(statement)?;
        let signed = Signed::parse(note.as_bytes()).ok().context("what was signed is no record")?;
        bag.push(note);
        Ok(signed.digest)
    }

    /// From now on what is written is signed, and waits for the courier.
    pub fn open_bag(&mut self) {
        self.bag = Some(Vec::new());
    }

    /// The courier delivers everything in the bag.
    pub fn deliver(&mut self) -> anyhow::Result<()> {
        for note in self.bag.take().unwrap_or_default() {
            self.player.deliver(&note)?;
        }
        Ok(())
    }

    /// A state's centre writes a record.
    pub fn centre(&mut self, kind: Kind, party: Party, refs: &[Hash], body: Value) -> anyhow::Result<Hash> {
        self.say(Statement::new(kind, &[&centre_of(party)], body).about(refs))
    }

    /// A state's centre acknowledges a record, twenty minutes after it.
    pub fn acknowledge(&mut self, party: Party, refs: &[Hash]) -> anyhow::Result<Hash> {
        self.later(20 * MINUTE)?;
        let remark = text("Received by the officer on watch", "Получено дежурным");
        self.centre(Kind::Acknowledgement, party, refs, json!({ "remark": remark }))
    }

    /// At a time, a Party's centre writes what the other acknowledges.
    pub fn notify(&mut self, at: &str, kind: Kind, party: Party, refs: &[Hash], body: Value) -> anyhow::Result<Hash> {
        self.on(at)?;
        let said = self.centre(kind, party, refs, body)?;
        self.acknowledge(other(party), &[said])?;
        Ok(said)
    }

    /// At a time, a Party's centre answers what the other wrote.
    pub fn answer(&mut self, at: &str, kind: Kind, party: Party, refs: &[Hash], body: Value) -> anyhow::Result<Hash> {
        self.on(at)?;
        self.centre(kind, party, refs, body)
    }

    /// At a time, both Parties' centres write one record.
    pub fn jointly(&mut self, at: &str, kind: Kind, refs: &[Hash], body: Value) -> anyhow::Result<Hash> {
        self.on(at)?;
        let (us, ru) = (centre_of(Party::Us), centre_of(Party::Ru));
        self.say(Statement::new(kind, &[&us, &ru], body).about(refs))
    }

    /// A root registers a key of its authority.
    pub fn register(&mut self, party: Party, name: &str, office: Value) -> anyhow::Result<Hash> {
        let role = name.split('/').nth(1).unwrap_or_default();
        let vkey = self.player.vkey(name)?;
        let body = json!({ "vkey": vkey, "name": name, "role": role, "office": office });
        self.say(Statement::new(Kind::KeyRegistration, &[&format!("{party}/root/1"), name], body))
    }

    /// A root ends a key of its authority.
    pub fn revoke(&mut self, party: Party, body: Value) -> anyhow::Result<Hash> {
        self.say(Statement::new(Kind::KeyRevocation, &[&format!("{party}/root/1")], body))
    }
}

/// A time so many seconds after another.
pub fn after(at: Instant, by: i64) -> anyhow::Result<Instant> {
    Instant::from_seconds(at.seconds() + by).context("the story left the calendar")
}

/// The Party that is not this one.
pub const fn other(party: Party) -> Party {
    match party {
        Party::Us => Party::Ru,
        _ => Party::Us,
    }
}

/// The label of a state's centre.
pub const fn centre(party: Party) -> &'static str {
    match party {
        Party::Us => "centre/washington",
        Party::Ru => "centre/moscow",
        Party::Ro => "centre/bucharest",
        Party::Pl => "centre/warsaw",
    }
}

/// The name of a state's centre's key.
pub fn centre_of(party: Party) -> String {
    format!("{party}/{}", centre(party))
}

/// A text in English and Russian, both of which say what this is.
pub fn text(en: &str, ru: &str) -> Value {
    json!({ "en": format!("{en} (demonstration)"), "ru": format!("{ru} (демонстрация)") })
}

/// A text that a host speaks as well.
pub fn host_text(party: Party, en: &str, ru: &str, own: &str) -> Value {
    let mut value = text(en, ru);
    match party {
        Party::Ro => value["ro"] = format!("{own} (demonstrație)").into(),
        Party::Pl => value["pl"] = format!("{own} (demonstracja)").into(),
        Party::Us | Party::Ru => {}
    }
    value
}
