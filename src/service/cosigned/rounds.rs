//! The task that brings checkpoints to the cosigners: on a beat, and at once where somebody waits.
//!
//! A round takes the newest checkpoint that readers see, brings it to every cosigner that has not cosigned it, and shows
//! each line once it is stored. Who failed the last time is not asked in a round that somebody waits for, and more and
//! more rarely on the beat: a broken cosigner holds up nobody.
//!
//! Invariants: one round at a time; a line is in the store before readers see it; where a cosigner shows what this ledger
//! signed and does not hold, or the store holds another line than was added, the ledger stops writing and the rounds end.
//!
//! Deliberately absent: what a line makes final ([`super::Cosignatures`]).

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::mpsc;

use super::config::{CosignerAt, CosigningSettings};
use super::lines::{self, KeepError};
use super::standing::Standing;
use super::{Cosignatures, Cosigned, Held};
use crate::service::cosigning::{Cosigned as Arrived, Cosigning, Current, Round};
use crate::service::published::{Published, Seal};
use crate::store::StoreError;
use crate::store::cosignature::StoredLine;
use crate::store::read::Reader;
use crate::witness::evidence::EvidenceFolder;

/// How long a checkpoint that a cosigner shows may be newer than what this process has taken up: another process of the
/// ledger may have written it.
const TAKE_UP: Duration = Duration::from_secs(3);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// What brings checkpoints to the cosigners.
pub struct Rounds {
    cosigning: Cosigning,
    cosigners: Vec<CosignerAt>,
    cosigned: Weak<Cosigned>,
    published: Arc<ArcSwap<Published>>,
    seal: Arc<Seal>,
    reader: Reader,
    every: Duration,
}

/// What a round works on.
struct Brought<'a> {
    cosigned: &'a Cosigned,
    published: &'a Published,
    standings: Vec<Standing>,
}

impl Rounds {
    /// Begins, with the lines that the store holds and a folder for what contradicts the ledger. The task ends when nobody
    /// holds what is answered here.
    pub fn start(
        settings: CosigningSettings,
        lines: Cosignatures,
        evidence: EvidenceFolder,
        (published, seal): (Arc<ArcSwap<Published>>, Arc<Seal>),
        reader: Reader,
    ) -> Arc<Cosigned> {
        let CosigningSettings { cosigners, every, within, patience } = settings;
        let standing = |at: &CosignerAt| Standing::new(at.name.clone(), lines.last_of(&at.name));
        let standings = cosigners.iter().map(standing).collect();
        let cosigned = Arc::new(Cosigned::new(lines, standings, patience));
        if cosigners.is_empty() {
            return cosigned;
        }
        let Some(terms) = published.load().replica.register().terms().cloned() else { return cosigned };
        let (log, current) = ((seal.origin(), terms.log.clone()), current(Arc::clone(&published)));
        let cosigning = Cosigning::new(log, evidence, within, current);
        let weak = Arc::downgrade(&cosigned);
        let rounds = Rounds { cosigning, cosigners, cosigned: weak, published, seal, reader, every };
        tokio::spawn(rounds.run());
        cosigned
    }

    async fn run(mut self) {
        while let Some(wanted) = self.cosigned.upgrade().map(|cosigned| Arc::clone(&cosigned.wanted)) {
            let at_once = tokio::time::timeout(self.every, wanted.notified()).await.is_ok();
            let Some(cosigned) = self.cosigned.upgrade() else { return };
            self.round(&cosigned, at_once).await;
            if cosigned.alarm.load().is_some() {
                return;
            }
        }
    }

