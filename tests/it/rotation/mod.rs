//! The ledger's own keys change: who signs what, before, at and after the change.

mod cycle;
mod cycle_table;
mod mirrored;
mod proved;
mod served;

use countersign::note::Verifier;
use countersign::replica::{LedgerKeys, Outcome, ReplayError, Replica, step};
use countersign::service::clock::Clock;
use countersign::service::sequencer::Unavailable;
use countersign::store::memory::MemoryLog;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::treaty::admit::Signatures;
use countersign::treaty::entry::Entry;
use countersign::treaty::record::Signed;
use countersign::treaty::verify::Verified;

use super::support::fold::Fold;
use super::support::ledger::{ORIGIN, Server, begin, beginning, clerk_key, designation, log_key, registration};
use super::support::records::{amendment, simple};
use super::support::rotation::{change, change_to, clerk, log, new_alone, old_and_new};

fn verified(note: &str, replica: &Replica) -> Verified {
    let signed = Signed::parse(note.as_bytes()).expect("a record");
    signed.verify(replica.register(), "test").expect("signed")
}

/// Which of the two clerks countersigned.
fn countersigner(entry: &Entry) -> u8 {
    let by = |clerk: &Verifier| entry.is_countersigned_by(clerk);
    match (by(clerk_key().verifier()), by(clerk(2).verifier())) {
        (true, false) => 1,
        (false, true) => 2,
        other => panic!("{other:?}"),
    }
}

#[test]
fn in_a_batch_across_the_change_each_entry_has_the_clerk_of_its_own_index() {
    let fold = Fold::new();
    let size = fold.replica.tree().size();
    let until = size + 3;
    // The lines that were made while the records waited are the old clerk's.
    let waiting = |note: &str| {
        let mut verified = verified(note, &fold.replica);
        verified.countersign_ahead(&clerk_key(), fold.now).expect("signs");
        verified
    };
    let mut records = vec![waiting(&change_to(2, 2, until))];
    records.extend((0..6).map(|_| waiting(&simple())));
    let batch = step(&fold.replica, records, fold.now, &old_and_new());
    assert_eq!((batch.entries.len(), batch.missing), (7, None));
    let by: Vec<u8> = batch.entries.iter().map(countersigner).collect();
    assert_eq!(by, [1, 1, 1, 2, 2, 2, 2], "entries from index {until} on are the new clerk's");
    let terms = batch.next.register().terms().expect("terms");
    assert_eq!(terms.log.at(until), log_key().verifier());
    assert_eq!(terms.log.at(until + 1), log(2).verifier());
    // Whoever judges them again, one by one or all at once, comes to the same.
    let all: Vec<Vec<u8>> = fold.entries().iter().map(|entry| entry.clone().into_bytes()).collect();
    let all: Vec<&[u8]> =
        all.iter().map(Vec::as_slice).chain(batch.entries.iter().map(|entry| entry.bytes.as_bytes())).collect();
    let (mut one_by_one, mut at_once) = (Replica::default(), Replica::default());
    for entry in &all {
        one_by_one.replay(entry, Signatures::Check).expect("a good entry");
    }
    assert!(at_once.replay_all(&all, Signatures::Check).error.is_none());
    assert_eq!((one_by_one.head(), at_once.head()), (batch.head, batch.head));
}

#[test]
fn an_entry_that_the_other_clerk_countersigned_is_not_taken_up() {
    let fold = Fold::new();
    let until = fold.replica.tree().size() + 2;
    let note = change_to(2, 2, until);
    let entry = |note: &str, place| {
        let signed = Signed::parse(note.as_bytes()).expect("a record");
        Entry::countersign(signed, &clerk(place), fold.now).expect("signs").bytes
    };
    for (places, refused_at) in [
        ([1, 1, 2, 2], None),
        ([2, 1, 2, 2], Some(0)), // not even the entry that names the new key
        ([1, 2, 2, 2], Some(1)),
        ([1, 1, 1, 2], Some(2)),
        ([1, 1, 2, 1], Some(3)),
    ] {
        let notes = [note.clone(), simple(), simple(), simple()];
        let entries: Vec<String> = notes.iter().zip(places).map(|(note, place)| entry(note, place)).collect();
        let entries: Vec<&[u8]> = entries.iter().map(String::as_bytes).collect();
        let (mut at_once, mut one_by_one) = (fold.replica.clone(), fold.replica.clone());
        let replayed = at_once.replay_all(&entries, Signatures::Check);
        let refused = entries.iter().position(|entry| one_by_one.replay(entry, Signatures::Check).is_err());
        assert_eq!((replayed.error.is_some(), replayed.entries.len()), (refused_at.is_some(), refused_at.unwrap_or(4)));
        assert_eq!(refused, refused_at, "{places:?}");
        if let Some(error) = replayed.error {
            assert!(matches!(error, ReplayError::NotCountersigned { .. }), "{error}");
        }
    }
}

