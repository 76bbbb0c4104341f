//! The same work on many things, on every core: for what depends on each thing alone.
//!
//! Invariants: answers come in the order of the things.
//!
//! Deliberately absent: threads that stay. A few are made for each batch that is worth them, and end with it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

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

/// Things that are worked on together, so that handing over costs little beside the work.
const PIECE: usize = 16;

/// What has become of a piece.
enum Piece<R> {
    Waiting,
    Done(Vec<R>),
    Failed,
}

/// Pieces of the work, and where it stands.
struct Shared<R> {
    pieces: Mutex<Vec<Piece<R>>>,
    done: Condvar,
    next: AtomicUsize,
}

impl<R> Shared<R> {
    /// Does the next piece, if there is one. A piece is done or has failed when this returns, even by a panic.
    fn work<T>(&self, things: &[T], work: &(impl Fn(&T) -> R + Sync)) -> bool {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(piece) = things.chunks(PIECE).nth(at) else { return false };
        let mut filling = Filling { shared: self, at, piece: Piece::Failed };
        filling.piece = Piece::Done(piece.iter().map(work).collect());
        true
    }

    fn pieces(&self) -> MutexGuard<'_, Vec<Piece<R>>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner) // nothing under the lock can panic
    }

    /// The answers to a piece, once they are there; until then this thread does others.
    fn answers<T>(&self, at: usize, things: &[T], work: &(impl Fn(&T) -> R + Sync)) -> Option<Vec<R>> {
        loop {
            let mut pieces = self.pieces();
            match pieces.get_mut(at).map(|piece| std::mem::replace(piece, Piece::Failed)) {
                Some(Piece::Done(answers)) => return Some(answers),
                Some(Piece::Failed) | None => return None,
                Some(Piece::Waiting) => pieces[at] = Piece::Waiting,
            }
            drop(pieces);
            if self.work(things, work) {
                continue;
            }
            let mut pieces = self.pieces();
            while matches!(pieces.get(at), Some(Piece::Waiting)) {
                pieces = self.done.wait(pieces).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// Puts a piece in its place when it is dropped.
struct Filling<'s, R> {
    shared: &'s Shared<R>,
    at: usize,
    piece: Piece<R>,
}

impl<R> Drop for Filling<'_, R> {
    fn drop(&mut self) {
        let piece = std::mem::replace(&mut self.piece, Piece::Failed);
        if let Some(place) = self.shared.pieces().get_mut(self.at) {
            *place = piece;
        }
        self.shared.done.notify_all();
    }
}

/// Does `work` on each of `things` on every core, and hands the answers to `take` in order, on this thread, while the
/// others go on. `take` has nothing where the work panicked, and ends everything by answering `false`.
pub fn in_order<T: Sync, R: Send>(
    things: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&T, Option<R>) -> bool,
) {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let count = things.len().div_ceil(PIECE);
    let pieces = Mutex::new((0..count).map(|_| Piece::Waiting).collect());
    let shared = Shared { pieces, done: Condvar::new(), next: AtomicUsize::new(0) };
    std::thread::scope(|scope| {
        let helpers = threads.min(count).saturating_sub(1);
        let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(|| while shared.work(things, &work) {})).collect();
        let all = things.chunks(PIECE).enumerate().try_for_each(|(at, piece)| {
            let mut answers = shared.answers(at, things, &work).map(Vec::into_iter);
            let goes_on = piece.iter().all(|thing| take(thing, answers.as_mut().and_then(Iterator::next)));
            if goes_on { Ok(()) } else { Err(()) }
        });
        if all.is_err() {
            shared.next.store(count, Ordering::Relaxed); // nobody wants the rest
        }
        helpers.into_iter().for_each(|helper| drop(helper.join())); // a panic has been told
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_in_order_while_others_are_made() {
        for count in [0, 1, 31, 32, 33, 1_000, 5_001] {
            let things: Vec<usize> = (0..count).collect();
            let mut taken = Vec::new();
            in_order(
                &things,
                |i| i * 2,
                |i, answer| {
                    assert_eq!(answer, Some(i * 2));
                    taken.push(*i);
                    true
                },
            );
            assert_eq!(taken, things);
        }
    }

    #[test]
    fn nothing_is_taken_after_the_end_was_called_and_a_panic_is_told() {
        let things: Vec<usize> = (0..2_000).collect();
        let mut taken = 0;
        in_order(
            &things,
            |i| i * 2,
            |i, _| {
                taken += 1;
                *i < 700
            },
        );
        assert_eq!(taken, 701);
        let here = std::thread::current().id();
        let (mut failed, mut good) = (0, 0);
        // Only a helper panics: on this thread a fault of the program is its caller's to see.
        let work = |i: &usize| {
            assert!(std::thread::current().id() == here || !i.is_multiple_of(32), "one in two pieces fails");
            std::thread::sleep(std::time::Duration::from_micros(20));
            *i
        };
        in_order(&things, work, |_, answer| {
            *(if answer.is_some() { &mut good } else { &mut failed }) += 1;
            true
        });
        assert_eq!(good + failed, 2_000);
        let alone = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) == 1;
        assert!(failed % PIECE == 0 && (failed > 0 || alone) && good > 0, "{failed} and {good}");
    }

    #[test]
    fn answers_come_in_order_whatever_the_number_of_things() {
        for count in [0, 1, 7, 8, 9, 63, 64, 1_000, 1_001] {
            let answers = on_every_core((0..count).collect(), |i: usize| i * 2).expect("no panic");
            assert_eq!(answers, (0..count).map(|i| i * 2).collect::<Vec<_>>());
        }
    }
}
