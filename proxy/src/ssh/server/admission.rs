//! How many connections there may be: in all, of one address, and of nobody known yet.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ssh::config::Limits;
use crate::ssh::peer::network;
use crate::ssh::refusals::Refusals;

/// Counts connections.
pub(super) struct Admission {
    all: Arc<Semaphore>,
    unauthenticated: Arc<Semaphore>,
    addresses: Arc<Addresses>,
    per_address: usize,
    refusals: Refusals,
}

type Addresses = Mutex<HashMap<IpAddr, usize>>;

/// One of those that are let in, for as long as it lives.
pub(super) struct Admitted {
    address: IpAddr,
    addresses: Arc<Addresses>,
    _one: OwnedSemaphorePermit,
}

impl Admission {
    pub(super) fn new(limits: &Limits, refusals: Refusals) -> Admission {
        let semaphore = |n: usize| Arc::new(Semaphore::new(n.min(Semaphore::MAX_PERMITS)));
        Admission {
            all: semaphore(limits.connections),
            unauthenticated: semaphore(limits.unauthenticated),
            addresses: Arc::default(),
            per_address: limits.connections_per_address,
            refusals,
        }
    }

    /// Room for one whose address is not known yet.
    pub(super) fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.unauthenticated).try_acquire_owned().ok()
    }

    /// Lets one in, if there is room. The second part is to be given back at its login. One that is not let in is
    /// closed without a word: the client says so clearly enough.
    pub(super) fn admit(&self, address: IpAddr) -> Option<(Admitted, OwnedSemaphorePermit)> {
        let guessing = self.refusals.are_too_many(address);
        let admitted = if guessing { None } else { self.room(network(address)) };
        if admitted.is_none() {
            tracing::info!(target: "audit", event = "ssh.too-many", peer = %address);
        }
        admitted
    }

    fn room(&self, address: IpAddr) -> Option<(Admitted, OwnedSemaphorePermit)> {
        let one = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let unauthenticated = Arc::clone(&self.unauthenticated).try_acquire_owned().ok()?;
        {
            let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
            let count = addresses.entry(address).or_insert(0);
            if *count >= self.per_address {
                return None;
            }
            *count += 1;
        }
        Some((Admitted { address, addresses: Arc::clone(&self.addresses), _one: one }, unauthenticated))
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let limits = Limits { connections: 3, connections_per_address: 2, unauthenticated: 10, ..Limits::default() };
        let admission = Admission::new(&limits, Refusals::new(9));
        let at = |text: &str| admission.admit(text.parse().unwrap());
        let first = at("2001:db8::1").unwrap();
        let _second = at("2001:db8::2").unwrap();
        assert!(at("2001:db8::3").is_none(), "one network");
        let _other = at("::ffff:10.0.0.1").unwrap();
        assert!(at("10.0.0.2").is_none(), "in all");
        drop(first);
        assert!(at("10.0.0.1").is_some());
        drop((_second, _other));
        assert!(admission.addresses.lock().unwrap().is_empty());
        let admission = Admission::new(&Limits { unauthenticated: 1, ..limits }, Refusals::new(9));
        let (_admitted, unauthenticated) = admission.admit("::1".parse().unwrap()).unwrap();
        assert!(admission.admit("::2".parse().unwrap()).is_none());
        drop(unauthenticated);
        assert!(admission.admit("::2".parse().unwrap()).is_some());
    }
}
