//! What a mirror asks before it cosigns, beyond one history: that it holds every entry below the size, has judged each,
//! and that none of them is dated outside the time between its own cosignatures.
//!
//! A mirror's line says *I hold every entry below this size and re-ran every rule on it*. Together the lines of one
//! mirror bracket the time of each entry: it came after the line before it and before the line after it, give or take a
//! minute. For this to bind the operator and not the mirror itself, a checkpoint is not cosigned once the log has gone on
//! from it for more than that minute, nor while the origin does not answer: entries that exist then and are not known
//! here could never be cosigned afterwards.
//!
//! Invariants: pure; what it answers depends on its arguments.
//!
//! Deliberately absent: the state, signatures and proofs ([`crate::tlog::witness`]).

use crate::service::copy::Standing;
use crate::service::published::Published;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::witness::Held;
use crate::treaty::time::Instant;
use crate::witness::Withheld;

/// How far an entry may be dated outside the bracket, in seconds.
pub const SLACK: i64 = 60;
/// How long ago the origin may have answered last, in seconds.
pub const CONTACT: u64 = 30;

/// Whether a checkpoint may be cosigned at the time `now`, in POSIX seconds, beside what was cosigned before. `unseen` is
/// for how many seconds the origin has not answered.
pub fn may_cosign(
    published: &Published,
    standing: &Standing,
    unseen: u64,
    checkpoint: &Checkpoint,
    held: Option<&Held>,
    now: u64,
) -> Result<(), Withheld> {
    if let Some(stopped) = standing.stopped() {
        return Err(Withheld::Never(format!(
            "this mirror has stopped: {} at {}: {}",
            stopped.code, stopped.at, stopped.why
        )));
    }
    let (tree, now) = (published.replica.tree(), i64::try_from(now).unwrap_or(i64::MAX));
    if tree.root_at(checkpoint.size) != Some(checkpoint.root) {
        return Err(Withheld::NotYet(format!("this mirror holds {} entries", tree.size())));
    }
    if unseen > CONTACT {
        return Err(Withheld::NotYet("the origin does not answer this mirror".into()));
    }
    let at = |index: u64| published.replica.register().fact(index).map(|fact| fact.received_at);
    // No entry is dated before the one before it, so the first and the last of the new ones tell of all.
    let (first, last) = (held.map_or(0, |held| held.checkpoint.size), checkpoint.size.checked_sub(1));
    if let (Some(held), Some(dated)) = (held, at(first).filter(|_| first < checkpoint.size)) {
        let since = i64::try_from(held.time).unwrap_or(i64::MAX);
        if dated.seconds() < since.saturating_sub(SLACK) {
            let since = Instant::from_seconds(since).unwrap_or_default();
            return Err(Withheld::Never(format!(
                "entry {first} is dated {dated}, before this mirror's cosignature of {since}, which did not cover it"
            )));
        }
    }
    if let Some(dated) = last.and_then(at)
        && dated.seconds() > now.saturating_add(SLACK)
    {
        return Err(Withheld::NotYet(format!("entry {} is dated {dated}, which has not come", checkpoint.size - 1)));
    }
    match at(checkpoint.size) {
        Some(dated) if dated.seconds() < now.saturating_sub(SLACK) => {
            Err(Withheld::NotYet(format!("the log has gone on from this checkpoint since {dated}: bring its newest")))
        }
        _ => Ok(()),
    }
}
