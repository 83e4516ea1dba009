//! What an API server does not take, and why.

use dormer_core::ports::runtime::RuntimeError;

use crate::truth::{in_quotes, quoted};

/// Why the API server refused an object: its status code and its words. `what` is what was to be made.
pub fn refused(what: &str, code: u16, message: &str) -> RuntimeError {
    let lower = message.to_lowercase();
    let has = |words: &str| lower.contains(words);
    let told = quoted(message);
    let lasting = |reason: &'static str, message: String| RuntimeError::Impossible { reason, message };
    let passing = |reason: &'static str, message: String| RuntimeError::Failed { reason, message };
    match code {
        403 if has("exceeded quota") || has("failed quota") => {
            lasting("QuotaExceeded", format!("its project may not have so much at once: {}", quota(message)))
        }
        403 if has("violates podsecurity") => {
            let why = message.split_once("violates PodSecurity").map_or(message, |(_, why)| why);
            let why = quoted(why);
            lasting("PodSecurityRefused", format!("its project's namespace does not let such a pod run: {why}"))
        }
        403 if has("being terminated") => lasting("ProjectGoing", "its project is being deleted".into()),
        403 if has("usage per container") || has("usage per pod") || has("usage per persistentvolumeclaim") => {
            lasting("LimitExceeded", format!("its project has a limit that it does not keep: {told}"))
        }
        403 if has("serviceaccount") && has("not found") => {
            lasting("ServiceAccountMissing", format!("its class asks for a service account that is not there: {told}"))
        }
        403 if has("priorityclass") => {
            lasting("PriorityClassMissing", format!("its class asks for a priority that is not there: {told}"))
        }
        403 if has("runtimeclass") => {
            lasting("RuntimeClassMissing", format!("its class or devfile asks for a runtime that is not there: {told}"))
        }
        403 if has(" cannot ") => lasting(
            "Forbidden",
            format!("the gateway may not make {what}; an administrator has to give it the right to: {told}"),
        ),
        400 | 403 | 422 if has("admission webhook") || has("validatingadmissionpolicy") || has("admission policy") => {
            lasting("AdmissionRefused", format!("a rule of its cluster refuses {what}: {told}"))
        }
        403 => lasting("Refused", format!("its cluster refuses {what}: {told}")),
        404 if has("namespaces") => {
            let namespace = in_quotes(message).unwrap_or_default();
            lasting("ProjectMissing", format!("the namespace '{namespace}' of its project does not exist"))
        }
        400 | 422 => lasting("ObjectInvalid", format!("its cluster does not take {what}: {told}")),
        409 => passing("Conflict", format!("somebody else changed {what} at the same time: {told}")),
        _ if has("failed calling webhook") => {
            passing("AdmissionUnreachable", format!("a rule of its cluster cannot be asked about {what}: {told}"))
        }
        code => passing("ApiFailed", format!("its cluster did not make {what} (HTTP {code}): {told}")),
    }
}

/// `exceeded quota: compute, requested: limits.memory=2Gi, used: limits.memory=15Gi, limited: limits.memory=16Gi`.
fn quota(message: &str) -> String {
    let part = |name: &str, until: &str| {
        let (_, rest) = message.split_once(name)?;
        Some(rest.split(until).next().unwrap_or(rest).trim().trim_end_matches('.').to_owned())
    };
    let parts = (part("requested: ", ", used: "), part("used: ", ", limited: "), part("limited: ", "\n"));
    match parts {
        (Some(asked), Some(used), Some(most)) => {
            format!(
                "it asks for {asked}, {used} is in use, {most} is the most; stop another workspace, or ask for less"
            )
        }
        _ => quoted(message),
    }
}
