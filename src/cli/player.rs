//! Somebody who writes records through the public API, as any client does: for demonstrations and measurements.
//!
//! Invariants: a player uses nothing but HTTP and the keys it holds; every record goes through the same rules as
//! anybody's.
//!
//! Deliberately absent: what is written. That is the business of whoever plays.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;
use uuid::{ContextV7, Timestamp, Uuid};

use super::client::{Answer, Client};
use crate::author::{self, Draft};
use crate::hash::Hash;
use crate::note::Signer;
use crate::service::clock::Clock;
use crate::treaty::party::KeyName;
use crate::treaty::record::{Anchor, Channel, Kind};
use crate::treaty::time::Instant;

/// How often a note is sent while the ledger is busy.
const ATTEMPTS: u32 = 5;

/// A key, and how many records it is the author of.
struct Office {
    signer: Signer,
    written: u64,
}

/// Writes records with the keys it holds.
pub struct Player {
    client: Client,
    origin: String,
    clock: Clock,
    offices: BTreeMap<String, Office>,
    anchor: Anchor,
    order: ContextV7,
}

/// What one record says, before it has a number and an anchor.
pub struct Statement<'a> {
    /// The kind.
    pub kind: Kind,
    /// The names of the keys that sign; the first is the author's.
    pub signers: &'a [&'a str],
    /// Records that it refers to.
    pub refs: Vec<Hash>,
    /// The time of the fact.
    pub effective_at: Option<Instant>,
    /// How it reached the other side first.
    pub channel: Channel,
    /// The body.
    pub body: Value,
}

impl<'a> Statement<'a> {
    /// A statement between national centres, with no references and no time of its own.
    pub fn new(kind: Kind, signers: &'a [&'a str], body: Value) -> Statement<'a> {
        Statement { kind, signers, refs: Vec::new(), effective_at: None, channel: Channel::NationalCentre, body }
    }

    /// The same, about these records.
    pub fn about(self, refs: &[Hash]) -> Statement<'a> {
        Statement { refs: refs.to_vec(), ..self }
    }

    /// The same, of a fact that happened then.
    pub fn effective(self, at: Instant) -> Statement<'a> {
        Statement { effective_at: Some(at), ..self }
    }

    /// The same, handed over at the site.
    pub fn on_site(self) -> Statement<'a> {
        Statement { channel: Channel::OnSite, ..self }
    }
}

impl Player {
    /// A player at the ledger that `client` reaches; it looks up the newest checkpoint.
    pub fn new(client: Client, clock: Clock) -> anyhow::Result<Player> {
        let about = client.fetch_json("/v1/log")?;
        let origin = about["origin"].as_str().context("the ledger does not say its name")?.to_owned();
        let anchor = anchor(&about["checkpoint"])?;
        Ok(Player { client, origin, clock, offices: BTreeMap::new(), anchor, order: ContextV7::new() })
    }

    /// Gives the player a key that has been the author of `written` records.
    pub fn hold(&mut self, signer: Signer, written: u64) {
        self.offices.insert(signer.verifier().name().to_owned(), Office { signer, written });
    }

    /// The public half of a key that the player holds.
    pub fn vkey(&self, name: &str) -> anyhow::Result<String> {
        let office = self.offices.get(name).with_context(|| format!("nobody holds the key {name}"))?;
        Ok(office.signer.verifier().to_string())
    }

    /// Leaves out so many of a key's numbers.
    pub fn skip(&mut self, name: &str, numbers: u64) -> anyhow::Result<()> {
        self.offices.get_mut(name).with_context(|| format!("nobody holds the key {name}"))?.written += numbers;
        Ok(())
    }

    /// The signed text of a statement, numbered and anchored, without sending it.
    pub fn sign(&mut self, statement: Statement<'_>) -> anyhow::Result<String> {
        let author = *statement.signers.first().context("a record has an author")?;
        let now = self.clock.now();
        let time = Timestamp::from_unix(&self.order, now.unsigned(), 0);
        let office = self.offices.get_mut(author).with_context(|| format!("nobody holds the key {author}"))?;
        office.written += 1;
        let draft = Draft {
            id: Uuid::new_v7(time),
            kind: statement.kind,
            party: KeyName::parse(author).with_context(|| format!("{author} is no key name"))?.party(),
            signers: statement.signers.iter().map(|name| (*name).to_owned()).collect(),
            number: office.written,
            signed_at: now,
            effective_at: statement.effective_at,
            anchor: self.anchor,
            channel: statement.channel,
            refs: statement.refs,
            body: statement.body,
        };
        let mut signers = Vec::with_capacity(statement.signers.len());
        for name in statement.signers {
            signers.push(&self.offices.get(*name).with_context(|| format!("nobody holds the key {name}"))?.signer);
        }
        Ok(author::sign(&draft.text(&self.origin), &signers)?)
    }

    /// Signs and sends a statement; answers its digest.
    pub fn say(&mut self, statement: Statement<'_>) -> anyhow::Result<Hash> {
        let kind = statement.kind;
        let note = self.sign(statement)?;
        self.deliver(&note).with_context(|| format!("a {kind} was not recorded"))
    }

    /// Sends a note that was signed before; answers its digest.
    pub fn deliver(&mut self, note: &str) -> anyhow::Result<Hash> {
        let answer = self.send(note)?.success()?;
        let answer: Value = serde_json::from_slice(&answer).context("the answer is not JSON")?;
        self.anchor = anchor(&answer["checkpoint"])?;
        answer["digest"].as_str().and_then(|digest| digest.parse().ok()).context("the answer has no digest")
    }
}

impl Player {
    /// Sends a note; again where the ledger says that it could not write now, which is always safe.
    fn send(&self, note: &str) -> anyhow::Result<Answer> {
        for _ in 1..ATTEMPTS {
            let answer = self.client.post("/v1/records", "text/plain; charset=utf-8", note.as_bytes())?;
            if answer.status != 503 {
                return Ok(answer);
            }
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
        self.client.post("/v1/records", "text/plain; charset=utf-8", note.as_bytes())
    }
}

fn anchor(checkpoint: &Value) -> anyhow::Result<Anchor> {
    let size = checkpoint["size"].as_u64();
    let root = checkpoint["root"].as_str().and_then(|root| root.parse().ok());
    let (Some(size), Some(root)) = (size, root) else { anyhow::bail!("the ledger answered no size and root") };
    Ok(Anchor { size, root })
}
