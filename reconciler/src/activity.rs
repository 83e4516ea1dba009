//! Writing when people last did something: seldom, and for all workspaces in one go.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use dormer_core::directory::{Directory, Entry};
use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::{Store, StoreError};
use dormer_wire::report::Activity;

use crate::context::Context;

/// How often it is looked for.
const LOOK: Duration = Duration::from_secs(5);

/// What is newer than its record.
fn news_of(entry: &Entry) -> Option<(WorkspaceName, Activity)> {
    let live = entry.live.activity()?;
    let record = entry.peek();
    let known = record.status.last_activity.as_ref().map(|activity| activity.at);
    known.is_none_or(|at| at < live.at).then(|| (record.name.clone(), live))
}

/// What of `names` is newer than its record.
fn news<'a>(context: &Context, names: impl Iterator<Item = &'a WorkspaceName>) -> Vec<(WorkspaceName, Activity)> {
    names.filter_map(|name| news_of(&*context.directory.get(name.as_str())?)).collect()
}

/// Writes what people do at this gateway, one of several, so that the one that reconciles knows of it: soon after a
/// quiet time, and then of each workspace once in `every` at most.
pub async fn attend(store: &dyn Store, directory: &Directory, every: Duration, shutdown: CancellationToken) {
    let mut written: HashMap<WorkspaceName, Instant> = HashMap::new();
    loop {
        let ending = shutdown.run_until_cancelled(tokio::time::sleep(LOOK.min(every))).await.is_none();
        written.retain(|_, at| at.elapsed() < every);
        let entries = directory.all();
        let news: Vec<_> = entries.iter().filter_map(|entry| news_of(entry)).collect();
        let due: Vec<_> = news.into_iter().filter(|(name, _)| ending || !written.contains_key(name)).collect();
        if !due.is_empty() {
            match store.put_activity(&due).await {
                Ok(()) => written.extend(due.into_iter().map(|(name, _)| (name, Instant::now()))),
                // The next look writes what is newest then.
                Err(error) => tracing::warn!(%error, "could not write when workspaces were last used"),
            }
        }
        if ending {
            return;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use dormer_core::fixture::records::Records;
    use dormer_core::ports::store::Change;
    use dormer_core::workspace::fixture;
    use dormer_wire::report::ActivityKind;

    #[tokio::test(start_paused = true)]
    async fn soon_after_a_quiet_time_and_then_seldom() {
        let (records, directory) = (Arc::new(Records::default()), Arc::new(Directory::default()));
        let workspace = fixture("hello", "ann");
        records.put(workspace.clone());
        directory.apply(Change::Put(Arc::new(workspace)));
        let entry = directory.get("hello").unwrap();
        let shutdown = CancellationToken::new();
        let task = {
            let (records, directory, shutdown) = (records.clone(), directory.clone(), shutdown.clone());
            tokio::spawn(async move { attend(&*records, &directory, Duration::from_secs(60), shutdown).await })
        };
        let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
        let mut written = Vec::new();
        // Somebody types all the time.
        for second in 1..=130 {
            entry.live.touch(at(second), ActivityKind::Terminal);
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = records.get(&"hello".parse().unwrap()).await.unwrap().status.last_activity.map(|a| a.at);
            if now.is_some() && written.last() != now.as_ref() {
                written.extend(now);
                // As the one task that follows the store does.
                directory.apply(Change::Put(Arc::new(records.get(&"hello".parse().unwrap()).await.unwrap())));
            }
        }
        assert!(written.first().is_some_and(|first| *first <= at(6)), "{written:?}");
        assert_eq!(written.len(), 3, "{written:?}");
        shutdown.cancel();
        task.await.unwrap();
        let last = records.get(&"hello".parse().unwrap()).await.unwrap().status.last_activity.unwrap().at;
        assert_eq!(last, at(130), "what is not written yet is written at the end");
    }
}
