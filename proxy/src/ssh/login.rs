//! Who is let in, and to which workspace.
//!
//! The user name of a connection is the name of a workspace; who comes is known by the key, certificate or token alone.
//! There is one answer to everybody who is not known, at the same time (russh holds every refusal back until
//! `Limits::refusal_time` has passed since the request): an unknown key, a token that is none, a wrong certificate.
//! Whether a workspace exists is looked up only for somebody who is known. Who is known, and names no workspace that
//! they may enter, gets into the [`super::lobby`]: a list of those that they may, whatever it was that they named, so
//! that somebody else's workspace and none at all are one and the same.
//!
//! A key that is merely offered is always said to be acceptable, if it is of a kind that is spoken here: any other
//! answer would tell everybody who holds a public key whether it is known here. It costs a client that offers several
//! keys a signature for each, and counts as an attempt as it does with OpenSSH's server.

use std::sync::Arc;

use dormer_auth::certificate::Permits;
use dormer_auth::known::Known;
use dormer_core::directory::Entry;
use dormer_core::may::Action;
use dormer_core::name::WorkspaceName;
use dormer_core::principal::Scope;

use super::users::Visit;
use crate::gate::{Gate, Open, Refusal};

/// Somebody who was let in to a workspace.
pub(super) struct Login {
    pub(super) known: Known,
    pub(super) permits: Permits,
    pub(super) entry: Arc<Entry>,
    pub(super) workspace: WorkspaceName,
    /// The connection, as the gate knows it.
    pub(super) open: Open,
    /// The connection, as one of its user's.
    pub(super) _visit: Visit,
}

/// Where somebody who is known is let in to.
pub(super) enum Admitted {
    /// A workspace.
    Inside(Box<Login>),
    /// Nowhere but the list of those they may enter.
    Lobby(Known, Visit),
}

/// Lets somebody in, or not.
pub(super) fn admit(
    gate: &Gate,
    workspace: &str,
    known: Known,
    permits: Permits,
    visit: Visit,
) -> Result<Admitted, Refusal> {
    // A credential that is good for no ssh at all is refused like none.
    if known.principal.scope == Scope::Read {
        return Err(Refusal::Forbidden);
    }
    match gate.admit(Some(&known), workspace, Action::Ssh) {
        Ok(entry) => {
            let open = gate.open(&entry, Some(&known), Action::Ssh);
            let workspace = entry.peek().name.clone();
            Ok(Admitted::Inside(Box::new(Login { known, permits, entry, workspace, open, _visit: visit })))
        }
        Err(Refusal::Hidden) => Ok(Admitted::Lobby(known, visit)),
        Err(other) => Err(other),
    }
}
