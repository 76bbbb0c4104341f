//! Bodies that nobody honest sends: whatever comes, nothing is cosigned but what the log signed and what extends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use countersign::note::Note;

use super::support::{Asked, Dice, Log, Own};

/// A good body with a few bytes changed, doubled, left out, or cut.
fn mutated(good: &str, dice: &mut Dice) -> Vec<u8> {
    let mut body = good.as_bytes().to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(body.len().max(1)).min(body.len().saturating_sub(1));
        match dice.below(6) {
            _ if body.is_empty() => {}
            0 => body[at] = u8::try_from(dice.below(256)).expect("a byte"),
            1 => body[at] ^= 1 << dice.below(8),
            2 => drop(body.remove(at)),
            3 => body.insert(at, b'\n'),
            4 => body.truncate(at),
            _ => {
                let piece = body[at..(at + dice.below(40)).min(body.len())].to_vec();
                body.splice(at..at, piece);
            }
        }
    }
    body
}

#[test]
fn a_mutated_request_is_never_cosigned_as_something_else() {
    let (witness, log) = (Asked::start(), Log::new("fuzz"));
    witness.cosigned(&log.request(0, 8));
    let good = log.request(8, 20);
    let (text, mut dice, mut cosigned) = (log.checkpoint(20).to_string(), Dice(0x9e37_79b9_7f4a_7c15), 0);
    for _ in 0..600 {
        let body = mutated(&good, &mut dice);
        let answer = witness.submit(&body);
        let shown = || String::from_utf8_lossy(&body).into_owned();
        assert!([200, 400, 403, 404, 409, 413, 422].contains(&answer.status), "{answer:?} to {}", shown());
        if answer.status == 200 {
            // Only what is not signed may have changed.
            cosigned += 1;
            let note = shown().split_once("\n\n").expect("a request").1.to_owned();
            assert_eq!(Note::parse(note.as_bytes()).expect("a note").text(), text, "{}", shown());
        } else {
            assert!(!answer.body.contains('—'), "{answer:?}");
        }
        if answer.status == 200 && cosigned == 1 {
            assert_eq!(witness.submit(&good).status, 409, "the state has moved on");
        }
    }
    let held = witness.latest(&log).body;
    assert!(held.contains("\n8\n") || held.contains("\n20\n"), "{held}");
}

#[test]
fn random_bytes_are_answered_with_400() {
    let witness = Asked::start();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for length in [0, 1, 2, 5, 64, 1_000, 20_000, 130_000] {
        let body: Vec<u8> = (0..length).map(|_| u8::try_from(dice.below(256)).expect("a byte")).collect();
        assert_eq!(witness.status(&body), 400, "{length} bytes");
    }
}

/// Sends the beginning of a request by hand and answers the first line of what comes back.
fn by_hand(own: &Own, head: &str, body: &[u8]) -> String {
    let address = own.target.url.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    let head = format!("POST /add-checkpoint HTTP/1.1\r\nHost: witness\r\nConnection: close\r\n{head}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    let _ = stream.write_all(body); // the witness may have closed already
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_giant_body_is_refused_by_its_announced_length_before_it_comes() {
    let own = Own::begin();
    // Nothing of the body is ever sent, so whoever waits for it waits for the timer.
    assert_eq!(by_hand(&own, "Content-Length: 10000000000", b""), "HTTP/1.1 413 Payload Too Large");
    assert_eq!(by_hand(&own, "Content-Length: 140000", b""), "HTTP/1.1 413 Payload Too Large");
}

#[test]
fn a_giant_body_of_unknown_length_is_refused_when_it_exceeds_the_cap() {
    let own = Own::begin();
    let chunk = [b"8000\r\n".to_vec(), vec![b'x'; 0x8000], b"\r\n".to_vec()].concat();
    let answer = by_hand(&own, "Transfer-Encoding: chunked", &chunk.repeat(5));
    assert_eq!(answer, "HTTP/1.1 413 Payload Too Large");
}
