//! The same work on many things, on every core: for what depends on each thing alone.
//!
//! Invariants: answers come in the order of the things.
//!
//! Deliberately absent: threads that stay. A few are made for each batch that is worth them, and end with it.

/// From so many things on, several threads share them.
const WORTH_A_THREAD: usize = 8;

/// Does `work` on each of `things`, in order. Nothing if the work panicked.
pub fn on_every_core<T: Send, R: Send>(things: Vec<T>, work: impl Fn(T) -> R + Sync) -> Option<Vec<R>> {
    let all = |things: Vec<T>| things.into_iter().map(&work).collect::<Vec<R>>();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if things.len() < WORTH_A_THREAD || threads < 2 {
        return Some(all(things));
    }
    let share = things.len().div_ceil(threads);
    let mut rest = things;
    let mut shares = Vec::with_capacity(threads);
    while rest.len() > share {
        shares.push(rest.split_off(rest.len() - share));
    }
    std::thread::scope(|scope| {
        let helpers: Vec<_> = shares.into_iter().map(|share| scope.spawn(|| all(share))).collect();
        let mut answers = all(rest);
        for helper in helpers.into_iter().rev() {
            answers.extend(helper.join().ok()?);
        }
        Some(answers)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_whatever_the_number_of_things() {
        for count in [0, 1, 7, 8, 9, 63, 64, 1_000, 1_001] {
            let answers = on_every_core((0..count).collect(), |i: usize| i * 2).expect("no panic");
            assert_eq!(answers, (0..count).map(|i| i * 2).collect::<Vec<_>>());
        }
    }
}
