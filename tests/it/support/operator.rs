//! An operator who holds the log's and the clerk's keys and does what he likes: an origin without a single rule.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use countersign::hash::Hash;
use countersign::note::Signer;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::tiles::{TilePath, encode_bundle};
use countersign::tlog::{Tree, leaf_hash};
use countersign::treaty::entry::Entry;
use countersign::treaty::record::Signed;
use countersign::treaty::time::Instant;

use super::ledger::{ORIGIN, clerk_key, log_key, registration, terms};
use super::records::digest;

/// What the operator shows.
#[derive(Clone, Default)]
pub struct Shown {
    entries: Vec<Vec<u8>>,
    /// The checkpoint, if not that of all entries.
    checkpoint: Option<String>,
    /// What the tiles of entries hold from the second time on that one is asked for.
    then: Option<Vec<Vec<u8>>>,
    /// Tiles of entries beyond this index are not answered.
    broken_from: Option<u64>,
}

impl Shown {
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        self.entries.iter().for_each(|entry| tree.append(leaf_hash(entry)));
        tree
    }

    /// The checkpoint over the first entries, well signed.
    pub fn signed(&self, size: u64) -> String {
        let root = self.tree().root_at(size).expect("a size that it has had");
        Checkpoint { origin: ORIGIN.into(), size, root }.sign(&log_key()).expect("signs")
    }
}

/// The operator, on a port of the loopback.
#[derive(Clone)]
pub struct Operator {
    pub url: String,
    /// The digest of entry 0.
    pub terms: Hash,
    shown: Arc<Mutex<Shown>>,
}

impl Operator {
    /// A log with the terms and a centre for each Party, received at `at`.
    pub async fn start(at: Instant) -> Operator {
        let terms = terms();
        let operator = Operator::serve(digest(&terms)).await;
        for note in [terms, registration("US/centre/1"), registration("RU/centre/1")] {
            operator.append(&note, at);
        }
        operator
    }

    /// Somebody who shows these entries.
    pub async fn of(entries: Vec<Vec<u8>>) -> Operator {
        let first = entries.first().map_or_else(Hash::default, |first| Hash::of(first));
        let operator = Operator::serve(first).await;
        operator.change(|shown| shown.entries = entries);
        operator
    }

    /// The entries.
    pub fn entries(&self) -> Vec<Vec<u8>> {
        self.shown().entries
    }

    async fn serve(terms: Hash) -> Operator {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let shown = Arc::new(Mutex::new(Shown::default()));
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let operator = Operator { url, terms, shown: Arc::clone(&shown) };
        let routes = Router::new()
            .route("/checkpoint", get(checkpoint))
            .route("/tile/entries/{*path}", get(tile))
            .route("/v1/log/proofs/consistency/{first}/{second}", get(consistency))
            .route("/v1/log/proofs/inclusion/{index}/{size}", get(inclusion))
            .with_state(shown);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        operator
    }

    /// Appends a note as an entry, well countersigned, whatever the rules say. Answers its index.
    pub fn append(&self, note: &str, at: Instant) -> u64 {
        self.append_by(note, at, &clerk_key())
    }

    /// The same, countersigned by another key.
    pub fn append_by(&self, note: &str, at: Instant, clerk: &Signer) -> u64 {
        let signed = Signed::parse(note.as_bytes()).expect("a record");
        let entry = Entry::countersign(signed, clerk, at).expect("signs");
        let mut shown = self.shown.lock().expect("no panic");
        shown.entries.push(entry.bytes.into_bytes());
        shown.entries.len() as u64 - 1
    }

    /// Changes what is shown.
    pub fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.lock().expect("no panic"));
    }

    /// What is shown now.
    pub fn shown(&self) -> Shown {
        self.shown.lock().expect("no panic").clone()
    }

    /// Forgets every entry from this size on.
    pub fn cut(&self, size: usize) {
        self.change(|shown| shown.entries.truncate(size));
    }

    /// Shows this checkpoint, whatever the entries are.
    pub fn show(&self, checkpoint: Option<String>) {
        self.change(|shown| shown.checkpoint = checkpoint);
    }

    /// Answers the first tile of entries as it is, and every later one from these entries.
    pub fn then(&self, entries: Vec<Vec<u8>>) {
        self.change(|shown| shown.then = Some(entries));
    }

    /// Stops answering for tiles of entries from this index on.
    pub fn break_from(&self, index: Option<u64>) {
        self.change(|shown| shown.broken_from = index);
    }

    pub fn size(&self) -> u64 {
        self.shown().entries.len() as u64
    }

    /// The checkpoint over everything.
    pub fn newest(&self) -> String {
        let shown = self.shown();
        shown.signed(shown.entries.len() as u64)
    }
}

type Held = State<Arc<Mutex<Shown>>>;

async fn checkpoint(State(shown): Held) -> String {
    let shown = shown.lock().expect("no panic").clone();
    shown.checkpoint.clone().unwrap_or_else(|| shown.signed(shown.entries.len() as u64))
}

async fn tile(State(shown): Held, Path(path): Path<String>) -> Result<Vec<u8>, StatusCode> {
    let mut shown = shown.lock().expect("no panic");
    let tile: TilePath = format!("tile/entries/{path}").parse().map_err(|_| StatusCode::NOT_FOUND)?;
    let range = tile.range(shown.entries.len() as u64).map_err(|_| StatusCode::NOT_FOUND)?;
    if shown.broken_from.is_some_and(|broken| range.end > broken) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let index = |index: u64| usize::try_from(index).expect("an index");
    let entries = shown.entries[index(range.start)..index(range.end)].to_vec();
    if let Some(then) = shown.then.take() {
        shown.entries = then;
    }
    Ok(encode_bundle(entries.iter().map(Vec::as_slice)).expect("they fit"))
}

async fn consistency(State(shown): Held, Path((first, second)): Path<(u64, u64)>) -> Result<String, StatusCode> {
    let tree = shown.lock().expect("no panic").tree();
    proof(tree.prove_consistency(first, second).ok(), tree.root_at(first))
}

async fn inclusion(State(shown): Held, Path((index, size)): Path<(u64, u64)>) -> Result<String, StatusCode> {
    let tree = shown.lock().expect("no panic").tree();
    proof(tree.prove_inclusion(index, size).ok(), None)
}

fn proof(hashes: Option<Vec<Hash>>, first: Option<Hash>) -> Result<String, StatusCode> {
    let hashes = hashes.ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    let hashes: Vec<String> = hashes.iter().map(|hash| hash.to_base64()).collect();
    let first = first.map(|root| root.to_base64());
    Ok(serde_json::json!({ "hashes": hashes, "first_root": first }).to_string())
}
