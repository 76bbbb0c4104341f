//! The figures of the pure core: folding a log, auditing it, proving from it; each beside the limit it is measured
//! against, in the same run. `cargo bench` prints them; `benches/README.md` keeps them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign::author::{Draft, sign};
use countersign::evidence::audit::Auditor;
use countersign::note::{KeyKind, Signer};
use countersign::replica::Replica;
use countersign::tlog::{EMPTY_ROOT, verify};
use countersign::treaty::admit::Signatures;
use countersign::treaty::entry::Entry;
use countersign::treaty::party::Party;
use countersign::treaty::record::{Anchor, Channel, Kind, Signed};
use countersign::treaty::time::Instant as Time;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use uuid::Uuid;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ORIGIN: &str = "ledger.example/bench";

/// Keys and a count of records.
struct Office {
    count: u64,
}

impl Office {
    fn key(name: &str) -> Signer {
        let kind = if name.ends_with("/clerk") { KeyKind::Countersign } else { KeyKind::Ed25519 };
        let seed = *countersign::hash::Hash::of(name.as_bytes()).as_bytes();
        Signer::from_seed(name, kind, seed).expect("a key")
    }

    /// The next entry: signed, and countersigned in the same second as all others.
    fn entry(&mut self, kind: Kind, signers: &[&str], body: Value) -> String {
        self.count += 1;
        let at = Time::parse("2026-01-01T00:00:00Z").expect("a time");
        let draft = Draft {
            id: Uuid::from_u128(0x01a1_b2c3_0000_7000_8000_0000_0000_0000 | u128::from(self.count)),
            kind,
            party: signers[0].split('/').next().and_then(Party::from_word).expect("a party"),
            signers: signers.iter().map(|&name| name.to_owned()).collect(),
            number: self.count,
            signed_at: at,
            effective_at: None,
            anchor: Anchor { size: 0, root: EMPTY_ROOT },
            channel: Channel::NationalCentre,
            refs: Vec::new(),
            body,
        };
        let keys: Vec<Signer> = signers.iter().map(|name| Office::key(name)).collect();
        let note = sign(&draft.text(ORIGIN), &keys.iter().collect::<Vec<_>>()).expect("signs");
        let signed = Signed::parse(note.as_bytes()).expect("a record");
        Entry::countersign(signed, &Office::key(&format!("{ORIGIN}/clerk")), at).expect("signs").bytes
    }
}

/// A log of so many entries: terms, a key, a designation, and declarations.
fn log(entries: usize, items: usize) -> Vec<String> {
    let mut office = Office { count: 0 };
    let text = |en: &str| json!({ "en": en, "ru": en });
    let vkey = |name: &str| Office::key(name).verifier().to_string();
    let roots = |party: &str| json!({ "root": vkey(&format!("{party}/root/1")), "recovery": vkey(&format!("{party}/recovery/1")) });
    let slot =
        json!({ "inspecting": "US", "inspected": "RU", "host": "RU", "designated_by": "US", "name": text("a base") });
    let terms = json!({
        "title": text("bench"), "origin": ORIGIN, "version": 1, "rules": 1,
        "log_vkey": vkey(ORIGIN), "clerk_vkey": vkey(&format!("{ORIGIN}/clerk")),
        "roots": { "US": roots("US"), "RU": roots("RU") }, "slots": { "B1": slot }, "quorum": { "all": [] },
    });
    let mut log = vec![office.entry(Kind::Terms, &["US/root/1", "RU/root/1"], terms)];
    for party in ["US", "RU"] {
        let (root, name) = (format!("{party}/root/1"), format!("{party}/centre/1"));
        let body = json!({ "vkey": vkey(&name), "name": name, "role": "centre" });
        log.push(office.entry(Kind::KeyRegistration, &[&root, &name], body));
    }
    let site = json!({ "slot": "B1", "site": "b", "action": "designate", "name": text("b"), "lat_e7": 0, "lon_e7": 0, "accuracy_m": 1, "source": "bench" });
    log.push(office.entry(Kind::Designation, &["US/centre/1"], site));
    let items: Vec<Value> = (1..=items).map(|i| json!({ "uid": format!("B1-{i}"), "type": "9M728", "location": format!("L{}/1", i % 2 + 1), "count": 1 })).collect();
    let launchers =
        json!([{ "id": "L1", "type": "launcher", "cells": 2 }, { "id": "L2", "type": "launcher", "cells": 2 }]);
    let body = json!({ "slot": "B1", "launchers": launchers, "items": items, "absent": [] });
    while log.len() < entries {
        log.push(office.entry(Kind::Declaration, &["RU/centre/1"], body.clone()));
    }
    log
}

