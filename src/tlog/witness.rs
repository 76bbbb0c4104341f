//! What a witness decides: whether a checkpoint may be cosigned (C2SP tlog-witness, `add-checkpoint`).
//!
//! ```text
//! old 3
//! ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=
//! …
//!
//! ledger.example/bilateral
//! 8
//! XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=
//!
//! — ledger.example/bilateral QUiWOwq9…
//! ```
//!
//! The flow is [`Request`] (parsed, nothing believed) → [`Authentic`] (the log signed it) → [`Cosigned`], or a
//! [`Refusal`] with its HTTP status. The order of the checks is the standard's: form, origin, signature, old size at most
//! the new one, old size the one that is held, proof.
//!
//! Invariants:
//! - For one log, what is cosigned never shrinks and never contradicts what was cosigned before, nor do the times.
//! - Lines by unknown keys are ignored; a line by a known key that is not good refuses the whole note; nothing that was
//!   not verified is kept.
//! - A body is measured before it is decoded.
//!
//! Deliberately absent: the state and its file, HTTP, the clock ([`Held`] and the time are arguments), and ML-DSA-44.
//! Whoever keeps the state sees to it that comparing and storing are one act, and that it is on the disk before a line
//! is given out.

use std::collections::BTreeMap;

use super::Head;
use super::checkpoint::{Checkpoint, decimal};
use super::cosignature::{CosignatureError, cosign, verify_cosignature};
use super::fork::Evidence;
use super::verify::{MAX_HASHES, ProofError, verify_consistency};
use crate::hash::Hash;
use crate::note::{self, KeyError, KeyKind, Line, Note, NoteError, Signer, Verifier, assemble, is_key_name, open};

/// The greatest size of a request in bytes: the line of the old size, 63 hashes, an empty line, and a note.
pub const MAX_REQUEST: usize = 25 + MAX_HASHES * 45 + 1 + note::MAX_BYTES;
/// How far the clock may stand behind the last cosignature, in seconds. Within it, the last time is used again.
pub const MAX_BEHIND: u64 = 60;

/// A request that was read. No signature has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The size that the proof begins at.
    pub old: u64,
    /// The consistency proof.
    pub proof: Vec<Hash>,
    /// The checkpoint, as it was sent.
    pub note: Note<'a>,
    /// What it says.
    pub checkpoint: Checkpoint,
}

/// A request whose checkpoint the log signed.
#[derive(Clone, Debug)]
pub struct Authentic<'a> {
    request: Request<'a>,
    /// The text, and the log's lines alone.
    by_log: String,
    lines: Vec<Line>,
}

/// What a witness holds of a log: the latest checkpoint that it cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The time of the cosignature, in POSIX seconds.
    pub time: u64,
    /// The note: the log's lines, and the witness's.
    pub note: String,
}

/// A checkpoint that may be cosigned, and the line for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// What the witness holds from now on.
    pub held: Held,
    /// The line that is answered.
    pub line: Line,
}

/// Why a checkpoint is not cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Send less.
    #[error("a request has at most {MAX_REQUEST} bytes")]
    TooLarge,
    /// Write `old <size>`, the hashes of the proof, an empty line, and the checkpoint.
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// Prove from an older size to a newer one.
    #[error("the old size {old} is above the size of the checkpoint, {new}")]
    OldAboveNew {
        /// The old size.
        old: u64,
        /// The checkpoint's.
        new: u64,
    },
    /// Ask the witness's operator to add the log.
    #[error("this witness does not know the log")]
    UnknownOrigin,
    /// Have the log sign, with a key that this witness knows.
    #[error("the checkpoint is not signed by a known key of the log: {0}")]
    NotSigned(NoteError),
    /// Prove from the size that is answered.
    #[error("the latest checkpoint that was cosigned has the size {held}")]
    OtherSize {
        /// What is held.
        held: u64,
    },
    /// The log must answer for it.
    #[error("the checkpoint does not extend the one that was cosigned: {0}")]
    Inconsistent(ProofError),
    /// The operator must set the clock right.
    #[error("the witness's clock stands {0} s behind its last cosignature")]
    ClockBehind(u64),
    /// The operator must look at the machine: the key failed its own check, or the time is none.
    #[error("the witness could not sign")]
    CannotSign,
}

impl Refusal {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Refusal::TooLarge => 413,
            Refusal::Malformed(_) | Refusal::OldAboveNew { .. } => 400,
            Refusal::UnknownOrigin => 404,
            Refusal::NotSigned(_) => 403,
            Refusal::OtherSize { .. } => 409,
            Refusal::Inconsistent(_) => 422,
            Refusal::ClockBehind(_) | Refusal::CannotSign => 503,
        }
    }
}

