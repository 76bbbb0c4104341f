//! Countersignatures that are made while a record waits: used for their own second, and for no other.

use countersign::note::Signer;
use countersign::replica::{Outcome, Replica, step};
use countersign::treaty::record::Signed;
use countersign::treaty::register::Register;
use countersign::treaty::time::Instant;
use countersign::treaty::verify::Verified;

use super::support::ledger::{beginning, clerk_key, designation, ledger_keys, registration, terms};

fn later(seconds: i64) -> Instant {
    Instant::from_seconds(beginning().seconds() + seconds).expect("a time")
}

fn ledger() -> Replica {
    let terms = Signed::parse(terms().as_bytes()).expect("a record").verify(&Register::default(), "test");
    Replica::begin(terms.expect("signed"), beginning(), &clerk_key()).expect("terms").1
}

/// A record that was countersigned ahead for this second, by this key.
fn waiting(replica: &Replica, name: &str, clerk: &Signer, at: Instant) -> Verified {
    let signed = Signed::parse(registration(name).as_bytes()).expect("a record");
    let mut verified = signed.verify(replica.register(), "test").expect("signed");
    assert!(verified.is_authentic());
    verified.countersign_ahead(clerk, at).expect("signs");
    verified
}

#[test]
fn a_line_that_was_made_ahead_stands_only_in_an_entry_of_its_second() {
    let replica = ledger();
    for ahead in [later(5), later(4), later(6)] {
        let records = (0..20).map(|i| waiting(&replica, &format!("US/leader/{i}"), &clerk_key(), ahead)).collect();
        let batch = step(&replica, records, later(5), &ledger_keys());
        assert_eq!(batch.entries.len(), 20);
        for (index, entry) in (1..).zip(&batch.entries) {
            assert_eq!(batch.outcomes[index - 1], Outcome::Recorded { index: index as u64 });
            assert_eq!(entry.received_at, later(5));
            assert!(entry.is_countersigned_by(clerk_key().verifier()), "{ahead}");
            let read = countersign::treaty::entry::Entry::parse(entry.bytes.as_bytes()).expect("an entry");
            assert_eq!((read.received_at, read.signed.note == entry.signed.note), (later(5), true));
        }
        let mut again = replica.clone();
        for entry in &batch.entries {
            let bytes = entry.bytes.as_bytes();
            again.replay(bytes, countersign::treaty::admit::Signatures::Check).expect("the rules admit it");
        }
        assert_eq!(again.head(), batch.head);
    }
}

#[test]
fn a_record_whose_key_is_unknown_is_not_taken_for_authentic() {
    let replica = ledger();
    let unknown = designation("US/centre/1");
    let verified = Signed::parse(unknown.as_bytes()).expect("a record").verify(replica.register(), "test");
    assert!(!verified.expect("nothing is known against it").is_authentic());
}
