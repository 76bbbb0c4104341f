//! A log replayed on every core gives what it gives entry by entry, for good entries and for every kind of bad one.

use countersign::note::clerk::countersign;
use countersign::note::{Line, Note, assemble};
use countersign::replica::Replica;
use countersign::treaty::admit::Signatures;
use countersign::treaty::entry::Entry;
use countersign::treaty::record::{Kind, Signed};
use serde_json::json;

use super::support::fold::Fold;
use super::support::ledger::{clerk_key, draft, registration, signed};
use super::support::records::changing;
use super::support::visits::at;

/// What came of a replay: the root, the entries taken up, and the error.
fn outcome(replica: &Replica, taken: usize, error: Option<String>) -> (String, usize, Option<String>) {
    (format!("{:?}", replica.head()), taken, error)
}

fn one_by_one(entries: &[String]) -> (String, usize, Option<String>) {
    let mut replica = Replica::default();
    for (index, entry) in entries.iter().enumerate() {
        if let Err(error) = replica.replay(entry.as_bytes(), Signatures::Check) {
            return outcome(&replica, index, Some(format!("{error:?}")));
        }
    }
    outcome(&replica, entries.len(), None)
}

fn in_batches(entries: &[String], of: usize) -> (String, usize, Option<String>) {
    let mut replica = Replica::default();
    let mut taken = 0;
    for batch in entries.chunks(of) {
        let batch: Vec<&[u8]> = batch.iter().map(String::as_bytes).collect();
        let replayed = replica.replay_all(&batch, Signatures::Check);
        taken += replayed.entries.len();
        if let Some(error) = replayed.error {
            return outcome(&replica, taken, Some(format!("{error:?}")));
        }
    }
    outcome(&replica, taken, None)
}

/// A log in which keys come and go, and the terms change; and where the key of `US/centre/2` ended.
fn log() -> (Vec<String>, usize) {
    let mut fold = Fold::in_force();
    fold.post(&registration("US/centre/2")).expect("a key");
    fold.add("US/centre/2", Kind::DataChange, &[], changing("A1"));
    let revoked = json!({ "name": "US/centre/2", "reason": "superseded" });
    let end = fold.add("US/root/1", Kind::KeyRevocation, &[], revoked);
    fold.add("US/root/1 RU/root/1", Kind::Terms, &[], json!({ "version": 2, "limits": { "report": "9h" } }));
    for _ in 0..20 {
        fold.add("US/centre/1", Kind::DataChange, &[], changing("A1"));
        fold.add("RU/centre/1", Kind::DataChange, &[], changing("B1"));
    }
    (fold.entries().to_vec(), usize::try_from(end).expect("an index"))
}

/// An entry that no honest ledger would have: it is countersigned well, and signed by this key.
fn entry_by(signer: &str) -> String {
    let note = signed(&draft(Kind::DataChange, &[signer], changing("A1")));
    let note = Signed::parse(note.as_bytes()).expect("a record");
    Entry::countersign(note, &clerk_key(), at("2026-03-01T12:00:00Z")).expect("signs").bytes
}

/// The entry with its lines changed, or its words; countersigned again where that is possible, so that only the one thing
/// is wrong.
fn altered(entry: &str, how: &str) -> String {
    let note = Note::parse(entry.as_bytes()).expect("a note");
    let (mut lines, text): (Vec<Line>, String) = (note.lines().to_vec(), note.text().to_owned());
    let clerk = lines.pop().expect("the clerk's line");
    let again = |text: &str, seconds: u64| {
        let digest = countersign::hash::Hash::of(text.as_bytes());
        countersign(&clerk_key(), &digest, seconds).expect("signs")
    };
    let time = u64::from_be_bytes(clerk.blob[..8].try_into().expect("eight bytes"));
    match how {
        "signature" => lines[0].blob[5] ^= 1,
        "clerk" => {
            let mut clerk = clerk;
            clerk.blob[20] ^= 1;
            lines.push(clerk);
            return assemble(&text, &lines);
        }
        "earlier" => {
            lines.push(again(&text, time - 1_000_000));
            return assemble(&text, &lines);
        }
        "words" => {
            let text = text.replacen("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", 1);
            lines.push(again(&text, time));
            return assemble(&text, &lines);
        }
        "surplus" => lines.push(lines[0].clone()),
        "torn" => return entry[..entry.len() - 9].to_owned(),
        _ => unreachable!("{how}"),
    }
    lines.push(again(&text, time));
    assemble(&text, &lines)
}

#[test]
fn many_entries_at_once_are_judged_as_one_after_the_other() {
    let (good, _) = log();
    let whole = one_by_one(&good);
    assert_eq!((whole.1, &whole.2), (good.len(), &None));
    for of in [1, 7, 16, 256] {
        assert_eq!(in_batches(&good, of), whole, "in batches of {of}");
    }
    for index in [0, 1, 3, 14, 15, 16, 17, 30, good.len() - 1] {
        for how in ["signature", "clerk", "earlier", "words", "surplus", "torn"] {
            if (how, index) == ("earlier", 0) {
                continue; // nothing was received before entry 0
            }
            let mut bad = good.clone();
            bad[index] = altered(&good[index], how);
            let expected = one_by_one(&bad);
            assert!(expected.2.is_some(), "{how} at {index}");
            for of in [16, 256] {
                assert_eq!(in_batches(&bad, of), expected, "{how} at {index}, in batches of {of}");
            }
        }
    }
}

#[test]
fn a_key_counts_as_it_is_at_the_entry_and_not_before_the_batch() {
    let (good, end) = log();
    let late = entry_by("US/centre/2");
    for (place, refused) in
        [(end, None), (end + 1, Some("KeyRevoked")), (good.len(), Some("KeyRevoked")), (9, Some("KeyUnknown"))]
    {
        let mut entries = good.clone();
        entries.insert(place, late.clone());
        let expected = one_by_one(&entries[..=place]);
        match refused {
            None => assert_eq!(expected.2, None, "at {place}"),
            Some(reason) => {
                assert!(expected.2.as_ref().is_some_and(|error| error.contains(reason)), "{place} {expected:?}")
            }
        }
        assert_eq!(in_batches(&entries[..=place], 256), expected, "at {place}");
        // Most of it known before the batch, the key good then.
        let (before, batch) = entries[..=place].split_at(place.min(end));
        let mut replica = Replica::default();
        before.iter().for_each(|entry| drop(replica.replay(entry.as_bytes(), Signatures::Check).expect("good")));
        let batch: Vec<&[u8]> = batch.iter().map(String::as_bytes).collect();
        let replayed = replica.replay_all(&batch, Signatures::Check);
        assert_eq!(replayed.error.map(|error| format!("{error:?}")), expected.2, "at {place}, in a batch of its own");
    }
}
