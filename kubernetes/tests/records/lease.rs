//! Who reconciles.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dormer_kubernetes::lease::{Candidate, Terms};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Place, until};

const TERMS: Terms = Terms {
    life: Duration::from_millis(1500),
    give_up: Duration::from_millis(900),
    every: Duration::from_millis(150),
    last_words: Duration::from_millis(200),
};

/// Leads, counting those who do.
fn lead(place: &Place, who: &str, leading: &Arc<AtomicUsize>, stop: &CancellationToken) -> tokio::task::JoinHandle<()> {
    let candidate = Candidate::new(place.cluster.own(), "leader", who, TERMS);
    let (leading, stop) = (Arc::clone(leading), stop.clone());
    tokio::spawn(candidate.lead(stop, move |term| {
        let leading = Arc::clone(&leading);
        async move {
            assert_eq!(leading.fetch_add(1, Ordering::SeqCst), 0, "two lead");
            term.cancelled().await;
            leading.fetch_sub(1, Ordering::SeqCst);
        }
    }))
}

pub async fn one_leads_and_another_follows(place: Place) {
    let leading = Arc::new(AtomicUsize::new(0));
    let is = |count: usize| {
        let leading = Arc::clone(&leading);
        move || {
            let now = leading.load(Ordering::SeqCst);
            async move { now == count }
        }
    };
    let (first, second) = (CancellationToken::new(), CancellationToken::new());
    let one = lead(&place, "one", &leading, &first);
    until("one leads", is(1)).await;
    let other = lead(&place, "other", &leading, &second);
    tokio::time::sleep(TERMS.life * 2).await;
    assert_eq!(leading.load(Ordering::SeqCst), 1);
    // In order: the other need not wait for the end of the lease.
    first.cancel();
    one.await.unwrap();
    let freed = std::time::Instant::now();
    until("the other leads", is(1)).await;
    assert!(freed.elapsed() < TERMS.life, "it was given up, and nobody waited: {:?}", freed.elapsed());
    second.cancel();
    other.await.unwrap();
    assert_eq!(leading.load(Ordering::SeqCst), 0);
}

pub async fn whoever_cannot_renew_stops(place: Place) {
    let leading = Arc::new(AtomicUsize::new(0));
    let stop = CancellationToken::new();
    let task = lead(&place, "one", &leading, &stop);
    until("it leads", || async { leading.load(Ordering::SeqCst) == 1 }).await;
    let leases: Api<Lease> = place.cluster.own();
    // Somebody else holds it now, whatever the reason.
    let taken = json!({ "spec": { "holderIdentity": "thief" } });
    leases.patch("leader", &PatchParams::default(), &Patch::Merge(&taken)).await.unwrap();
    until("it stops", || async { leading.load(Ordering::SeqCst) == 0 }).await;
    until("it leads again once the thief is silent", || async { leading.load(Ordering::SeqCst) == 1 }).await;
    let holder = leases.get("leader").await.unwrap().spec.unwrap().holder_identity.unwrap();
    assert!(holder.starts_with("one_"), "{holder}");
    stop.cancel();
    task.await.unwrap();
}
