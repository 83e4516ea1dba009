//! Who a container's processes are, and what they may: Pod Security "restricted" unless the class says otherwise.

use k8s_openapi::api::core::v1::{Capabilities, PodSecurityContext, SeccompProfile, SecurityContext};

use dormer_core::plan::Container;

use crate::policy::Security;
use crate::render::{RenderError, Subject};

/// The user and the group of files, where nobody says another.
pub const USER: i64 = 1000;

fn fs_group(policy: &Security) -> i64 {
    policy.fs_group.unwrap_or(USER)
}

/// Of a pod.
pub fn pod(policy: &Security) -> PodSecurityContext {
    PodSecurityContext {
        fs_group: Some(fs_group(policy)),
        // Walking through every file at each start would take as long as there are files.
        fs_group_change_policy: Some("OnRootMismatch".into()),
        run_as_group: Some(policy.run_as_group.unwrap_or(0)),
        run_as_non_root: Some(!policy.allow_root),
        run_as_user: (!policy.image_user).then(|| policy.run_as_user.unwrap_or(USER)),
        seccomp_profile: Some(seccomp(policy)),
        ..PodSecurityContext::default()
    }
}

fn seccomp(policy: &Security) -> SeccompProfile {
    match policy.seccomp_profile.as_deref() {
        // The runtime's own refuses what makes containers.
        None if policy.nested => SeccompProfile { type_: "Unconfined".into(), ..SeccompProfile::default() },
        None | Some("" | "RuntimeDefault") => {
            SeccompProfile { type_: "RuntimeDefault".into(), ..SeccompProfile::default() }
        }
        Some("Unconfined") => SeccompProfile { type_: "Unconfined".into(), ..SeccompProfile::default() },
        Some(file) => SeccompProfile { type_: "Localhost".into(), localhost_profile: Some(file.into()) },
    }
}

/// Root by `sudo` is as much as these let it be.
const SUDO: [&str; 12] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Containers inside want to mount. Within users of its own it reaches nothing of the node's.
const NESTED: [&str; 2] = ["MKNOD", "SYS_ADMIN"];

fn capabilities(policy: &Security) -> Capabilities {
    let sudo = policy.allow_privilege_escalation || policy.nested || policy.allow_root;
    let add = SUDO.iter().filter(|_| sudo).chain(NESTED.iter().filter(|_| policy.nested));
    let add: Vec<String> = add.map(|name| (*name).to_owned()).collect();
    Capabilities { drop: Some(vec!["ALL".into()]), add: (!add.is_empty()).then_some(add) }
}

/// Of a container of ours, which needs nothing.
pub fn least() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".into()]), add: None }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

/// Of a container of the devfile.
pub fn container(
    subject: &Subject<'_>,
    container: &Container,
    notes: &mut Vec<String>,
) -> Result<SecurityContext, RenderError> {
    let policy = &subject.policy.security;
    let mut context = SecurityContext {
        allow_privilege_escalation: Some(policy.allow_privilege_escalation || policy.nested),
        capabilities: Some(capabilities(policy)),
        read_only_root_filesystem: policy.read_only_root_filesystem.then_some(true),
        // What is masked in /proc cannot be mounted anew inside; with users of its own, nothing of it is the node's.
        proc_mount: policy.nested.then(|| "Unmasked".into()),
        ..SecurityContext::default()
    };
    match container.user.as_deref().map(|user| (user, user.parse::<i64>())) {
        None | Some(("", _)) => {}
        Some(("root", _) | (_, Ok(0))) if !policy.allow_root => {
            let (name, class) = (&container.name, &subject.workspace.spec.class);
            let message = format!(
                "container '{name}' wants to run as root, which class '{class}' does not allow; take the attribute \
                 'dormer.dev/user' away, or ask an administrator for a class that does"
            );
            return Err(RenderError::new("RootRefused", message));
        }
        Some(("root", _)) => context.run_as_user = Some(0),
        Some((_, Ok(user))) => context.run_as_user = Some(user),
        Some((user, Err(_))) => {
            let (name, number) = (&container.name, policy.run_as_user.unwrap_or(USER));
            notes.push(format!(
                "container '{name}' runs as user {number}: a cluster does not know who '{user}' is in an image; give a \
                 number"
            ));
        }
    }
    Ok(context)
}
