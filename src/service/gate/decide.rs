//! The decision of the boot gate: may this ledger write?
//!
//! What the database holds is compared with the second store, and with every checkpoint of this log that somebody else
//! shows. A checkpoint of the log's own history that is older is no reason for anything; that it is of this history is
//! decided with the ledger's own tree.
//!
//! | branch | when | the ledger |
//! |---|---|---|
//! | alone | nobody shows anything, and the second store has nothing | serves |
//! | equal | the greatest size anywhere else is its own | serves |
//! | ahead | it has more than anybody else, and all they have | serves |
//! | behind | somebody else has more: it was rolled back | is filled up, or only reads |
//! | forked | somewhere a root differs at one size | stays down |
//!
//! Invariants: pure. A fork goes before everything else. Who is silent is no argument of the decision.
//!
//! Deliberately absent: asking ([`super::ask`]) and filling up ([`super::heal`]).

use std::fmt;

use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::fork::Leads;
use crate::tlog::{Head, Tree};

/// A checkpoint of this log that somebody else has. Whoever makes one has verified the log's line on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who shows it.
    pub by: String,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The same as it was signed.
    pub note: String,
}

impl Seen {
    /// Size and root.
    pub fn head(&self) -> Head {
        Head { size: self.checkpoint.size, root: self.checkpoint.root }
    }
}

/// Entries that were once committed and are not here: from index `from` to before index `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The first that is missing, which is how many there are.
    pub from: u64,
    /// The end of the range.
    pub to: u64,
    /// Who knows of them.
    pub by: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Missing { from, to, by } = self;
        write!(f, "entries {from} to {} are missing here, which {by} knows of", to.saturating_sub(1))
    }
}

/// Where two histories contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fork {
    /// The database has another root than the second store, at this head's size.
    SecondStore(Head),
    /// Somebody shows a checkpoint with another root than the database has, or the second store.
    Shown(Box<Seen>),
    /// Two checkpoints of one size have two roots.
    Between(Box<Seen>, Box<Seen>),
    /// A checkpoint is over more than the database holds, and a proof shows that the database's newest head is not under it.
    Diverged(Box<Seen>, Leads),
}

/// What the gate found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Branch {
    /// Nobody else has anything.
    Alone,
    /// The greatest size elsewhere is this one.
    Equal,
    /// It has all that others have, and more.
    Ahead,
    /// Others have more.
    Behind(Missing),
    /// Two histories.
    Forked(Fork),
}

/// The name of the second store where it is the one that knows of something.
pub const SECOND_STORE: &str = "the file of heads";

/// Decides over a tree, the heads of the second store (ascending), and what others show.
pub fn decide(tree: &Tree, heads: &[Head], seen: &[Seen]) -> Branch {
    if let Some(fork) = fork(tree, heads, seen) {
        return Branch::Forked(fork);
    }
    let shown = seen.iter().map(|seen| (seen.checkpoint.size, seen.by.as_str()));
    let noted = heads.last().map(|head| (head.size, SECOND_STORE));
    // Of several that know of the same, a cosigner is named before our own file.
    let Some((newest, by)) = noted.into_iter().chain(shown).max_by_key(|(size, _)| *size) else {
        return Branch::Alone;
    };
    match newest.cmp(&tree.size()) {
        std::cmp::Ordering::Greater => Branch::Behind(Missing { from: tree.size(), to: newest, by: by.to_owned() }),
        std::cmp::Ordering::Equal => Branch::Equal,
        std::cmp::Ordering::Less => Branch::Ahead,
    }
}

