//! The file in which our own witness remembers: torn ends, changes, other keys, two at once, and a full disk.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{Log, Own, command};

/// How a witness ends that must not run, and what it says.
fn ended(folder: &std::path::Path, more: &[&str]) -> (Option<i32>, String) {
    let said = std::fs::File::create(folder.join("out")).expect("a file");
    let mut child = command(folder, more, "").stdout(Stdio::null()).stderr(said).spawn().expect("the program runs");
    let deadline = Instant::now() + Duration::from_secs(20);
    let status = loop {
        match child.try_wait().expect("it can be waited for") {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                child.kill().expect("it can be killed");
                break child.wait().expect("it ends");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    (status.code(), std::fs::read_to_string(folder.join("out")).expect("text"))
}

/// A witness that cosigned three sizes of one log, stopped, and its state.
fn stopped() -> (tempfile::TempDir, Log, Vec<u8>) {
    let (own, log) = (Own::begin(), Log::new("first"));
    for (old, size) in [(0, 3), (3, 8), (8, 20)] {
        own.target.cosigned(&log.request(old, size));
    }
    let folder = own.kill();
    let state = std::fs::read(folder.path().join("state")).expect("readable");
    (folder, log, state)
}

#[test]
fn a_torn_end_is_cut_off_and_the_last_whole_checkpoint_counts() {
    let (mut folder, log, state) = stopped();
    let text = String::from_utf8(state.clone()).expect("text");
    let end_of_second = text.find("\n\n— ").and_then(|_| text.match_indices("\n\n").nth(3)).expect("four gaps").0 + 2;
    for torn in [end_of_second + 1, end_of_second + 40, state.len() - 90, state.len() - 1] {
        let mut bytes = state[..torn].to_vec();
        bytes.extend_from_slice(if torn % 2 == 0 { b"\xff\0\0" } else { b"" });
        std::fs::write(folder.path().join("state"), &bytes).expect("written");
        let own = Own::start(folder, &[], "");
        assert_eq!(own.target.submit(log.request(0, 40)).body, "8\n", "cut at {torn}");
        assert!(own.said().contains("torn end"), "{}", own.said());
        assert_eq!(std::fs::read(own.path("state")).expect("readable"), state[..end_of_second], "cut at {torn}");
        own.target.cosigned(&log.request(8, 9));
        folder = own.kill();
        let own = Own::start(folder, &[], "");
        assert_eq!(own.target.submit(log.request(0, 40)).body, "9\n", "what was added behind the cut is whole");
        folder = own.kill();
    }
}

#[test]
fn a_changed_file_is_refused_and_left_as_it_is() {
    let (folder, _, state) = stopped();
    let text = String::from_utf8(state).expect("text");
    let notes: Vec<&str> = text.split_inclusive("\n\n").collect::<Vec<_>>();
    let [first, second, third] = [0, 2, 4].map(|i| notes[i..i + 2].concat());
    for (changed, what) in [
        (format!("{second}{first}{third}"), "another order"),
        (format!("{first}{second}{second}"), "one twice"),
        (text.replacen("\n3\n", "\n03\n", 1), "a size with a zero"),
        (text.replacen("\n20\n", "\n21\n", 1), "another size"),
        (format!("\n{text}"), "an empty line in front"),
        (format!("{first}{second}{}", third.replacen("— witness", "— another", 1)), "another cosigner"),
        (format!("garbage\n\n\n{text}"), "garbage"),
    ] {
        std::fs::write(folder.path().join("state"), &changed).expect("written");
        let (code, said) = ended(folder.path(), &[]);
        assert_eq!(code, Some(2), "{what}: {said}");
        assert!(said.contains("of the state file"), "{what}: {said}");
        assert_eq!(std::fs::read_to_string(folder.path().join("state")).expect("readable"), changed, "{what}");
    }
}

#[test]
fn a_witness_does_not_begin_anew_unless_it_is_told_to() {
    let (folder, _, state) = stopped();
    let path = folder.path().join("state");
    let (code, said) = ended(folder.path(), &["--begin"]);
    assert_eq!((code, said.contains("start without --begin")), (Some(2), true), "{said}");
    assert_eq!(std::fs::read(&path).expect("readable"), state);
    std::fs::remove_file(&path).expect("removed");
    let (code, said) = ended(folder.path(), &[]);
    assert_eq!((code, said.contains("bring its file back")), (Some(2), true), "{said}");
    assert!(!path.exists());
}

#[test]
fn two_witnesses_do_not_share_a_state_file() {
    let own = Own::begin();
    let (code, said) = ended(own.folder.path(), &[]);
    assert_eq!((code, said.contains("in use by another witness")), (Some(2), true), "{said}");
}

#[test]
fn a_state_file_belongs_to_one_key() {
    let (folder, ..) = stopped();
    let other =
        countersign::note::Signer::from_seed("witness.example/w1", countersign::note::KeyKind::Cosignature, [7; 32]);
    std::fs::write(folder.path().join("key"), &*other.expect("a good seed").to_skey().expect("a secret"))
        .expect("written");
    let (code, said) = ended(folder.path(), &[]);
    assert_eq!((code, said.contains("give the key that belongs")), (Some(2), true), "{said}");
}

#[test]
fn a_log_key_or_an_empty_list_is_refused_with_what_to_do() {
    let (folder, log, _) = stopped();
    let (key, logs) = (folder.path().join("key"), folder.path().join("logs"));
    let good = std::fs::read(&key).expect("readable");
    std::fs::write(&key, &*log.key.to_skey().expect("a secret")).expect("written");
    let (code, said) = ended(folder.path(), &[]);
    assert_eq!((code, said.contains("keygen --witness")), (Some(2), true), "{said}");
    std::fs::write(&key, good).expect("written");
    std::fs::write(&logs, "# none yet\n").expect("written");
    let (code, said) = ended(folder.path(), &[]);
    assert_eq!((code, said.contains("names no log")), (Some(2), true), "{said}");
    std::fs::write(&logs, "rubbish\n").expect("written");
    let (code, said) = ended(folder.path(), &[]);
    assert_eq!((code, said.contains("line 1 of the list of logs")), (Some(2), true), "{said}");
}

/// A limit on the size of files stands for a full disk: the write fails in the middle.
#[test]
fn a_witness_that_cannot_write_answers_nothing_more_and_starts_again_whole() {
    let (folder, log, state) = stopped();
    // In blocks of 512 bytes, rounded up: the fourth note does not fit whole.
    let blocks = state.len().div_ceil(512);
    let room = blocks * 512 - state.len();
    let own = Own::start(folder, &[], &format!("trap '' XFSZ\nulimit -S -f {blocks} || exit 3"));
    let mut held = 20;
    let failed = loop {
        assert!(held < 24, "{room} bytes are room for one note at most");
        let answer = own.target.submit(log.request(held, held + 1));
        if answer.status != 200 {
            break answer;
        }
        held += 1;
    };
    assert_eq!(failed.status, 503, "{failed:?}");
    assert!(!failed.body.contains('—'));
    assert_eq!(own.target.status(log.request(held, held + 1)), 503, "and again");
    assert_eq!(own.target.latest(&log).status, 200, "what was cosigned is still shown");
    // Nor when there is room again: what the disk holds is known only after a new start.
    let freed = Command::new("prlimit").args([format!("--pid={}", own.id()), "--fsize=unlimited".into()]).status();
    match freed {
        Ok(status) => {
            assert!(status.success());
            assert_eq!(own.target.status(log.request(held, held + 1)), 503, "before it starts again");
        }
        Err(error) => println!("skipped: prlimit is not there to make room again: {error}"),
    }
    let own = own.restart();
    assert_eq!(own.target.submit(log.request(0, 40)).body, format!("{held}\n"));
    own.target.cosigned(&log.request(held, 40));
}

#[test]
fn the_state_file_is_plain_text_that_people_can_read() {
    let (_, log, state) = stopped();
    let text = String::from_utf8(state).expect("text");
    let sizes: Vec<&str> =
        text.split(&format!("{}\n", log.origin)).skip(1).filter_map(|rest| rest.lines().next()).collect();
    assert_eq!(sizes, ["3", "8", "20"]);
    assert_eq!(text.matches("— witness.example/w1 ").count(), 3);
}
