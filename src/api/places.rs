//! How many answers that last one token may have open at once.
//!
//! A stream or a download holds a connection for as long as its reader likes. So each token has a few places, and one
//! reader's many do not take them from another.
//!
//! Invariants: a place is given back when its answer ends or its reader goes away; memory is bounded by the answers
//! that are open.
//!
//! Deliberately absent: a queue. Who finds no place is told so and comes again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use super::problem::Problem;
use crate::hash::Hash;
use crate::words::Words;

/// The places of every token.
#[derive(Debug)]
pub struct Places {
    most: u32,
    taken: Mutex<HashMap<Hash, u32>>,
}

/// One place; given back with the value.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    token: Hash,
}

impl Places {
    /// So many places for each token.
    pub fn new(most: u32) -> Arc<Places> {
        Arc::new(Places { most, taken: Mutex::default() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Hash, u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for the token with this hash.
    pub fn take(self: &Arc<Places>, token: Hash) -> Result<Place, Problem> {
        let mut taken = self.taken();
        let count = taken.entry(token).or_insert(0);
        if *count >= self.most {
            return Err(too_many(self.most));
        }
        *count += 1;
        Ok(Place { places: Arc::clone(self), token })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.token) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.token);
            }
        }
    }
}

fn too_many(most: u32) -> Problem {
    let mut problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_open",
        Words::fixed("Too many at once", "Слишком много одновременно"),
        Words::new(
            format!("Your token has {most} such answers open, and may have no more. Close one, then ask again."),
            format!("По вашему токену уже открыто ответов: {most}, больше нельзя. Закройте один и повторите запрос."),
        ),
    );
    problem.retry_after = Some(5);
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_own_places_and_gets_them_back() {
        let places = Places::new(2);
        let (one, other) = (Hash::of(b"one"), Hash::of(b"other"));
        let first = places.take(one).expect("a place");
        let _second = places.take(one).expect("a place");
        assert_eq!(places.take(one).expect_err("no third").status, StatusCode::TOO_MANY_REQUESTS);
        let _others = places.take(other).expect("a place of its own");
        drop(first);
        let third = places.take(one).expect("given back");
        drop((third, _second, _others));
        assert!(places.taken().is_empty(), "nobody is remembered");
    }
}
