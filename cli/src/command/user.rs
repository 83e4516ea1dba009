//! `user`, for administrators.

use clap::Subcommand;
use dormer_wire::api::{self, CreateUser, PatchUser};

use crate::command::key::remove;
use crate::context::Context;
use crate::error::CliError;
use crate::globals::Format;
use crate::output::{clean, read};
use crate::value::Name;

/// Users.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Add a user, and print a link for the first sign-in
    #[command(visible_alias = "create")]
    Add {
        /// The user's name
        name: Name,
        /// A name for people
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// Let the user administrate the installation
        #[arg(long)]
        admin: bool,
    },
    /// List users
    #[command(visible_alias = "list")]
    Ls,
    /// Shut users out at once, what they have open included; their workspaces are kept
    Disable {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<Name>,
    },
    /// Let users in again
    Enable {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<Name>,
    },
    /// Print a new link that signs a user in, once and within a day
    Invite {
        /// The user's name
        name: Name,
    },
    /// Remove users
    #[command(visible_alias = "delete")]
    Rm {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<Name>,
    },
}

impl User {
    /// Does it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self {
            User::Add { name, display_name, admin } => {
                let body = CreateUser { name: name.as_str().into(), display_name, admin };
                let value = context.client()?.post(&["users"], &body).await?;
                let made: api::User = read(&value)?;
                match made.sign_in_link.filter(|_| matches!(context.output.format, Format::Table | Format::Wide)) {
                    Some(link) => {
                        context
                            .output
                            .note(&format!("Added {}. Give this link to them; it works once:", clean(&made.name)));
                        context.output.line(&clean(&link))
                    }
                    None => context.output.one::<api::User>(&value),
                }
            }
            User::Ls => {
                let items = context.client()?.list(&["users"], &[]).await?;
                context.output.list::<api::User>(&items)
            }
            User::Disable { names } => set(context, &names, true).await,
            User::Enable { names } => set(context, &names, false).await,
            User::Invite { name } => {
                let value = context.client()?.post(&["users", name.as_str(), "link"], &serde_json::json!({})).await?;
                let made: api::User = read(&value)?;
                match made.sign_in_link.filter(|_| matches!(context.output.format, Format::Table | Format::Wide)) {
                    Some(link) => context.output.line(&clean(&link)),
                    None => context.output.one::<api::User>(&value),
                }
            }
            User::Rm { names } => {
                let names = names.iter().map(|name| name.as_str().to_string()).collect::<Vec<_>>();
                remove(context, "users", &names).await
            }
        }
    }
}

async fn set(context: &mut Context, names: &[Name], disabled: bool) -> Result<(), CliError> {
    let client = context.client()?;
    let mut failures = Vec::new();
    for name in names {
        let body = PatchUser { disabled: Some(disabled), ..PatchUser::default() };
        match client.patch(&["users", name.as_str()], &body).await {
            Ok(_) if disabled => context.output.note(&format!("{} is shut out.", name.as_str())),
            Ok(_) => context.output.note(&format!("{} may sign in again.", name.as_str())),
            Err(error) => failures.push(error),
        }
    }
    context.each_failed(names.len(), failures)
}
