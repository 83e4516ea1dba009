//! What may be done with a project.

use crate::may::Verdict;
use crate::principal::{Principal, Scope};
use crate::workspace::Role;

/// The project that everybody may create workspaces in.
pub const OPEN: &str = "default";

/// Something that can be done with a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Affair {
    /// Know that it exists, and who is in it.
    View,
    /// Create a workspace in it.
    Create,
    /// Add and remove its secrets.
    KeepSecrets,
    /// Say who is in it.
    SetMembers,
}

/// Decides whether `who` may do that with the project of this name.
///
/// An administrator of the installation sees all projects and says who is in them, themselves included; that is written
/// down. What is in a project, its secrets and workspaces, is its members' all the same.
pub fn may_in(who: &Principal, affair: Affair, project: &str) -> Verdict {
    let in_scope = match who.scope {
        Scope::All => true,
        Scope::Read => affair == Affair::View,
        Scope::Ssh | Scope::Workspace(_) => false,
    };
    if !in_scope {
        // Of no project in particular: it tells nothing about this one.
        return Verdict::Forbid;
    }
    let role = who.role_in(project);
    let (seen, allowed) = match affair {
        Affair::View => (who.admin || role.is_some(), true),
        Affair::Create => {
            let open = project == OPEN && role.is_none();
            (open || role.is_some(), open || role >= Some(Role::User))
        }
        Affair::KeepSecrets => (role.is_some(), role >= Some(Role::Editor)),
        Affair::SetMembers => (who.admin || role.is_some(), who.admin || role >= Some(Role::Admin)),
    };
    match (seen, allowed) {
        (false, _) => Verdict::Hide,
        (true, true) => Verdict::Allow,
        (true, false) => Verdict::Forbid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Via;

    #[test]
    fn who_may_what() {
        use Verdict::{Allow, Forbid, Hide};
        let someone = |role: Option<Role>, admin, scope| Principal {
            user: "bob".parse().unwrap(),
            groups: Vec::new(),
            projects: role.map(|role| ("shop".parse().unwrap(), role)).into_iter().collect(),
            admin,
            scope,
            via: Via::System,
        };
        let this = Scope::Workspace("hello".parse().unwrap());
        for (role, admin, scope, row) in [
            // role in it, administrator, scope, [View, Create, KeepSecrets, SetMembers]
            (None, false, Scope::All, [Hide, Hide, Hide, Hide]),
            (Some(Role::Viewer), false, Scope::All, [Allow, Forbid, Forbid, Forbid]),
            (Some(Role::User), false, Scope::All, [Allow, Allow, Forbid, Forbid]),
            (Some(Role::Editor), false, Scope::All, [Allow, Allow, Allow, Forbid]),
            (Some(Role::Admin), false, Scope::All, [Allow, Allow, Allow, Allow]),
            (None, true, Scope::All, [Allow, Hide, Hide, Allow]),
            (Some(Role::Viewer), true, Scope::All, [Allow, Forbid, Forbid, Allow]),
            (Some(Role::Admin), true, Scope::Read, [Allow, Forbid, Forbid, Forbid]),
            (Some(Role::Admin), true, Scope::Ssh, [Forbid, Forbid, Forbid, Forbid]),
            (None, false, Scope::Ssh, [Forbid, Forbid, Forbid, Forbid]),
            (Some(Role::Admin), false, this, [Forbid, Forbid, Forbid, Forbid]),
        ] {
            let who = someone(role, admin, scope);
            let affairs = [Affair::View, Affair::Create, Affair::KeepSecrets, Affair::SetMembers];
            for (affair, want) in affairs.into_iter().zip(row) {
                assert_eq!(may_in(&who, affair, "shop"), want, "{who:?} {affair:?}");
            }
        }
        // Everybody creates in the open one; whoever is only a viewer of it does not.
        let open = |who: &Principal| may_in(who, Affair::Create, OPEN);
        assert_eq!(open(&someone(None, false, Scope::All)), Allow);
        let mut viewer = someone(None, false, Scope::All);
        viewer.projects.push((OPEN.parse().unwrap(), Role::Viewer));
        assert_eq!(open(&viewer), Forbid);
        assert_eq!(may_in(&someone(None, false, Scope::All), Affair::View, OPEN), Hide);
    }
}
