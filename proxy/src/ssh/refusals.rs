//! How often somebody at an address was refused lately: whoever guesses has to wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::peer::network;

/// Over which time refusals are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// So many addresses are kept before those whose time is over are forgotten.
const KEPT: usize = 10_000;

/// Counts refusals.
#[derive(Clone)]
pub(super) struct Refusals {
    counts: Arc<Mutex<HashMap<IpAddr, (Instant, usize)>>>,
    most: usize,
}

impl Refusals {
    /// At most so many in a minute.
    pub(super) fn new(most: usize) -> Refusals {
        Refusals { counts: Arc::default(), most }
    }

    fn change<T>(&self, change: impl FnOnce(&mut HashMap<IpAddr, (Instant, usize)>) -> T) -> T {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One more.
    pub(super) fn note(&self, address: IpAddr) {
        let now = Instant::now();
        self.change(|counts| {
            if counts.len() >= KEPT {
                counts.retain(|_, (since, _)| now - *since < WINDOW);
            }
            let (since, count) = counts.entry(network(address)).or_insert((now, 0));
            if now - *since >= WINDOW {
                (*since, *count) = (now, 0);
            }
            *count += 1;
        });
    }

    /// Whether there were too many.
    pub(super) fn are_too_many(&self, address: IpAddr) -> bool {
        let now = Instant::now();
        let count = self.change(|counts| counts.get(&network(address)).copied());
        count.is_some_and(|(since, count)| now - since < WINDOW && count >= self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minute_after_too_many() {
        let refusals = Refusals::new(2);
        let (here, there): (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "10.0.0.1".parse().unwrap());
        refusals.note(here);
        assert!(!refusals.are_too_many(here));
        refusals.note("2001:db8::2".parse().unwrap());
        assert!(refusals.are_too_many(here) && !refusals.are_too_many(there));
        tokio::time::advance(WINDOW).await;
        assert!(!refusals.are_too_many(here));
        refusals.note(here);
        assert!(!refusals.are_too_many(here), "it begins anew");
    }
}
