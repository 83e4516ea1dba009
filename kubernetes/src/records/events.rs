//! What happened, as the cluster's own events: `kubectl describe` shows them too. The cluster forgets them after a while
//! (an hour, unless it is told otherwise).

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event as CoreEvent, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::{ListParams, ObjectMeta, PostParams};

use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::{Event, StoreError};

use super::Inner;
use super::based::explain;
use crate::error::KubeError;
use crate::names::{GROUP, MANAGER, VERSION};

/// The annotation with who did it.
const BY: &str = "dormer.dev/by";
/// Octets of a message that the API server takes.
const MESSAGE: usize = 1024;
/// Events that are read of one workspace.
const MOST: u32 = 500;

pub(super) async fn note(inner: &Inner, name: &WorkspaceName, event: Event) -> Result<(), StoreError> {
    let known = inner.index().holder(name.as_str());
    let kept = match known {
        Some(kept) => kept,
        None => inner.find(name).await?,
    };
    let suffix: u64 = rand::random();
    let mut message = event.message;
    if message.len() > MESSAGE {
        message.truncate(message.floor_char_boundary(MESSAGE));
    }
    let warning = matches!(event.reason.as_str(), "Failed" | "AgentLost");
    let made = CoreEvent {
        metadata: ObjectMeta {
            name: Some(format!("{name}.{suffix:016x}")),
            namespace: Some(kept.namespace.clone()),
            annotations: event.by.map(|by| BTreeMap::from([(BY.to_string(), by)])),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some(format!("{GROUP}/{VERSION}")),
            kind: Some("Workspace".into()),
            name: Some(name.to_string()),
            namespace: Some(kept.namespace.clone()),
            uid: Some(kept.uid.clone()),
            ..ObjectReference::default()
        },
        event_time: Some(MicroTime(event.at)),
        action: Some(event.reason.clone()),
        reason: Some(event.reason),
        message: Some(message),
        type_: Some(if warning { "Warning" } else { "Normal" }.into()),
        reporting_component: Some(format!("{GROUP}/gateway")),
        reporting_instance: Some(MANAGER.into()),
        ..CoreEvent::default()
    };
    let api: Api<CoreEvent> = inner.cluster.within(&kept.namespace);
    api.create(&PostParams::default(), &made).await.map_err(|error| explain(name, error))?;
    Ok(())
}

pub(super) async fn list(inner: &Inner, name: &WorkspaceName) -> Result<Vec<Event>, StoreError> {
    let kept = inner.find(name).await?;
    let api: Api<CoreEvent> = inner.cluster.within(&kept.namespace);
    let select = ListParams::default().fields(&format!("involvedObject.uid={}", kept.uid)).limit(MOST);
    let mut events: Vec<Event> =
        api.list(&select).await.map_err(KubeError::from)?.items.into_iter().map(read).collect();
    events.sort_by_key(|event| event.at);
    Ok(events)
}

fn read(event: CoreEvent) -> Event {
    let at = event.event_time.map(|at| at.0).or(event.last_timestamp.map(|at| at.0));
    Event {
        at: at.or(event.metadata.creation_timestamp.map(|at| at.0)).unwrap_or(Timestamp::UNIX_EPOCH),
        reason: event.reason.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
        by: event.metadata.annotations.and_then(|mut annotations| annotations.remove(BY)),
    }
}
