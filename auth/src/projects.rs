//! Projects: tenants with members.

use std::sync::Arc;

use dormer_core::account::{Project, ProjectMember};
use dormer_core::may::Verdict;
use dormer_core::may::project::{Affair, may_in};
use dormer_core::name::ProjectName;
use dormer_core::ports::accounts::{AccountError, Accounts};
use dormer_core::ports::clock::Clock;
use dormer_core::principal::Principal;

use crate::authenticator::Authenticator;
use crate::error::CredentialError;

/// The most members of one project.
const MAX_MEMBERS: usize = 1000;

/// Makes and changes projects.
#[derive(Clone)]
pub struct Projects {
    accounts: Arc<dyn Accounts>,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
}

impl Projects {
    /// Over these records.
    pub fn new(accounts: Arc<dyn Accounts>, authenticator: Arc<Authenticator>, clock: Arc<dyn Clock>) -> Self {
        Projects { accounts, authenticator, clock }
    }

    /// Those that `who` may see: the ones they are in, and all for an administrator.
    pub fn visible(&self, who: &Principal) -> Vec<Arc<Project>> {
        let mut projects = self.authenticator.projects();
        projects.retain(|project| may_in(who, Affair::View, project.name.as_str()) == Verdict::Allow);
        projects
    }

    /// Makes one.
    pub async fn add(&self, name: ProjectName, display_name: Option<String>) -> Result<Project, CredentialError> {
        let project = Project { name, display_name, members: Vec::new(), created_at: self.clock.now() };
        self.accounts.add_project(project.clone()).await?;
        self.authenticator.refresh().await?;
        Ok(project)
    }

    /// Says who is in it, all of them.
    pub async fn set_members(
        &self,
        name: &ProjectName,
        members: Vec<ProjectMember>,
    ) -> Result<Project, CredentialError> {
        let invalid = |reason: String| CredentialError::Invalid { field: "members", reason };
        if members.len() > MAX_MEMBERS {
            return Err(invalid(format!("a project has at most {MAX_MEMBERS} members: name groups")));
        }
        for (index, member) in members.iter().enumerate() {
            match (&member.user, &member.group) {
                (Some(user), None) => {
                    if self.authenticator.user(user).is_none() {
                        return Err(invalid(format!("there is no user '{user}'")));
                    }
                }
                (None, Some(group)) if !group.is_empty() && group.len() <= 250 => {}
                _ => return Err(invalid("each member is a user or a group, one of them".into())),
            }
            let twice = members.iter().take(index).any(|one| one.user == member.user && one.group == member.group);
            if twice {
                return Err(invalid("somebody is there twice".into()));
            }
        }
        let project = self.authenticator.project(name.as_str()).ok_or(CredentialError::NotFound("project"))?;
        let project = Project { members, ..Project::clone(&project) };
        match self.accounts.put_project(project.clone()).await {
            Err(AccountError::NotFound(_)) => return Err(CredentialError::NotFound("project")),
            other => other?,
        }
        self.authenticator.refresh().await?;
        Ok(project)
    }

    /// Removes one, with its secrets. Its workspaces must be gone.
    pub async fn remove(&self, name: &ProjectName) -> Result<(), CredentialError> {
        match self.accounts.remove_project(name).await {
            Err(AccountError::NotFound(_)) => return Err(CredentialError::NotFound("project")),
            other => other?,
        }
        self.authenticator.refresh().await?;
        Ok(())
    }
}
