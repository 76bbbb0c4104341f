//! What files of evidence show about a log, for somebody who was not there.
//!
//! Witnesses, mirrors and the ledger itself keep signed checkpoints that do not go together ([`crate::tlog::fork`]), and a
//! mirror keeps an entry that a rule forbids beside its proof. A third person gives them to [`judge`], with a root of
//! trust and entry 0, which names the log's key.
//!
//! Invariants: only what the log signed counts, and what it did not sign is said to be so. Two roots at one size are a
//! fork, whoever kept the files; checkpoints of different sizes show nothing without a proof between them.
//!
//! Whether a rule forbids an entry depends on all entries before it; whoever has them asks [`rule`].
//!
//! What the clerk signed of the record of accesses ([`super::accesses`]) is judged beside that: two statements that no record
//! could both be.
//!
//! Deliberately absent: who kept the files, and what follows from them.

use super::accesses::{AccessHead, AccessHeadError, FIRST_LINE};
use super::bundle::Bundle;
use super::support::Ledger;
use super::trust::Trust;
use crate::note::{Succession, Verifier};
use crate::replica::Replica;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::fork::{self, Finding};
use crate::tlog::leaf_hash;
use crate::tlog::proof::Proof;
use crate::tlog::verify::{as_last_leaf, verify_inclusion};
use crate::treaty::admit::Signatures;
use crate::treaty::entry::Entry;
use crate::treaty::terms::Terms;

/// What the files show together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The log signed two roots at this size.
    Fork(u64),
    /// The log signed a root of no entries that cannot be.
    NotEmpty,
    /// The log signed as entry of this index what is no entry at all.
    NotAnEntry(u64),
    /// The log signed as entry of this index what a rule forbids there.
    RuleBroken(u64),
    /// The clerk signed two records of so many accesses that contradict each other.
    AccessesChanged(u64),
    /// Nothing contradicts anything: every checkpoint of one size has one root, and some sizes differ.
    Unproved,
    /// All checkpoints are one and the same.
    Same,
    /// No file holds anything that the log signed.
    Nothing,
}

impl Shown {
    /// Whether no answer of the log could explain it.
    pub const fn is_proof(self) -> bool {
        matches!(
            self,
            Shown::Fork(_) | Shown::NotEmpty | Shown::NotAnEntry(_) | Shown::RuleBroken(_) | Shown::AccessesChanged(_)
        )
    }

    /// A word that never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Shown::Fork(_) | Shown::NotEmpty => "fork_proved",
            Shown::NotAnEntry(_) => "not_an_entry",
            Shown::RuleBroken(_) => "rule_broken",
            Shown::AccessesChanged(_) => "accesses_changed",
            Shown::Unproved => "unproved",
            Shown::Same => "consistent",
            Shown::Nothing => "nothing_signed",
        }
    }
}

/// What one file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Checkpoints that the log signed: their sizes.
    Checkpoints(Vec<u64>),
    /// An entry, and at which index a proof in another file or this one shows it, in a checkpoint of which size.
    Entry(Option<(u64, u64)>),
    /// A proof, of the entry at this index in a checkpoint of this size.
    Proof(u64, u64),
    /// What the clerk signed of the record of accesses: of so many events.
    Accesses(u64),
    /// Nothing that counts, and why.
    Nothing(String),
}

/// The judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What all of it shows.
    pub shown: Shown,
    /// What each file holds, in order.
    pub files: Vec<Held>,
}

/// The keys of a log and of its clerk.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Who signs checkpoints.
    pub log: Succession,
    /// Who countersigns.
    pub clerk: Succession,
}

impl Keys {
    fn of(terms: &Terms) -> Keys {
        Keys { log: terms.log.clone(), clerk: terms.clerk.clone() }
    }
}

