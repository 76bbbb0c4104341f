//! One cosigner, one checkpoint: submit, learn its size from its answer, submit again, and know a lie.
//!
//! A cosigner that holds another size than we think says which (409). If it is behind, the proof begins there; if it is
//! ahead of the round, or refuses a proof that is right, what it shows at its monitoring address decides what to think
//! of it: only a checkpoint under this ledger's own key is a reason for an alarm.
//!
//! Invariants: a cosigner is asked a bounded number of times; one that went back behind what it cosigned for us is not
//! brought anything.
//!
//! Deliberately absent: patience. A cosigner that is slow in this round is asked again in the next.

use super::http::{Answer, Failed, Http};
use super::{Brought, Outcome, Target};
use crate::note::Line;
use crate::tlog::checkpoint::{Checkpoint, decimal};
use crate::tlog::cosignature::{CosignatureError, answered};
use crate::tlog::fork::Evidence;
use crate::tlog::witness::write_request;

/// How often a cosigner may name another size before it is left for this round.
const TRIES: usize = 3;
/// The media type of a size.
const SIZE: &str = "text/x.tlog.size";

impl Target {
    /// Brings the checkpoint of a round to this cosigner. Blocks.
    pub fn ask(&self, brought: &Brought, http: &Http) -> Result<(Line, u64), Outcome> {
        let new = brought.checkpoint.size;
        for _ in 0..TRIES {
            let old = self.holds();
            if old > new {
                return Err(self.ahead(old, brought, http));
            }
            let proof = brought.tree.prove_consistency(old, new).unwrap_or_default(); // both are sizes of this tree
            let answer = http.submit(&self.cosigner.url, &write_request(old, &proof, &brought.signed))?;
            match answer.status {
                200 => return self.cosigned(&answer, brought),
                409 => self.another_size(old, &answer)?,
                422 => return Err(self.shown(&answer, brought, http)),
                429 | 503 => return Err(Outcome::Busy),
                status => return Err(Outcome::Refused { status, said: answer.beginning() }),
            }
        }
        Err(Outcome::Malformed("it names another size at every request"))
    }

    /// Takes the cosigner's line, and nothing else.
    fn cosigned(&self, answer: &Answer, brought: &Brought) -> Result<(Line, u64), Outcome> {
        let body = std::str::from_utf8(&answer.body).map_err(|_| Outcome::Malformed("its lines are not UTF-8"))?;
        let good = answered(&self.cosigner.key, body, &brought.text).map_err(|error| match error {
            CosignatureError::OtherKey => Outcome::Malformed("it answered no line by its key"),
            CosignatureError::Bad => Outcome::Malformed("its cosignature is not good"),
            _ => Outcome::Malformed("it answered no signature lines"),
        })?;
        self.cosigns(brought.checkpoint.size);
        Ok(good)
    }

    /// Notes the size that it names instead of `old`.
    fn another_size(&self, old: u64, answer: &Answer) -> Result<(), Outcome> {
        let body = std::str::from_utf8(&answer.body).unwrap_or_default();
        let size = body.strip_suffix('\n').and_then(decimal).filter(|_| answer.media_type == SIZE);
        let holds = size.ok_or(Outcome::Malformed("it named no size with its conflict"))?;
        if holds == old {
            return Err(Outcome::Malformed("it names the size that it was brought as another one"));
        }
        if holds < self.has_cosigned() {
            return Err(Outcome::WentBack { cosigned: self.has_cosigned(), holds });
        }
        self.says(holds);
        Ok(())
    }

    /// It says that it holds more than this round brings.
    fn ahead(&self, size: u64, brought: &Brought, http: &Http) -> Outcome {
        self.says(self.has_cosigned()); // a claim is not believed for longer than this round
        match self.latest(brought, http) {
            Some(Seen::Newer(size)) => Outcome::Newer { size },
            Some(Seen::Ahead(evidence)) => Outcome::Ahead(evidence),
            Some(Seen::Forked(evidence)) => Outcome::Forked(evidence),
            Some(Seen::Ours) | None if size > (brought.current)(0).size() => Outcome::ClaimsAhead { size },
            Some(Seen::Ours) | None => Outcome::Newer { size },
        }
    }

    /// It refuses a proof that is right, so it holds another root, or is wrong.
    fn shown(&self, answer: &Answer, brought: &Brought, http: &Http) -> Outcome {
        match self.latest(brought, http) {
            Some(Seen::Ahead(evidence)) => Outcome::Ahead(evidence),
            Some(Seen::Forked(evidence)) => Outcome::Forked(evidence),
            Some(Seen::Ours | Seen::Newer(_)) | None => {
                Outcome::Refused { status: answer.status, said: answer.beginning() }
            }
        }
    }

    /// What it shows at its monitoring address, if this ledger signed it.
    fn latest(&self, brought: &Brought, http: &Http) -> Option<Seen> {
        let note = String::from_utf8(http.latest(&self.cosigner.url, &brought.origin).ok()??).ok()?;
        let shown = Checkpoint::open_by(note.as_bytes(), &brought.origin, &brought.log).ok()?;
        let tree = (brought.current)(shown.size);
        let evidence = || Box::new(Evidence::of(Some((&brought.checkpoint, &brought.signed)), &shown, &note));
        Some(match tree.root_at(shown.size) {
            None => Seen::Ahead(evidence()),
            Some(root) if root != shown.root => Seen::Forked(evidence()),
            Some(_) if shown.size > brought.checkpoint.size => Seen::Newer(shown.size),
            Some(_) => Seen::Ours,
        })
    }
}

/// What a checkpoint that this ledger signed says about it.
enum Seen {
    /// It is of this history, and not newer than the round's.
    Ours,
    /// It is of this history, and newer than the round's.
    Newer(u64),
    /// It has more entries than the ledger.
    Ahead(Box<Evidence>),
    /// It has another root.
    Forked(Box<Evidence>),
}

impl From<Failed> for Outcome {
    fn from(failed: Failed) -> Outcome {
        match failed {
            Failed::Absent(why) => Outcome::Absent(why),
            Failed::TooLarge => Outcome::Malformed("its answer is too large"),
        }
    }
}
