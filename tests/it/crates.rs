//! The crates of others, against a running server: `signed_note` opens what it hands out, `tlog_tiles` reads the whole
//! log from its tiles, `ct-merkle` checks its proofs. None of our own code reads an answer here.
//!
//! `tests/pure` puts random input to the same crates. What they do not know is the two lines with a time in them, the
//! clerk's and the cosigner's: there the crate finds the line and judges the signature, and the message is put together
//! here, as `docs/formats.md` says.

use std::cell::Cell;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::api::server::{Timers, serve};
use countersign::note::{KeyKind, Signer};
use countersign::tlog::witness::{Logs, Witness, write_request};
use countersign::treaty::record::Kind;
use countersign::witness::evidence::EvidenceFolder;
use countersign::witness::state::State;
use countersign::witness::{Cosigner, http};
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use signed_note::{Note, StandardVerifier, Verifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash, HashReader as _, Tile, TileHashReader, TileReader};

use super::support::ledger::{ORIGIN, clerk_key, draft, key, log_key, signed};
use super::support::records::changing;
use super::support::stock::Stock;

/// More than one whole tile.
const ENTRIES: u64 = 300;

/// A server from outside: an address and a token.
#[derive(Clone)]
struct Outside {
    url: String,
    token: String,
}

impl Outside {
    fn get(&self, path: &str) -> Vec<u8> {
        let request =
            ureq::get(format!("{}{path}", self.url)).header("authorization", format!("Bearer {}", self.token));
        let mut answer = request.call().unwrap_or_else(|error| panic!("{path}: {error}"));
        answer.body_mut().read_to_vec().expect("a body")
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.get(path)).expect("text")
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.get(path)).expect("JSON")
    }

    /// The checkpoint, opened by the other crates alone.
    fn checkpoint(&self) -> Checkpoint {
        let note = Note::from_bytes(&self.get("/checkpoint")).expect("a note");
        let (good, unknown) = note.verify(&known(vec![standard(&log_key())])).expect("signed by the log");
        assert_eq!((good.len(), unknown.len()), (1, 0));
        Checkpoint::from_bytes(note.text()).expect("a checkpoint")
    }

    /// Every entry, cut out of the bundles: two bytes of length before each.
    fn entries(&self, size: u64) -> Vec<Vec<u8>> {
        let mut entries = Vec::new();
        for start in (0..size).step_by(256) {
            let tile = Tile::new(8, 0, start / 256, u32::try_from((size - start).min(256)).expect("small"), true);
            let bundle = self.get(&path_of(&tile));
            let mut rest = bundle.as_slice();
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
                entries.push(entry.to_vec());
                rest = after;
            }
        }
        entries
    }
}

/// Go's paths carry the height of a tile, those of the standard do not.
fn path_of(tile: &Tile) -> String {
    let path = tile.path().replacen("tile/8/data/", "tile/entries/", 1).replacen("tile/8/", "tile/", 1);
    format!("/{path}")
}

fn known(keys: Vec<Box<dyn Verifier>>) -> VerifierList {
    VerifierList::new(keys)
}

fn standard(key: &Signer) -> Box<dyn Verifier> {
    Box::new(StandardVerifier::new(&key.verifier().to_string()).expect("a key"))
}

/// A key whose lines carry a time before the signature, and how the message is made of a time and the note's text.
struct Timed {
    id: u32,
    /// The same key as one that signs texts, so that the other crate does the arithmetic.
    plain: StandardVerifier,
    message: fn(u64, &[u8]) -> Vec<u8>,
}

impl Timed {
    fn boxed(vkey: &str, message: fn(u64, &[u8]) -> Vec<u8>) -> Box<dyn Verifier> {
        let mut parts = vkey.splitn(3, '+');
        let [name, id, encoded] = [(); 3].map(|()| parts.next().expect("three parts"));
        let typed = STANDARD.decode(encoded).expect("base64");
        let id = u32::from_str_radix(id, 16).expect("hex");
        assert_eq!(signed_note::key_id(name, &typed), id, "the other crate computes the same id");
        let public = [&[1], &typed[typed.len() - 32..]].concat();
        let plain = format!("{name}+{:08x}+{}", signed_note::key_id(name, &public), STANDARD.encode(&public));
        Box::new(Timed { id, plain: StandardVerifier::new(&plain).expect("a key"), message })
    }
}

