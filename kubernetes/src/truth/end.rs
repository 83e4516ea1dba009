//! Pods that were ended, by whom, and nodes that are gone.

use dormer_core::ports::runtime::{Outlook, Trouble};

use crate::truth::{Sight, condition, container, quoted, trouble};

/// A kubelet begins with a pod within a moment; one that has not after so many seconds is worth a word.
const SILENT: i64 = 6;

/// It was ended.
pub fn of(sight: &Sight<'_>) -> Option<Trouble> {
    let status = sight.pod.status.as_ref()?;
    let message = quoted(status.message.as_deref().unwrap_or_default());
    let node = sight.pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or("its node");
    if let Some(disruption) = condition(sight.pod, "DisruptionTarget").filter(|condition| condition.status == "True") {
        let why = disruption.reason.as_deref().unwrap_or_default();
        let told = quoted(disruption.message.as_deref().unwrap_or_default());
        let (reason, message) = match why {
            "PreemptionByScheduler" => {
                ("Preempted", "it was ended to make room for something of a higher priority; start it again".to_owned())
            }
            "DeletionByTaintManager" => (
                "NodeLost",
                format!("its node '{node}' is gone or is being emptied; start it again, its files are as they were"),
            ),
            "DeletionByPodGC" => {
                ("NodeLost", format!("its node '{node}' is gone; start it again, its files are as they were"))
            }
            "EvictionByEvictionAPI" => {
                ("Evicted", format!("it was evicted from its node '{node}', which is being emptied; start it again"))
            }
            _ => ("Evicted", format!("it was evicted from its node '{node}': {told}")),
        };
        return Some(trouble(reason, message, Outlook::Retry));
    }
    let phase = status.phase.as_deref();
    match status.reason.as_deref() {
        Some("Evicted") => Some(trouble("Evicted", format!("its node '{node}' ran short: {message}"), Outlook::Retry)),
        Some("NodeLost") => Some(trouble(
            "NodeLost",
            format!("its node '{node}' does not answer; start it again, its files are as they were"),
            Outlook::Retry,
        )),
        Some("Terminated" | "Shutdown" | "NodeShutdown") => Some(trouble(
            "NodeShutdown",
            format!("its node '{node}' was shut down; start it again, its files are as they were"),
            Outlook::Retry,
        )),
        Some("DeadlineExceeded") => {
            Some(trouble("DeadlineExceeded", "it ran as long as its pod may run", Outlook::Retry))
        }
        // What the kubelet says when it does not take what the scheduler gave it.
        Some(reason) if phase == Some("Failed") => {
            let message = format!("its node '{node}' did not take it ({reason}): {message}");
            Some(trouble("NodeRefused", message, Outlook::Retry))
        }
        _ if sight.pod.metadata.deletion_timestamp.is_some() => Some(trouble(
            "PodDeleted",
            "its pod was deleted by somebody else; start it again, its files are as they were",
            Outlook::Retry,
        )),
        _ => None,
    }
}

/// The kubelet says of a container that it is ready, and somebody says of its pod that it is not: that is who looks after
/// nodes, of one that does not answer any more.
pub fn lost_node(sight: &Sight<'_>) -> Option<Trouble> {
    let not_ready = condition(sight.pod, "Ready").is_some_and(|ready| ready.status != "True");
    let kubelet_says = condition(sight.pod, "ContainersReady").is_some_and(|ready| ready.status == "True");
    let container_says = container::main(sight.pod, sight.main).is_some_and(|container| container.ready);
    if !(not_ready && kubelet_says && container_says) {
        return None;
    }
    let node = sight.pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or("its node");
    let message = format!("its node '{node}' does not answer; it may come back, or its pod is moved in some minutes");
    Some(trouble("NodeLost", message, Outlook::Retry))
}

/// It was given to a node, and nobody there has begun with it.
pub fn silent_node(sight: &Sight<'_>) -> Option<Trouble> {
    let status = sight.pod.status.as_ref()?;
    let given = condition(sight.pod, "PodScheduled").filter(|condition| condition.status == "True")?;
    let since = given.last_transition_time.as_ref()?.0.as_second();
    if status.start_time.is_some() || sight.now.as_second() - since < SILENT {
        return None;
    }
    let node = sight.pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or("its node");
    let message =
        format!("its node '{node}' has not begun with it; the kubelet there may have stopped, or is very busy");
    Some(trouble("NodeSilent", message, Outlook::MayPass))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Pod;
    use k8s_openapi::jiff::Timestamp;
    use serde_json::json;

    #[test]
    fn a_node_that_does_not_begin_is_told_after_a_while() {
        let pod = |status: serde_json::Value| -> Pod {
            serde_json::from_value(json!({ "spec": { "nodeName": "n1", "containers": [] }, "status": status })).unwrap()
        };
        let given = json!([{ "type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z" }]);
        let begun: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let at = |seconds: i64| Timestamp::from_second(begun.as_second() + seconds).unwrap();
        let waits = pod(json!({ "phase": "Pending", "conditions": given }));
        let taken = pod(json!({ "phase": "Pending", "conditions": given, "startTime": "2026-01-01T00:00:01Z" }));
        let unplaced = pod(json!({ "phase": "Pending", "conditions": [] }));
        for (pod, now, want) in
            [(&waits, 1, None), (&waits, 20, Some("NodeSilent")), (&taken, 20, None), (&unplaced, 20, None)]
        {
            let sight = Sight { pod, main: "dev", events: &[], now: at(now) };
            let told = silent_node(&sight);
            assert_eq!(told.as_ref().map(|told| told.reason.as_str()), want, "{now}");
            assert!(told.is_none_or(|told| told.message.contains("'n1'") && told.outlook == Outlook::MayPass));
        }
    }
}
