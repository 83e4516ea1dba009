//! What workspaces use.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures::future::join_all;

use dormer_core::phase::Phase;
use dormer_wire::api::{List, Usage};

use crate::api::record::last_activity;
use crate::api::tokens::whole;
use crate::api::workspaces::visible;
use crate::app::App;
use crate::problem::Refused;
use crate::who::Caller;

/// Lists what the caller's running workspaces use, where their backend can tell.
#[utoipa::path(get, path = "/api/v1/usage", tag = "workspaces", responses((status = 200, body = List<Usage>)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<List<Usage>>, Refused> {
    let mut running = visible(&app, caller.principal());
    running.retain(|entry| entry.peek().status.phase == Phase::Running);
    let measured = running.iter().map(|entry| async {
        let record = entry.record();
        let used = app.deps.meter.usage(&record).await?;
        Some(Usage {
            name: record.name.to_string(),
            at: app.deps.clock.now(),
            cpu_seconds: used.cpu.as_secs_f64(),
            memory: used.memory,
            processes: used.processes,
            sessions: entry.live.sessions(),
            last_activity: last_activity(&record, Some(&entry.live)),
        })
    });
    let mut items: Vec<Usage> = join_all(measured).await.into_iter().flatten().collect();
    items.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(whole(items))
}