impl Verifier for Timed {
    fn name(&self) -> &str {
        self.plain.name()
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], blob: &[u8]) -> bool {
        let Some((time, signature)) = blob.split_first_chunk::<8>() else { return false };
        self.plain.verify(&(self.message)(u64::from_be_bytes(*time), text), signature)
    }
}

fn clerk() -> Box<dyn Verifier> {
    Timed::boxed(&clerk_key().verifier().to_string(), |time, text| {
        let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("countersign/v1\ntime {time}\nsha256:{digest}\n").into_bytes()
    })
}

fn cosigner(vkey: &str) -> Box<dyn Verifier> {
    Timed::boxed(vkey, |time, text| [format!("cosignature/v1\ntime {time}\n").as_bytes(), text].concat())
}

/// A ledger of [`ENTRIES`] entries behind a port.
async fn ledger() -> Option<(Stock, Outside, tokio::sync::watch::Sender<bool>)> {
    let stock = Stock::new(true).await?;
    while stock.api.size() < ENTRIES {
        stock.api.record(&signed(&draft(Kind::DataChange, &["US/centre/1"], changing("A1")))).await;
    }
    let server = stock.api.listen(Timers::default()).await;
    let outside = Outside { url: format!("http://{}", server.address), token: stock.us.clone() };
    Some((stock, outside, server.stop))
}

/// Runs what blocks beside the server.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_note_opens_every_entry_with_its_authors_and_the_clerks_line() {
    let Some((_stock, outside, _stop)) = ledger().await else { return };
    beside(move || {
        let size = outside.checkpoint().size();
        assert_eq!(size, ENTRIES);
        let mut lines = 0;
        for (index, entry) in outside.entries(size).iter().enumerate() {
            assert_eq!(&outside.get(&format!("/v1/records/{index}/note")), entry, "{index}: one spelling");
            let note = Note::from_bytes(entry).expect("a note");
            let text = std::str::from_utf8(note.text()).expect("text");
            let record: Value =
                serde_json::from_str(text.split_once('{').map(|(_, r)| format!("{{{r}")).as_deref().expect("JSON"))
                    .expect("JSON");
            let names: Vec<&str> =
                record["signers"].as_array().expect("signers").iter().map(|n| n.as_str().expect("a name")).collect();
            let mut keys: Vec<Box<dyn Verifier>> = names.iter().map(|name| standard(&key(name))).collect();
            keys.push(clerk());
            let (good, unknown) = note.verify(&known(keys)).unwrap_or_else(|error| panic!("{index}: {error}"));
            assert_eq!((good.len(), unknown.len()), (names.len() + 1, 0), "{index}");
            lines += good.len();
        }
        assert!(lines > 2 * usize::try_from(ENTRIES).expect("small"));

        // The time of receipt is under the clerk's signature.
        let entry = outside.get("/v1/records/20/note");
        let entry = String::from_utf8(entry).expect("text");
        let (rest, last) = entry.trim_end().rsplit_once(' ').expect("a line");
        let mut blob = STANDARD.decode(last).expect("base64");
        blob[11] ^= 1; // behind four bytes of key id: the last byte of the time
        let altered = format!("{rest} {}\n", STANDARD.encode(blob));
        let note = Note::from_bytes(altered.as_bytes()).expect("a note");
        assert!(note.verify(&known(vec![clerk()])).is_err());
    })
    .await;
}

/// A log that is read from its server, tile by tile.
struct Tiles {
    outside: Outside,
    asked: Cell<usize>,
    /// Turns a bit of the tile that is asked for by this number.
    lies: Option<usize>,
}

