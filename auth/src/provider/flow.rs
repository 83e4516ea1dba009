//! What is remembered of a sign-in between leaving for a provider and coming back.
//!
//! It is sealed and given to the browser as a cookie: what comes back without it was begun in another browser. It costs
//! the gateway no memory, so nobody can fill that; and any gateway with the same key can go on with it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use dormer_core::account::Digest;
use dormer_core::name::UserName;
use dormer_core::secret::Secret;

use crate::digest::digest;
use crate::vault::{Shut, Vault};

/// How long a person may take at the provider.
pub const LIFE: Duration = Duration::from_secs(600);
/// What flows are sealed for.
const PLACE: &str = "flow";
/// The longest cookie that is opened.
const MAX: usize = 8 * 1024;
/// How many finished flows are remembered: each took an answer of a provider.
const MAX_FINISHED: usize = 100_000;

/// What comes of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Somebody signs in.
    SignIn,
    /// Somebody who is signed in adds an account.
    Link {
        /// Who.
        user: UserName,
        /// In which session.
        session: String,
    },
}

/// A sign-in under way.
#[derive(Serialize, Deserialize)]
pub struct Flow {
    /// The provider that was asked.
    pub provider: String,
    /// What it must repeat in its answer.
    pub state: String,
    /// What must be in its ID token.
    pub nonce: String,
    /// What proves to it that the code was asked for by us.
    pub verifier: String,
    /// Where to go afterwards.
    pub next: String,
    /// What for.
    pub purpose: Purpose,
    /// From when on it is over, in seconds since 1970.
    pub until: i64,
}

impl Flow {
    /// As a cookie's value.
    pub fn seal(&self, vault: &Vault) -> Result<Secret, Shut> {
        vault.seal_value(PLACE, self)
    }

    /// From a cookie's value, when `state` is this flow's and it is not over.
    pub fn open(vault: &Vault, cookie: &str, state: &str, now: Timestamp) -> Option<Flow> {
        let flow: Flow = vault.unseal_value(PLACE, cookie, MAX)?;
        // Digests, so that the time it takes tells nothing.
        (digest(&flow.state) == digest(state) && flow.until > now.as_second()).then_some(flow)
    }
}

/// Flows that are finished: none is gone through twice, also not with a cookie that was kept.
#[derive(Default)]
pub struct Finished(Mutex<HashMap<Digest, i64>>);

impl Finished {
    /// Finishes a flow. False: it was finished before, or too many are.
    pub fn finish(&self, flow: &Flow, now: Timestamp) -> bool {
        let mut finished = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if finished.len() >= MAX_FINISHED {
            finished.retain(|_, until| *until > now.as_second());
        }
        finished.len() < MAX_FINISHED && finished.insert(digest(&flow.state), flow.until).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        Flow {
            provider: "gitea".into(),
            state: "state".into(),
            nonce: "nonce".into(),
            verifier: "verifier".into(),
            next: "/".into(),
            purpose: Purpose::SignIn,
            until: 100,
        }
    }

    #[test]
    fn only_this_browsers_own_and_only_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let vault = Vault::new(&[1; 32]).unwrap();
        let cookie = flow().seal(&vault).unwrap();
        let cookie = cookie.expose();
        assert!(!cookie.contains("verifier"));
        let other = Flow { state: "other".into(), ..flow() }.seal(&vault).unwrap();
        let forged = flow().seal(&Vault::new(&[2; 32]).unwrap()).unwrap();
        for (cookie, state, now, want) in [
            (cookie.as_str(), "state", 99, true),
            (cookie, "state", 100, false),
            (cookie, "stat", 99, false),
            (cookie, "", 99, false),
            (other.expose(), "state", 99, false),
            (forged.expose(), "state", 99, false),
            (&cookie[1..], "state", 99, false),
            ("", "state", 99, false),
            ("e30", "state", 99, false),
            (&"A".repeat(1 << 20), "state", 99, false),
        ] {
            assert_eq!(Flow::open(&vault, cookie, state, at(now)).is_some(), want, "{cookie:.20} {state} {now}");
        }
        let finished = Finished::default();
        assert!(finished.finish(&flow(), at(1)) && !finished.finish(&flow(), at(1)));
    }
}
