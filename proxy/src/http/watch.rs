//! An answer that lasts (server-sent events, a long download) ends with the right to it, as upgrades do.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use super::decide::Visit;
use crate::gate::Gate;

/// From when on an answer is one that lasts. A right that is taken away meanwhile is noticed at this moment.
const LASTS: Duration = Duration::from_millis(500);

/// By which right a request is answered.
#[derive(Debug, Clone, Default)]
enum Right {
    /// Not decided yet.
    #[default]
    Unknown,
    /// Whoever answers looks after it.
    Own,
    /// A visit's.
    Visit(Visit),
}

tokio::task_local! {
    static RIGHT: RefCell<Right>;
}

/// Notes to which visit the request that runs in this task belongs; None: to no workspace's.
pub(super) fn belongs(visit: Option<&Visit>) {
    let right = visit.cloned().map_or(Right::Own, Right::Visit);
    // Outside of [`watched`] there is nobody to tell.
    let _ = RIGHT.try_with(|slot| slot.replace(right));
}

/// Runs a request to its end, or until the right to it ends. None: it was cut off.
pub(super) async fn watched<T>(gate: &Gate, request: impl Future<Output = T>) -> Option<T> {
    let watching = async {
        tokio::pin!(request);
        let visit = loop {
            if let Ok(done) = tokio::time::timeout(LASTS, &mut request).await {
                return Some(done);
            }
            match RIGHT.with(|slot| slot.borrow().clone()) {
                Right::Unknown => {}
                Right::Own => return Some(request.await),
                Right::Visit(visit) => break visit,
            }
        };
        let open = gate.open(&visit.entry, visit.who.as_ref(), visit.right);
        tokio::select! {
            done = &mut request => Some(done),
            () = open.ended.cancelled() => None,
        }
    };
    RIGHT.scope(RefCell::default(), watching).await
}
