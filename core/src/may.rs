//! May this principal do that? The one place where it is decided; whatever is not said here is denied.
//!
//! With a workspace: [`may`]; with a project: [`project::may_in`]; with people and credentials: [`account::may_account`].

pub mod account;
pub mod project;

use crate::principal::{Principal, Scope};
use crate::workspace::{Role, Share, Workspace};

/// Something that can be done with a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Know that it exists, read its record and logs.
    View,
    /// Enter it through a browser: the editor.
    Enter,
    /// Enter it over SSH.
    Ssh,
    /// Open one of its ports, which is shared so.
    Port(Share),
    /// Wake or stop it.
    Run,
    /// Change it. What runs in it runs with its owner's credentials, so this is as much as to enter it.
    Edit,
    /// Say who may enter it, or a port of it.
    Share,
    /// Archive or delete it.
    Own,
}

/// The answer. There is no third one: what one may not see does not exist, so a denied [`Action::View`] and a missing
/// workspace look the same from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allow,
    /// The workspace may be seen, but that not be done with it.
    Forbid,
    /// It does not exist for this principal.
    Hide,
}

/// Decides whether `who` (None: nobody signed in) may do `action` with `workspace`.
pub fn may(who: Option<&Principal>, action: Action, workspace: &Workspace) -> Verdict {
    if let Action::Port(Share::Public) = action {
        return Verdict::Allow;
    }
    let Some(who) = who else { return Verdict::Hide };
    if matches!(&who.scope, Scope::Workspace(name) if *name != workspace.name) {
        return Verdict::Hide;
    }
    let in_scope = match (&who.scope, action) {
        (Scope::All | Scope::Workspace(_), _) => true,
        (Scope::Read, Action::View) => true,
        // Over SSH a sleeping workspace is woken, and its record looked at to name it.
        (Scope::Ssh, Action::Ssh | Action::Run | Action::View) => true,
        (Scope::Read | Scope::Ssh, _) => false,
    };
    let within = role(who, workspace);
    let around = who.role_in(workspace.spec.project.as_str());
    let allowed = match action {
        Action::Port(Share::SignedIn) => true,
        _ if within.is_none() && around.is_none() => return Verdict::Hide,
        Action::View => true,
        // Whoever may see it, by the project or by its owner's word: so a port is shared with a person or a group, as
        // viewers, who get no further than that.
        Action::Port(Share::Project) => true,
        Action::Enter | Action::Ssh | Action::Port(_) => within >= Some(Role::User),
        Action::Run => within >= Some(Role::User) || around >= Some(Role::Editor),
        Action::Edit => within >= Some(Role::Editor),
        Action::Share => within >= Some(Role::Admin),
        Action::Own => within >= Some(Role::Admin) || around >= Some(Role::Admin),
    };
    if allowed && in_scope { Verdict::Allow } else { Verdict::Forbid }
}

