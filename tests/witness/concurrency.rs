//! Many at once: comparing and storing are one act.

use std::sync::Barrier;

use super::support::{Answer, Asked, Log, Target};

/// What is answered to each of these requests, all sent at the same moment.
fn at_once(witness: &Target, requests: &[String]) -> Vec<Answer> {
    let start = Barrier::new(requests.len());
    std::thread::scope(|scope| {
        let send = |request| {
            let (witness, start) = (witness.clone(), &start);
            scope.spawn(move || {
                start.wait();
                witness.submit(request)
            })
        };
        let senders: Vec<_> = requests.iter().map(send).collect();
        senders.into_iter().map(|sender| sender.join().expect("an answer")).collect()
    })
}

#[test]
fn of_many_requests_from_one_size_to_others_one_is_cosigned() {
    let (witness, log) = (Asked::start(), Log::new("parallel"));
    let mut held = 0;
    for _ in 0..5 {
        let requests: Vec<String> = (1..=8).map(|more| log.request(held, held + more)).collect();
        let answers = at_once(&witness, &requests);
        let won: Vec<usize> = (0..8).filter(|&i| answers[i].status == 200).collect();
        let [winner] = *won.as_slice() else { panic!("{answers:?}") };
        witness.time_of(&requests[winner], &answers[winner]);
        held += winner as u64 + 1;
        for (i, answer) in answers.iter().enumerate().filter(|(i, _)| *i != winner) {
            let conflict = (answer.status, answer.body.clone());
            assert_eq!(conflict, (409, format!("{held}\n")), "request {i}");
        }
    }
}

#[test]
fn of_two_histories_at_once_one_is_cosigned() {
    let (witness, log) = (Asked::start(), Log::new("race"));
    witness.cosigned(&log.request(0, 8));
    let other = log.forked_at(8);
    let requests: Vec<String> = (9..13).flat_map(|size| [log.request(8, size), other.request(8, size)]).collect();
    let answers = at_once(&witness, &requests);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
}
