//! Members of projects and workspaces, as JSON and as records.

use dormer_core::name::UserName;
use dormer_core::workspace::Role;
use dormer_wire::api;

use crate::problem::Refused;

/// A role's name.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::User => "user",
        Role::Editor => "editor",
        Role::Admin => "admin",
    }
}

/// A role by its name.
pub fn role(name: &str) -> Option<Role> {
    [Role::Viewer, Role::User, Role::Editor, Role::Admin].into_iter().find(|role| role_name(*role) == name)
}

/// A user or a group, and what they may.
pub type Parts = (Option<UserName>, Option<String>, Role);

/// The parts of each member, or what is wrong with which of them.
pub fn read(members: Vec<api::Member>) -> Result<Vec<Parts>, Refused> {
    let mut good: Vec<Parts> = Vec::new();
    for (index, member) in members.into_iter().enumerate() {
        let wrong = |field: &str, reason: &str| Refused::field(&format!("/members/{index}{field}"), reason);
        let role = role(&member.role).ok_or_else(|| wrong("/role", "one of viewer, user, editor, admin"))?;
        let named = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let (user, group) = match (named(&member.user), named(&member.group)) {
            (true, false) => {
                let user = member.user.unwrap_or_default().parse();
                (Some(user.map_err(|error| wrong("/user", &format!("{error}")))?), None)
            }
            (false, true) => {
                let group = member.group.unwrap_or_default();
                if group.len() > 250 || group.chars().any(char::is_control) {
                    return Err(wrong("/group", "a group's name has at most 250 characters"));
                }
                (None, Some(group))
            }
            _ => return Err(wrong("", "a member is a user or a group, one of them")),
        };
        if good.iter().any(|(u, g, _)| *u == user && *g == group) {
            return Err(wrong("", "this member is there twice"));
        }
        good.push((user, group, role));
    }
    Ok(good)
}