/// What `who` is to `workspace` itself.
///
/// What they are in its project is another thing, and never lets them in: whoever enters a workspace, or changes what
/// runs in it, has its owner's credentials in hand, so that only the owner's word does. An administrator of the
/// installation has no more than others: they may make themselves a member of a project, and that is written down.
fn role(who: &Principal, workspace: &Workspace) -> Option<Role> {
    if workspace.spec.owner == who.user {
        return Some(Role::Admin);
    }
    workspace
        .spec
        .members
        .iter()
        .filter(|member| {
            member.user.as_ref() == Some(&who.user)
                || member.group.as_ref().is_some_and(|group| who.groups.contains(group))
        })
        .map(|member| member.role)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Via;
    use crate::workspace::Member;
    use crate::workspace::fixture;

    fn someone(user: &str, scope: Scope) -> Principal {
        let (user, groups) = (user.parse().unwrap(), vec!["blue".into()]);
        Principal { user, groups, projects: Vec::new(), admin: false, scope, via: Via::System }
    }

    #[test]
    fn who_may_what() {
        use Action::{Edit, Enter, Own, Port, Run, Share as Sharing, Ssh, View};
        use Verdict::{Allow, Forbid, Hide};
        let mut workspace = fixture("hello", "ann");
        let member = |user: &str, role| Member { user: Some(user.parse().unwrap()), group: None, role };
        workspace.spec.members =
            vec![member("vic", Role::Viewer), member("uma", Role::User), member("ed", Role::Editor)];
        let other = Scope::Workspace("other".parse().unwrap());
        let this = Scope::Workspace("hello".parse().unwrap());
        let owner_port = Port(Share::Owner);
        for (who, scope, row) in [
            // user, scope, [View, Enter, Ssh, Port(Owner), Port(SignedIn), Run, Edit, Share, Own]; Port(Project) below
            ("ann", Scope::All, [Allow, Allow, Allow, Allow, Allow, Allow, Allow, Allow, Allow]),
            ("ann", this, [Allow, Allow, Allow, Allow, Allow, Allow, Allow, Allow, Allow]),
            ("ann", other, [Hide, Hide, Hide, Hide, Hide, Hide, Hide, Hide, Hide]),
            ("ann", Scope::Read, [Allow, Forbid, Forbid, Forbid, Forbid, Forbid, Forbid, Forbid, Forbid]),
            ("ann", Scope::Ssh, [Allow, Forbid, Allow, Forbid, Forbid, Allow, Forbid, Forbid, Forbid]),
            ("vic", Scope::All, [Allow, Forbid, Forbid, Forbid, Allow, Forbid, Forbid, Forbid, Forbid]),
            ("uma", Scope::All, [Allow, Allow, Allow, Allow, Allow, Allow, Forbid, Forbid, Forbid]),
            ("ed", Scope::All, [Allow, Allow, Allow, Allow, Allow, Allow, Allow, Forbid, Forbid]),
            ("bob", Scope::All, [Hide, Hide, Hide, Hide, Allow, Hide, Hide, Hide, Hide]),
        ] {
            let who = someone(who, scope);
            let actions = [View, Enter, Ssh, owner_port, Port(Share::SignedIn), Run, Edit, Sharing, Own];
            for (action, want) in actions.into_iter().zip(row) {
                assert_eq!(may(Some(&who), action, &workspace), want, "{who:?} {action:?}");
            }
        }
        for action in [View, Enter, Ssh, owner_port, Port(Share::Project), Port(Share::SignedIn), Run, Edit, Own] {
            assert_eq!(may(None, action, &workspace), Hide, "{action:?}");
        }
        assert_eq!(may(None, Port(Share::Public), &workspace), Allow);
        // A port that is shared with the project: with members of the workspace, too, the least of them included.
        for (user, want) in [("ann", Allow), ("vic", Allow), ("uma", Allow), ("bob", Hide)] {
            assert_eq!(may(Some(&someone(user, Scope::All)), Port(Share::Project), &workspace), want, "{user}");
        }
        assert_eq!(may(Some(&someone("vic", Scope::Ssh)), Port(Share::Project), &workspace), Forbid);
        workspace.spec.members = vec![Member { user: None, group: Some("blue".into()), role: Role::User }];
        assert_eq!(may(Some(&someone("bob", Scope::All)), Enter, &workspace), Allow);
        // An administrator of the installation does not get into somebody's files by that.
        workspace.spec.members.clear();
        let admin = Principal { admin: true, ..someone("root", Scope::All) };
        assert_eq!(may(Some(&admin), Enter, &workspace), Hide);
    }

    #[test]
    fn what_a_project_gives() {
        use Action::{Edit, Enter, Own, Port, Run, Share as Sharing, Ssh, View};
        use Verdict::{Allow, Forbid, Hide};
        let workspace = fixture("hello", "ann");
        let actions = [View, Enter, Ssh, Port(Share::Owner), Port(Share::Project), Run, Edit, Sharing, Own];
        for (project, role, scope, row) in [
            // [View, Enter, Ssh, Port(Owner), Port(Project), Run, Edit, Share, Own]
            (
                "default",
                Role::Viewer,
                Scope::All,
                [Allow, Forbid, Forbid, Forbid, Allow, Forbid, Forbid, Forbid, Forbid],
            ),
            ("default", Role::User, Scope::All, [Allow, Forbid, Forbid, Forbid, Allow, Forbid, Forbid, Forbid, Forbid]),
            (
                "default",
                Role::Editor,
                Scope::All,
                [Allow, Forbid, Forbid, Forbid, Allow, Allow, Forbid, Forbid, Forbid],
            ),
            ("default", Role::Admin, Scope::All, [Allow, Forbid, Forbid, Forbid, Allow, Allow, Forbid, Forbid, Allow]),
            (
                "default",
                Role::Admin,
                Scope::Read,
                [Allow, Forbid, Forbid, Forbid, Forbid, Forbid, Forbid, Forbid, Forbid],
            ),
            ("other", Role::Admin, Scope::All, [Hide, Hide, Hide, Hide, Hide, Hide, Hide, Hide, Hide]),
        ] {
            let who = Principal { projects: vec![(project.parse().unwrap(), role)], ..someone("bob", scope) };
            for (action, want) in actions.into_iter().zip(row) {
                assert_eq!(may(Some(&who), action, &workspace), want, "{project} {role:?} {action:?}");
            }
        }
    }
}
