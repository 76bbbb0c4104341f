//! How each cosigner stands, for operators: what it cosigned, how far behind it is, and what went wrong last.
//!
//! Deliberately absent: blame. A cosigner that is silent may be behind a broken cable.

use super::config::CosignerError;
use crate::service::cosigning::Outcome;
use crate::treaty::party::KeyName;
use crate::treaty::time::Instant;

crate::one_of! {
    /// How it went with a cosigner the last time.
    pub enum State {
        /// It cosigned.
        Ok = "ok",
        /// It was not asked yet, asks for time, or holds less than it once cosigned.
        Behind = "behind",
        /// It shows more entries under the ledger's own key than the ledger has.
        Ahead = "ahead",
        /// It shows another history under the ledger's own key.
        Forked = "forked",
        /// It gave no whole answer in time.
        Silent = "silent",
        /// It refused, or answered what is no cosignature.
        Refused = "refused",
        /// The log names no key of this name yet, so it is not asked.
        Unregistered = "unregistered",
        /// Its key was revoked, so it is not asked any more.
        Revoked = "revoked",
    }
}

/// The longest rest of a cosigner that fails again and again, in beats of the interval.
const LONGEST_REST: u32 = 32;

/// How one cosigner stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its key.
    pub name: KeyName,
    /// The greatest size that it cosigned, and when.
    pub cosigned: Option<(u64, Instant)>,
    /// How it went the last time.
    pub state: State,
    /// What went wrong the last time, if it did.
    pub problem: Option<String>,
    /// How often in a row it went wrong.
    misses: u32,
    /// How many beats it is left alone.
    rest: u32,
}

impl Standing {
    /// A cosigner before it is asked anything.
    pub fn new(name: KeyName, cosigned: Option<(u64, Instant)>) -> Standing {
        Standing { name, cosigned, state: State::Behind, problem: None, misses: 0, rest: 0 }
    }

    /// Whether it is asked in a round that somebody waits for: whoever failed the last time would hold it up.
    const fn is_well(&self) -> bool {
        self.misses == 0
    }

    /// Whether it is asked at this beat of the interval. Who fails again and again is asked more and more rarely.
    fn is_asked(&mut self) -> bool {
        let asked = self.rest == 0;
        self.rest = self.rest.saturating_sub(1);
        asked
    }

    /// Whether it is to be asked for this size, on the beat or because somebody waits; if it has a key.
    pub fn is_due(&mut self, size: u64, at_once: bool) -> bool {
        !self.has(size) && if at_once { self.is_well() } else { self.is_asked() }
    }

    /// Takes note of whether the log names a good key for it.
    pub fn has_key(&mut self, missing: Option<&CosignerError>) {
        let state = match missing {
            None if matches!(self.state, State::Unregistered | State::Revoked) => State::Behind,
            None => return,
            Some(CosignerError::Unknown(_)) => State::Unregistered,
            Some(_) => State::Revoked,
        };
        if state != self.state {
            let said = missing.map(ToString::to_string).unwrap_or_default();
            tracing::info!(cosigner = self.name.as_str(), said, state = state.as_str(), "the key of a cosigner");
        }
        (self.state, self.misses, self.rest) = (state, 0, 0);
        self.problem = missing.map(ToString::to_string);
    }

    /// Whether it has cosigned this size.
    pub fn has(&self, size: u64) -> bool {
        self.cosigned.is_some_and(|(cosigned, _)| cosigned >= size)
    }

    /// How it stands at a size: whoever has cosigned it is not behind, asked since the start or not.
    pub fn state_at(&self, size: u64) -> State {
        match self.state {
            State::Behind if self.problem.is_none() && self.has(size) => State::Ok,
            state => state,
        }
    }

    /// Takes note of a line that was kept.
    pub fn cosigns(&mut self, size: u64, at: Instant) {
        if !self.has(size) {
            self.cosigned = Some((size, at));
        }
    }

    /// Takes note of how it went, and writes to the log where that is news.
    pub fn went(&mut self, outcome: &Outcome) {
        let (state, problem) = read(outcome);
        let went_well = matches!(state, State::Ok);
        self.misses = if went_well { 0 } else { self.misses.saturating_add(1) };
        self.rest = 1u32.checked_shl(self.misses.saturating_sub(1)).map_or(LONGEST_REST, |n| n.min(LONGEST_REST)) - 1;
        let (cosigner, said) = (self.name.as_str(), problem.as_deref().unwrap_or_default());
        match (self.state, state) {
            (before, after) if before == after => {}
            (State::Behind, State::Ok) if self.problem.is_none() => tracing::info!(cosigner, "a cosigner answers"),
            (_, State::Ok) => tracing::info!(cosigner, "a cosigner has returned"),
            (_, State::Silent) => tracing::warn!(cosigner, said, "a cosigner has fallen silent"),
            (_, after) => tracing::warn!(cosigner, said, state = after.as_str(), "a cosigner does not cosign"),
        }
        (self.state, self.problem) = (state, problem);
    }
}

/// The state that an outcome leaves, and what to tell the operator.
fn read(outcome: &Outcome) -> (State, Option<String>) {
    let said = |text: &str| Some(text.to_owned());
    match outcome {
        Outcome::Cosigned | Outcome::Newer { .. } => (State::Ok, None),
        Outcome::Absent(why) => (State::Silent, Some(why.clone())),
        Outcome::Busy => (State::Behind, said("it asks to be left alone for now")),
        Outcome::Refused { status, said } => (State::Refused, Some(format!("it answers {status}: {said}"))),
        Outcome::Malformed(what) => (State::Refused, said(what)),
        Outcome::WentBack { cosigned, holds } => (
            State::Behind,
            Some(format!("it cosigned size {cosigned} and says that it holds {holds}: it lost its memory")),
        ),
        Outcome::ClaimsAhead { size } => {
            (State::Refused, Some(format!("it says that it holds size {size}, and does not show it")))
        }
        Outcome::Ahead(_) => (State::Ahead, said("it shows a checkpoint that this ledger signed and does not hold")),
        Outcome::Forked(_) => (State::Forked, said("it shows another history under this ledger's own key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Standing {
        Standing::new(KeyName::parse("US/mirror/1").expect("a name"), None)
    }

    #[test]
    fn who_fails_again_and_again_is_asked_more_and_more_rarely_and_at_once_when_it_is_back() {
        let mut one = standing();
        let mut asked = Vec::new();
        for beat in 0..200 {
            if one.is_asked() {
                asked.push(beat);
                one.went(&Outcome::Absent("no answer".into()));
            }
        }
        assert_eq!(asked, [0, 1, 3, 7, 15, 31, 63, 95, 127, 159, 191]);
        assert!(!one.is_due(1, true) && one.state == State::Silent);
        one.went(&Outcome::Cosigned);
        assert!(one.is_due(1, true) && one.is_due(1, false) && one.problem.is_none());
    }

    #[test]
    fn the_greatest_size_stays() {
        let mut one = standing();
        one.cosigns(5, Instant::default());
        one.cosigns(3, Instant::default());
        assert!(one.has(5) && one.has(4) && !one.has(6));
    }
}