#[test]
fn without_the_new_key_a_batch_ends_before_the_change_and_says_which_key_is_missing() {
    let fold = Fold::new();
    let size = fold.replica.tree().size();
    let until = size + 3;
    let records = || {
        let mut records = vec![verified(&change_to(2, 2, until), &fold.replica)];
        records.extend((0..4).map(|_| verified(&simple(), &fold.replica)));
        records
    };
    let none_of = |keys: LedgerKeys, office: &str, vkey: String| {
        let batch = step(&fold.replica, records(), fold.now, &keys);
        let recorded = |i| Outcome::Recorded { index: size + i };
        let left = || Outcome::Unavailable;
        assert_eq!(batch.outcomes, [recorded(0), recorded(1), recorded(2), left(), left()]);
        assert_eq!((batch.entries.len(), batch.head.size), (3, until));
        let missing = batch.missing.expect("a key is missing");
        assert_eq!((missing.office, &missing.vkey, missing.size), (office, &vkey, until + 1));
        let said = missing.to_string();
        assert!(said.contains(&vkey) && said.contains(&format!("size {}", until + 1)), "{said}");
    };
    let (one, two) = (|| vec![log_key(), log(2)], || vec![clerk_key(), clerk(2)]);
    none_of(LedgerKeys { log: vec![log_key()], clerk: two() }, "log", log(2).verifier().to_string());
    none_of(LedgerKeys { log: one(), clerk: vec![clerk_key()] }, "clerk", clerk(2).verifier().to_string());
    // A refused record and one that is known need no key.
    let mut after = fold.clone();
    after.post(&change_to(2, 2, size + 1)).expect("admitted");
    let known = verified(&registration("US/centre/1"), &fold.replica);
    let refused = verified(&amendment(7, |_| {}), &fold.replica);
    let index = after.replica.index_of(&known);
    let keys = LedgerKeys::new(log_key(), clerk_key());
    let batch = step(&after.replica, vec![known, refused], after.now, &keys);
    assert!(matches!(batch.outcomes[1], Outcome::Refused(_)), "{:?}", batch.outcomes);
    assert_eq!((index.is_some(), batch.missing), (false, None), "a registration of other bytes is new");
}

#[test]
fn a_key_that_has_not_begun_is_replaced_and_one_that_has_signed_is_not() {
    let mut fold = Fold::new();
    let size = fold.replica.tree().size();
    fold.post(&change_to(2, 2, size + 1_000)).expect("admitted");
    fold.post(&change(3, size + 2, Some(&log(3)), None)).expect("admitted");
    let terms = fold.register().terms().expect("terms").clone();
    let at = |size| terms.log.at(size).clone();
    assert_eq!(
        [at(size + 2), at(size + 3), at(size + 5_000)],
        [log_key(), log(3), log(3)].map(|k| k.verifier().clone())
    );
    assert_eq!(terms.clerk.at(size + 1_000), clerk_key().verifier(), "the clerk changes as it was said");
    assert_eq!(terms.clerk.at(size + 1_001), clerk(2).verifier());
    let reasons = fold.post(&change(4, size + 1, Some(&log(4)), None));
    assert_eq!(reasons, Err(vec!["log_until@/body/log_until".to_owned()]), "that size was signed");
}

#[tokio::test]
async fn a_server_without_the_new_key_stops_at_the_size_and_one_with_it_goes_on() {
    let store = MemoryLog::default();
    begin(store.handle()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::scripted(beginning());
    let path = |name: &str| folder.path().join(name);
    let old = Server::start(store.handle(), &path("old"), clock.clone()).await.expect("a server");
    let follower = Server::start(store.handle(), &path("follower"), clock.clone()).await.expect("a server");
    old.record(&registration("US/centre/1")).await.expect("recorded");
    old.record(&change_to(2, 2, 4)).await.expect("recorded"); // entry 2
    old.record(&designation("US/centre/1")).await.expect("recorded"); // entry 3
    assert!(old.published.load().halted.load().is_none());
    let note = designation("US/centre/1");
    let first = old.submit(&note).await.expect("what the batch made of it");
    assert_eq!((first.outcome, first.entry.is_none(), first.published.size()), (Outcome::Unavailable, true, 4));
    let why = match old.submit(&note).await {
        Err(Unavailable::Halted(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(why.contains("size 5") && why.contains(&log(2).verifier().to_string()), "{why}");
    assert!(Checkpoint::open(old.checkpoint().as_bytes(), ORIGIN, log_key().verifier()).is_ok());

    let new = Server::start_with(store.handle(), &path("new"), clock.clone(), old_and_new()).await.expect("a server");
    let receipt = new.record(&note).await.expect("recorded");
    assert_eq!((receipt.index, receipt.new), (4, true));
    let newest = new.checkpoint();
    assert!(Checkpoint::open(newest.as_bytes(), ORIGIN, log(2).verifier()).is_ok(), "{newest}");
    assert!(Checkpoint::open(newest.as_bytes(), ORIGIN, log_key().verifier()).is_err());
    // Another server that lacks the key signs nothing over what the first wrote, running or started anew.
    let before = follower.checkpoint();
    let followed = follower.submit(&designation("US/centre/1")).await;
    assert!(matches!(&followed, Err(Unavailable::Halted(why)) if why.contains("size 5")), "{followed:?}");
    assert_eq!(follower.checkpoint(), before);
    assert!(Server::start(store.handle(), &path("third"), clock.clone()).await.is_err());
    let alone = Server::start_with(store.handle(), &path("alone"), clock, new_alone()).await.expect("a server");
    assert_eq!(alone.checkpoint(), newest);
    alone.record(&designation("US/centre/1")).await.expect("recorded");
}
