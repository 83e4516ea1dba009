//! The commands: what each takes, in one enum, and where it is done.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

pub mod account;
pub mod audit;
pub mod class;
pub mod create;
pub mod delete;
pub mod key;
pub mod lifecycle;
pub mod list;
pub mod logs;
pub mod open;
pub mod port;
pub mod project;
pub mod secret;
pub mod ssh;
pub mod token;
pub mod top;
pub mod update;
pub mod user;

/// The commands that talk to a gateway.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign this machine in to a gateway
    Login(account::Login),
    /// Forget the sign-in of a gateway on this machine
    Logout(account::Logout),
    /// Show who is signed in, and where
    Whoami,
    /// Print a link that signs a browser in, once and within 15 minutes
    LoginLink,
    /// Create a workspace from a repository, and start it
    #[command(after_help = create::EXAMPLES)]
    Create(Box<create::Create>),
    /// List workspaces
    #[command(visible_alias = "list")]
    Ls,
    /// Show workspaces in full
    Get(list::Get),
    /// Open a workspace, or a port of it, in the browser
    Open(open::Open),
    /// Open a shell in a workspace, or run a command there; wakes it
    #[command(after_help = ssh::EXAMPLES)]
    Ssh(ssh::Ssh),
    /// Show the output of a workspace's commands
    Logs(logs::Logs),
    /// Show what happened to a workspace
    Events(logs::Events),
    /// Show what the workspaces that run use of processor and memory
    Top(top::Top),
    /// Start workspaces, and wait until they run
    Start(lifecycle::Start),
    /// Stop workspaces; their files are kept
    Stop(lifecycle::Stop),
    /// Stop workspaces and start them again
    Restart(lifecycle::Restart),
    /// Stop workspaces and put them away, so that a visit does not wake them
    Archive(lifecycle::Archive),
    /// Take workspaces back out of the archive
    Unarchive(lifecycle::Unarchive),
    /// Delete workspaces, files and all
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    /// Change a workspace
    Update(Box<update::Update>),
    /// List a workspace's ports, or say who may open one
    #[command(after_help = port::EXAMPLES)]
    Port(port::Port),
    /// Bring a port of a workspace to this machine
    #[command(after_help = port::FORWARD_EXAMPLES)]
    Forward(port::Forward),
    /// Make `ssh NAME.dormer` work, also for rsync, VS Code Remote-SSH and JetBrains Gateway
    SshConfig(ssh::SshConfig),
    /// SSH keys with which you may sign in
    #[command(subcommand)]
    Key(key::Key),
    /// Tokens for programs
    #[command(subcommand)]
    Token(token::Token),
    /// Users, for administrators
    #[command(subcommand)]
    User(user::User),
    /// Projects: people with roles, secrets that they share
    #[command(subcommand)]
    Project(project::Project),
    /// Classes: what an administrator decides for workspaces
    #[command(subcommand, after_help = class::EXAMPLES)]
    Class(class::Class),
    /// Secrets, as variables of workspaces or for git hosts
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Show what was done with rights, for administrators
    Audit(audit::Audit),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self {
            Command::Login(login) => login.run(context).await,
            Command::Logout(logout) => logout.run(context),
            Command::Whoami => account::whoami(context).await,
            Command::LoginLink => account::login_link(context).await,
            Command::Create(create) => create.run(context).await,
            Command::Ls => list::ls(context).await,
            Command::Get(get) => get.run(context).await,
            Command::Open(open) => open.run(context).await,
            Command::Ssh(ssh) => ssh.run(context).await,
            Command::Logs(logs) => logs.run(context).await,
            Command::Events(events) => events.run(context).await,
            Command::Top(top) => top.run(context).await,
            Command::Start(start) => start.run(context).await,
            Command::Stop(stop) => stop.run(context).await,
            Command::Restart(restart) => restart.run(context).await,
            Command::Archive(archive) => archive.run(context).await,
            Command::Unarchive(unarchive) => unarchive.run(context).await,
            Command::Delete(delete) => delete.run(context).await,
            Command::Update(update) => update.run(context).await,
            Command::Port(port) => port.run(context).await,
            Command::Forward(forward) => forward.run(context).await,
            Command::SshConfig(config) => config.run(context).await,
            Command::Key(key) => key.run(context).await,
            Command::Token(token) => token.run(context).await,
            Command::User(user) => user.run(context).await,
            Command::Project(project) => project.run(context).await,
            Command::Class(class) => class.run(context).await,
            Command::Secret(secret) => secret.run(context).await,
            Command::Audit(audit) => audit.run(context).await,
        }
    }
}

#[cfg(test)]
mod tests;
