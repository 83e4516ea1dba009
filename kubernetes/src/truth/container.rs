//! Containers that do not start, or have ended.

use k8s_openapi::api::core::v1::{Container, ContainerState, ContainerStateTerminated, ContainerStatus, Pod};

use dormer_core::ports::runtime::{Outlook, Trouble};

use crate::truth::image;
use crate::truth::{Sight, in_quotes, quoted, trouble};

/// The init container that brings the tools.
pub const TOOLS: &str = "dormer-tools";

/// The status of the main container.
pub fn main<'a>(pod: &'a Pod, main: &str) -> Option<&'a ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.iter().find(|status| status.name == main)
}

/// Whether what was started in it is not there any more, restarted or not: an agent is started once.
pub fn has_ended(status: &ContainerStatus) -> bool {
    status.restart_count > 0 || terminated(status.state.as_ref()).is_some()
}

fn terminated(state: Option<&ContainerState>) -> Option<&ContainerStateTerminated> {
    state?.terminated.as_ref()
}

/// How it last ended.
fn last_end(status: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    terminated(status.state.as_ref()).or_else(|| terminated(status.last_state.as_ref()))
}

fn spec<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    let spec = pod.spec.as_ref()?;
    spec.containers.iter().chain(spec.init_containers.iter().flatten()).find(|container| container.name == name)
}

/// What keeps containers from running. Those that run first come first; of the others, the main one.
pub fn of(sight: &Sight<'_>) -> Option<Trouble> {
    let status = sight.pod.status.as_ref()?;
    for container in status.init_container_statuses.iter().flatten() {
        if let Some(trouble) = init(sight, container).or_else(|| waiting(sight, container)) {
            return Some(trouble);
        }
    }
    if let Some(container) = main(sight.pod, sight.main) {
        if let Some(trouble) = waiting(sight, container).or_else(|| ended(sight, container)) {
            return Some(trouble);
        }
        // It runs: what is wrong with the others is theirs to say.
        if container.state.as_ref().is_some_and(|state| state.running.is_some()) {
            return None;
        }
    }
    let others = status.container_statuses.iter().flatten().filter(|container| container.name != sight.main);
    others.filter_map(|container| waiting(sight, container)).next()
}

/// Why it waits, where that is more than for its turn.
fn waiting(sight: &Sight<'_>, status: &ContainerStatus) -> Option<Trouble> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref()?;
    let message = waiting.message.as_deref().unwrap_or_default();
    let name = &status.name;
    let ours = name == TOOLS;
    match reason {
        "ContainerCreating" | "PodInitializing" => None,
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ErrImageNeverPull"
        | "InvalidImageName"
        | "ErrImageInspect"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => {
            let image = spec(sight.pod, name).and_then(|spec| spec.image.as_deref()).unwrap_or(&status.image);
            // While it only backs off, an event or the message before has said why.
            let said = sight.events.iter().rev().find(|event| event.is_pull_failure_of(image));
            let message = match said {
                Some(event) if reason == "ImagePullBackOff" => event.message.as_str(),
                _ => message,
            };
            Some(image::trouble_of(image, reason, message, ours))
        }
        "CreateContainerConfigError" => Some(configuration(name, message)),
        "CreateContainerError" | "RunContainerError" | "StartError" => Some(start(name, message)),
        "PostStartHookError" => {
            let message = format!("the agent could not be put into container '{name}': {}", quoted(message));
            Some(trouble("AgentFailed", message, Outlook::Final))
        }
        "CrashLoopBackOff" if name == sight.main => ended(sight, status),
        "CrashLoopBackOff" => match last_end(status) {
            Some(end) => Some(crash(sight, name, end)),
            None => Some(trouble("CrashLoop", format!("container '{name}' ends again and again"), Outlook::Final)),
        },
        _ => Some(trouble(
            "ContainerWaiting",
            format!("container '{name}' waits ({reason}): {}", quoted(message)),
            Outlook::MayPass,
        )),
    }
}

