//! Tickets: from the apex's session to a session on one workspace's host. A ticket is good for a minute, once, for one
//! host and one browser. Kept in memory: nobody waits longer than a restart takes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use dormer_core::account::Digest;
use dormer_core::name::UserName;
use dormer_core::secret::Secret;

use crate::digest::digest;
use crate::error::SignInError;
use crate::random::secret;

/// How long a ticket is good for.
pub const LIFE: Duration = Duration::from_secs(60);
/// How many may be under way. An attacker needs a session to make one.
const MAX: usize = 10_000;

/// What a ticket stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub user: UserName,
    /// The apex session that it was made with.
    pub session: String,
}

struct Ticket {
    grant: Grant,
    host: String,
    binding: Digest,
    expires_at: Timestamp,
}

/// The tickets under way.
#[derive(Default)]
pub struct Tickets(Mutex<HashMap<Digest, Ticket>>);

impl Tickets {
    /// Makes a ticket for `host`, good in the browser whose binding cookie has the digest `binding` only.
    pub fn issue(&self, grant: Grant, host: &str, binding: Digest, now: Timestamp) -> Result<Secret, SignInError> {
        let secret = secret()?;
        let expires_at = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, ticket| ticket.expires_at > now);
        if tickets.len() >= MAX {
            return Err(SignInError::Busy);
        }
        tickets.insert(digest(secret.expose()), Ticket { grant, host: host.into(), binding, expires_at });
        Ok(secret)
    }

    /// Takes a ticket. Whoever shows it, it is used up: one that was shown at the wrong place was stolen.
    pub fn take(&self, text: &str, host: &str, binding: &str, now: Timestamp) -> Option<Grant> {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = tickets.remove(&digest(text))?;
        let good = ticket.expires_at > now && ticket.host == host && ticket.binding == digest(binding);
        good.then_some(ticket.grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_for_one_host_one_browser_one_minute() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let grant = Grant { user: "ann".parse().unwrap(), session: "s1".into() };
        for (host, binding, when, want) in [
            ("a.dormer.test", "cookie", 100, true),
            ("a.dormer.test", "cookie", 159, true),
            ("a.dormer.test", "cookie", 160, false),
            ("b.dormer.test", "cookie", 100, false),
            ("a.dormer.test", "another", 100, false),
            ("a.dormer.test", "", 100, false),
        ] {
            let tickets = Tickets::default();
            let ticket = tickets.issue(grant.clone(), "a.dormer.test", digest("cookie"), at(100)).unwrap();
            assert_eq!(tickets.take("guessed", host, binding, at(when)), None);
            let taken = tickets.take(ticket.expose(), host, binding, at(when));
            assert_eq!(taken.is_some(), want, "{host} {binding} {when}");
            let again = tickets.take(ticket.expose(), "a.dormer.test", "cookie", at(when));
            assert_eq!(again, None, "used up, also by the wrong one");
        }
    }

    #[test]
    fn not_endlessly_many() {
        let tickets = Tickets::default();
        let grant = Grant { user: "ann".parse().unwrap(), session: "s1".into() };
        let at = |second| Timestamp::from_second(second).unwrap();
        tickets.0.lock().unwrap().extend((0..MAX).map(|n| {
            let (grant, host) = (grant.clone(), String::new());
            (digest(&n.to_string()), Ticket { grant, host, binding: [0; 32], expires_at: at(50) })
        }));
        assert!(matches!(tickets.issue(grant.clone(), "h", [0; 32], at(49)), Err(SignInError::Busy)));
        assert!(tickets.issue(grant, "h", [0; 32], at(50)).is_ok(), "expired ones make room");
    }
}
