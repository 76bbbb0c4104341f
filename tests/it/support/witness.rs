//! Somebody who keeps every receipt and every checkpoint, and compares them with the log in the end.

use std::collections::{BTreeSet, HashMap, HashSet};

use countersign::hash::Hash;
use countersign::note::Succession;
use countersign::replica::Replica;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::leaf_hash;
use countersign::tlog::proof::Proof;
use countersign::tlog::verify::verify_consistency;
use countersign::treaty::admit::Signatures;
use countersign::treaty::record::Signed;

use super::ledger::{ORIGIN, Receipt, log_key};

/// What was seen of a ledger from outside.
#[derive(Debug, Default)]
pub struct Witness {
    receipts: HashMap<String, Receipt>,
    new: HashSet<String>,
    checkpoints: BTreeSet<String>,
}

impl Witness {
    /// Keeps the receipt of a note. A second one must say the same.
    pub fn receipt(&mut self, note: &str, receipt: Receipt) {
        assert!(!receipt.new || self.new.insert(note.to_owned()), "one record was new twice");
        let first = self.receipts.entry(note.to_owned()).or_insert_with(|| receipt.clone());
        assert_eq!((first.index, &first.text), (receipt.index, &receipt.text), "two receipts of one record differ");
    }

    /// Keeps a signed checkpoint.
    pub fn checkpoint(&mut self, checkpoint: String) {
        self.checkpoints.insert(checkpoint);
    }

    /// How many notes have a receipt.
    pub fn receipts(&self) -> usize {
        self.receipts.len()
    }

    /// Compares everything that was kept with the entries that a store holds: every receipt's record is where it says,
    /// every record stands once, and every checkpoint is of this very log. Only the first `believed` entries are looked
    /// at, and they must cover everything that was signed.
    pub fn compare(&self, entries: &[Vec<u8>], believed: usize) -> Replica {
        let mut replica = Replica::default();
        let mut digests = HashMap::new();
        for (index, bytes) in entries.iter().take(believed).enumerate() {
            let entry = replica.replay(bytes, Signatures::Check).expect("a good entry");
            let before = digests.insert(entry.signed.digest, index as u64);
            assert_eq!(before, None, "a record stands twice");
        }
        let (tree, head) = (replica.tree(), replica.head());
        let keys = replica.register().terms().map_or_else(first_key, |terms| terms.log.clone());
        for (note, receipt) in &self.receipts {
            let digest = Signed::parse(note.as_bytes()).expect("a record").digest;
            assert_eq!(digests.get(&digest), Some(&receipt.index), "a receipted record is lost or elsewhere");
            let leaf: Hash = leaf_hash(&entries[usize::try_from(receipt.index).expect("an index")]);
            let proof = Proof::parse(&receipt.text).expect("a receipt");
            let checkpoint = open(&proof.checkpoint, &keys);
            proof.verify(leaf, ORIGIN, keys.at(checkpoint.size)).expect("a good receipt");
            self.is_of_this_log(tree, head, &checkpoint);
        }
        for checkpoint in &self.checkpoints {
            self.is_of_this_log(tree, head, &open(checkpoint, &keys));
        }
        replica
    }

    fn is_of_this_log(&self, tree: &countersign::tlog::Tree, head: countersign::tlog::Head, checkpoint: &Checkpoint) {
        assert!(
            checkpoint.size <= head.size,
            "a checkpoint of size {} was signed, {} are stored",
            checkpoint.size,
            head.size
        );
        let proof = tree.prove_consistency(checkpoint.size, head.size).expect("a proof");
        verify_consistency(checkpoint.size, head.size, &proof, checkpoint.root, head.root).expect("no fork");
    }
}

/// The key of a log whose entries cannot be read.
fn first_key() -> Succession {
    Succession::of(log_key().verifier().clone())
}

/// A checkpoint that the log signed with the key of its size.
fn open(checkpoint: &str, keys: &Succession) -> Checkpoint {
    Checkpoint::open_by(checkpoint.as_bytes(), ORIGIN, keys).expect("signed by the log")
}
