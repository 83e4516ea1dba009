//! Who came, from where, by which credential, and what for. Never what was typed, and never a secret.

use std::net::SocketAddr;

use dormer_core::name::WorkspaceName;
use dormer_core::principal::{Principal, Via};
use dormer_wire::door::Want;
use dormer_wire::listen::Place;

/// A text that a client sent: shortened, and printed with its control characters escaped.
fn claimed(name: &str) -> String {
    format!("{:?}", name.chars().take(64).collect::<String>())
}

/// The name of a workspace that somebody unknown sent. What cannot be one is not written down: people type tokens and
/// passwords where a name belongs.
fn named(name: &str) -> &str {
    if name.parse::<WorkspaceName>().is_ok() { name } else { "(not a name)" }
}

/// The credential by what names it.
fn credential(principal: &Principal) -> String {
    match &principal.via {
        Via::Key(fingerprint) => format!("key {fingerprint}"),
        Via::Token(id) => format!("token {id}"),
        Via::Certificate(name) => format!("certificate {name}"),
        Via::Session(id) => format!("session {id}"),
        Via::System => "system".to_string(),
    }
}

/// Somebody was let in.
pub(super) fn login(peer: SocketAddr, workspace: &str, who: &Principal) {
    tracing::info!(
        target: "audit", event = "ssh.login", %peer, workspace, user = %who.user, credential = credential(who)
    );
}

/// Somebody was known, and named nothing that they may enter.
pub(super) fn lobby(peer: SocketAddr, workspace: &str, who: &Principal) {
    tracing::info!(
        target: "audit", event = "ssh.lobby", %peer, workspace = named(workspace), user = %who.user,
        credential = credential(who)
    );
}

/// Somebody in a browser is asked whether to let a connection in.
pub(super) fn asked(peer: SocketAddr, workspace: &str) {
    tracing::info!(target: "audit", event = "ssh.asked", %peer, workspace = named(workspace));
}

/// Somebody has too many connections.
pub(super) fn too_many(peer: SocketAddr, who: &Principal) {
    tracing::info!(target: "audit", event = "ssh.too-many", %peer, user = %who.user);
}

/// Somebody was not. `credential`: the kind, and a key's fingerprint.
pub(super) fn refused(peer: SocketAddr, workspace: &str, credential: &str, known: Option<&Principal>) {
    let user = known.map(|who| who.user.to_string());
    tracing::info!(
        target: "audit", event = "ssh.refused", %peer, workspace = named(workspace), credential, user
    );
}

/// A channel was opened, or a command begun.
pub(super) fn channel(peer: SocketAddr, workspace: &str, who: &Principal, want: &Want) {
    let what = match want {
        Want::Exec(exec) if exec.command.is_some() => "exec".to_string(),
        Want::Exec(_) => "shell".to_string(),
        Want::Sftp => "sftp".to_string(),
        Want::Port { port } => format!("port {port}"),
        Want::Socket { path } => format!("socket {path:?}"),
        Want::Listen { at: Place::Port { port } } => format!("listen on port {port}"),
        Want::Listen { at: Place::Socket { path } } => format!("listen at {path:?}"),
        Want::Listen { at: Place::Private } => "ssh-agent".to_string(),
        _ => "other".to_string(),
    };
    tracing::info!(target: "audit", event = "ssh.channel", %peer, workspace, user = %who.user, what);
}

/// A channel was opened to a workspace that is not awake.
pub(super) fn wake(peer: SocketAddr, workspace: &str, who: &Principal) {
    tracing::info!(target: "audit", event = "ssh.wake", %peer, workspace, user = %who.user);
}

/// A forwarding was refused.
pub(super) fn forward_refused(peer: SocketAddr, workspace: &str, who: &Principal, target: &str) {
    tracing::info!(
        target: "audit", event = "ssh.forward-refused", %peer, workspace, user = %who.user, to = claimed(target)
    );
}

/// A connection was ended from our side.
pub(super) fn ended(peer: SocketAddr, why: &str) {
    tracing::info!(target: "audit", event = "ssh.ended", %peer, why);
}
