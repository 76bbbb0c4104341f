//! A ledger's side: rounds with our own witness, and with cosigners that are slow, absent or hostile.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign::note::{KeyKind, Note, Signer, Succession, Verifier, open};
use countersign::service::cosigning::{Cosigner, Cosigning, Outcome, Round};
use countersign::tlog::Tree;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::cosignature::{cosign, cosigners};
use countersign::tlog::fork::{Finding, judge};
use countersign::witness::evidence::EvidenceFolder;

use super::support::{Log, Own, witness_key};

/// How long a cosigner may take in these tests.
const WITHIN: Duration = Duration::from_millis(1_500);

/// Answers a request (its first line, its body) with the bytes of an answer; nothing where it never answers.
type Handler = dyn Fn(&str, &str) -> Option<Vec<u8>> + Send + Sync;

/// A cosigner that answers what it is told to. Answers its address and how often it was asked.
fn fake(handler: impl Fn(&str, &str) -> Option<Vec<u8>> + Send + Sync + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (handler, asked): (Arc<Handler>, _) = (Arc::new(handler), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (handler, count) = (Arc::clone(&handler), Arc::clone(&count));
            std::thread::spawn(move || serve(stream.expect("a connection"), &*handler, &count));
        }
    });
    (url, asked)
}

fn serve(mut stream: TcpStream, handler: &Handler, count: &AtomicUsize) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).expect("a request");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        let line = line.to_ascii_lowercase();
        length = line.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().expect("a length"));
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    count.fetch_add(1, Ordering::SeqCst);
    match handler(&first, &String::from_utf8(body).expect("UTF-8")) {
        Some(answer) => drop(stream.write_all(&answer)),
        None => std::thread::sleep(Duration::from_secs(60)),
    }
}

fn answer(status: &str, media_type: &str, body: &str) -> Option<Vec<u8>> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n");
    Some(format!("{head}Connection: close\r\n\r\n{body}").into_bytes())
}

fn ok(body: &str) -> Option<Vec<u8>> {
    answer("200 OK", "text/plain", body)
}

fn conflict(size: u64) -> Option<Vec<u8>> {
    answer("409 Conflict", "text/x.tlog.size", &format!("{size}\n"))
}

/// The checkpoint's text in a request.
fn text_of(request: &str) -> String {
    let note = request.split_once("\n\n").expect("a request").1;
    Note::parse(note.as_bytes()).expect("a note").text().to_owned()
}

/// A good answer to a request.
fn line_of(request: &str) -> String {
    format!("{}\n", cosign(&witness_key(), &text_of(request), 1_700_000_000).expect("a good key"))
}

/// A ledger with these cosigners, all of them with the key of the examples.
struct Ledger {
    log: Log,
    tree: Arc<Mutex<Tree>>,
    cosigning: Cosigning,
    folder: tempfile::TempDir,
}

impl Ledger {
    fn with(urls: &[&str]) -> Ledger {
        Ledger::who_knows(urls, 0)
    }

    /// The same, which knows that each of them cosigned this size.
    fn who_knows(urls: &[&str], size: u64) -> Ledger {
        let (log, folder) = (Log::new("first"), tempfile::tempdir().expect("a folder"));
        let named = |(i, url): (usize, &&str)| {
            let cosigner =
                Cosigner { name: format!("w{}", i + 1), key: witness_key().verifier().clone(), url: format!("{url}/") };
            (cosigner, size)
        };
        let cosigners = urls.iter().enumerate().map(named).collect();
        let tree = Arc::new(Mutex::new(log.tree.clone()));
        let shared = Arc::clone(&tree);
        let current = Arc::new(move |_| shared.lock().expect("no panic").clone());
        let key = (log.origin.as_str(), Succession::of(log.key.verifier().clone()));
        let mut cosigning = Cosigning::new(key.clone(), EvidenceFolder::new(folder.path()), WITHIN, current);
        cosigning.ask_only(&key.1, cosigners);
        Ledger { log, tree, cosigning, folder }
    }

    async fn round(&mut self, size: u64) -> Round {
        self.cosigning.round(|_| true, &self.log.signed(size), |_| {}).await.expect("a checkpoint of this ledger")
    }

