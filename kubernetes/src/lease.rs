//! Which of the gateway's replicas reconciles: the one that holds the lease.
//!
//! Only this process's own clock is used: whoever holds it must write to it within [`Terms::give_up`], or gives it up by
//! itself; whoever wants it must have seen it unchanged for [`Terms::life`], which is longer. So there are never two, as
//! long as a replica's clock does not stand still.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::{Answer, answer};
use crate::names::MANAGER;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Unchanged for so long: whoever held it is gone.
    pub life: Duration,
    /// Not renewed for so long: whoever holds it gives it up.
    pub give_up: Duration,
    /// Between two renewals, or two looks at it.
    pub every: Duration,
    /// What the leader does has so long to end by itself once it is no leader any more.
    pub last_words: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Terms {
            life: Duration::from_secs(8),
            give_up: Duration::from_secs(5),
            every: Duration::from_secs(1),
            last_words: Duration::from_secs(1),
        }
    }
}

/// A wish to lead.
#[derive(Clone)]
pub struct Candidate {
    leases: Api<Lease>,
    name: String,
    /// Tells this replica from all others, and from itself before a restart.
    identity: String,
    terms: Terms,
}

/// What a candidate has seen of the lease.
struct Seen {
    version: Option<String>,
    since: Instant,
}

impl Candidate {
    /// One of this `identity` for a lease.
    pub fn new(leases: Api<Lease>, name: &str, identity: &str, terms: Terms) -> Candidate {
        let octets: [u8; 6] = rand::random();
        let identity = format!("{identity}_{}", crate::hex::encode(&octets));
        Candidate { leases, name: name.to_string(), identity, terms }
    }

    /// Does `work` whenever this replica leads, until `stop`. The token that `work` is given fires when it has to end,
    /// which is at once where the lease is lost: what has not ended then is dropped.
    pub async fn lead<F>(self, stop: CancellationToken, mut work: impl FnMut(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send,
    {
        let mut seen = Seen { version: None, since: Instant::now() };
        loop {
            let Some(held) = stop.run_until_cancelled(self.acquire(&mut seen)).await else { return };
            tracing::info!(identity = self.identity, "this replica reconciles now");
            let term = CancellationToken::new();
            let mut doing = std::pin::pin!(work(term.clone()));
            let lost = {
                let mut keeping = std::pin::pin!(self.keep(held));
                tokio::select! {
                    () = &mut doing => false,
                    () = &mut keeping => true,
                    () = stop.cancelled() => {
                        // In order, and still the leader meanwhile.
                        term.cancel();
                        tokio::select! {
                            () = &mut doing => false,
                            () = &mut keeping => true,
                        }
                    }
                }
            };
            term.cancel();
            if lost {
                tracing::warn!(identity = self.identity, "this replica reconciles no longer");
                if tokio::time::timeout(self.terms.last_words, doing).await.is_err() {
                    tracing::warn!("what it was at is left where it is; the next one goes on with it");
                }
            } else {
                self.release().await;
            }
            if stop.is_cancelled() {
                return;
            }
            seen = Seen { version: None, since: Instant::now() };
        }
    }

    fn spec(&self, transitions: i32) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.terms.life.as_secs()).ok(),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }

    /// Returns once it is held.
    async fn acquire(&self, seen: &mut Seen) -> Lease {
        loop {
            match self.attempt(seen).await {
                Ok(Some(lease)) => return lease,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "cannot ask who leads; trying again"),
            }
            tokio::time::sleep(self.terms.every).await;
        }
    }

    async fn attempt(&self, seen: &mut Seen) -> Result<Option<Lease>, kube::Error> {
        let Some(lease) = self.leases.get_opt(&self.name).await? else {
            let labels = [("app.kubernetes.io/managed-by", MANAGER), ("app.kubernetes.io/part-of", "dormer")];
            let metadata = ObjectMeta {
                name: Some(self.name.clone()),
                labels: Some(labels.map(|(key, value)| (key.to_string(), value.to_string())).into()),
                ..ObjectMeta::default()
            };
            let lease = Lease { metadata, spec: Some(self.spec(0)) };
            return taken(self.leases.create(&PostParams::default(), &lease).await);
        };
        if lease.metadata.resource_version != seen.version {
            *seen = Seen { version: lease.metadata.resource_version.clone(), since: Instant::now() };
        }
        let spec = lease.spec.clone().unwrap_or_default();
        let free = spec.holder_identity.as_deref().unwrap_or_default().is_empty();
        if !free && seen.since.elapsed() < self.terms.life {
            return Ok(None);
        }
        let mut wanted = lease;
        wanted.spec = Some(self.spec(spec.lease_transitions.unwrap_or_default().saturating_add(1)));
        taken(self.leases.replace(&self.name, &PostParams::default(), &wanted).await)
    }

    /// Renews it, and returns once it is lost.
    async fn keep(&self, mut lease: Lease) {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(self.terms.every).await;
            // The time of the write counts from when it was begun: it may have been taken then.
            let begun = Instant::now();
            let mut wanted = lease.clone();
            if let Some(spec) = wanted.spec.as_mut() {
                spec.renew_time = Some(MicroTime(Timestamp::now()));
            }
            let deadline = renewed + self.terms.give_up;
            let params = PostParams::default();
            let write = self.leases.replace(&self.name, &params, &wanted);
            match tokio::time::timeout_at(deadline, write).await {
                Ok(Ok(written)) => (lease, renewed) = (written, begun),
                Ok(Err(error)) if matches!(answer(&error), Answer::Conflict | Answer::NotFound) => {
                    // An earlier try of ours may have been taken without an answer.
                    match tokio::time::timeout_at(deadline, self.leases.get_opt(&self.name)).await {
                        Ok(Ok(Some(found))) if self.is_ours(&found) => lease = found,
                        Ok(Err(_)) => {}
                        _ => return,
                    }
                }
                Ok(Err(error)) => tracing::warn!(%error, "cannot renew the lease; trying again"),
                Err(_) => return,
            }
            if Instant::now() >= renewed + self.terms.give_up {
                return;
            }
        }
    }

    fn is_ours(&self, lease: &Lease) -> bool {
        let holder = lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref());
        holder == Some(self.identity.as_str())
    }

    /// Gives it up, so that nobody has to wait.
    async fn release(&self) {
        let release = async {
            let Some(mut lease) = self.leases.get_opt(&self.name).await? else { return Ok(()) };
            if self.is_ours(&lease) {
                if let Some(spec) = lease.spec.as_mut() {
                    spec.holder_identity = Some(String::new());
                }
                self.leases.replace(&self.name, &PostParams::default(), &lease).await?;
            }
            Ok::<_, kube::Error>(())
        };
        match tokio::time::timeout(self.terms.give_up, release).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not give the lease up; another waits for its end"),
            Err(_) => tracing::warn!("could not give the lease up in time; another waits for its end"),
        }
    }
}

/// Somebody else was faster.
fn taken(outcome: Result<Lease, kube::Error>) -> Result<Option<Lease>, kube::Error> {
    match outcome {
        Ok(lease) => Ok(Some(lease)),
        Err(error) if matches!(answer(&error), Answer::Conflict | Answer::Exists) => Ok(None),
        Err(error) => Err(error),
    }
}