impl Tiles {
    fn of(outside: &Outside, lies: Option<usize>) -> Tiles {
        Tiles { outside: outside.clone(), asked: Cell::new(0), lies }
    }
}

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| {
            let mut bytes = self.outside.get(&path_of(tile));
            if self.lies == Some(self.asked.get()) {
                bytes[20] ^= 1;
            }
            self.asked.set(self.asked.get() + 1);
            bytes
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn tlog_tiles_reads_the_log_from_its_tiles_and_notices_one_that_lies() {
    let Some((_stock, outside, _stop)) = ledger().await else { return };
    beside(move || {
        let checkpoint = outside.checkpoint();
        let (size, root) = (checkpoint.size(), *checkpoint.hash());
        let tiles = Tiles::of(&outside, None);
        let reader = TileHashReader::new(size, root, &tiles);
        assert_eq!(tlog_tiles::tree_hash(size, &reader).expect("tiles of the tree"), root);
        let places: Vec<u64> = (0..size).map(|index| tlog_tiles::stored_hash_index(0, index)).collect();
        let leaves = reader.read_hashes(&places).expect("tiles of the tree");
        for (index, entry) in (0..).zip(outside.entries(size)) {
            let leaf = tlog_tiles::record_hash(&entry);
            assert_eq!(leaves[usize::try_from(index).expect("small")], leaf, "entry {index}");
            if index % 37 == 0 || index + 1 == size {
                let proof = tlog_tiles::prove_record(size, index, &reader).expect("tiles of the tree");
                tlog_tiles::check_record(&proof, size, root, index, leaf).expect("a good proof");
                let answered = outside.json(&format!("/v1/log/proofs/inclusion/{index}/{size}"));
                assert_eq!(hashes(&answered["hashes"]), proof, "the server's own proof of {index}");
            }
        }
        for first in [1, 2, 255, 256, 257, size - 1] {
            let proof = tlog_tiles::prove_tree(size, first, &reader).expect("tiles of the tree");
            let answered = outside.json(&format!("/v1/log/proofs/consistency/{first}/{size}"));
            assert_eq!(hashes(&answered["hashes"]), proof, "the server's own proof of {first}");
            let earlier = hashes(&Value::Array(vec![answered["first_root"].clone()]))[0];
            tlog_tiles::check_tree(&proof, size, root, first, earlier).expect("a good proof");
        }

        // Whatever tile is wrong, it is noticed. Version 0.2.0 of the crate leaves a whole tile unauthenticated where the
        // root is made of more hashes than tiles hold them; then the entries do not fit their leaves.
        let honest = Tiles::of(&outside, None);
        assert_eq!(TileHashReader::new(size, root, &honest).read_hashes(&places).expect("tiles of the tree"), leaves);
        assert_eq!(honest.asked.get(), 3, "a whole tile, a part of one, and the tile above them");
        let noticed = |lie| match TileHashReader::new(size, root, &Tiles::of(&outside, Some(lie))).read_hashes(&places)
        {
            Err(_) => "by the reader",
            Ok(read) if read != leaves => "by the entries",
            Ok(_) => "by nobody",
        };
        assert_eq!([0, 1, 2].map(noticed), ["by the reader", "by the reader", "by the entries"]);
    })
    .await;
}

/// Hashes as the server writes them in JSON.
fn hashes(value: &Value) -> Vec<Hash> {
    let decode = |hash: &Value| {
        let bytes = STANDARD.decode(hash.as_str().expect("base64")).expect("base64");
        Hash(bytes.try_into().expect("32 bytes"))
    };
    value.as_array().expect("hashes").iter().map(decode).collect()
}

/// The same as one row of bytes, as `ct-merkle` takes them.
fn row(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn root(hash: Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new(hash.0.into(), size)
}

#[tokio::test(flavor = "multi_thread")]
async fn ct_merkle_checks_the_proofs_and_the_receipts() {
    let Some((_stock, outside, _stop)) = ledger().await else { return };
    beside(move || {
        let checkpoint = outside.checkpoint();
        let (size, head) = (checkpoint.size(), root(*checkpoint.hash(), checkpoint.size()));
        for (index, entry) in (0..).zip(outside.entries(size)).step_by(29) {
            let answered = outside.json(&format!("/v1/log/proofs/inclusion/{index}/{size}"));
            let proof = |bytes| InclusionProof::<Sha256>::try_from_bytes(bytes).expect("hashes");
            let bytes = row(&hashes(&answered["hashes"]));
            head.verify_inclusion(&entry, index, &proof(bytes.clone())).expect("a good proof");
            assert!(head.verify_inclusion(&entry, index ^ 1, &proof(bytes)).is_err(), "another place");

            // The receipt, by its own checkpoint.
            let receipt = outside.text(&format!("/v1/records/{index}/receipt"));
            let (proved, note) = receipt.split_once("\n\n").expect("a checkpoint");
            let mut lines = proved.lines();
            assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
            assert_eq!(lines.next(), Some(format!("index {index}").as_str()));
            let path: Vec<u8> = lines.flat_map(|line| STANDARD.decode(line).expect("base64")).collect();
            let note = Note::from_bytes(note.as_bytes()).expect("a note");
            note.verify(&known(vec![standard(&log_key())])).expect("signed by the log");
            let of = Checkpoint::from_bytes(note.text()).expect("a checkpoint");
            root(*of.hash(), of.size()).verify_inclusion(&entry, index, &proof(path)).expect("a good receipt");
        }
        for first in [1, 2, 255, 256, 257, size - 1] {
            let answered = outside.json(&format!("/v1/log/proofs/consistency/{first}/{size}"));
            let earlier = root(hashes(&Value::Array(vec![answered["first_root"].clone()]))[0], first);
            let proof = |bytes| ConsistencyProof::<Sha256>::try_from_bytes(bytes).expect("hashes");
            let bytes = row(&hashes(&answered["hashes"]));
            head.verify_consistency(&earlier, &proof(bytes.clone())).expect("a good proof");
            let other = RootHash::new(Sha256::digest(b"another tree"), first);
            assert!(head.verify_consistency(&other, &proof(bytes)).is_err());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_note_opens_the_checkpoint_that_a_running_witness_cosigned() {
    let Some((_stock, outside, _stop)) = ledger().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let signer = Signer::from_seed("witness.example/w1", KeyKind::Cosignature, [7; 32]).expect("a key");
    let vkey = signer.verifier().to_string();
    let mut logs = Logs::default();
    logs.add(ORIGIN.to_owned(), log_key().verifier().clone()).expect("a log");
    let witness = Witness::new(signer, logs).expect("a witness");
    let state = State::begin(&folder.path().join("state")).expect("a file");
    let evidence = EvidenceFolder::new(&folder.path().join("evidence"));
    let cosigner_of = Cosigner::new(witness, state, evidence, Box::new(|| 1_800_000_000));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address: SocketAddr = listener.local_addr().expect("an address");
    let (_end, stopped) = tokio::sync::watch::channel(false);
    let timers = Timers::default();
    let routes = http::routes(std::sync::Arc::new(cosigner_of), timers.body);
    tokio::spawn(serve(listener, routes, timers, stopped));
    beside(move || {
        let checkpoint = outside.text("/checkpoint");
        let request = write_request(0, &[], &checkpoint);
        let mut answer = ureq::post(format!("http://{address}/add-checkpoint")).send(request).expect("200");
        let line = answer.body_mut().read_to_string().expect("a line");
        let note = format!("{checkpoint}{line}");
        let keys = || known(vec![standard(&log_key()), cosigner(&vkey)]);
        let read = Note::from_bytes(note.as_bytes()).expect("a note");
        let (good, unknown) = read.verify(&keys()).expect("good lines");
        assert_eq!((good.len(), unknown.len()), (2, 0));
        assert_eq!(good[1].signature()[..8], 1_800_000_000_u64.to_be_bytes());
        // The crate that knows no such lines still opens it; and one other digit of the size is noticed.
        let (good, unknown) = read.verify(&known(vec![standard(&log_key())])).expect("the log's line");
        assert_eq!((good.len(), unknown.len()), (1, 1));
        let other = note.replacen(&format!("\n{ENTRIES}\n"), "\n301\n", 1);
        let other = Note::from_bytes(other.as_bytes()).expect("a note");
        assert!(other.verify(&known(vec![cosigner(&vkey)])).is_err());
    })
    .await;
}