    /// How it goes with the first cosigner.
    async fn outcome(&mut self, size: u64) -> Outcome {
        let round = self.round(size).await;
        let cosigned = round.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Cosigned).count();
        assert_eq!(round.cosignatures.len(), cosigned);
        round.outcomes[0].1.clone()
    }

    /// The files of evidence.
    fn evidence(&self) -> Vec<String> {
        let items = std::fs::read_dir(self.folder.path()).expect("readable");
        items.map(|item| std::fs::read_to_string(item.expect("readable").path()).expect("text")).collect()
    }

    fn keys(&self) -> [Verifier; 1] {
        [self.log.key.verifier().clone()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_collects_the_lines_of_real_witnesses_whatever_they_hold() {
    let (first, second) = (Own::begin(), Own::begin());
    let mut ledger = Ledger::with(&[&first.target.url, &second.target.url]);
    second.target.cosigned(&ledger.log.request(0, 5));
    for size in [8, 8, 20] {
        let round = ledger.round(size).await;
        assert_eq!(round.cosignatures.len(), 2, "{:?}", round.outcomes);
        let lines: String = round.cosignatures.iter().map(|cosigned| format!("{}\n", cosigned.line)).collect();
        let note = format!("{}{lines}", ledger.log.signed(size));
        let note = Note::parse(note.as_bytes()).expect("a note");
        assert_eq!(Checkpoint::parse(note.text()), Ok(ledger.log.checkpoint(size)));
        open(&note, &ledger.keys()).expect("signed by the log");
        assert_eq!(cosigners(&note, &[witness_key().verifier().clone()]).expect("good").len(), 1);
    }
    // A ledger that starts again knows nothing of what they hold, and learns it.
    let mut again = Ledger::with(&[&first.target.url]);
    assert_eq!(again.outcome(40).await, Outcome::Cosigned);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cosigner_that_lost_its_memory_is_known_by_it_also_after_the_ledgers_new_start_and_is_brought_nothing() {
    let (forgetful, asked) = fake(|first, _| if first.starts_with("POST") { conflict(5) } else { None });
    let mut ledger = Ledger::who_knows(&[&forgetful], 20);
    assert_eq!(ledger.outcome(40).await, Outcome::WentBack { cosigned: 20, holds: 5 });
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_and_absent_cosigners_hold_nobody_up_for_longer_than_their_time() {
    let own = Own::begin();
    let (silent, _) = fake(|_, _| None);
    let (trickling, _) = fake(|_, _| {
        Some(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n\xe2\x80\x94 wit".to_vec())
    });
    let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("an address");
    let gone = format!("http://{gone}");
    let mut ledger = Ledger::with(&[&silent, &trickling, &gone, &own.target.url]);
    let (started, mut came) = (Instant::now(), None);
    let signed = ledger.log.signed(8);
    let round =
        ledger.cosigning.round(|_| true, &signed, |cosigned| came = Some((cosigned.clone(), started.elapsed()))).await;
    let (took, round) = (started.elapsed(), round.expect("a round"));
    assert!(took < WITHIN + Duration::from_secs(2), "{took:?}");
    let (cosigned, after) = came.expect("a line");
    assert!(cosigned.cosigner == "w4" && after < WITHIN, "{after:?}");
    assert_eq!(round.cosignatures, [cosigned]);
    for (name, outcome) in &round.outcomes[..3] {
        assert!(matches!(outcome, Outcome::Absent(_)), "{name}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_too_large_is_not_read() {
    let (announced, _) = fake(|_, _| {
        Some(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10000000000\r\n\r\n".to_vec())
    });
    let (endless, _) = fake(|_, _| {
        let chunk = [b"8000\r\n".to_vec(), vec![b'x'; 0x8000], b"\r\n".to_vec()].concat();
        Some([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), chunk.repeat(300)].concat())
    });
    let started = Instant::now();
    for url in [announced, endless] {
        assert_eq!(Ledger::with(&[&url]).outcome(8).await, Outcome::Malformed("its answer is too large"), "{url}");
    }
    assert!(started.elapsed() < WITHIN, "neither was waited for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_good_line_by_the_cosigners_own_key_over_this_text_is_kept() {
    let stranger = Signer::from_seed("stranger.example/w", KeyKind::Cosignature, [5; 32]).expect("a good seed");
    let by_stranger = move |text: &str| format!("{}\n", cosign(&stranger, text, 1_700_000_000).expect("a good key"));
    let other_log = Log::new("race").checkpoint(8).to_string();
    let other_line = format!("{}\n", cosign(&witness_key(), &other_log, 1_700_000_000).expect("a good key"));
    let not_good = Outcome::Malformed("its cosignature is not good");
    let no_line = Outcome::Malformed("it answered no line by its key");
    let no_lines = Outcome::Malformed("it answered no signature lines");
    type Said = Box<dyn Fn(&str) -> String + Send + Sync>;
    let by_other = by_stranger.clone();
    let cases: Vec<(Said, Outcome)> = vec![
        (Box::new(|request| line_of(request).replacen("w1 IDJKvgAAAABlU", "w1 IDJKvgAAAABlV", 1)), not_good.clone()),
        (Box::new(move |_| other_line.clone()), not_good),
        (Box::new(move |request| by_stranger(&text_of(request))), no_line),
        (Box::new(|_| String::new()), no_lines.clone()),
        (Box::new(|_| "<html>welcome</html>\n".into()), no_lines.clone()),
        (Box::new(|request| line_of(request).trim_end().into()), no_lines.clone()),
        // An empty line would make the answer's beginning part of the text.
        (Box::new(|request| format!("x\n\n{}", line_of(request))), no_lines.clone()),
        (Box::new(|request| format!("{}\n{}", text_of(request), line_of(request))), no_lines),
        (Box::new(move |request| by_other(&text_of(request)) + &line_of(request)), Outcome::Cosigned),
    ];
    for (place, (said, expected)) in cases.into_iter().enumerate() {
        let (url, _) = fake(move |_, request| ok(&said(request)));
        let mut ledger = Ledger::with(&[&url]);
        let round = ledger.round(8).await;
        assert_eq!(round.outcomes[0].1, expected, "case {place}");
        let lines: Vec<&str> = round.cosignatures.iter().map(|cosigned| cosigned.line.name.as_str()).collect();
        assert_eq!(lines, if expected == Outcome::Cosigned { vec!["witness.example/w1"] } else { vec![] });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_that_makes_no_sense_ends_the_asking() {
    let no_size = Outcome::Malformed("it named no size with its conflict");
    for (media_type, body) in
        [("text/plain", "3\n"), ("text/x.tlog.size", "3"), ("text/x.tlog.size", "03\n"), ("text/x.tlog.size", "x\n")]
    {
        let (url, asked) = fake(move |_, _| answer("409 Conflict", media_type, body));
        assert_eq!(Ledger::with(&[&url]).outcome(8).await, no_size, "{media_type} {body:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
    let (url, _) = fake(|_, _| conflict(0));
    let same = Outcome::Malformed("it names the size that it was brought as another one");
    assert_eq!(Ledger::with(&[&url]).outcome(8).await, same);
    let (url, asked) = fake(|_, request| conflict(if request.starts_with("old 3\n") { 4 } else { 3 }));
    let moody = Outcome::Malformed("it names another size at every request");
    assert_eq!(Ledger::with(&[&url]).outcome(8).await, moody);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cosigner_that_went_back_is_brought_nothing_until_it_is_where_it_was() {
    let went_back = Arc::new(Mutex::new(false));
    let state = Arc::clone(&went_back);
    let (url, asked) =
        fake(move |_, request| if *state.lock().expect("no panic") { conflict(3) } else { ok(&line_of(request)) });
    let mut ledger = Ledger::with(&[&url]);
    assert_eq!(ledger.outcome(8).await, Outcome::Cosigned);
    *went_back.lock().expect("no panic") = true;
    for _ in 0..2 {
        assert_eq!(ledger.outcome(20).await, Outcome::WentBack { cosigned: 8, holds: 3 });
    }
    assert_eq!(asked.load(Ordering::SeqCst), 3, "no proof from its size was brought");
    *went_back.lock().expect("no panic") = false;
    assert_eq!(ledger.outcome(20).await, Outcome::Cosigned);
}

/// A cosigner that names a size, and shows a note.
fn shows(size: u64, note: String) -> String {
    fake(move |first, _| if first.starts_with("GET") { ok(&note) } else { conflict(size) }).0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cosigner_ahead_of_the_ledger_is_an_alarm_only_where_the_ledgers_key_signed_it() {
    let mut ahead = Log::new("first");
    ahead.grow(10, "lost");
    let signed = ahead.signed(50);
    let stranger = Signer::from_seed(&ahead.origin, KeyKind::Ed25519, [9; 32]).expect("a good seed");
    let forged = ahead.checkpoint(50).sign(&stranger).expect("a good key");
    let other = Log::new("race").signed(40);
    for note in [forged, other, "not a note".into()] {
        let mut ledger = Ledger::with(&[&shows(50, note)]);
        assert_eq!(ledger.outcome(8).await, Outcome::ClaimsAhead { size: 50 });
        assert!(ledger.evidence().is_empty());
    }
    let mut ledger = Ledger::with(&[&shows(50, signed.clone())]);
    let Outcome::Ahead(evidence) = ledger.outcome(8).await else { panic!("no alarm") };
    assert_eq!(ledger.evidence(), std::slice::from_ref(&evidence.text));
    assert!(evidence.text.contains(&signed), "{}", evidence.text);
    assert_eq!(judge(&evidence.text, &ledger.log.origin, &ledger.keys()), Ok(Finding::Unproved));
    // Where the ledger went on in the meantime, it is none.
    let mut ledger = Ledger::with(&[&shows(50, signed)]);
    *ledger.tree.lock().expect("no panic") = ahead.tree.clone();
    assert_eq!(ledger.outcome(8).await, Outcome::Newer { size: 50 });
    assert!(ledger.evidence().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_holds_another_history_of_the_ledger_is_an_alarm() {
    let own = Own::begin();
    let mut ledger = Ledger::with(&[&own.target.url]);
    own.target.cosigned(&ledger.log.forked_at(3).request(0, 8));
    let Outcome::Forked(evidence) = ledger.outcome(8).await else { panic!("no alarm") };
    assert_eq!(judge(&evidence.text, &ledger.log.origin, &ledger.keys()), Ok(Finding::TwoRoots(8)));
    assert_eq!(ledger.evidence(), std::slice::from_ref(&evidence.text));
    assert!(matches!(ledger.outcome(20).await, Outcome::Forked(_)), "also beside a greater size");
    // And where it is ahead of the round with that history.
    own.target.cosigned(&ledger.log.forked_at(3).request(8, 30));
    assert!(matches!(ledger.outcome(20).await, Outcome::Forked(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_holds_a_newer_checkpoint_is_none() {
    let own = Own::begin();
    let mut ledger = Ledger::with(&[&own.target.url]);
    own.target.cosigned(&ledger.log.request(0, 20));
    assert_eq!(ledger.outcome(8).await, Outcome::Newer { size: 20 });
    assert_eq!(ledger.outcome(40).await, Outcome::Cosigned);
    assert!(ledger.evidence().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_told_apart_and_nothing_is_followed() {
    let (elsewhere, asked) = fake(|_, request| ok(&line_of(request)));
    let moved = format!("HTTP/1.1 307 Moved\r\nLocation: {elsewhere}/add-checkpoint\r\nContent-Length: 0\r\n\r\n");
    let (url, _) = fake(move |_, _| Some(moved.clone().into_bytes()));
    assert_eq!(Ledger::with(&[&url]).outcome(8).await, Outcome::Refused { status: 307, said: String::new() });
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let (url, _) = fake(|_, _| answer("404 Not Found", "text/plain", &format!("who\n\x1b[31m{}", "x".repeat(999))));
    let Outcome::Refused { status: 404, said } = Ledger::with(&[&url]).outcome(8).await else { panic!("another") };
    assert!(said.starts_with("who  [31mx") && said.len() == 200, "{said:?}");
    let (url, _) = fake(|first, _| if first.starts_with("GET") { None } else { answer("422 No", "text/plain", "no") });
    assert_eq!(Ledger::with(&[&url]).outcome(8).await, Outcome::Refused { status: 422, said: "no".into() });
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let (url, _) = fake(move |_, _| answer(status, "text/plain", ""));
        assert_eq!(Ledger::with(&[&url]).outcome(8).await, Outcome::Busy);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_checkpoint_that_the_ledger_signed_and_holds_is_brought_to_anybody() {
    let (url, asked) = fake(|_, request| ok(&line_of(request)));
    let mut ledger = Ledger::with(&[&url]);
    let mut ahead = Log::new("first");
    ahead.grow(10, "lost");
    let stranger = Signer::from_seed(&ahead.origin, KeyKind::Ed25519, [9; 32]).expect("a good seed");
    let forged = ahead.checkpoint(8).sign(&stranger).expect("a good key");
    for signed in [ahead.signed(50), ledger.log.forked_at(3).signed(8), Log::new("race").signed(8), forged] {
        assert!(ledger.cosigning.round(|_| true, &signed, |_| {}).await.is_err(), "{signed}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}