fn fold_of(log: &[String], signatures: Signatures) -> Replica {
    let mut replica = Replica::default();
    for entry in log {
        replica.replay(entry.as_bytes(), signatures).expect("admissible");
    }
    replica
}

/// Resident memory of this process, in bytes (Linux).
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn fold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let all = log(100_000, 8);
    let small = log(100_000, 0);
    // The second fold is what is measured: the first leaves the allocator with the room that reading an entry takes.
    let first = fold_of(&all, Signatures::CheckedElsewhere);
    let before = resident();
    let replica = fold_of(&all, Signatures::CheckedElsewhere);
    if let (Some(before), Some(after)) = (before, resident()) {
        let bytes = after.saturating_sub(before) as f64 / all.len() as f64;
        println!("fold: {bytes:.0} bytes of memory an entry, beside its own {}", all[10].len());
    }
    drop(first);
    for (name, log) in [("large", &all[..10_000]), ("large", &all[..]), ("small", &small[..])] {
        let bytes = log.iter().map(String::len).sum::<usize>() / log.len();
        group.throughput(Throughput::Elements(log.len() as u64));
        let id = BenchmarkId::new(format!("{name} entries of {bytes} bytes"), log.len());
        group.bench_with_input(id, log, |bencher, log| {
            bencher.iter(|| fold_of(black_box(log), Signatures::CheckedElsewhere));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("proofs of 100,000 entries");
    group.bench_function("inclusion", |bencher| {
        bencher.iter(|| replica.tree().prove_inclusion(black_box(54_321), 100_000));
    });
    group.bench_function("consistency", |bencher| {
        bencher.iter(|| replica.tree().prove_consistency(black_box(54_321), 100_000));
    });
    let proof = replica.tree().prove_inclusion(54_321, 100_000).expect("in range");
    let (leaf, root) = (replica.tree().leaf(54_321).expect("a leaf"), replica.tree().root());
    group.bench_function("verify inclusion", |bencher| {
        bencher.iter(|| verify::verify_inclusion(leaf, black_box(54_321), 100_000, &proof, root));
    });
    group.finish();
}

/// An audit, on all cores, beside the bare loop over its signatures on one: two for each entry, the author's and the
/// clerk's.
fn audit(criterion: &mut Criterion) {
    let log = log(5_000, 8);
    let key = Office::key("bench");
    let message = &log[10].as_bytes()[..1_000];
    let signature = key.sign(message).expect("signs");
    let bare = || {
        for _ in 0..log.len() * 2 {
            assert!(key.verifier().verify(black_box(message), black_box(&signature)));
        }
    };
    let entries: Vec<&[u8]> = log.iter().map(String::as_bytes).collect();
    let audited = || {
        let mut auditor = Auditor::new(None);
        for tile in entries.chunks(256) {
            assert!(auditor.entries(black_box(tile)));
        }
    };
    // The ratio comes from runs that alternate, so that a noisy neighbour hits both alike.
    let time = |work: &dyn Fn()| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_secs_f64()
    };
    let mut ratios: Vec<f64> = (0..7).map(|_| time(&bare) / time(&audited)).collect();
    ratios.sort_by(f64::total_cmp);
    println!("audit: {:.3} of a bare verify_strict loop (median of {})", ratios[ratios.len() / 2], ratios.len());
    let mut group = criterion.benchmark_group("audit");
    group.sample_size(10).throughput(Throughput::Elements(log.len() as u64));
    group.bench_function("5,000 entries", |bencher| bencher.iter(audited));
    group.bench_function("the bare loop over their signatures", |bencher| bencher.iter(bare));
    group.finish();
}

criterion_group!(benches, fold, audit);
criterion_main!(benches);
