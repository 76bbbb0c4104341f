//! A simulation of servers, senders and failures, played again exactly from its seed.
//!
//! Two or three real sequencers share one store in memory that fails on command: it refuses, loses the answer of a
//! commit before or after writing, writes nothing or other bytes and reports success. Servers crash and start again,
//! clocks step, senders try again, and several send the same record. Whatever happens: no receipt is lost, no record
//! stands twice, no two checkpoints contradict each other, and nothing that the store falsified is ever signed.
//!
//! `COUNTERSIGN_SIM_SEEDS` says how many seeds are played, `COUNTERSIGN_SIM_SEED` plays one.

use std::path::Path;
use std::sync::Arc;

use countersign::service::clock::Clock;
use countersign::service::published::Seal;
use countersign::service::sequencer::{Answer, Unavailable};
use countersign::store::memory::{Fault, MemoryLog};
use countersign::treaty::time::Instant;

use super::support::ledger::{ORIGIN, Server, begin, beginning, designation, ledger_keys, receipt_of, registration};
use super::support::postgres::roomy;
use super::support::witness::Witness;

/// SplitMix64: enough chance for a test, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn fault(&mut self, falsifying: bool) -> Option<Fault> {
        match self.roll(24) {
            0 | 1 => Some(Fault::Refuse),
            2 | 3 => Some(Fault::LoseBefore),
            4 | 5 => Some(Fault::LoseAfter),
            6 if falsifying => Some(Fault::Falsify),
            7 if falsifying => Some(Fault::Swallow),
            _ => None,
        }
    }
}

/// Everything that happens in one seed.
struct World {
    dice: Dice,
    log: MemoryLog,
    clock: Clock,
    seconds: i64,
    servers: Vec<Server>,
    seal: Seal,
    witness: Witness,
}

impl World {
    async fn new(seed: u64, folder: &Path) -> World {
        let log = MemoryLog::default();
        begin(log.handle()).await;
        let mut dice = Dice(seed);
        let clock = Clock::scripted(beginning());
        let mut servers = Vec::new();
        for i in 0..2 + dice.roll(2) {
            let heads = folder.join(format!("{seed}-{i}"));
            servers.push(Server::start(log.handle(), &heads, clock.clone()).await.expect("a good store"));
        }
        World {
            dice,
            log,
            clock,
            seconds: beginning().seconds(),
            servers,
            seal: Seal::new(ORIGIN, Arc::new(ledger_keys())),
            witness: Witness::default(),
        }
    }

    /// Sends some of the notes that wait, some of them to two servers at once; answers those without a receipt.
    async fn round(&mut self, waiting: Vec<&'static str>) -> Vec<&'static str> {
        let falsifying = self.dice.0.is_multiple_of(3);
        let faults: Vec<_> = (0..self.dice.roll(4)).map(|_| self.dice.fault(falsifying)).collect();
        self.log.plan(faults).await;
        self.seconds += [0, 0, 1, 1, 2, -1][self.dice.roll(6) as usize];
        self.clock.set(Instant::from_seconds(self.seconds).expect("a time"));
        let (mut later, mut sent) = (Vec::new(), Vec::new());
        for note in waiting {
            let times = self.dice.roll(4);
            for _ in 0..times.min(2) {
                let server = &self.servers[self.dice.roll(self.servers.len() as u64) as usize];
                sent.push((note, server.send(note).await));
            }
            if times == 0 {
                later.push(note);
            }
        }
        if self.dice.roll(4) == 0 {
            // Somewhere between the lock, the commit and the answer.
            for _ in 0..self.dice.roll(12) {
                tokio::task::yield_now().await;
            }
            self.crash().await;
        }
        for (note, answer) in sent {
            let answer = answer.await.unwrap_or(Err(Unavailable::TryAgain("crashed".into())));
            if !self.take(note, answer) && !later.contains(&note) {
                later.push(note);
            }
        }
        for server in &self.servers {
            self.witness.checkpoint(server.checkpoint());
        }
        later
    }

    /// Whether the sender is done with the note.
    fn take(&mut self, note: &str, answer: Result<Answer, Unavailable>) -> bool {
        let Ok(answer) = answer else { return false };
        match receipt_of(&answer, &self.seal) {
            Ok(receipt) => self.witness.receipt(note, receipt),
            // Its key is not registered yet: the sender comes again.
            Err(why) if why.contains("KeyUnknown") => return false,
            Err(why) => panic!("a good record was refused: {why}"),
        }
        true
    }

    /// One server dies where it stands and starts again from the store and its file.
    async fn crash(&mut self) {
        let i = self.dice.roll(self.servers.len() as u64) as usize;
        let old = self.servers.swap_remove(i);
        let heads = old.crash().await;
        // A store that falsified does not open again.
        if let Ok(server) = Server::start(self.log.handle(), &heads, self.clock.clone()).await {
            self.servers.push(server);
        }
    }
}

async fn play(seed: u64, folder: &Path, notes: &[&'static str]) -> (usize, bool) {
    let mut world = World::new(seed, folder).await;
    let mut waiting = notes.to_vec();
    for _ in 0..40 {
        if world.servers.is_empty() {
            break;
        }
        waiting = world.round(waiting).await;
    }
    let falsified = world.log.entries().await.iter().position(|entry| entry.starts_with("countersign/rec0rd"));
    let entries: Vec<Vec<u8>> = world.log.entries().await.into_iter().map(String::into_bytes).collect();
    world.witness.compare(&entries, falsified.unwrap_or(entries.len()));
    (world.witness.receipts(), falsified.is_some())
}

#[test]
fn whatever_fails_no_receipt_is_lost_and_no_checkpoint_contradicts_another() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("COUNTERSIGN_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("COUNTERSIGN_SIM_SEEDS").unwrap_or(200),
    };
    let mut notes = vec![registration("US/centre/1"), registration("RU/centre/1")];
    notes.extend((0..24).map(|i| designation(if i % 2 == 0 { "US/centre/1" } else { "RU/centre/1" })));
    let notes: Vec<&'static str> = notes.into_iter().map(|note| &*note.leak()).collect();
    let folder = tempfile::tempdir_in(roomy()).expect("a folder");
    let (mut receipts, mut falsified, played) = (0, 0, seeds.end - seeds.start);
    for seed in seeds {
        // One thread, and a clock that only the dice move: the seed alone decides.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        println!("seed {seed}"); // shown when it fails
        let (got, bad) = runtime.expect("a runtime").block_on(play(seed, folder.path(), &notes));
        (receipts, falsified) = (receipts + got, falsified + u64::from(bad));
    }
    println!("{played} seeds, {receipts} receipts, {falsified} stores that falsified");
    assert!(played < 100 || (receipts > 0 && falsified > 0), "the dice are loaded");
}
