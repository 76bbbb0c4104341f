//! Kills at random moments: no two cosignatures are ever over histories that do not go together.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::tlog::witness::Request;

use super::support::{Dice, Log, Own, Target};

/// How often the witness is killed; `COUNTERSIGN_KILLS` asks for more.
fn kills() -> usize {
    std::env::var("COUNTERSIGN_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20)
}

/// Submits, from whatever size the witness says it holds, until the witness is gone. Keeps what was cosigned.
fn submit(witness: &Target, log: &Log, seed: u64, done: &AtomicBool, cosigned: &Mutex<Vec<(u64, String)>>) {
    let (mut dice, mut held) = (Dice(seed), 0);
    while held < log.tree.size() && !done.load(Ordering::SeqCst) {
        let size = (held + dice.below(2) as u64).min(log.tree.size());
        let request = log.request(held, size);
        let Some(answer) = witness.try_submit(request.as_bytes()) else { return };
        match answer.status {
            200 => {
                witness.time_of(&request, &answer);
                let root = Request::parse(request.as_bytes()).expect("a request").checkpoint.root;
                cosigned.lock().expect("no panic").push((size, root.to_hex()));
                held = size;
            }
            409 => held = answer.body.trim_end().parse().expect("a size"),
            422 => std::thread::sleep(Duration::from_millis(1)), // the other history was faster
            status => panic!("{status}"),
        }
    }
}

#[test]
fn no_kill_between_write_and_answer_leads_to_two_histories() {
    let mut log = Log::new("race");
    log.grow(4_000, "more");
    let cosigned = Mutex::new(Vec::new());
    let mut own = Own::begin();
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let mut shared = 0;
    for round in 0..kills() {
        // From here on, the log tells two stories: one to each of two senders.
        let mut other = Log::of(&log.origin);
        other.key = log.key.clone();
        other.tree = countersign::tlog::Tree::default();
        let held = held_by(&own.target, &log);
        assert!(held >= shared, "round {round}: {held} after {shared} was cosigned");
        (0..held).for_each(|index| other.tree.append(log.tree.leaf(index).expect("an index of the log")));
        other.grow(log.tree.size() - held, &format!("another {round}"));
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for (i, story) in [&log, &other, &log, &other].into_iter().enumerate() {
                let (target, done, cosigned) = (own.target.clone(), &done, &cosigned);
                let seed = ((round * 4 + i + 1) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                scope.spawn(move || submit(&target, story, seed, done, cosigned));
            }
            std::thread::sleep(Duration::from_millis(10 + dice.below(60) as u64));
            own.signal_kill();
            done.store(true, Ordering::SeqCst);
        });
        own = own.restart();
        shared = cosigned.lock().expect("no panic").iter().map(|(size, _)| *size).max().unwrap_or(0);
        // The witness has chosen; the story that it holds is the log from now on.
        if !holds(&own.target, &log) {
            log = other;
            assert!(holds(&own.target, &log), "round {round}: it holds neither story");
        }
    }
    let mut roots: BTreeMap<u64, String> = BTreeMap::new();
    let all = cosigned.into_inner().expect("no panic");
    for (size, root) in &all {
        let first = roots.entry(*size).or_insert_with(|| root.clone());
        assert_eq!(first, root, "two roots of size {size} were cosigned");
        let of_log = log.tree.root_at(*size).expect("a size of the log").to_hex();
        assert_eq!(root, &of_log, "size {size} was cosigned in a story that is not the one that is held");
    }
    assert!(roots.len() > kills(), "something was cosigned between the kills: {}", roots.len());
    println!("{} cosignatures over {} sizes and {} kills", all.len(), roots.len(), kills());
}

fn held_by(witness: &Target, log: &Log) -> u64 {
    let answer = witness.submit(log.request(1, 1));
    if answer.status == 409 { answer.body.trim_end().parse().expect("a size") } else { 1 }
}

/// Whether the witness's latest checkpoint is one of this log's.
fn holds(witness: &Target, log: &Log) -> bool {
    let shown = witness.latest(log);
    if shown.status == 404 {
        return true;
    }
    let mut lines = shown.body.lines().skip(1);
    let size = lines.next().and_then(|size| size.parse().ok()).expect("a size");
    log.tree.root_at(size).map(|root| root.to_base64()).as_deref() == lines.next()
}
