//! A witness to ask, and logs that ask it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use countersign::hash::Hash;
use countersign::note::{KeyKind, Note, Signer, Verifier};
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::cosignature::cosigners;
use countersign::tlog::witness::write_request;
use countersign::tlog::{Tree, leaf_hash};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_countersign");

/// The logs that the tests use, one for each test that asks any witness.
pub const LOGS: [&str; 16] = [
    "first",
    "unknown-lines",
    "untrusted",
    "order",
    "conflict",
    "proofs",
    "equal",
    "empty",
    "malformed",
    "many-lines",
    "extension",
    "monitoring",
    "never",
    "parallel",
    "race",
    "fuzz",
];

/// A log of the tests: its key, and a tree that grows as it is told.
pub struct Log {
    pub origin: String,
    pub key: Signer,
    pub tree: Tree,
}

impl Log {
    /// The log of this name, with 40 entries, in this run.
    pub fn new(name: &str) -> Log {
        assert!(LOGS.contains(&name), "{name} is not listed");
        let run = std::env::var("COUNTERSIGN_WITNESS_RUN").unwrap_or_else(|_| "1".into());
        Log::of(&format!("conformance.example/{run}/{name}"))
    }

    /// The log of this origin, whose key follows from it.
    pub fn of(origin: &str) -> Log {
        let key = Signer::from_seed(origin, KeyKind::Ed25519, *Hash::of(origin.as_bytes()).as_bytes());
        let mut log = Log { origin: origin.to_owned(), key: key.expect("a good seed"), tree: Tree::default() };
        log.grow(40, "entry");
        log
    }

    /// Adds entries.
    pub fn grow(&mut self, entries: u64, word: &str) {
        (0..entries).for_each(|i| self.tree.append(leaf_hash(format!("{word} {i}").as_bytes())));
    }

    /// The same log with another history behind the first `size` entries.
    pub fn forked_at(&self, size: u64) -> Log {
        let mut log = Log { origin: self.origin.clone(), key: self.key.clone(), tree: Tree::default() };
        log.grow(size, "entry");
        log.grow(40 - size, "another");
        log
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        let root = self.tree.root_at(size).expect("a size that it has had");
        Checkpoint { origin: self.origin.clone(), size, root }
    }

    pub fn signed(&self, size: u64) -> String {
        self.checkpoint(size).sign(&self.key).expect("a good key")
    }

    /// A right request.
    pub fn request(&self, old: u64, size: u64) -> String {
        let proof = self.tree.prove_consistency(old, size).expect("sizes in order");
        write_request(old, &proof, &self.signed(size))
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub media_type: String,
    pub body: String,
}

/// A witness, reached over HTTP.
#[derive(Clone)]
pub struct Target {
    agent: ureq::Agent,
    pub url: String,
    monitoring: String,
    pub key: Verifier,
}

impl Target {
    pub fn new(url: &str, monitoring: &str, key: Verifier) -> Target {
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30)));
        let plain = |url: &str| url.trim_end_matches('/').to_owned();
        Target { agent: config.build().into(), url: plain(url), monitoring: plain(monitoring), key }
    }

    /// Submits a body; nothing where the witness is gone.
    pub fn try_submit(&self, body: &[u8]) -> Option<Answer> {
        answer(self.agent.post(format!("{}/add-checkpoint", self.url)).send(body))
    }

    pub fn submit(&self, body: impl AsRef<[u8]>) -> Answer {
        self.try_submit(body.as_ref()).expect("an answer")
    }

    pub fn status(&self, body: impl AsRef<[u8]>) -> u16 {
        self.submit(body).status
    }

    /// Asks for an address below the submission prefix.
    pub fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(format!("{}{path}", self.url)).call()).expect("an answer")
    }

    /// What the witness shows under this hash of an origin.
    pub fn latest_of(&self, digits: &str) -> Answer {
        answer(self.agent.get(format!("{}/{digits}/checkpoint", self.monitoring)).call()).expect("an answer")
    }

    pub fn latest(&self, log: &Log) -> Answer {
        self.latest_of(&Hash::of(log.origin.as_bytes()).to_hex())
    }

    /// Submits what must be cosigned; answers the time of the cosignature, which was checked over this very text.
    pub fn cosigned(&self, body: &str) -> u64 {
        let answer = self.submit(body);
        assert_eq!(answer.status, 200, "{answer:?}");
        self.time_of(body, &answer)
    }

    /// The time of a cosignature that was answered to a request.
    pub fn time_of(&self, request: &str, answer: &Answer) -> u64 {
        assert!(!answer.body.is_empty() && answer.body.ends_with('\n'), "{answer:?}");
        assert!(answer.body.lines().all(|line| line.starts_with("— ")), "{answer:?}");
        let checkpoint = request.split_once("\n\n").expect("a request").1;
        let note = format!("{checkpoint}{}", answer.body);
        let note = Note::parse(note.as_bytes()).expect("lines that can stand below a note");
        let known = [self.key.clone()];
        let found = cosigners(&note, &known).expect("a good cosignature");
        let [(_, time)] = *found.as_slice() else { panic!("no line by the witness: {answer:?}") };
        time
    }
}

