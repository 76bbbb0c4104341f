//! The life of a key from its registration to its end: a table of short stories, each told to a ledger that is nothing but
//! its entries.
//!
//! A step is `<who> <verb> … => <outcome>`; what comes in one batch is joined by ` + `, and its outcomes by ` + `, too.
//! After each story everything that was admitted is judged again from the beginning, one by one and all at once.

use std::collections::BTreeMap;

use countersign::author::{Draft, sign};
use countersign::hash::Hash;
use countersign::note::{KeyKind, Signer};
use countersign::replica::{LedgerKeys, Outcome, Replica, step};
use countersign::treaty::admit::Signatures;
use countersign::treaty::record::{Kind, Signed};
use countersign::treaty::time::Instant;
use serde_json::json;

use super::cycle_table::STORIES;
use crate::support::fold::Fold;
use crate::support::ledger::{ORIGIN, draft, key};
use crate::support::records::{designating, registering};
use crate::support::rotation::{clerk, log};

/// A ledger, and what was sent to it.
struct World {
    replica: Replica,
    entries: Vec<String>,
    now: Instant,
    numbers: BTreeMap<String, u64>,
    last: Option<String>,
    version: u64,
}

/// The key with this name; `log` and `clerk` with a number are the ledger's own.
fn named(name: &str) -> Signer {
    let place = |name: &str| name.chars().last().and_then(|c| c.to_digit(10)).map(|n| n as u8).expect("a number");
    match name.split_once('-') {
        Some(("log", _)) => log(place(name)),
        Some(("clerk", _)) => clerk(place(name)),
        _ => key(name),
    }
}

/// The secret of one key under the name and for the purpose of another.
fn disguised(secret: &str, name: &str, kind: KeyKind) -> Signer {
    let seed = match secret.split_once('-') {
        Some(_) => Hash::of(seed_name(secret).as_bytes()),
        None => Hash::of(secret.as_bytes()),
    };
    Signer::from_seed(name, kind, *seed.as_bytes()).expect("a key")
}

/// What the secret of an own key of the ledger grows from.
fn seed_name(name: &str) -> String {
    let (office, place) = name.split_once('-').expect("an own key");
    let office = if office == "log" { ORIGIN.to_owned() } else { format!("{ORIGIN}/clerk") };
    if place == "1" { office } else { format!("{office} {place}") }
}

impl World {
    fn new() -> World {
        let fold = Fold::new();
        let (entries, numbers) = (fold.entries().to_vec(), BTreeMap::new());
        World { replica: fold.replica, entries, now: fold.now, numbers, last: None, version: 1 }
    }

    fn size(&self) -> u64 {
        self.replica.tree().size()
    }

    /// A record of these signers, signed by these keys.
    fn note(&mut self, kind: Kind, signers: &[&str], body: serde_json::Value, keys: &[&Signer]) -> String {
        let mut record: Draft = draft(kind, signers, body);
        let number = self.numbers.entry(signers[0].to_owned()).or_insert(0);
        *number += 1;
        record.number = *number;
        sign(&record.text(ORIGIN), keys).expect("signs")
    }

    /// The record that a step speaks of.
    fn record(&mut self, step: &str) -> String {
        let words: Vec<&str> = step.split(' ').collect();
        match words.as_slice() {
            ["again"] => self.last.clone().expect("a record before"),
            [who, "signs"] => self.designation(who, &key(who)),
            ["impostor", "of", who, "signs"] => self.designation(who, &disguised("an impostor", who, KeyKind::Ed25519)),
            [who, "registers", name] => self.registration(who, name, &key(name), None),
            [who, "registers", name, "with", secret] => {
                self.registration(who, name, &disguised(secret, name, KeyKind::Ed25519), None)
            }
            [who, "registers", name, "as", role] => self.registration(who, name, &key(name), Some(("role", role))),
            [who, "registers", name, "typed", _] => {
                let own = key(name).verifier().to_string();
                self.registration(who, name, &key(name), Some(("vkey", &own)))
            }
            [who, "registers", name, "alone"] => {
                let body = registering(&key(name), |_| {});
                self.note(Kind::KeyRegistration, &[who], body, &[&key(who)])
            }
            [who, "revokes", name] => self.revocation(who, name, None),
            [who, "revokes", name, "from", suspect] => self.revocation(who, name, Some(suspect)),
            [who, "amend", rest @ ..] => self.amendment(who, rest),
            _ => panic!("no such step: {step}"),
        }
    }

    fn designation(&mut self, who: &str, signer: &Signer) -> String {
        let slot = if who.starts_with("US") { "B1" } else { "A1" };
        self.note(Kind::Designation, &[who], designating(slot, "designate"), &[signer])
    }

    fn registration(&mut self, who: &str, name: &str, signer: &Signer, member: Option<(&str, &str)>) -> String {
        let body = registering(signer, |body| {
            if let Some((name, value)) = member {
                body[name] = value.into();
            }
        });
        if who == name {
            return self.note(Kind::KeyRegistration, &[who], body, &[signer]);
        }
        self.note(Kind::KeyRegistration, &[who, name], body, &[&key(who), signer])
    }

