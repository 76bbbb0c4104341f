//! `countersign judge`: a third person, offline, with files that witnesses, mirrors and ledgers kept.

use std::path::{Path, PathBuf};

use countersign::hash::Hash;
use countersign::mirror::evidence::Accused;
use countersign::note::{KeyKind, Signer};
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::fork::{Evidence, Leads};
use countersign::tlog::tiles::encode_bundle;
use countersign::tlog::{Head, Tree, leaf_hash};
use countersign::treaty::entry::Entry;
use countersign::treaty::record::{Kind, Signed};
use countersign::witness::evidence::EvidenceFolder;

use super::support::http::{Api, Call, now};
use super::support::ledger::signed as signed_record;
use super::support::ledger::{ORIGIN, clerk_key, designation, draft, log_key, registration, terms};
use super::support::program::{Folder, run};
use super::support::records::{designating, digest};

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// What the third person was given: a root of trust and entry 0.
struct Third {
    folder: Folder,
    entries: Vec<Vec<u8>>,
}

impl Third {
    fn new() -> Third {
        let folder = Folder::new();
        let notes = [terms(), registration("US/centre/1"), registration("RU/centre/1"), designation("US/centre/1")];
        let entries: Vec<Vec<u8>> = notes
            .iter()
            .map(|note| {
                let signed = Signed::parse(note.as_bytes()).expect("a record");
                Entry::countersign(signed, &clerk_key(), now()).expect("signs").bytes.into_bytes()
            })
            .collect();
        let third = Third { folder, entries };
        third.file("trust", format!("countersign/trust/v1 {ORIGIN} {}\n", digest(&notes[0])));
        third.file("terms", &third.entries[0]);
        third
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.folder.path(name), bytes).expect("written");
        self.folder.path(name)
    }

    fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        self.entries.iter().for_each(|entry| tree.append(leaf_hash(entry)));
        tree
    }

    /// Exit code, and the word of the finding.
    fn judge(&self, files: &[&Path]) -> (Option<i32>, String) {
        let (trust, terms) = (self.folder.path("trust"), self.folder.path("terms"));
        self.judge_with(files, &trust, &terms)
    }

    fn judge_with(&self, files: &[&Path], trust: &Path, terms: &Path) -> (Option<i32>, String) {
        let mut arguments = vec!["judge", "--json", "--trust", text(trust), "--terms", text(terms)];
        arguments.extend(files.iter().map(|path| text(path)));
        let output = run(&arguments);
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let size = said["size"].as_u64().map_or_else(String::new, |size| format!(" {size}"));
        let said = said["finding"].as_str().map(|finding| format!("{finding}{size}"));
        (output.status.code(), said.unwrap_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

fn signed(size: u64, root: Hash) -> (Checkpoint, String) {
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root };
    let note = checkpoint.sign(&log_key()).expect("signs");
    (checkpoint, note)
}

#[test]
fn what_a_witness_kept_of_a_fork_is_proved_to_anybody() {
    let third = Third::new();
    let kept = EvidenceFolder::new(third.folder.root());
    let (held, note) = signed(3, third.tree().root_at(3).expect("a size"));
    let (other, refused) = signed(3, Hash::of(b"another"));
    let fork = kept.keep(&Evidence::of(Some((&held, &note)), &other, &refused)).expect("kept").expect("new");
    assert_eq!(third.judge(&[&fork]), (Some(1), "fork_proved 3".into()));
    // Two sizes show nothing, but for the proof between them.
    let (four, newer) = signed(4, third.tree().root());
    let sizes = kept.keep(&Evidence::of(Some((&four, &newer)), &other, &refused)).expect("kept").expect("new");
    assert_eq!(third.judge(&[&sizes]), (Some(3), "unproved".into()));
    let hashes = third.tree().prove_consistency(3, 4).expect("sizes in order");
    let leads = Leads { from: Head { size: 3, root: held.root }, to: 4, hashes };
    let evidence = Evidence::with_proof((&four, &newer), &other, &refused, &leads);
    let proved = third.file(&evidence.name, &evidence.text);
    assert_eq!(third.judge(&[&proved]), (Some(1), "fork_proved 3".into()));
    // Files of several people are judged together, and a checkpoint may come alone.
    let (mine, theirs) = (third.file("mine", &note), third.file("theirs", &refused));
    assert_eq!(third.judge(&[&mine, &theirs]), (Some(1), "fork_proved 3".into()));
    assert_eq!(third.judge(&[&mine, &mine]), (Some(0), "consistent".into()));
    let newer = third.file("newer", &newer);
    assert_eq!(third.judge(&[&mine, &newer]), (Some(3), "unproved".into()));
}

#[test]
fn what_a_mirror_kept_of_a_broken_rule_is_shown_to_be_signed() {
    let mut third = Third::new();
    third.entries.push(b"no entry at all\n".to_vec());
    let tree = third.tree();
    let (checkpoint, note) = signed(5, tree.root());
    for (index, code, finding) in [(3, "role_not_allowed", (3, "unproved")), (4, "malformed", (1, "not_an_entry"))] {
        let bytes = third.entries[index as usize].clone();
        let accused = Accused { index, bytes, code: code.into(), checkpoint: checkpoint.clone(), note: note.clone() };
        let proof = tree.prove_inclusion(index, 5).expect("a proof");
        let entry = accused.keep(third.folder.root(), Some(proof), log_key().verifier()).expect("kept");
        let proof = entry.with_extension("tlog-proof");
        assert_eq!(third.judge(&[&entry, &proof]), (Some(finding.0), finding.1.to_owned()), "{code}");
        // A receipt that somebody holds is a checkpoint, too.
        let fork = third.file("fork", signed(5, Hash::of(b"another")).1);
        assert_eq!(third.judge(&[&proof, &fork]), (Some(1), "fork_proved 5".into()));
    }
}

#[test]
fn an_entry_that_a_rule_forbids_is_proved_by_the_entries_before_it() {
    let mut third = Third::new();
    // The United States designates a site that is Russia's to designate, and the log signs it; then what is in order.
    let forbidden = signed_record(&draft(Kind::Designation, &["US/centre/1"], designating("A1", "designate")));
    let in_order = designation("RU/centre/1");
    for note in [forbidden, in_order] {
        let signed = Signed::parse(note.as_bytes()).expect("a record");
        third.entries.push(Entry::countersign(signed, &clerk_key(), now()).expect("signs").bytes.into_bytes());
    }
    let tree = third.tree();
    let folder = |name: &str, entries: &[Vec<u8>]| {
        let path = third.folder.path(name);
        std::fs::create_dir_all(path.join("tile/entries/000.p")).expect("made");
        let bundle = encode_bundle(entries.iter().map(Vec::as_slice)).expect("they fit");
        std::fs::write(path.join(format!("tile/entries/000.p/{}", entries.len())), bundle).expect("written");
        let note = signed(entries.len() as u64, Hash::of(b"not looked at")).1;
        std::fs::write(path.join("checkpoint"), note).expect("written");
        path
    };
    let kept = |index: u64| {
        let bytes = third.entries[usize::try_from(index).expect("an index")].clone();
        let (checkpoint, note) = signed(6, tree.root());
        let accused = Accused { index, bytes, code: "role_not_allowed".into(), checkpoint, note };
        let proof = tree.prove_inclusion(index, 6).expect("a proof");
        let entry = accused.keep(third.folder.root(), Some(proof), log_key().verifier()).expect("kept");
        (entry.with_extension("tlog-proof"), entry)
    };
    let judged = |index: u64, folder: &Path| {
        let (proof, entry) = kept(index);
        let path = |name: &str| third.folder.path(name);
        let (trust, terms) = (path("trust"), path("terms"));
        let output = run(&[
            "judge",
            "--folder",
            text(folder),
            "--trust",
            text(&trust),
            "--terms",
            text(&terms),
            text(&entry),
            text(&proof),
        ]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // The copy of a mirror that stopped there, and one that has more.
    let (upto, more) = (folder("upto", &third.entries[..4]), folder("more", &third.entries));
    for copy in [&upto, &more] {
        let (code, said) = judged(4, copy);
        assert!(code == Some(1) && said.contains("PROVED: the log signed entry 4, which the rules forbid"), "{said}");
        assert!(said.contains("role_not_allowed"), "{said}");
    }
    let (code, said) = judged(3, &more);
    assert!(code == Some(3) && said.contains("entry 3 breaks no rule"), "{said}");
    // With other entries before it the same entry could be made to look forbidden.
    let mut others = third.entries.clone();
    others.swap(1, 2);
    let (code, said) = judged(3, &folder("others", &others));
    assert!(code == Some(3) && said.contains("does not hold the entries before it"), "{said}");
    let (code, said) = judged(4, &folder("short", &third.entries[..3]));
    assert!(code == Some(2) && said.contains("has 3 entries, and 4 are needed"), "{said}");
}

#[test]
fn what_the_log_did_not_sign_says_nothing_and_accuses_nobody() {
    let third = Third::new();
    let stranger = Signer::from_seed(ORIGIN, KeyKind::Ed25519, [9; 32]).expect("a key");
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size: 3, root: Hash::of(b"another") };
    let forged = third.file("forged", checkpoint.sign(&stranger).expect("signs"));
    let good = third.file("good", signed(3, third.tree().root_at(3).expect("a size")).1);
    let junk = third.file("junk", b"\xff\xfe");
    assert_eq!(third.judge(&[&forged]), (Some(2), "nothing_signed".into()));
    assert_eq!(third.judge(&[&junk, &forged]), (Some(2), "nothing_signed".into()));
    assert_eq!(third.judge(&[&good, &forged]), (Some(0), "consistent".into()));
    // Without the right entry 0 nobody's key is known.
    let trust = third.file("other-trust", format!("countersign/trust/v1 {ORIGIN} {}\n", Hash::of(b"x")));
    let (code, said) = third.judge_with(&[&good], &trust, &third.folder.path("terms"));
    assert!(code == Some(2) && said.contains("does not hold entry 0"), "{said}");
    let second = third.file("second", &third.entries[1]);
    let (code, said) = third.judge_with(&[&good], &third.folder.path("trust"), &second);
    assert!(code == Some(2) && said.contains("does not hold entry 0"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_ledger_kept_of_a_checkpoint_that_was_brought_is_proved_from_any_bundle() {
    let Some(api) = Api::start().await else { return };
    let token = api.party_token().await;
    let bundle = api.get("/v1/records/3/bundle", &token).await.expect(200).body;
    for size in [2, 5] {
        let (_, note) = signed(size, Hash::of(b"another"));
        let call = Call::new("POST", "/v1/log/evidence").header("content-type", "text/plain").body(note.as_bytes());
        api.send(call).await.expect(200);
    }
    let third = Third::new();
    let trust = third.file("trust", format!("{}\n", api.ledger.trust));
    let terms = third.file("bundle", &bundle);
    let files: Vec<PathBuf> =
        std::fs::read_dir(api.evidence()).expect("kept").map(|item| item.expect("an item").path()).collect();
    assert_eq!(files.len(), 2);
    for file in &files {
        let (code, said) = third.judge_with(&[file], &trust, &terms);
        assert!(code == Some(1) && said.starts_with("fork_proved"), "{said}");
    }
}
