//! What `docs/formats.md` claims: every example on the page is what the program makes and accepts.

use countersign::hash::Hash;
use countersign::note::clerk::{countersign, verify_countersignature};
use countersign::note::{KeyKind, Note, Signer, Verifier, assemble, open, sign_note};
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::cosignature::{cosign, cosigners};
use countersign::tlog::policy::Policy;
use countersign::tlog::proof::Proof;
use countersign::tlog::tiles::{encode_bundle, hash_tile, tiles_of};
use countersign::tlog::verify::verify_consistency;
use countersign::tlog::witness::{Logs, MAX_REQUEST, Witness, write_request};
use countersign::tlog::{Tree, leaf_hash};

use super::unhex;

const TIME: u64 = 1_700_000_000;

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/formats.md");
    std::fs::read_to_string(path).expect("the page")
}

/// The one block of a kind on the page.
fn block(kind: &str) -> String {
    let page = page();
    let fence = format!("\n```{kind}\n");
    let mut blocks = page.split(&fence).skip(1);
    let block = blocks.next().and_then(|rest| rest.split_once("```")).expect("a block").0.to_owned();
    assert!(blocks.next().is_none(), "two blocks of {kind}");
    block
}

/// The cells of the rows whose first cell is one of these, without their code marks.
fn row(first: &str) -> Vec<String> {
    let page = page();
    let line = page.lines().find(|line| line.starts_with(&format!("| {first} |"))).expect("a row");
    line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
}

/// The page says this, as code.
fn says(value: &str) {
    assert!(page().contains(&format!("`{value}`")), "the page lacks {value}");
}

fn key(row_name: &str, kind: KeyKind, first: u8) -> Signer {
    let cells = row(row_name);
    let name = cells[3].split('+').next().expect("a name");
    let signer = Signer::from_seed(name, kind, std::array::from_fn(|i| first + i as u8)).expect("a good seed");
    assert_eq!(cells[1], format!("{first:02x}`…`{:02x}", first + 31));
    assert_eq!(unhex(&cells[2]), signer.verifier().public());
    assert_eq!(cells[3], signer.verifier().to_string());
    signer
}

fn log() -> Signer {
    key("log", KeyKind::Ed25519, 0)
}

fn witness() -> Signer {
    key("witness", KeyKind::Cosignature, 0x20)
}

/// The entries of the page's table, and the roots beside them.
fn tree() -> (Tree, Vec<Vec<u8>>) {
    let (mut tree, mut entries) = (Tree::default(), Vec::new());
    for size in 0..=8 {
        let cells = row(&size.to_string());
        if size > 0 {
            entries.push(unhex(if size == 1 { "" } else { &cells[1] }));
            tree.append(leaf_hash(&entries[size - 1]));
        }
        assert_eq!(cells[2], tree.root().to_hex(), "size {size}");
    }
    (tree, entries)
}

#[test]
fn the_example_note_opens_under_its_key() {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    says(key);
    let text = block("note");
    let note = Note::parse(text.as_bytes()).expect("a note");
    assert!(open(&note, &[Verifier::parse(key).expect("a key")]).is_ok());
}

#[test]
fn the_keys_of_the_page_grow_from_their_seeds() {
    let all = [log(), witness(), key("clerk", KeyKind::Countersign, 0x40), key("author", KeyKind::Ed25519, 0x60)];
    says(&all[0].to_skey().expect("a secret"));
    let empty = row("SHA-256 of nothing");
    assert_eq!((empty[1].as_str(), empty[2].as_str()), (&*Hash::of(b"").to_string(), &*Hash::of(b"").to_base64()));
}

#[test]
fn the_consistency_proof_of_the_page_is_ours() {
    let (tree, _) = tree();
    let hashes: Vec<Hash> = block("hashes").lines().map(|line| Hash::from_base64(line).expect("a hash")).collect();
    assert_eq!(tree.prove_consistency(3, 8).as_ref(), Ok(&hashes));
    assert_eq!(tree.prove_consistency(4, 8).as_deref(), Ok(&hashes[3..]));
    let old = tree.root_at(3).expect("inside");
    assert_eq!(verify_consistency(3, 8, &hashes, old, tree.root()), Ok(()));
}

#[test]
fn the_receipt_of_the_page_is_made_and_verified() {
    let (tree, entries) = tree();
    let file = block("proof");
    says(&Hash::of(file.as_bytes()).to_hex());
    let proof = Proof::parse(&file).expect("a proof");
    says(&Hash::of(proof.checkpoint.as_bytes()).to_hex());
    let (log, witness) = (log(), witness());
    let head = proof.verify(leaf_hash(&entries[3]), "ledger.example/bilateral", log.verifier()).expect("a good proof");
    assert_eq!((head.size, head.root), (8, tree.root()));
    let text = head.to_string();
    let lines = [sign_note(&log, &text).expect("signs"), cosign(&witness, &text, TIME).expect("signs")];
    assert_eq!(proof.checkpoint, assemble(&text, &lines));
    let note = Note::parse(proof.checkpoint.as_bytes()).expect("a note");
    let known = [witness.verifier().clone()];
    let good = cosigners(&note, &known).expect("good lines");
    assert_eq!(good.first().map(|(_, time)| *time), Some(TIME));
    let policy = Policy::parse(&block("policy")).expect("a policy");
    assert!(policy.is_met_by(&[witness.verifier()]) && !policy.is_met_by(&[]));
    assert_eq!(policy.logs()[0].key, *log.verifier());
}

