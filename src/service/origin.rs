//! A whole copy of a log somewhere else, as a mirror asks its origin and the boot gate a mirror: its newest checkpoint,
//! its entries, and its proofs.
//!
//! Invariants: an answer is read under a cap, and nothing is followed to another address; nothing that is answered is
//! believed here.
//!
//! Deliberately absent: what an answer means.

use std::time::Duration;

use crate::hash::Hash;
use crate::note;
use crate::tlog::chain::PAGE;
use crate::tlog::tiles::{FULL, TileKind, TilePath, decode_bundle};

/// Tiles that are asked for at once.
const AT_ONCE: usize = 4;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The greatest tile of entries: 256 of 65,535 bytes, each behind its length.
const MAX_TILE: u64 = 256 * (65_535 + 2);
/// The greatest page of links: hashes, each with its line feed.
const MAX_LINKS: u64 = PAGE as u64 * (44 + 1);
/// The greatest proof, in JSON.
const MAX_PROOF: u64 = 1 << 16;

/// An origin.
#[derive(Clone, Debug)]
pub struct Origin {
    agent: ureq::Agent,
    url: String,
    bearer: String,
}

/// Why the origin did not answer what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OriginError {
    /// Look at the network, or wait.
    #[error("it does not answer: {0}")]
    Absent(String),
    /// Look at the token, or ask the origin's operator.
    #[error("it answers {status} to {path}")]
    Status {
        /// The status.
        status: u16,
        /// What was asked for.
        path: String,
    },
    /// It is no ledger, or a broken one.
    #[error("its answer to {0} is not what it should be")]
    Malformed(String),
}

impl Origin {
    /// The ledger at an address, asked with a token of a Party or an auditor.
    pub fn new(url: &str, token: &str) -> Origin {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .user_agent("countersign");
        let url = url.trim_end_matches('/').to_owned();
        Origin { agent: config.build().into(), url, bearer: format!("Bearer {token}") }
    }

    fn get(&self, path: String, most: u64) -> Result<Vec<u8>, OriginError> {
        let absent = |error: ureq::Error| OriginError::Absent(error.to_string());
        let asked = self.agent.get(format!("{}{path}", self.url)).header("authorization", &self.bearer);
        let mut answer = asked.call().map_err(absent)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(OriginError::Status { status, path });
        }
        answer.body_mut().with_config().limit(most).read_to_vec().map_err(absent)
    }

    /// The newest checkpoint. Nothing of it is verified.
    pub fn checkpoint(&self) -> Result<String, OriginError> {
        let bytes = self.get("/checkpoint".into(), note::MAX_BYTES as u64)?;
        String::from_utf8(bytes).map_err(|_| OriginError::Malformed("/checkpoint".into()))
    }

    /// The entries from `start` to before `end`, of a log that has at least so many. Some tiles are asked for at once: one
    /// that is busy writing takes a while for each answer, and would be out of reach one by one.
    pub fn entries(&self, start: u64, end: u64) -> Result<Vec<Vec<u8>>, OriginError> {
        let tiles: Vec<u64> = (start / u64::from(FULL)..end.div_ceil(u64::from(FULL))).collect();
        let mut entries = Vec::new();
        for tiles in tiles.chunks(AT_ONCE) {
            let asked = std::thread::scope(|scope| {
                let ask = |&index: &u64| scope.spawn(move || self.tile_of_entries(index, end));
                let asked: Vec<_> = tiles.iter().map(ask).collect();
                asked.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
            });
            for answer in asked {
                let cut = |_| OriginError::Absent("the question was cut off".into());
                entries.extend(answer.map_err(cut)??);
            }
        }
        let known = usize::try_from(start % u64::from(FULL)).unwrap_or(usize::MAX);
        Ok(entries.split_off(known.min(entries.len())))
    }

    /// The entries of one tile, those before `end`.
    fn tile_of_entries(&self, index: u64, end: u64) -> Result<Vec<Vec<u8>>, OriginError> {
        let full = u64::from(FULL);
        let width = u16::try_from((end - index * full).min(full)).unwrap_or(FULL);
        let no_tile = || OriginError::Malformed(format!("/tile/entries/{index}"));
        let tile = TilePath::new(TileKind::Entries, index, width).ok_or_else(no_tile)?;
        let bytes = self.get(format!("/{tile}"), MAX_TILE)?;
        let bundle = decode_bundle(&bytes, width).map_err(|_| no_tile())?;
        Ok(bundle.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// Where the record of accesses stands, or stood after so many events. Nothing of it is verified.
    pub fn accesses(&self, count: Option<u64>) -> Result<String, OriginError> {
        let path = count.map_or("/v1/log/accesses".to_owned(), |count| format!("/v1/log/accesses?count={count}"));
        let bytes = self.get(path.clone(), note::MAX_BYTES as u64)?;
        String::from_utf8(bytes).map_err(|_| OriginError::Malformed(path))
    }

    /// The links of that record after so many events; some thousands at most.
    pub fn access_links(&self, after: u64) -> Result<Vec<Hash>, OriginError> {
        let path = format!("/v1/log/accesses/links?after={after}");
        let bytes = self.get(path.clone(), MAX_LINKS)?;
        let links = std::str::from_utf8(&bytes).ok().map(|text| text.lines().map(Hash::from_base64).collect());
        links.and_then(Result::ok).ok_or(OriginError::Malformed(path))
    }

    /// The proof that the tree of the second size begins with that of the first.
    pub fn consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, OriginError> {
        self.proof(format!("/v1/log/proofs/consistency/{first}/{second}"))
    }

    /// The same, with the root that the answer claims for the first size.
    pub fn consistency_from(&self, first: u64, second: u64) -> Result<(Option<Hash>, Vec<Hash>), OriginError> {
        let path = format!("/v1/log/proofs/consistency/{first}/{second}");
        let answer = self.json(&path)?;
        let root = answer["first_root"].as_str().and_then(|root| Hash::from_base64(root).ok());
        Ok((root, hashes(&answer).ok_or(OriginError::Malformed(path))?))
    }

    /// The proof that an entry is in the tree of a size.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, OriginError> {
        self.proof(format!("/v1/log/proofs/inclusion/{index}/{size}"))
    }

    fn proof(&self, path: String) -> Result<Vec<Hash>, OriginError> {
        hashes(&self.json(&path)?).ok_or(OriginError::Malformed(path))
    }

    fn json(&self, path: &str) -> Result<serde_json::Value, OriginError> {
        let bytes = self.get(path.to_owned(), MAX_PROOF)?;
        serde_json::from_slice(&bytes).map_err(|_| OriginError::Malformed(path.to_owned()))
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The hashes of a proof.
fn hashes(answer: &serde_json::Value) -> Option<Vec<Hash>> {
    answer["hashes"].as_array()?.iter().map(|hash| Hash::from_base64(hash.as_str()?).ok()).collect()
}
