//! Pods that no node takes.

use k8s_openapi::api::core::v1::Pod;

use dormer_core::ports::runtime::{Outlook, Trouble};

use crate::truth::{Sight, condition, in_quotes, quoted, trouble};

/// Without a sign that somebody adds a node, so many seconds are waited for one.
const PATIENCE: i64 = 120;
/// Where many want storage at once, whoever makes it has much to do: so many seconds are waited for it.
const PATIENCE_FOR_STORAGE: i64 = 480;
/// So many seconds nothing is said of storage.
const PATIENCE_WITH_STORAGE: i64 = 3;

/// Why no node takes it.
pub fn of(sight: &Sight<'_>) -> Option<Trouble> {
    let scheduled = condition(sight.pod, "PodScheduled").filter(|condition| condition.status == "False")?;
    let message = scheduled.message.as_deref().unwrap_or_default();
    if scheduled.reason.as_deref() == Some("SchedulingGated") {
        return Some(trouble("SchedulingGated", "something in its cluster holds it back for now", Outlook::MayPass));
    }
    let growing = sight.events.iter().any(|event| event.reason == "TriggeredScaleUp");
    let waited = scheduled.last_transition_time.as_ref().map_or(0, |at| sight.now.as_second() - at.0.as_second());
    let after = |patience| if waited > patience && !growing { Outlook::Final } else { Outlook::MayPass };
    let outlook = after(PATIENCE);
    if let Some((reason, text)) = storage(message) {
        let outlook = if reason == "StoragePending" { after(PATIENCE_FOR_STORAGE) } else { outlook };
        // A claim that was made just now is seldom bound yet.
        return (waited >= PATIENCE_WITH_STORAGE).then(|| trouble(reason, text, outlook));
    }
    let why = causes(sight.pod, message);
    let text = match (why.is_empty(), growing) {
        (true, _) => format!("no node takes it: {}", quoted(message)),
        (false, true) => format!("no node takes it: {}; a node is being added", why.join("; ")),
        (false, false) => format!("no node takes it: {}", why.join("; ")),
    };
    Some(trouble("Unschedulable", text, outlook))
}

fn storage(message: &str) -> Option<(&'static str, String)> {
    let lower = message.to_lowercase();
    // Before the others: the scheduler adds `not found` to it.
    if lower.contains("unbound immediate persistentvolumeclaims") {
        return Some(("StoragePending", "its storage is being made, or nobody makes it".into()));
    }
    if lower.contains("persistentvolumeclaim") && lower.contains("not found") {
        let claim = in_quotes(message).unwrap_or_default();
        return Some(("ClaimMissing", format!("the claim '{claim}' with its files does not exist")));
    }
    if lower.contains("persistentvolumeclaim") && lower.contains("being deleted") {
        return Some(("ClaimGoing", "the claim with its files is being deleted".into()));
    }
    if lower.contains("volume node affinity conflict") {
        let text = "its files are on a node, or in a zone, that has no room for it now, or is gone";
        return Some(("StorageElsewhere", text.into()));
    }
    None
}

/// The scheduler's words, one cause after the other: `0/3 nodes are available: 1 Insufficient memory, 2 node(s) had
/// untolerated taint {a: b}. preemption: …`.
fn causes(pod: &Pod, message: &str) -> Vec<String> {
    let Some((_, rest)) = message.split_once("nodes are available:") else { return Vec::new() };
    let list = rest.split(" preemption:").next().unwrap_or_default().trim().trim_end_matches('.');
    let mut found: Vec<String> = Vec::new();
    for cause in list.split(", ") {
        // Without the number of nodes that it is said of.
        let cause = cause.trim().trim_start_matches(|c: char| c.is_ascii_digit()).trim();
        let text = if let Some(resource) = cause.strip_prefix("Insufficient ") {
            let resource = resource.trim_end_matches('.');
            match asked(pod, resource) {
                Some(amount) => format!("none has {amount} of {} free", plain(resource)),
                None => format!("none has enough {} free", plain(resource)),
            }
        } else if cause.contains("Too many pods") {
            "the nodes hold as many pods as they may".into()
        } else if cause.contains("didn't match Pod's node affinity/selector") {
            "no node has the labels that its class or its devfile asks for".into()
        } else if cause.contains("untolerated taint") {
            "nodes are kept for others (taints)".into()
        } else if cause.contains("unschedulable") {
            "nodes are being emptied".into()
        } else if cause.contains("didn't match pod affinity") {
            "the node of its other pods has no room".into()
        } else if cause.contains("didn't satisfy plugin") || cause.is_empty() {
            continue;
        } else {
            quoted(cause)
        };
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

fn plain(resource: &str) -> &str {
    match resource {
        "cpu" => "processor time",
        "ephemeral-storage" => "disk",
        resource => resource,
    }
}

/// What its containers ask for of a resource: told where it is one number, since sums are the scheduler's.
fn asked(pod: &Pod, resource: &str) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let mut amounts = spec.containers.iter().filter_map(|container| {
        let resources = container.resources.as_ref()?;
        let find = |map: Option<&std::collections::BTreeMap<_, _>>| map.and_then(|map| map.get(resource)).cloned();
        find(resources.requests.as_ref()).or_else(|| find(resources.limits.as_ref()))
    });
    let first = amounts.next()?;
    amounts.next().is_none().then_some(first.0)
}