/// Writes a request: the proof from size `old`, and the checkpoint verbatim.
pub fn write_request(old: u64, proof: &[Hash], checkpoint: &str) -> String {
    let mut body = format!("old {old}\n");
    for hash in proof {
        body.push_str(&hash.to_base64());
        body.push('\n');
    }
    body.push('\n');
    body.push_str(checkpoint);
    body
}

impl<'a> Request<'a> {
    /// Reads a request. Its size first, then lines, then the note.
    pub fn parse(body: &'a [u8]) -> Result<Request<'a>, Refusal> {
        if body.len() > MAX_REQUEST {
            return Err(Refusal::TooLarge);
        }
        let malformed = Refusal::Malformed;
        let body = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
        let no_end = malformed("no empty line stands between proof and checkpoint");
        let (first, mut rest) = body.split_once('\n').ok_or(no_end)?;
        let old = first.strip_prefix("old ").and_then(decimal);
        let old = old.ok_or(malformed("the first line is not `old` and a size"))?;
        let mut proof = Vec::new();
        loop {
            let (line, behind) = rest.split_once('\n').ok_or(no_end)?;
            rest = behind;
            if line.is_empty() {
                break;
            }
            if proof.len() == MAX_HASHES {
                return Err(malformed("a proof has at most 63 hashes"));
            }
            proof.push(
                Hash::from_base64(line).map_err(|_| malformed("a line of the proof is not the base64 of a hash"))?,
            );
        }
        let note = Note::parse(rest.as_bytes()).map_err(|_| malformed("the checkpoint is not a note"))?;
        let checkpoint = Checkpoint::parse_any_root(note.text());
        let checkpoint = checkpoint.map_err(|_| malformed("the text of the note is not a checkpoint"))?;
        Ok(Request { old, proof, note, checkpoint })
    }
}

impl Authentic<'_> {
    /// What the checkpoint says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.request.checkpoint
    }

    /// The checkpoint with the log's own lines, which are good.
    pub fn by_log(&self) -> &str {
        &self.by_log
    }

    /// What there is to keep where this request was refused beside what was held: a proof of a fork, whatever the
    /// refusal; or a greater checkpoint to which no proof leads. A proof of the wrong length shows nothing.
    pub fn evidence(&self, held: Option<&Held>, refusal: Refusal) -> Option<Evidence> {
        let beside = held.map(|held| (&held.checkpoint, held.note.as_str()));
        let evidence = Evidence::of(beside, self.checkpoint(), &self.by_log);
        let is_greater = held.is_some_and(|held| held.checkpoint.size < self.checkpoint().size);
        let leads_elsewhere = is_greater && refusal == Refusal::Inconsistent(ProofError::OtherRoot);
        Some(evidence).filter(|evidence| leads_elsewhere || evidence.finding.is_proof())
    }
}

/// A witness: its key, and the logs that it knows.
#[derive(Clone, Debug)]
pub struct Witness {
    key: Signer,
    logs: Logs,
}

impl Witness {
    /// A witness with a key for cosignatures.
    pub fn new(key: Signer, logs: Logs) -> Result<Witness, CosignatureError> {
        let cosigns = key.verifier().kind() == KeyKind::Cosignature;
        if cosigns { Ok(Witness { key, logs }) } else { Err(CosignatureError::OtherKey) }
    }

    /// The public half of its key.
    pub fn verifier(&self) -> &Verifier {
        self.key.verifier()
    }

    /// The logs that it knows.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Reads a request and checks everything that needs no state: form, origin, the log's signature, the order of sizes.
    pub fn authenticate<'a>(&self, body: &'a [u8]) -> Result<Authentic<'a>, Refusal> {
        let request = Request::parse(body)?;
        let keys = self.logs.keys(&request.checkpoint.origin).ok_or(Refusal::UnknownOrigin)?;
        authentic(request, keys)
    }

    /// The same, where `key` names the one key for a checkpoint of a size of a known log.
    pub fn authenticate_by<'a>(
        &self,
        body: &'a [u8],
        key: impl Fn(u64) -> Option<Verifier>,
    ) -> Result<Authentic<'a>, Refusal> {
        let request = Request::parse(body)?;
        self.logs.keys(&request.checkpoint.origin).ok_or(Refusal::UnknownOrigin)?;
        let key: Vec<Verifier> = key(request.checkpoint.size).into_iter().collect();
        authentic(request, &key)
    }

    /// Decides over an authentic request, beside what is held of its log, at the time `now` in POSIX seconds.
    pub fn cosign(&self, authentic: &Authentic<'_>, held: Option<&Held>, now: u64) -> Result<Cosigned, Refusal> {
        let Authentic { request, lines, .. } = authentic;
        let last = held.map_or(Head::default(), |held| Head { size: held.checkpoint.size, root: held.checkpoint.root });
        if request.old != last.size {
            return Err(Refusal::OtherSize { held: last.size });
        }
        let Checkpoint { size, root, .. } = request.checkpoint;
        verify_consistency(last.size, size, &request.proof, last.root, root).map_err(Refusal::Inconsistent)?;
        let time = time(now, held.map_or(0, |held| held.time))?;
        let line = cosign(&self.key, request.note.text(), time).map_err(|_| Refusal::CannotSign)?;
        let all: Vec<Line> = lines.iter().chain([&line]).cloned().collect();
        let note = assemble(request.note.text(), &all);
        Ok(Cosigned { held: Held { checkpoint: request.checkpoint.clone(), time, note }, line })
    }

    /// Reads a note that this witness cosigned earlier. The log's line is not looked at: its key may have changed since.
    pub fn reopen(&self, note: &str) -> Result<Held, CosignatureError> {
        let read = Note::parse(note.as_bytes()).map_err(|error| CosignatureError::Checkpoint(error.into()))?;
        let checkpoint = Checkpoint::parse(read.text())?;
        let own = |line: &&Line| line.name == self.verifier().name() && line.id == self.verifier().id();
        let line = read.lines().iter().find(own).ok_or(CosignatureError::OtherKey)?;
        let time = verify_cosignature(self.verifier(), line, read.text())?;
        Ok(Held { checkpoint, time, note: note.to_owned() })
    }
}

