//! Who is let in, and to which workspace.
//!
//! The user name of a connection is the name of a workspace; who comes is known by the key or the token alone. There is
//! one answer to everybody who is not let in, at the same time (russh holds every refusal back until
//! `Limits::refusal_time` has passed since the request): an unknown key, a known one without a right to that workspace,
//! a workspace that does not exist. Whether a workspace exists is looked up only for somebody who is known.
//!
//! A key that is merely offered is always said to be acceptable, if it is of a kind that is spoken here: any other
//! answer would tell everybody who holds a public key whether it is known here. It costs a client that offers several
//! keys a signature for each, and counts as an attempt as it does with OpenSSH's server.

use std::sync::Arc;

use dormer_auth::authenticator::Authenticator;
use dormer_auth::known::Known;
use dormer_core::directory::Entry;
use dormer_core::may::Action;
use dormer_core::name::WorkspaceName;

use crate::gate::{Gate, Open};

/// Somebody who was let in to a workspace.
pub(super) struct Login {
    pub(super) known: Known,
    pub(super) entry: Arc<Entry>,
    pub(super) workspace: WorkspaceName,
    /// The connection, as the gate knows it.
    pub(super) open: Open,
}

/// A proof of who somebody is.
pub(super) enum Proof<'a> {
    /// A signature by this key was verified; in the form of `authorized_keys`, without comment.
    Key(&'a str),
    /// The text of a token.
    Token(&'a str),
}

/// Lets somebody in, or not. In the second case, who it would have been is told for the audit only.
pub(super) fn admit(
    gate: &Gate,
    authenticator: &Authenticator,
    workspace: &str,
    proof: &Proof<'_>,
) -> Result<Login, Option<Known>> {
    let known = match proof {
        Proof::Key(key) => authenticator.key(key),
        Proof::Token(text) => authenticator.token(text.trim()),
    };
    let Some(known) = known else { return Err(None) };
    match gate.admit(Some(&known), workspace, Action::Ssh) {
        Ok(entry) => {
            let open = gate.open(&entry, Some(&known), Action::Ssh);
            let workspace = entry.peek().name.clone();
            Ok(Login { known, entry, workspace, open })
        }
        Err(_) => Err(Some(known)),
    }
}
