//! Admission: the one question that every request and connection has to pass.

use std::sync::Arc;

use dormer_auth::known::Known;
use dormer_core::directory::Entry;
use dormer_core::may::{Action, Verdict, may};
use dormer_core::principal::Principal;
use dormer_core::route::PortRef;
use dormer_core::workspace::Workspace;

use super::Gate;

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such workspace, or none for them: the same answer, since the difference is nobody's business.
    #[error("there is no such workspace, or it is not yours to open")]
    Hidden,
    /// They may know of it, but not do that.
    #[error("you may see this workspace, but not open it")]
    Forbidden,
    /// Nobody is known: they may sign in and ask again.
    #[error("sign in to open this")]
    SignIn,
}

/// What is asked for, in a form that can be asked again when the record has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To do something.
    Do(Action),
    /// To use a port, which is shared as the record says at the moment.
    Port(u16),
}

impl From<Action> for Right {
    fn from(action: Action) -> Right {
        Right::Do(action)
    }
}

impl Right {
    /// What it means by this record.
    pub fn action(self, record: &Workspace) -> Action {
        match self {
            Right::Do(action) => action,
            Right::Port(port) => Action::Port(record.share(port)),
        }
    }

    /// Whether `who` has it by this record.
    pub(super) fn check(self, who: Option<&Principal>, record: &Workspace) -> Result<(), Refusal> {
        if record.deleted {
            return Err(if who.is_some() { Refusal::Hidden } else { Refusal::SignIn });
        }
        match (may(who, self.action(record), record), who) {
            (Verdict::Allow, _) => Ok(()),
            (_, None) => Err(Refusal::SignIn),
            (Verdict::Forbid, Some(_)) => Err(Refusal::Forbidden),
            (Verdict::Hide, Some(_)) => Err(Refusal::Hidden),
        }
    }
}

impl Gate {
    /// Lets `who` in to do `right` with the workspace of that name, or not.
    pub fn admit(&self, who: Option<&Known>, name: &str, right: impl Into<Right>) -> Result<Arc<Entry>, Refusal> {
        let missing = if who.is_some() { Refusal::Hidden } else { Refusal::SignIn };
        let entry = self.directory().get(name).ok_or(missing)?;
        right.into().check(principal(who), &entry.peek())?;
        Ok(entry)
    }

    /// Lets `who` in to a port, by its number or name, or not. A name that says nothing is told only to those who may
    /// enter the workspace.
    pub fn admit_port(&self, who: Option<&Known>, name: &str, port: &PortRef) -> Result<(Arc<Entry>, u16), Refusal> {
        let missing = if who.is_some() { Refusal::Hidden } else { Refusal::SignIn };
        let entry = self.directory().get(name).ok_or(missing)?;
        let number = match port {
            PortRef::Number(number) => *number,
            PortRef::Named(name) => entry.peek().port_named(name).map(|port| port.port).ok_or(missing)?,
        };
        Right::Port(number).check(principal(who), &entry.peek())?;
        Ok((entry, number))
    }

    /// Whether `who` may wake it.
    pub fn may_wake(&self, who: Option<&Known>, entry: &Entry) -> bool {
        may(principal(who), Action::Run, &entry.peek()) == Verdict::Allow
    }
}

fn principal(who: Option<&Known>) -> Option<&Principal> {
    who.map(|known| &*known.principal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::principal::{Scope, Via};
    use dormer_core::workspace::{Port, Share, fixture};

    #[test]
    fn refusals() {
        let mut record = fixture("hello", "ann");
        record.spec.ports = vec![
            Port { port: 80, name: None, share: Share::Public },
            Port { port: 81, name: None, share: Share::SignedIn },
        ];
        let person = |user: &str, scope| Principal {
            user: user.parse().unwrap(),
            groups: vec![],
            projects: vec![],
            admin: false,
            scope,
            via: Via::System,
        };
        let (ann, reader, bob) = (person("ann", Scope::All), person("ann", Scope::Read), person("bob", Scope::All));
        let enter = Right::Do(Action::Enter);
        for (who, right, deleted, want) in [
            (Some(&ann), enter, false, Ok(())),
            (Some(&ann), enter, true, Err(Refusal::Hidden)),
            (Some(&reader), enter, false, Err(Refusal::Forbidden)),
            (Some(&bob), enter, false, Err(Refusal::Hidden)),
            (None, enter, false, Err(Refusal::SignIn)),
            (None, enter, true, Err(Refusal::SignIn)),
            (None, Right::Port(80), false, Ok(())),
            (None, Right::Port(81), false, Err(Refusal::SignIn)),
            (Some(&bob), Right::Port(81), false, Ok(())),
            (Some(&bob), Right::Port(82), false, Err(Refusal::Hidden)),
            (Some(&ann), Right::Port(82), false, Ok(())),
        ] {
            record.deleted = deleted;
            assert_eq!(right.check(who, &record), want, "{who:?} {right:?} {deleted}");
        }
    }
}
