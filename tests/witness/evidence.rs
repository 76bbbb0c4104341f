//! A log that shows two histories leaves a file that proves it.

use countersign::tlog::fork::{Finding, judge};

use super::support::{Log, Own};

fn files(own: &Own) -> Vec<(String, String)> {
    let Ok(folder) = std::fs::read_dir(own.path("state.evidence")) else { return Vec::new() };
    let paths = folder.map(|item| item.expect("readable").path());
    let file = |path: std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).expect("text"))
    };
    paths.map(file).collect()
}

#[test]
fn a_fork_is_kept_as_a_file_that_anybody_with_the_logs_key_can_judge() {
    let (own, log) = (Own::begin(), Log::new("first"));
    let keys = [log.key.verifier().clone()];
    own.target.cosigned(&log.request(0, 8));
    assert_eq!(own.target.status(log.request(0, 5)), 409);
    assert_eq!(own.target.status(log.request(3, 20)), 409);
    assert_eq!(files(&own), [], "nothing against an honest log");
    let other = log.forked_at(3);
    assert_eq!(own.target.status(other.request(8, 8)), 422);
    assert_eq!(own.target.status(other.request(0, 8)), 409, "the same checkpoint again, from another size");
    let kept = files(&own);
    let [(name, text)] = kept.as_slice() else { panic!("{kept:?}") };
    assert!(name.starts_with("fork-"), "{name}");
    assert_eq!(judge(text, &log.origin, &keys), Ok(Finding::TwoRoots(8)));
    assert!(own.said().contains(name), "the witness's own log names the file: {}", own.said());
    // A greater checkpoint to which no proof leads is kept to ask about.
    assert_eq!(own.target.status(other.request(8, 20)), 422);
    let kept = files(&own);
    let unproved = kept.iter().find(|(name, _)| name.starts_with("unproved-")).expect("kept");
    assert_eq!(judge(&unproved.1, &log.origin, &keys), Ok(Finding::Unproved));
    // And the one that is cosigned stays the same.
    own.target.cosigned(&log.request(8, 20));
}

#[test]
fn a_log_that_signs_many_histories_does_not_fill_the_disk() {
    let (own, log) = (Own::begin(), Log::new("first"));
    own.target.cosigned(&log.request(0, 8));
    for i in 0..30 {
        let mut other = log.forked_at(3);
        other.tree = countersign::tlog::Tree::default();
        other.grow(8, &format!("history {i}"));
        assert_eq!(own.target.status(other.request(8, 8)), 422);
    }
    assert_eq!(files(&own).len(), 16);
}