    /// One round. Whoever waits is told which size was brought.
    async fn round(&mut self, cosigned: &Cosigned, at_once: bool) {
        let published = self.published.load_full();
        let size = published.size();
        let mut brought =
            Brought { cosigned, published: &published, standings: cosigned.standings.load().as_ref().clone() };
        self.resolve(&mut brought);
        let due =
            brought.standings.iter_mut().filter_map(|one| one.is_due(size, at_once).then(|| one.name.to_string()));
        let asked: BTreeSet<String> = due.collect();
        if !asked.is_empty() {
            let (arrived, arriving) = mpsc::unbounded_channel();
            let hand_on = move |line: &Arrived| drop(arrived.send(line.clone())); // whoever keeps them outlives the round
            let bring = self.cosigning.round(|name| asked.contains(name), &published.checkpoint, hand_on);
            let (round, kept) = tokio::join!(bring, keep(&brought, &self.seal, &self.reader, arriving));
            match round {
                Ok(round) => brought.note(&round, &kept),
                Err(error) => tracing::error!(%error, size, "a checkpoint could not be brought to the cosigners"),
            }
        }
        let standings = brought.standings;
        cosigned.standings.store(Arc::new(standings));
        cosigned.changed.send_replace(size);
    }

    /// Asks those whose keys are good at this size.
    fn resolve(&mut self, brought: &mut Brought<'_>) {
        let register = brought.published.replica.register();
        let mut good = Vec::with_capacity(self.cosigners.len());
        for (at, standing) in self.cosigners.iter().zip(&mut brought.standings) {
            let key = at.resolve(register);
            standing.has_key(key.as_ref().err());
            good.extend(key.map(|cosigner| (cosigner, standing.cosigned.map_or(0, |(size, _)| size))));
        }
        if let Some(terms) = register.terms() {
            self.cosigning.ask_only(&terms.log, good);
        }
    }
}

impl Brought<'_> {
    /// Takes note of how it went with each.
    fn note(&mut self, round: &Round, kept: &[Held]) {
        for (name, outcome) in &round.outcomes {
            let Some(standing) = self.standings.iter_mut().find(|one| one.name.as_str() == name) else { continue };
            standing.went(outcome);
            if let Some(held) = kept.iter().find(|held| held.name == standing.name) {
                standing.cosigns(round.checkpoint.size, held.at);
            }
            if outcome.alarm().is_some() {
                self.alarm(format!("the cosigner {name} shows a checkpoint that this ledger signed and does not hold"));
            }
        }
    }

    /// Ends writing and cosigning.
    fn alarm(&self, why: String) {
        tracing::error!(why, "the ledger has stopped writing");
        let why = Arc::new(why);
        self.published.halted.store(Some(Arc::clone(&why)));
        self.cosigned.alarm.store(Some(why));
    }
}

/// Keeps the lines of a round as they come.
async fn keep(
    brought: &Brought<'_>,
    seal: &Seal,
    reader: &Reader,
    mut arriving: mpsc::UnboundedReceiver<Arrived>,
) -> Vec<Held> {
    let mut kept = Vec::new();
    while let Some(arrived) = arriving.recv().await {
        let (size, line) = (brought.published.size(), arrived.line.to_string());
        let new = StoredLine { size, name: arrived.cosigner.clone(), line };
        match lines::keep(brought.cosigned, (brought.published, seal), reader, new).await {
            Ok(held) => kept.push(held),
            Err(error @ (KeepError::Other(_) | KeepError::Store(StoreError::Falsified(_)))) => {
                brought.alarm(error.to_string());
            }
            Err(error) => tracing::warn!(cosigner = arrived.cosigner, %error, "a cosignature is not kept"),
        }
    }
    kept
}

/// The newest tree that this process shows, after waiting as long as another process's batch may take to arrive here.
fn current(published: Arc<ArcSwap<Published>>) -> Current {
    Arc::new(move |size| {
        let mut left = TAKE_UP;
        loop {
            let tree = published.load().replica.tree().clone();
            if tree.size() >= size || left.is_zero() {
                return tree;
            }
            std::thread::sleep(LOOK); // on a thread for waiting: only cosigners' requests ask
            left = left.saturating_sub(LOOK);
        }
    })
}