    fn revocation(&mut self, who: &str, name: &str, suspect_from: Option<&str>) -> String {
        let mut body = json!({ "name": name, "reason": "superseded" });
        if let Some(suspect_from) = suspect_from {
            body["suspect_from"] = suspect_from.into();
        }
        self.note(Kind::KeyRevocation, &[who], body, &[&key(who)])
    }

    /// `US/root/1,RU/root/1 amend log-2 clerk-2 until 1`: until so many entries after the size of now.
    fn amendment(&mut self, who: &str, rest: &[&str]) -> String {
        let mut body = json!({ "version": self.version + 1 });
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            match *word {
                "quorum" => body["quorum"] = json!({ "all": ["US/mirror", "RU/mirror"] }),
                "until" => {
                    let more: i64 = words.next().and_then(|n| n.parse().ok()).expect("a number");
                    body["log_until"] = (self.size() as i64 + more).into();
                }
                secret if secret.contains('/') => {
                    body["log_vkey"] = disguised(secret, ORIGIN, KeyKind::Ed25519).verifier().to_string().into();
                }
                name if name.starts_with("log") => body["log_vkey"] = named(name).verifier().to_string().into(),
                name => body["clerk_vkey"] = named(name).verifier().to_string().into(),
            }
        }
        let who: Vec<&str> = who.split(',').collect();
        let keys: Vec<Signer> = who.iter().map(|name| key(name)).collect();
        self.note(Kind::Terms, &who, body, &keys.iter().collect::<Vec<_>>())
    }

    /// Takes one batch in; answers what became of each record.
    fn batch(&mut self, notes: &[String]) -> Vec<String> {
        let keys = LedgerKeys { log: (1..5).map(log).collect(), clerk: (1..5).map(clerk).collect() };
        let mut outcomes: Vec<Option<String>> = vec![None; notes.len()];
        let mut incoming = Vec::new();
        for (place, note) in notes.iter().enumerate() {
            let signed = Signed::parse(note.as_bytes()).unwrap_or_else(|malformed| panic!("{malformed:?}"));
            match signed.verify(self.replica.register(), "test") {
                Ok(verified) => incoming.push((place, verified)),
                Err(refused) => outcomes[place] = Some(refused[0].refusal.code().to_owned()),
            }
        }
        let (places, incoming): (Vec<_>, Vec<_>) = incoming.into_iter().unzip();
        let batch = step(&self.replica, incoming, self.now, &keys);
        for (place, outcome) in places.into_iter().zip(batch.outcomes) {
            outcomes[place] = Some(match outcome {
                Outcome::Recorded { .. } => "ok".to_owned(),
                Outcome::Known { .. } => "known".to_owned(),
                Outcome::Refused(refused) => refused[0].refusal.code().to_owned(),
                other => format!("{other:?}"),
            });
        }
        self.replica = batch.next;
        self.entries.extend(batch.entries.into_iter().map(|entry| entry.bytes));
        if let Some(terms) = self.replica.register().terms() {
            self.version = terms.version.unsigned_abs();
        }
        outcomes.into_iter().map(|outcome| outcome.expect("an outcome")).collect()
    }

    /// Tells a story; what did not come out as it says.
    fn tell(&mut self, story: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        for line in story.split(';').map(str::trim).filter(|line| !line.is_empty()) {
            let (steps, wanted) = line.split_once(" => ").expect("a step and its outcome");
            let notes: Vec<String> = steps.split(" + ").map(|step| self.record(step)).collect();
            if !steps.contains("revokes") {
                self.last = notes.last().cloned();
            }
            let found = self.batch(&notes).join(" + ");
            if found != wanted {
                wrong.push(format!("{steps} => {found}, not {wanted}"));
            }
        }
        wrong
    }

    /// What was admitted is admitted again, whenever it is judged.
    fn judged_again(&self) -> Result<(), String> {
        let (mut one_by_one, mut at_once) = (Replica::default(), Replica::default());
        for entry in &self.entries {
            one_by_one.replay(entry.as_bytes(), Signatures::Check).map_err(|error| error.to_string())?;
        }
        let all: Vec<&[u8]> = self.entries.iter().map(String::as_bytes).collect();
        if let Some(error) = at_once.replay_all(&all, Signatures::Check).error {
            return Err(error.to_string());
        }
        let same = one_by_one.head() == self.replica.head() && at_once.head() == self.replica.head();
        if same { Ok(()) } else { Err("the heads differ".to_owned()) }
    }
}

#[test]
fn the_life_of_a_key_goes_as_the_table_says() {
    assert!(STORIES.len() >= 60, "{} stories", STORIES.len());
    let mut wrong = Vec::new();
    for (sentence, story) in STORIES {
        let mut world = World::new();
        let mut faults = world.tell(story);
        faults.extend(world.judged_again().err().map(|error| format!("judged again: {error}")));
        wrong.extend(faults.into_iter().map(|fault| format!("{sentence}\n    {fault}")));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_story_has_a_sentence_of_its_own() {
    let sentences: std::collections::BTreeSet<_> = STORIES.iter().map(|(sentence, _)| sentence).collect();
    assert_eq!(sentences.len(), STORIES.len());
}
