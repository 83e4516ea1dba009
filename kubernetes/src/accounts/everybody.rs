//! Everybody, as the domain knows them, of the objects that are kept.

use std::collections::HashSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;

use dormer_core::account::{Project, User};
use dormer_core::ports::accounts::Everybody;
use dormer_core::workspace::Role;

use super::secret::{holder, kind, last_used, read};
use super::stored::{Identity, Key, Record, Sealed, Session, Token};
use crate::resource::people;
use crate::resource::workspace::{Member, Role as KubeRole};

/// A user. None: the name cannot be one.
pub fn user(object: &people::User) -> Option<User> {
    let people::UserSpec { display_name, groups, admin, disabled } = object.spec.clone();
    let created_at = object.metadata.creation_timestamp.as_ref().map(|at| at.0).unwrap_or_default();
    Some(User { name: object.name_any().parse().ok()?, display_name, groups, admin, disabled, created_at })
}

/// A project. None: the name cannot be one.
pub fn project(object: &people::Project) -> Option<Project> {
    let created_at = object.metadata.creation_timestamp.as_ref().map(|at| at.0).unwrap_or_default();
    // A member that cannot be understood is none.
    let members = object.spec.members.iter().filter_map(member).collect();
    let display_name = object.spec.display_name.clone();
    Some(Project { name: object.name_any().parse().ok()?, display_name, members, created_at })
}

fn member(member: &Member) -> Option<dormer_core::account::ProjectMember> {
    let user = match &member.user {
        Some(user) => Some(user.parse().ok()?),
        None => None,
    };
    let role = match member.role {
        KubeRole::Viewer => Role::Viewer,
        KubeRole::User => Role::User,
        KubeRole::Editor => Role::Editor,
        KubeRole::Admin => Role::Admin,
    };
    Some(dormer_core::account::ProjectMember { user, group: member.group.clone(), role })
}

/// Members, as an object has them.
pub fn members(project: &Project) -> Vec<Member> {
    let role = |role: Role| match role {
        Role::Viewer => KubeRole::Viewer,
        Role::User => KubeRole::User,
        Role::Editor => KubeRole::Editor,
        Role::Admin => KubeRole::Admin,
    };
    let members = project.members.iter();
    members
        .map(|member| Member {
            user: member.user.as_ref().map(ToString::to_string),
            group: member.group.clone(),
            role: role(member.role),
        })
        .collect()
}

/// Everybody. What belongs to somebody who is gone is gone with them.
pub fn everybody(users: &[Arc<people::User>], projects: &[Arc<people::Project>], secrets: &[Arc<Secret>]) -> Everybody {
    let is_there = |deleted: bool, uid: Option<String>| if deleted { None } else { uid };
    let uids: HashSet<String> = users
        .iter()
        .filter_map(|user| is_there(user.metadata.deletion_timestamp.is_some(), user.uid()))
        .chain(
            projects
                .iter()
                .filter_map(|project| is_there(project.metadata.deletion_timestamp.is_some(), project.uid())),
        )
        .collect();
    let mut all = Everybody {
        users: users.iter().filter(|user| user.metadata.deletion_timestamp.is_none()).filter_map(|o| user(o)).collect(),
        projects: projects
            .iter()
            .filter(|o| o.metadata.deletion_timestamp.is_none())
            .filter_map(|o| project(o))
            .collect(),
        ..Everybody::default()
    };
    for secret in secrets.iter().filter(|secret| uids.contains(holder(secret))) {
        let used = last_used(secret);
        match kind(secret) {
            Token::KIND => all.tokens.extend(read::<Token>(secret).map(|token| token.read(used))),
            Key::KIND => all.keys.extend(read::<Key>(secret).map(|key| key.read(used))),
            Session::KIND => all.sessions.extend(read::<Session>(secret).map(|session| session.read(used))),
            Identity::KIND => all.identities.extend(read::<Identity>(secret).map(Identity::read)),
            Sealed::KIND => all.secrets.extend(read::<Sealed>(secret).and_then(Sealed::read)),
            _ => {}
        }
    }
    // A session ends with the one above it.
    let known: HashSet<String> = all.sessions.iter().map(|session| session.id.clone()).collect();
    all.sessions.retain(|session| session.parent.as_ref().is_none_or(|parent| known.contains(parent)));
    all.users.sort_by(|a, b| a.name.cmp(&b.name));
    all.projects.sort_by(|a, b| a.name.cmp(&b.name));
    all.tokens.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    all.keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    all.sessions.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    all.secrets.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let account = |identity: &dormer_core::account::Identity| {
        (identity.created_at, identity.provider.clone(), identity.subject.clone())
    };
    all.identities.sort_by_cached_key(account);
    all
}
