//! What happened to a pod or its claim: volumes that do not come, sandboxes that are not made.

use k8s_openapi::api::core::v1::Event;
use k8s_openapi::jiff::Timestamp;

use dormer_core::ports::runtime::{Outlook, Trouble};

use crate::truth::{Sight, in_quotes, quoted, trouble};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// To what.
    pub about: About,
    /// The cluster's word.
    pub reason: String,
    /// Its sentence.
    pub message: String,
    /// When last.
    pub at: Timestamp,
    /// Whether it is bad.
    pub warning: bool,
}

/// To what something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A pod.
    Pod,
    /// A claim.
    Claim,
}

/// What lies back longer than that says nothing of now.
const OLD: i64 = 180;

impl Happened {
    /// Of an event of the cluster. None: of something else than pods and claims.
    pub fn of(event: &Event) -> Option<Happened> {
        let about = match event.involved_object.kind.as_deref()? {
            "Pod" => About::Pod,
            "PersistentVolumeClaim" => About::Claim,
            _ => return None,
        };
        let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref()).map(|at| at.0);
        let last = series.or(event.last_timestamp.as_ref().map(|at| at.0)).or(event.event_time.as_ref().map(|at| at.0));
        let at = last.or(event.metadata.creation_timestamp.as_ref().map(|at| at.0)).unwrap_or(Timestamp::UNIX_EPOCH);
        Some(Happened {
            about,
            reason: event.reason.clone().unwrap_or_default(),
            message: event.message.clone().unwrap_or_default(),
            at,
            warning: event.type_.as_deref() == Some("Warning"),
        })
    }

    /// Whether it tells why an image could not be pulled.
    pub fn is_pull_failure_of(&self, image: &str) -> bool {
        self.warning
            && self.reason == "Failed"
            && self.message.contains("Failed to pull image")
            && self.message.contains(image)
    }
}

/// The newest trouble that events tell of.
pub fn of(sight: &Sight<'_>) -> Option<Trouble> {
    let recent = |event: &&Happened| sight.now.as_second() - event.at.as_second() < OLD;
    sight.events.iter().rev().filter(|event| event.warning).filter(recent).find_map(single)
}

fn single(event: &Happened) -> Option<Trouble> {
    let message = event.message.as_str();
    let lower = message.to_lowercase();
    let has = |words: &str| lower.contains(words);
    let told = quoted(message);
    Some(match (event.about, event.reason.as_str()) {
        (About::Claim, "ProvisioningFailed" | "FailedBinding") => {
            if has("storageclass") && has("not found") || has("no storage class is set") {
                trouble("StorageClassMissing", format!("nobody makes its storage: {told}"), Outlook::Final)
            } else if has("exceeded quota") {
                trouble("QuotaExceeded", format!("its project may not have so much storage: {told}"), Outlook::Final)
            } else {
                trouble("StorageFailed", format!("its storage cannot be made: {told}"), Outlook::MayPass)
            }
        }
        (About::Claim, "VolumeResizeFailed") => {
            trouble("StorageGrowthFailed", format!("its storage does not grow: {told}"), Outlook::MayPass)
        }
        (About::Pod, "FailedMount" | "FailedAttachVolume" | "FailedMapVolume") => mount(message, &lower),
        (About::Pod, "FailedCreatePodSandBox") => {
            if has("no runtime for") || has("runtime handler") && has("not") {
                let message = format!("its node does not know the runtime that its class or devfile asks for: {told}");
                trouble("RuntimeClassMissing", message, Outlook::Final)
            } else if has("user namespace") || has("userns") {
                let message = format!("its node has no user namespaces for pods: {told}");
                trouble("UserNamespacesMissing", message, Outlook::Final)
            } else {
                trouble("SandboxFailed", format!("its node cannot make its pod: {told}"), Outlook::MayPass)
            }
        }
        (About::Pod, "FailedPostStartHook") => {
            trouble("AgentFailed", format!("the agent could not be put into a container: {told}"), Outlook::Final)
        }
        (About::Pod, "NetworkNotReady" | "NodeNotReady") => {
            trouble("NodeNotReady", format!("its node is not ready: {told}"), Outlook::MayPass)
        }
        _ => return None,
    })
}

fn mount(message: &str, lower: &str) -> Trouble {
    let has = |words: &str| lower.contains(words);
    let told = quoted(message);
    // The volume is named first, what is missing after it.
    let missing = message.rsplit_once(": ").map_or(message, |(_, last)| last);
    let named = in_quotes(missing).unwrap_or_default();
    if has("secret") && has("not found") {
        return trouble("SecretMissing", format!("the secret '{named}' does not exist in its project"), Outlook::Final);
    }
    if has("configmap") && has("not found") {
        return trouble(
            "ConfigMapMissing",
            format!("the ConfigMap '{named}' does not exist in its project"),
            Outlook::Final,
        );
    }
    if has("multi-attach") {
        let message = "its files are still held by the node where it ran before; that passes, or the node is gone";
        return trouble("StorageInUse", message, Outlook::MayPass);
    }
    if has("no space left") {
        return trouble("StorageFull", format!("its storage is full: {told}"), Outlook::Final);
    }
    trouble("MountFailed", format!("its files cannot be mounted: {told}"), Outlook::MayPass)
}