/// The keys of the log that a root of trust names, from entry 0: a note, or any bundle that has it. Keys that an
/// amendment named later are those of a bundle with that amendment.
pub fn keys_of(text: &str, trust: &Trust) -> Option<Keys> {
    let bundle = Bundle::parse(text).ok();
    let candidates: Vec<&str> = match &bundle {
        Some(bundle) => bundle.support.iter().map(|proved| &*proved.entry).chain([&*bundle.entry]).collect(),
        None => vec![text],
    };
    let first = candidates
        .into_iter()
        .find(|entry| Entry::parse(entry.as_bytes()).is_ok_and(|entry| entry.signed.digest == trust.terms))?;
    let mut replica = Replica::default();
    replica.replay(first.as_bytes(), Signatures::Check).ok()?;
    let terms = replica.register().terms().filter(|terms| terms.origin == trust.origin)?;
    let Some(bundle) =
        bundle.as_ref().filter(|bundle| bundle.support.first().is_some_and(|proved| proved.entry == first))
    else {
        return Some(Keys::of(terms));
    };
    // Amendments are signed by both roots, and judged as such; what cannot be judged names nothing.
    let mut ledger = Ledger::new(replica.register().clone());
    let _ = bundle.support.iter().try_for_each(|proved| ledger.take_up(proved));
    ledger.register.terms().map(|terms| Keys::of(terms))
}

/// What the rules say of an entry that the log signed, from the entries before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruled {
    /// The log signed it, and the rules forbid it: why.
    Forbidden(u64, String),
    /// The rules admit it.
    Admitted(u64),
    /// The entries are not those before it in the log that signed it.
    OtherEntries,
}

/// The proof in these files of the entry in these files; and that entry.
pub fn accused<'f>(files: &'f [Vec<u8>], origin: &str, keys: &Succession) -> Option<(Proof, &'f [u8])> {
    let mut proofs = files.iter().filter_map(|file| as_proof(std::str::from_utf8(file).ok()?));
    proofs.find_map(|proof| {
        let entry = files.iter().find(|file| included(&proof, file, origin, keys).is_some())?;
        Some((proof, entry.as_slice()))
    })
}

/// Judges an entry by all the entries before it. Its proof shows that it is in the log, and that they are.
pub fn rule(before: &Replica, proof: &Proof, entry: &[u8], size: u64) -> Ruled {
    let (index, leaf) = (proof.index, leaf_hash(entry));
    let mut tree = before.tree().clone();
    tree.append(leaf);
    let left = as_last_leaf(index, size, &proof.hashes);
    if tree.size() != index + 1 || verify_inclusion(leaf, index, index + 1, &left, tree.root()).is_err() {
        return Ruled::OtherEntries;
    }
    match before.clone().replay(entry, Signatures::Check) {
        Ok(_) => Ruled::Admitted(index),
        Err(error) => Ruled::Forbidden(index, error.to_string()),
    }
}

/// Judges files about the log with this name and these keys.
pub fn judge(files: &[Vec<u8>], origin: &str, keys: &Keys) -> Judgement {
    let (said, keys) = (Said::of(files, origin, &keys.clerk), &keys.log);
    let proofs: Vec<Option<Proof>> =
        files.iter().map(|file| std::str::from_utf8(file).ok().and_then(as_proof)).collect();
    let mut row = String::new();
    let (mut held, mut not_an_entry) = (Vec::with_capacity(files.len()), None);
    for ((file, proof), said) in files.iter().zip(&proofs).zip(&said.0) {
        if let Some(said) = said {
            held.push(
                said.as_ref().map_or_else(|why| Held::Nothing(why.to_string()), |said| Held::Accesses(said.head.count)),
            );
            continue;
        }
        let text = std::str::from_utf8(file).unwrap_or_default();
        held.push(match proof {
            Some(proof) => match opened(&proof.checkpoint, origin, keys) {
                Ok(checkpoint) => {
                    row.push_str(&format!("{}\n", proof.checkpoint));
                    Held::Proof(proof.index, checkpoint.size)
                }
                Err(why) => Held::Nothing(why),
            },
            None => match checkpoints(text, origin, keys) {
                Ok((sizes, rows)) => {
                    row.push_str(&rows);
                    Held::Checkpoints(sizes)
                }
                Err(why) => {
                    let place = proofs.iter().flatten().find_map(|proof| included(proof, file, origin, keys));
                    let is_entry = Entry::parse(file).is_ok();
                    match place {
                        Some((index, _)) if !is_entry => not_an_entry = not_an_entry.or(Some(index)),
                        _ => {}
                    }
                    if is_entry || place.is_some() { Held::Entry(place) } else { Held::Nothing(why) }
                }
            },
        });
    }
    let has_entry = held.iter().any(|held| matches!(held, Held::Entry(_)));
    let shown = match (fork::judge(&row, origin, &all(keys)), not_an_entry, said.contradiction()) {
        (Ok(Finding::TwoRoots(size)), ..) => Shown::Fork(size),
        (Ok(Finding::NotEmpty), ..) => Shown::NotEmpty,
        (_, Some(index), _) => Shown::NotAnEntry(index),
        (.., Some(count)) => Shown::AccessesChanged(count),
        (Ok(Finding::Unproved), ..) if is_one_size(&held) && !has_entry => Shown::Same,
        (Ok(Finding::Unproved), ..) => Shown::Unproved,
        (Err(_), ..) if row.is_empty() && said.is_one() => Shown::Same,
        (Err(_), ..) if row.is_empty() && said.all().next().is_some() => Shown::Unproved,
        (Err(_), ..) => Shown::Nothing,
    };
    Judgement { shown, files: held }
}

