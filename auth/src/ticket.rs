//! Tickets: from the apex's session to a session on one workspace's host. A ticket is good for a minute, once, for one
//! host and one browser.
//!
//! What it stands for is sealed in it, so any replica can take what another one gave out, and none keeps anything until
//! it is used: then all are told.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use dormer_core::account::Digest;
use dormer_core::name::UserName;
use dormer_core::ports::accounts::AccountError;
use dormer_core::secret::Secret;

use crate::brief::Briefs;
use crate::digest::digest;
use crate::error::SignInError;
use crate::random::id;

/// How long a ticket is good for.
pub const LIFE: Duration = Duration::from_secs(60);
/// What tickets are sealed for.
const PLACE: &str = "ticket";
/// The longest that is opened.
const MAX: usize = 2048;

/// What a ticket stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who.
    pub user: UserName,
    /// The apex session that it was made with.
    pub session: String,
}

#[derive(Serialize, Deserialize)]
struct Ticket {
    /// Tells it from all others, for whoever keeps those that are used.
    id: String,
    grant: Grant,
    host: String,
    binding: Digest,
    until: Timestamp,
}

/// Makes a ticket for `host`, good in the browser whose binding cookie has the digest `binding` only.
pub fn issue(briefs: &Briefs, grant: Grant, host: &str, binding: Digest) -> Result<Secret, SignInError> {
    let until = briefs.now().checked_add(LIFE).unwrap_or(Timestamp::MAX);
    let ticket = Ticket { id: id()?, grant, host: host.into(), binding, until };
    Ok(briefs.vault().seal_value(PLACE, &ticket)?)
}

/// Takes a ticket. Whoever shows it, it is used up: one that was shown at the wrong place was stolen.
pub async fn take(briefs: &Briefs, text: &str, host: &str, binding: &str) -> Result<Option<Grant>, AccountError> {
    let ticket: Option<Ticket> = briefs.vault().unseal_value(PLACE, text, MAX);
    let Some(ticket) = ticket.filter(|ticket| ticket.until > briefs.now()) else { return Ok(None) };
    if !briefs.spend(PLACE, &ticket.id, ticket.until).await? {
        return Ok(None);
    }
    let good = ticket.host == host && ticket.binding == digest(binding);
    Ok(good.then_some(ticket.grant))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::vault::Vault;
    use dormer_core::fixture::clock::{clock, pass};
    use dormer_core::fixture::people::People;

    #[tokio::test]
    async fn once_for_one_host_one_browser_one_minute_at_any_replica() {
        let grant = Grant { user: "ann".parse().unwrap(), session: "s1".into() };
        for (host, binding, after, want) in [
            ("a.dormer.test", "cookie", 0, true),
            ("a.dormer.test", "cookie", 59, true),
            ("a.dormer.test", "cookie", 60, false),
            ("b.dormer.test", "cookie", 0, false),
            ("a.dormer.test", "another", 0, false),
            ("a.dormer.test", "", 0, false),
        ] {
            let (accounts, (clock, hand)) = (Arc::new(People::default()), clock());
            let replica = |key| Briefs::new(accounts.clone(), clock.clone(), Arc::new(Vault::new(&[key; 32]).unwrap()));
            let (one, two) = (replica(1), replica(1));
            let ticket = issue(&one, grant.clone(), "a.dormer.test", digest("cookie")).unwrap();
            let ticket = ticket.expose();
            let sealed = URL_SAFE_NO_PAD.decode(ticket).unwrap();
            assert!(!String::from_utf8_lossy(&sealed).contains("ann"), "it tells nothing");
            pass(&hand, Duration::from_secs(after));
            let forged = issue(&replica(2), grant.clone(), host, digest(binding)).unwrap();
            for bad in ["", "guessed", forged.expose(), &ticket[1..], &"A".repeat(1 << 20)] {
                assert_eq!(take(&two, bad, host, binding).await.unwrap(), None, "{bad:.20}");
            }
            let taken = take(&two, ticket, host, binding).await.unwrap();
            assert_eq!(taken.is_some(), want, "{host} {binding} {after}");
            for replica in [&one, &two] {
                let again = take(replica, ticket, "a.dormer.test", "cookie").await.unwrap();
                assert_eq!(again, None, "used up, also by the wrong one");
            }
        }
    }

    #[tokio::test]
    async fn of_two_replicas_at_the_same_moment_one_takes_it() {
        let (accounts, (clock, _)) = (Arc::new(People::default()), clock());
        let replica = || Briefs::new(accounts.clone(), clock.clone(), Arc::new(Vault::new(&[1; 32]).unwrap()));
        let (one, two) = (replica(), replica());
        let grant = Grant { user: "ann".parse().unwrap(), session: "s1".into() };
        let ticket = issue(&one, grant, "h", digest("cookie")).unwrap();
        let (a, b) =
            tokio::join!(take(&one, ticket.expose(), "h", "cookie"), take(&two, ticket.expose(), "h", "cookie"));
        assert_eq!([a.unwrap(), b.unwrap()].iter().flatten().count(), 1);
    }
}