fn answer(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut answer = answer.ok()?;
    let media_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (status, media_type) = (answer.status().as_u16(), media_type.to_owned());
    Some(Answer { status, media_type, body: answer.body_mut().read_to_string().ok()? })
}

/// The witness that the tests ask: the one that is named, or our own.
pub struct Asked {
    pub target: Target,
    _own: Option<Own>,
}

impl Asked {
    pub fn start() -> Asked {
        let Ok(url) = std::env::var("COUNTERSIGN_WITNESS_URL") else {
            let own = Own::begin();
            return Asked { target: own.target.clone(), _own: Some(own) };
        };
        let vkey = std::env::var("COUNTERSIGN_WITNESS_VKEY").expect("COUNTERSIGN_WITNESS_VKEY goes with the URL");
        let monitoring = std::env::var("COUNTERSIGN_WITNESS_MONITORING_URL").unwrap_or_else(|_| url.clone());
        let key = Verifier::parse(&vkey).expect("COUNTERSIGN_WITNESS_VKEY is a verifier key");
        Asked { target: Target::new(&url, &monitoring, key), _own: None }
    }
}

impl std::ops::Deref for Asked {
    type Target = Target;

    fn deref(&self) -> &Target {
        &self.target
    }
}

/// The key of our own witness: that of the examples.
pub fn witness_key() -> Signer {
    let seed = std::array::from_fn(|i| 0x20 + u8::try_from(i).expect("32 of them"));
    Signer::from_seed("witness.example/w1", KeyKind::Cosignature, seed).expect("a good seed")
}

/// The log of the examples, with its eight entries.
pub fn example_log() -> Log {
    let seed = std::array::from_fn(|i| u8::try_from(i).expect("32 of them"));
    let origin = "ledger.example/bilateral".to_owned();
    let key = Signer::from_seed(&origin, KeyKind::Ed25519, seed).expect("a good seed");
    let mut tree = Tree::default();
    for entry in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"] {
        let bytes = entry.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16));
        tree.append(leaf_hash(&bytes.collect::<Result<Vec<u8>, _>>().expect("digits")));
    }
    Log { origin, key, tree }
}

/// The list of logs that a witness must know.
pub fn list() -> String {
    let logs = LOGS.iter().map(|name| Log::new(name)).chain([example_log()]);
    logs.map(|log| format!("{}\n", log.key.verifier())).collect()
}

#[test]
#[ignore = "prints the logs that another witness must know"]
fn the_logs_that_a_witness_must_know() {
    print!("{}", list());
}

/// Our own witness, run as people run it; killed with the value.
pub struct Own {
    pub folder: tempfile::TempDir,
    pub target: Target,
    child: Child,
}

impl Own {
    /// A new witness, in a folder of its own.
    pub fn begin() -> Own {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("key"), &*witness_key().to_skey().expect("a secret")).expect("written");
        std::fs::write(folder.path().join("logs"), list()).expect("written");
        Own::start(folder, &["--begin"], "")
    }

    /// Starts a witness in a folder; `before` is what a shell does first.
    pub fn start(folder: tempfile::TempDir, more: &[&str], before: &str) -> Own {
        let mut child = command(folder.path(), more, before);
        let out = std::fs::File::create(folder.path().join("out")).expect("a file");
        let mut child = child.stderr(out).stdout(Stdio::null()).spawn().expect("the program starts");
        let url = wait_for("the witness listens", || {
            if let Some(status) = child.try_wait().expect("it can be waited for") {
                panic!("the witness ended with {status}: {}", said(folder.path()));
            }
            let out = said(folder.path());
            let line = out.lines().find_map(|line| line.strip_prefix("Witnessing on "))?;
            out.ends_with('\n').then(|| line.split(". ").next().expect("an address").to_owned())
        });
        let target = Target::new(&url, &url, witness_key().verifier().clone());
        Own { folder, target, child }
    }

    /// Kills it at once, and starts it again over the same files.
    pub fn restart(self) -> Own {
        Own::start(self.kill(), &[], "")
    }

    /// Kills it (SIGKILL); answers its folder.
    pub fn kill(mut self) -> tempfile::TempDir {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
        let empty = tempfile::tempdir().expect("a folder");
        std::mem::replace(&mut self.folder, empty)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGKILL, and waits for nothing.
    pub fn signal_kill(&mut self) {
        self.child.kill().expect("it can be killed");
    }

    /// What it has said on standard error.
    pub fn said(&self) -> String {
        said(self.folder.path())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("out")).unwrap_or_default()
}

/// `countersign witness` over the files of a folder.
pub fn command(folder: &Path, more: &[&str], before: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{before}\nexec \"$@\"")).arg("sh").arg(PROGRAM);
    command.args(["witness", "--key", "key", "--state", "state", "--logs", "logs", "--listen", "127.0.0.1:0"]);
    command.args(more).current_dir(folder).stdin(Stdio::null());
    command
}

/// Asks again and again until there is an answer, for a minute.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Random numbers that are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("64 bits") % n
    }
}