/// What files say of the record of accesses: one that is no such statement says nothing, one that does not count says why.
struct Said(Vec<Option<Result<AccessHead, AccessHeadError>>>);

impl Said {
    fn of(files: &[Vec<u8>], origin: &str, clerks: &Succession) -> Said {
        let is_said = |file: &Vec<u8>| file.starts_with(FIRST_LINE.as_bytes());
        Said(files.iter().map(|file| is_said(file).then(|| AccessHead::open(file, origin, clerks))).collect())
    }

    fn all(&self) -> impl Iterator<Item = &AccessHead> {
        self.0.iter().flatten().flatten()
    }

    /// Of how many events two statements are that contradict each other.
    fn contradiction(&self) -> Option<u64> {
        let contradicted = |said: &&AccessHead| self.all().any(|other| other.contradicts(said));
        self.all().find(contradicted).map(|said| said.head.count)
    }

    /// Whether there are statements, and all of one head.
    fn is_one(&self) -> bool {
        let mut heads = self.all().map(|said| said.head);
        heads.next().is_some_and(|first| heads.all(|head| head == first))
    }
}

fn is_one_size(held: &[Held]) -> bool {
    let mut sizes: Vec<u64> = Vec::new();
    for held in held {
        match held {
            Held::Checkpoints(of) => sizes.extend(of),
            Held::Proof(_, size) => sizes.push(*size),
            Held::Entry(_) | Held::Accesses(_) | Held::Nothing(_) => {}
        }
    }
    sizes.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
}

fn as_proof(text: &str) -> Option<Proof> {
    Proof::parse(text).ok()
}

/// Where a proof shows these bytes, if it does: the index, and the size of the checkpoint.
fn included(proof: &Proof, bytes: &[u8], origin: &str, keys: &Succession) -> Option<(u64, u64)> {
    let size = opened(&proof.checkpoint, origin, keys).ok()?.size;
    proof.verify(leaf_hash(bytes), origin, keys.at(size)).ok()?;
    Some((proof.index, size))
}

/// A checkpoint that the log signed, with the key of its size.
fn opened(note: &str, origin: &str, keys: &Succession) -> Result<Checkpoint, String> {
    Checkpoint::open_by(note.as_bytes(), origin, keys).map_err(|error| error.to_string())
}

/// A row of checkpoints, or one alone: their sizes, and the row.
fn checkpoints(text: &str, origin: &str, keys: &Succession) -> Result<(Vec<u64>, String), String> {
    let (alone, all) = (format!("{text}\n"), all(keys));
    let row = match fork::judge(text, origin, &all) {
        Ok(_) => text.to_owned(),
        Err(error) => match fork::judge(&alone, origin, &all) {
            Ok(_) => alone,
            Err(_) => return Err(error.to_string()),
        },
    };
    let mut reader = fork::Checkpoints::default();
    let notes = row.split_inclusive('\n').filter_map(|line| reader.take(line));
    // What the row holds besides checkpoints are proofs, which have no size of their own.
    let notes = notes.filter(|note| !fork::is_proof(note));
    let sizes = notes.map(|note| opened(&note, origin, keys).map(|checkpoint| checkpoint.size));
    Ok((sizes.collect::<Result<_, _>>()?, row))
}

fn all(keys: &Succession) -> Vec<Verifier> {
    keys.all().cloned().collect()
}