#[test]
fn the_entry_of_the_page_is_made_and_verified() {
    let entry = block("entry");
    let (author, clerk) = (key("author", KeyKind::Ed25519, 0x60), key("clerk", KeyKind::Countersign, 0x40));
    let note = Note::parse(entry.as_bytes()).expect("a note");
    let digest = Hash::of(note.text().as_bytes());
    says(&digest.to_hex());
    says(&leaf_hash(entry.as_bytes()).to_hex());
    assert!(page().contains(&format!("the length {} bytes", entry.len())));
    let lines = [sign_note(&author, note.text()).expect("signs"), countersign(&clerk, &digest, TIME).expect("signs")];
    assert_eq!(entry, assemble(note.text(), &lines));
    assert_eq!(verify_countersignature(clerk.verifier(), &note.lines()[1], &digest), Ok(TIME));
    let trust: countersign::evidence::trust::Trust = block("trust").parse().expect("a root of trust");
    assert_eq!((trust.terms, trust.origin.as_str()), (digest, "ledger.example/bilateral"));
}

#[test]
fn the_tiles_of_the_page_are_ours() {
    let (tree, entries) = tree();
    let hashes = hash_tile(&tree, 8, "tile/0/000.p/8".parse().expect("a path")).expect("inside");
    says(&Hash::of(&hashes).to_hex());
    let bundle = encode_bundle(entries.iter().map(Vec::as_slice)).expect("small");
    assert_eq!(unhex(block("hex").trim_end()), bundle);
    let edge: Vec<String> = tiles_of(70_000).filter(|tile| !tile.is_full()).map(|tile| tile.to_string()).collect();
    assert_eq!(edge.len(), 4);
    edge.iter().for_each(|path| says(path));
}

#[test]
fn every_word_of_the_header_stands_on_the_page() {
    use countersign::treaty::party::{Party, Role};
    use countersign::treaty::record::Channel;
    Party::ALL.iter().for_each(|word| says(word.as_str()));
    Role::ALL.iter().for_each(|word| says(word.as_str()));
    Channel::ALL.iter().for_each(|word| says(word.as_str()));
}

#[test]
fn the_request_on_the_page_is_written_and_cosigned_as_it_says() {
    let (request, (tree, _)) = (block("request"), tree());
    let logs = Logs::parse(&log().verifier().to_string()).expect("a list");
    let witness = Witness::new(witness(), logs).expect("a key for cosigning");
    let signed = |size: u64| {
        let root = tree.root_at(size).expect("a size");
        let checkpoint = Checkpoint { origin: "ledger.example/bilateral".into(), size, root };
        checkpoint.sign(&log()).expect("a good key")
    };
    let proof = tree.prove_consistency(3, 8).expect("a proof");
    assert_eq!(write_request(3, &proof, &signed(8)), request);
    let ask = |body: &str, held| {
        let authentic = witness.authenticate(body.as_bytes()).expect("signed by the log");
        witness.cosign(&authentic, held, TIME).expect("cosigned")
    };
    let held = ask(&write_request(0, &[], &signed(3)), None).held;
    let shown = ask(&request, Some(&held)).held.note;
    assert!(block("proof").ends_with(&format!("\n\n{shown}")), "{shown}");
    let cap = MAX_REQUEST.to_string();
    assert!(page().contains(&format!("{},{}", &cap[..3], &cap[3..])), "the cap is {cap}");
}

#[test]
fn the_word_of_a_window_on_the_page_is_made_and_opened() {
    use countersign::treaty::lodged::Lodged;
    let (word, entry) = (block("lodged"), block("entry"));
    let record = entry.split_at(entry.rfind("— ").expect("the clerk's line")).0;
    let window = key("window", KeyKind::Ed25519, 0x80);
    let said = Lodged {
        origin: "ledger.example/bilateral".into(),
        digest: Hash::of(Note::parse(record.as_bytes()).expect("a note").text().as_bytes()),
        note: Hash::of(record.as_bytes()),
        at: countersign::treaty::time::Instant::from_unsigned(TIME).expect("a time"),
        size: 8,
    };
    assert_eq!(said.sign(&window).expect("signs"), word);
    assert_eq!(Lodged::open(word.as_bytes(), window.verifier()), Some(said));
}

#[test]
fn the_record_of_accesses_on_the_page_is_where_its_event_leads() {
    use countersign::evidence::accesses::AccessHead;
    use countersign::note::Succession;
    use countersign::tlog::chain::{ChainHead, link};
    let token = Hash::of(b"cs_example");
    let fields: [Option<&[u8]>; 10] = [
        Some(b"1700000000000000"),
        Some(b"req_1"),
        Some(token.as_bytes()),
        Some(b"the national centre"),
        Some(b"US"),
        Some(b"party"),
        None,
        Some(b"read"),
        Some(b"/v1/records/6"),
        Some(b"ok"),
    ];
    let (link, note) = (link(&fields), block("accesses"));
    assert_eq!(format!("{}\n", link.to_base64()), block("link"));
    let said = AccessHead {
        origin: "ledger.example/bilateral".into(),
        head: ChainHead::default().after(link),
        said_at: countersign::treaty::time::Instant::from_unsigned(TIME).expect("a time"),
    };
    let clerk = key("clerk", KeyKind::Countersign, 0x40);
    assert_eq!(said.sign(&clerk).expect("signs"), note);
    let clerks = Succession::of(clerk.verifier().clone());
    assert_eq!(AccessHead::open(note.as_bytes(), "ledger.example/bilateral", &clerks), Ok(said));
}
