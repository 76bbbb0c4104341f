//! How many failed verifications one address may cause.
//!
//! A bad signature costs the ledger as much as a good one, so each address has an allowance of failures that fills up
//! again with time. Good records are never limited by it.
//!
//! Invariants: memory is bounded; when the table is full, addresses with a full allowance are forgotten first.
//!
//! Deliberately absent: who an address belongs to, and any limit shared between processes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;

/// Failures that an address may cause at once.
const ALLOWANCE: f64 = 60.0;
/// Failures that it may cause in the long run, per second.
const REFILL: f64 = 1.0;
/// Addresses that are remembered.
const ADDRESSES: usize = 16_384;

/// What is left of the allowance of each address.
#[derive(Debug, Default)]
pub struct Failures {
    left: Mutex<HashMap<IpAddr, (f64, f64)>>,
}

impl Failures {
    /// Whether an address may try, at a time in seconds; else the seconds to wait.
    pub fn may_try(&self, address: IpAddr, now: f64) -> Result<(), u32> {
        let left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match left.get(&group(address)) {
            Some(&(left, at)) if filled(left, at, now) < 1.0 => Err(1),
            _ => Ok(()),
        }
    }

    /// Notes a failure.
    pub fn failed(&self, address: IpAddr, now: f64) {
        let mut left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if left.len() >= ADDRESSES {
            left.retain(|_, &mut (left, at)| filled(left, at, now) < ALLOWANCE);
        }
        if left.len() >= ADDRESSES {
            left.clear(); // every one of so many addresses fails at once: remembering them helps nobody
        }
        let entry = left.entry(group(address)).or_insert((ALLOWANCE, now));
        *entry = ((filled(entry.0, entry.1, now) - 1.0).max(0.0), now);
    }
}

fn filled(left: f64, at: f64, now: f64) -> f64 {
    (left + (now - at).max(0.0) * REFILL).min(ALLOWANCE)
}

/// One subscriber has a whole /64 of IPv6.
fn group(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_after_too_many_failures_and_others_do_not() {
        let failures = Failures::default();
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        for _ in 0..60 {
            assert_eq!(failures.may_try(one, 0.0), Ok(()));
            failures.failed(one, 0.0);
        }
        assert_eq!(failures.may_try(one, 0.5), Err(1));
        assert_eq!(failures.may_try(other, 0.5), Ok(()));
        assert_eq!(failures.may_try(one, 1.5), Ok(()));
    }
}