fn fork(tree: &Tree, heads: &[Head], seen: &[Seen]) -> Option<Fork> {
    let differs = |head: &Head| tree.root_at(head.size).is_some_and(|root| root != head.root);
    if let Some(head) = heads.iter().find(|head| differs(head)) {
        return Some(Fork::SecondStore(*head));
    }
    let noted = |size: u64| heads.binary_search_by_key(&size, |head| head.size).ok().and_then(|at| heads.get(at));
    for (place, one) in seen.iter().enumerate() {
        let head = one.head();
        if differs(&head) || noted(head.size).is_some_and(|noted| noted.root != head.root) {
            return Some(Fork::Shown(Box::new(one.clone())));
        }
        let other = seen.iter().take(place).find(|other| other.head().size == head.size && other.head() != head);
        if let Some(other) = other {
            return Some(Fork::Between(Box::new(other.clone()), Box::new(one.clone())));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    const ORIGIN: &str = "ledger.example/a";

    fn tree(size: u64, salt: u8) -> Tree {
        let mut tree = Tree::default();
        // Another salt begins to differ at index 3.
        (0..size).for_each(|i| tree.append(Hash::of(&[i as u8, if i < 3 { 0 } else { salt }])));
        tree
    }

    fn head(size: u64, salt: u8) -> Head {
        Head { size, root: tree(size, salt).root() }
    }

    fn seen(by: &str, size: u64, salt: u8) -> Seen {
        let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root: tree(size, salt).root() };
        Seen { by: by.into(), note: checkpoint.to_string(), checkpoint }
    }

    #[test]
    fn a_ledger_that_nobody_else_knows_of_serves() {
        assert_eq!(decide(&tree(5, 1), &[], &[]), Branch::Alone);
    }

    #[test]
    fn a_ledger_as_long_as_the_longest_elsewhere_is_equal() {
        assert_eq!(decide(&tree(5, 1), &[head(5, 1)], &[]), Branch::Equal);
        assert_eq!(decide(&tree(5, 1), &[], &[seen("US", 2, 1), seen("RU", 5, 1)]), Branch::Equal);
        assert_eq!(decide(&tree(5, 1), &[head(2, 1)], &[seen("US", 5, 1)]), Branch::Equal);
    }

    #[test]
    fn a_ledger_with_more_than_others_of_the_same_history_is_ahead() {
        assert_eq!(decide(&tree(9, 1), &[head(4, 1), head(5, 1)], &[seen("US", 7, 1)]), Branch::Ahead);
        assert_eq!(decide(&tree(9, 1), &[], &[seen("US", 0, 1)]), Branch::Ahead);
    }

    #[test]
    fn a_ledger_is_behind_whoever_has_more_and_the_exact_range_is_said() {
        let behind = |from, to, by: &str| Branch::Behind(Missing { from, to, by: by.into() });
        assert_eq!(decide(&tree(5, 1), &[head(8, 1)], &[]), behind(5, 8, SECOND_STORE));
        assert_eq!(decide(&tree(5, 1), &[head(5, 1)], &[seen("US", 7, 1), seen("RU", 6, 1)]), behind(5, 7, "US"));
        assert_eq!(decide(&tree(5, 1), &[head(6, 1)], &[seen("US", 6, 1)]), behind(5, 6, "US"));
        assert_eq!(decide(&Tree::default(), &[], &[seen("US", 3, 1)]), behind(0, 3, "US"));
    }

    #[test]
    fn another_root_at_one_size_is_a_fork_wherever_it_stands() {
        let forked = |seen| Branch::Forked(Fork::Shown(Box::new(seen)));
        // Older than the ledger, equal, and beside the second store alone.
        assert_eq!(decide(&tree(9, 1), &[], &[seen("US", 9, 1), seen("RU", 5, 2)]), forked(seen("RU", 5, 2)));
        assert_eq!(decide(&tree(9, 1), &[head(9, 1)], &[seen("US", 9, 2)]), forked(seen("US", 9, 2)));
        assert_eq!(decide(&tree(5, 1), &[head(8, 1)], &[seen("US", 8, 2)]), forked(seen("US", 8, 2)));
        let store = Branch::Forked(Fork::SecondStore(head(5, 2)));
        assert_eq!(decide(&tree(9, 1), &[head(2, 1), head(5, 2), head(9, 1)], &[]), store);
        // Beyond what the ledger has, where it cannot tell who is right.
        let between = Fork::Between(Box::new(seen("US", 8, 1)), Box::new(seen("RU", 8, 2)));
        assert_eq!(decide(&tree(5, 1), &[], &[seen("US", 8, 1), seen("RU", 8, 2)]), Branch::Forked(between));
    }

    #[test]
    fn a_fork_goes_before_missing_entries() {
        let both = [seen("US", 12, 1), seen("RU", 4, 2)];
        assert_eq!(decide(&tree(9, 1), &[], &both), Branch::Forked(Fork::Shown(Box::new(seen("RU", 4, 2)))));
    }

    #[test]
    fn what_is_the_same_in_both_histories_accuses_nobody() {
        assert_eq!(decide(&tree(9, 1), &[], &[seen("US", 3, 2)]), Branch::Ahead);
    }
}
