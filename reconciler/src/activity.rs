//! Writing when people last did something: seldom, and for all workspaces in one go.

use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::StoreError;
use dormer_wire::report::Activity;

use crate::context::Context;

/// What of `names` is newer than its record.
fn news<'a>(context: &Context, names: impl Iterator<Item = &'a WorkspaceName>) -> Vec<(WorkspaceName, Activity)> {
    names
        .filter_map(|name| {
            let entry = context.directory.get(name.as_str())?;
            let live = entry.live.activity()?;
            let known = entry.peek().status.last_activity.as_ref().map(|activity| activity.at);
            known.is_none_or(|at| at < live.at).then(|| (name.clone(), live))
        })
        .collect()
}

/// Writes it.
pub(crate) async fn write<'a>(context: &Context, names: impl Iterator<Item = &'a WorkspaceName>) {
    let news = news(context, names);
    if news.is_empty() {
        return;
    }
    let outcome: Result<(), StoreError> = context.store.put_activity(&news).await;
    if let Err(error) = outcome {
        // The next time writes what is newest then.
        tracing::warn!(%error, "could not write when workspaces were last used");
    }
}
