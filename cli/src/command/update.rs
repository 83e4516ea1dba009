//! `update`.

use clap::Args;
use dormer_wire::api::{self, PatchWorkspace, Variable, Workspace};

use crate::command::create::named_port;
use crate::context::Context;
use crate::error::CliError;
use crate::output::read;
use crate::source;
use crate::value::{self, Name};

/// Change a workspace. What is not given stays as it is; resources and variables count from the next start.
#[derive(Debug, Args)]
pub struct Update {
    /// The workspace
    pub name: Name,
    /// A name for people
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// A variable of its processes. Those given here replace all that it had; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = value::variable)]
    pub env: Vec<Variable>,
    /// Remove all its variables
    #[arg(long, conflicts_with = "env")]
    pub no_env: bool,
    /// A secret as a variable, as at its creation. Those given here replace all that it had; may be repeated
    #[arg(long, value_name = "NAME[:VARIABLE]", value_parser = crate::command::secret::reference)]
    pub secret: Vec<api::SecretRef>,
    /// Take all its secrets away
    #[arg(long, conflicts_with = "secret")]
    pub no_secret: bool,
    /// Who else may use it: a user, or a group as PROVIDER/GROUP, and viewer, user, editor or admin. Those given here
    /// replace all; may be repeated
    #[arg(long, value_name = "WHO=ROLE", value_parser = member)]
    pub member: Vec<api::Member>,
    /// Nobody else may use it
    #[arg(long, conflicts_with = "member")]
    pub no_member: bool,
    /// A file with a devfile in place of the one that it has
    #[arg(long, value_name = "FILE")]
    pub devfile: Option<std::path::PathBuf>,
    /// Its class
    #[arg(long)]
    pub class: Option<Name>,
    /// Its editor
    #[arg(long, value_parser = ["vscode", "none"])]
    pub editor: Option<String>,
    /// Size of what it keeps: 10Gi
    #[arg(long, value_parser = value::quantity)]
    pub storage: Option<String>,
    /// A port to name: web=3000. Those given here replace all that were named or shared; may be repeated
    #[arg(long, value_name = "[NAME=]PORT", value_parser = named_port)]
    pub port: Vec<api::Port>,
    /// Processors: 2, 500m
    #[arg(long, value_parser = value::quantity)]
    pub cpu: Option<String>,
    /// Memory: 4Gi
    #[arg(long, value_parser = value::quantity)]
    pub memory: Option<String>,
    /// Stop it after so long without activity: 30m, 8h, never
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub idle_timeout: Option<u64>,
    /// Stop it so long after its start, whatever happens in it
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub max_lifetime: Option<u64>,
    /// Delete it so long after it was stopped
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub delete_after_stopped: Option<u64>,
    /// Whether a process at work keeps it awake
    #[arg(long, value_name = "BOOL")]
    pub keep_alive_when_busy: Option<bool>,
}

impl Update {
    /// Changes it and shows it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        if self.is_empty() {
            return Err(CliError::Usage("nothing to change: 'dormer update --help' lists what can be".into()));
        }
        let client = context.client()?;
        let name = self.name.clone();
        let path = ["workspaces", name.as_str()];
        let now: Workspace = read(&client.get(&path, &[]).await?)?;
        let value = client.patch(&path, &self.patch(now)?).await?;
        context.output.one::<Workspace>(&value)
    }

    fn is_empty(&self) -> bool {
        let texts = [&self.display_name, &self.description, &self.cpu, &self.memory, &self.editor, &self.storage];
        let times = [self.idle_timeout, self.max_lifetime, self.delete_after_stopped];
        texts.iter().all(|text| text.is_none())
            && times.iter().all(Option::is_none)
            && self.keep_alive_when_busy.is_none()
            && self.env.is_empty()
            && self.port.is_empty()
            && self.secret.is_empty()
            && self.member.is_empty()
            && self.devfile.is_none()
            && self.class.is_none()
            && !(self.no_env || self.no_secret || self.no_member)
    }

    /// Resources and lifecycle are sent whole: what is not changed is what it is now.
    fn patch(self, now: Workspace) -> Result<PatchWorkspace, CliError> {
        let mut resources = now.resources.clone();
        resources.cpu = self.cpu.or(resources.cpu);
        resources.memory = self.memory.or(resources.memory);
        let mut lifecycle = now.lifecycle.clone();
        lifecycle.idle_timeout = self.idle_timeout.or(lifecycle.idle_timeout);
        lifecycle.max_lifetime = self.max_lifetime.or(lifecycle.max_lifetime);
        lifecycle.delete_after_stopped = self.delete_after_stopped.or(lifecycle.delete_after_stopped);
        lifecycle.keep_alive_when_busy = self.keep_alive_when_busy.or(lifecycle.keep_alive_when_busy);
        let mut storage = now.storage.clone();
        storage.size = self.storage.or(storage.size);
        Ok(PatchWorkspace {
            display_name: self.display_name,
            description: self.description,
            variables: (self.no_env || !self.env.is_empty()).then_some(self.env),
            secrets: (self.no_secret || !self.secret.is_empty()).then_some(self.secret),
            members: (self.no_member || !self.member.is_empty()).then_some(self.member),
            ports: (!self.port.is_empty()).then_some(self.port),
            storage: (storage != now.storage).then_some(storage),
            class: self.class.map(|class| class.as_str().into()),
            editor: self.editor,
            devfile: self.devfile.as_deref().map(source::text_of).transpose()?,
            resources: (resources != now.resources).then_some(resources),
            lifecycle: (lifecycle != now.lifecycle).then_some(lifecycle),
            ..PatchWorkspace::default()
        })
    }
}

/// `ann=editor`, or `gitea/team=user`. A group has a slash in its name, since its provider's stands before it.
fn member(text: &str) -> Result<api::Member, String> {
    let (who, role) = text.rsplit_once('=').ok_or("use WHO=ROLE")?;
    if !["viewer", "user", "editor", "admin"].contains(&role) {
        return Err("a role is viewer, user, editor or admin".into());
    }
    Ok(super::project::member(who, role))
}