/// Whether one of these keys of the log signed the checkpoint, and the sizes are in order.
fn authentic<'a>(request: Request<'a>, keys: &[Verifier]) -> Result<Authentic<'a>, Refusal> {
    let good = open(&request.note, keys).map_err(Refusal::NotSigned)?;
    let new = request.checkpoint.size;
    if request.old > new {
        return Err(Refusal::OldAboveNew { old: request.old, new });
    }
    let first_by = |key: &&Verifier| {
        request.note.lines().iter().find(|line| line.name == key.name() && line.id == key.id()).cloned()
    };
    let lines: Vec<Line> = good.iter().filter_map(first_by).collect();
    let by_log = assemble(request.note.text(), &lines);
    Ok(Authentic { request, by_log, lines })
}

/// The time of a cosignature: never before that of the one before.
fn time(now: u64, last: u64) -> Result<u64, Refusal> {
    let behind = last.saturating_sub(now);
    if behind > MAX_BEHIND { Err(Refusal::ClockBehind(behind)) } else { Ok(now.max(last)) }
}

/// The logs that a witness knows, by their origins. A log has several keys while it changes from one to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logs {
    keys: BTreeMap<String, Vec<Verifier>>,
}

/// What is wrong with a line of a list of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogsFault {
    /// Write a verifier key, or an origin and a verifier key.
    #[error("not a verifier key, nor an origin and a verifier key")]
    Words,
    /// Take the key as the log's operator printed it.
    #[error("not a key: {0}")]
    Key(#[from] KeyError),
    /// Take the log's own key, of type 0x01.
    #[error("not a key with which a log signs checkpoints (type 0x01)")]
    KeyKind,
    /// Leave the line out.
    #[error("this key stands on an earlier line")]
    Repeated,
}

/// A fault, and the line that it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the list of logs: {fault}")]
pub struct LogsError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: LogsFault,
}

impl Logs {
    /// Reads a list: on each line a log's verifier key, whose name is then its origin, or an origin and a verifier key.
    /// Empty lines and lines that begin with `#` mean nothing.
    pub fn parse(text: &str) -> Result<Logs, LogsError> {
        let mut logs = Logs::default();
        for (line, content) in (1..).zip(text.lines()) {
            logs.line(content).map_err(|fault| LogsError { line, fault })?;
        }
        Ok(logs)
    }

    fn line(&mut self, content: &str) -> Result<(), LogsFault> {
        let words: Vec<&str> = content.split_whitespace().collect();
        match *words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            [vkey] => {
                let key = Verifier::parse(vkey)?;
                self.add(key.name().to_owned(), key)
            }
            [origin, vkey] if is_key_name(origin) => self.add(origin.to_owned(), Verifier::parse(vkey)?),
            _ => Err(LogsFault::Words),
        }
    }

    /// Adds a key of a log.
    pub fn add(&mut self, origin: String, key: Verifier) -> Result<(), LogsFault> {
        if key.kind() != KeyKind::Ed25519 {
            return Err(LogsFault::KeyKind);
        }
        let keys = self.keys.entry(origin).or_default();
        if keys.contains(&key) {
            return Err(LogsFault::Repeated);
        }
        keys.push(key);
        Ok(())
    }

    /// The keys of a log.
    pub fn keys(&self, origin: &str) -> Option<&[Verifier]> {
        self.keys.get(origin).map(Vec::as_slice)
    }

    /// The origin that has this SHA-256, in 64 lower-case hexadecimal digits: how a log is named in an address.
    pub fn origin_of(&self, digits: &str) -> Option<&str> {
        self.keys.keys().find(|origin| Hash::of(origin.as_bytes()).to_hex() == digits).map(String::as_str)
    }

    /// How many logs there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