/// It lacks something, or may not be who it is.
fn configuration(container: &str, message: &str) -> Trouble {
    let lower = message.to_lowercase();
    let named = in_quotes(message).unwrap_or_default();
    if lower.contains("secret") && lower.contains("not found") {
        let message =
            format!("container '{container}' needs the secret '{named}', which does not exist in its project");
        return trouble("SecretMissing", message, Outlook::Final);
    }
    if lower.contains("configmap") && lower.contains("not found") {
        let message =
            format!("container '{container}' needs the ConfigMap '{named}', which does not exist in its project");
        return trouble("ConfigMapMissing", message, Outlook::Final);
    }
    if lower.contains("couldn't find key") {
        let message = format!("container '{container}' lacks a value: {}", quoted(message));
        return trouble("SecretKeyMissing", message, Outlook::Final);
    }
    if lower.contains("runasnonroot") || lower.contains("non-numeric user") {
        let message = format!(
            "the image of container '{container}' wants to run as root or as a user without a number, which its class \
             does not allow; say a number with the attribute 'dormer.dev/user', or use another class"
        );
        return trouble("RootRefused", message, Outlook::Final);
    }
    trouble("ContainerInvalid", format!("container '{container}' cannot be made: {}", quoted(message)), Outlook::Final)
}

/// Its first process does not start.
fn start(container: &str, message: &str) -> Trouble {
    let lower = message.to_lowercase();
    if lower.contains("exec format error") {
        let message = format!("the image of container '{container}' is for another kind of processor than its node's");
        return trouble("ImageArchitecture", message, Outlook::Final);
    }
    if lower.contains("no such file or directory") || lower.contains("executable file not found") {
        let message =
            format!("container '{container}' runs a program that its image does not have: {}", quoted(message));
        return trouble("CommandMissing", message, Outlook::Final);
    }
    if lower.contains("no space left on device") {
        return trouble("NodeDiskFull", format!("the disk of its node is full: {}", quoted(message)), Outlook::Retry);
    }
    let lasting = lower.contains("permission denied") || lower.contains("not a directory");
    let outlook = if lasting { Outlook::Final } else { Outlook::MayPass };
    trouble("ContainerStartFailed", format!("container '{container}' does not start: {}", quoted(message)), outlook)
}

/// A container that runs to its end before the others, and did not come to a good one.
fn init(sight: &Sight<'_>, status: &ContainerStatus) -> Option<Trouble> {
    let end = last_end(status).filter(|end| end.exit_code != 0)?;
    let tried_again = status.state.as_ref().is_some_and(|state| state.running.is_some());
    if tried_again && status.restart_count < 2 {
        return None;
    }
    if let Some(trouble) = special(sight, &status.name, end) {
        return Some(trouble);
    }
    let (name, code) = (&status.name, end.exit_code);
    let said = end.message.as_deref().map(|text| format!(": {}", quoted(text))).unwrap_or_default();
    let (reason, message) = match name.as_str() {
        TOOLS => ("ToolsFailed", format!("the tools could not be brought into its pod (exit {code}){said}")),
        name => ("InitFailed", format!("'{name}', which runs before the workspace, ended with exit {code}{said}")),
    };
    Some(trouble(reason, message, Outlook::Final))
}

/// The main container ended.
fn ended(sight: &Sight<'_>, status: &ContainerStatus) -> Option<Trouble> {
    if !has_ended(status) {
        return None;
    }
    Some(crash(sight, &status.name, last_end(status)?))
}

fn crash(sight: &Sight<'_>, name: &str, end: &ContainerStateTerminated) -> Trouble {
    if let Some(trouble) = special(sight, name, end) {
        return trouble;
    }
    let code = end.exit_code;
    let said = end.message.as_deref().map(|text| format!(": {}", quoted(text))).unwrap_or_default();
    let how = match end.signal.or(Some(code - 128).filter(|signal| (1..65).contains(signal))) {
        Some(9) => "was killed".to_owned(),
        Some(signal) => format!("was ended by signal {signal}"),
        None => format!("ended with exit {code}"),
    };
    trouble("ContainerEnded", format!("container '{name}' {how}{said}"), Outlook::Retry)
}

/// Ends that say more than a number.
fn special(sight: &Sight<'_>, name: &str, end: &ContainerStateTerminated) -> Option<Trouble> {
    match end.reason.as_deref()? {
        "OOMKilled" => {
            let limits = spec(sight.pod, name)
                .and_then(|spec| spec.resources.as_ref()?.limits.as_ref()?.get("memory"))
                .map(|limit| limit.0.clone());
            let message = match limits {
                Some(limit) => format!(
                    "container '{name}' needed more memory than its limit of {limit}; give it more with \
                     `dormer update --memory`, or run less in it"
                ),
                None => format!("container '{name}' needed more memory than its node has"),
            };
            Some(trouble("OutOfMemory", message, Outlook::Final))
        }
        "ContainerCannotRun" | "StartError" => Some(start(name, end.message.as_deref().unwrap_or_default())),
        "ContainerStatusUnknown" => {
            Some(trouble("NodeLost", "its node lost it; start it again, its files are as they were", Outlook::Retry))
        }
        _ => None,
    }
}
