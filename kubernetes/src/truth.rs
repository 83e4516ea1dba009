//! What a cluster says of a pod, for people: one word, one sentence, and whether it helps to wait or to try again. Pure.

mod container;
mod end;
mod event;
mod image;
mod refusal;
mod schedule;

use k8s_openapi::api::core::v1::{Pod, PodCondition};
use k8s_openapi::jiff::Timestamp;

use dormer_core::ports::runtime::{Outlook, Trouble};

pub use event::{About, Happened};
pub use refusal::refused;

/// What is known of a workspace's pod.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// Its container that people work in.
    pub main: &'a str,
    /// What happened to it and to its claim, oldest first.
    pub events: &'a [Happened],
    /// Now.
    pub now: Timestamp,
}

/// The longest that a cluster's own words are quoted.
const LONGEST: usize = 600;

/// What is wrong with it. None: nothing that can be told from here.
pub fn of(sight: &Sight<'_>) -> Option<Trouble> {
    end::of(sight)
        .or_else(|| container::of(sight))
        .or_else(|| schedule::of(sight))
        .or_else(|| event::of(sight))
        .or_else(|| end::lost_node(sight))
        .or_else(|| end::silent_node(sight))
}

/// Whether it has ended, or is on its way out, or its main container is not the one that was started: nothing of it
/// comes back by itself.
pub fn has_ended(pod: &Pod, main: &str) -> bool {
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref());
    pod.metadata.deletion_timestamp.is_some()
        || matches!(phase, Some("Failed" | "Succeeded"))
        || container::main(pod, main).is_some_and(container::has_ended)
}

fn trouble(reason: &str, message: impl Into<String>, outlook: Outlook) -> Trouble {
    Trouble { reason: reason.into(), message: message.into(), outlook }
}

/// A cluster's own words, as long as they may be, on one line.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == kind)
}

/// What stands between the first pair of double quotes, backslashes aside.
fn in_quotes(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('"')?;
    let (inner, _) = rest.split_once('"')?;
    Some(inner.trim_end_matches('\\'))
}

#[cfg(test)]
mod tests;
