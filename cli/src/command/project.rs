//! `project`.

use clap::Subcommand;
use dormer_wire::api::{CreateProject, Member, PatchProject, Project as Shown};

use crate::command::key::remove;
use crate::context::Context;
use crate::error::CliError;
use crate::output::read;
use crate::value::Name;

/// Projects.
#[derive(Debug, Subcommand)]
pub enum Project {
    /// Make a project; you are its admin
    #[command(visible_alias = "add")]
    Create {
        /// The project's name
        name: Name,
        /// A name for people
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
    },
    /// List the projects that you are in
    #[command(visible_alias = "list")]
    Ls,
    /// Show a project and its members
    Get {
        /// The project
        name: Name,
    },
    /// Take somebody in, or give them another role
    Member {
        /// The project
        name: Name,
        /// A user, or a group as PROVIDER/GROUP
        who: String,
        /// As what: viewer, user, editor or admin
        #[arg(value_parser = ["viewer", "user", "editor", "admin"])]
        role: String,
    },
    /// Let somebody go
    Leave {
        /// The project
        name: Name,
        /// A user, or a group as PROVIDER/GROUP
        who: String,
    },
    /// Remove projects, with their secrets; their workspaces must be gone
    #[command(visible_alias = "delete")]
    Rm {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<Name>,
    },
}

/// A group has a slash in its name, since its provider's stands before it.
pub(crate) fn member(who: &str, role: &str) -> Member {
    let group = who.contains('/');
    let text = Some(who.to_string());
    Member { user: text.clone().filter(|_| !group), group: text.filter(|_| group), role: role.into() }
}

impl Project {
    /// Does it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self {
            Project::Create { name, display_name } => {
                let body = CreateProject { name: name.as_str().into(), display_name, members: Vec::new() };
                let value = context.client()?.post(&["projects"], &body).await?;
                context.output.one::<Shown>(&value)
            }
            Project::Ls => {
                let items = context.client()?.list(&["projects"], &[]).await?;
                context.output.list::<Shown>(&items)
            }
            Project::Get { name } => {
                let value = context.client()?.get(&["projects", name.as_str()], &[]).await?;
                context.output.one::<Shown>(&value)
            }
            Project::Member { name, who, role } => {
                let new = member(&who, &role);
                change(context, &name, move |members| {
                    members.retain(|member| (&member.user, &member.group) != (&new.user, &new.group));
                    members.push(new);
                    Ok(())
                })
                .await
            }
            Project::Leave { name, who } => {
                let gone = member(&who, "viewer");
                change(context, &name, move |members| {
                    let before = members.len();
                    members.retain(|member| (&member.user, &member.group) != (&gone.user, &gone.group));
                    match members.len() < before {
                        true => Ok(()),
                        false => Err(CliError::Failed(format!("{} is not in it", crate::output::clean(&who)))),
                    }
                })
                .await
            }
            Project::Rm { names } => {
                let names = names.iter().map(|name| name.as_str().to_string()).collect::<Vec<_>>();
                remove(context, "projects", &names).await
            }
        }
    }
}

async fn change(
    context: &mut Context,
    name: &Name,
    change: impl FnOnce(&mut Vec<Member>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let client = context.client()?;
    let now: Shown = read(&client.get(&["projects", name.as_str()], &[]).await?)?;
    let mut members = now.members;
    change(&mut members)?;
    let value = client.patch(&["projects", name.as_str()], &PatchProject { members }).await?;
    context.output.one::<Shown>(&value)
}
