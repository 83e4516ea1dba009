//! `port` and `forward`.

use clap::Args;
use dormer_wire::api::{self, PatchWorkspace, Workspace};
use serde_json::{Value, json};

use crate::command::ssh::exists;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{clean, read};
use crate::ssh;
use crate::value::{self, Name, Share};

/// Shown below `--help`.
pub const EXAMPLES: &str = "\
Examples:
  dormer port hello                            the ports, and where to open them
  dormer port hello 3000 --share signed-in     everybody who is signed in may open port 3000
  dormer port hello 3000 --share owner         nobody else any more";

/// Shown below `--help`.
pub const FORWARD_EXAMPLES: &str = "\
Examples:
  dormer forward hello 5432          localhost:5432 here is port 5432 there
  dormer forward hello 8000:3000     localhost:8000 here is port 3000 there";

/// List or share ports.
#[derive(Debug, Args)]
pub struct Port {
    /// The workspace
    pub name: Name,
    /// A port
    #[arg(value_parser = value::port)]
    pub port: Option<u16>,
    /// Who may open it
    #[arg(long, requires = "port")]
    pub share: Option<Share>,
    /// A name for its address, in place of the number
    #[arg(long, requires = "port", value_name = "LABEL")]
    pub label: Option<Name>,
}

impl Port {
    /// Lists them, or changes one and shows it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let client = context.client()?;
        let path = ["workspaces", self.name.as_str()];
        let mut value = client.get(&path, &[]).await?;
        if let Some(port) = self.port.filter(|_| self.share.is_some() || self.label.is_some()) {
            let workspace: Workspace = read(&value)?;
            let ports = changed(workspace.ports, port, self.share, self.label.as_ref());
            value = client.patch(&path, &PatchWorkspace { ports: Some(ports), ..PatchWorkspace::default() }).await?;
        }
        let ports = value.get("ports").and_then(Value::as_array).cloned().unwrap_or_default();
        match self.port {
            None => context.output.list::<api::Port>(&ports),
            Some(port) => match ports.iter().find(|known| known.get("port") == Some(&json!(port))) {
                Some(known) => context.output.one::<api::Port>(known),
                None => {
                    Err(CliError::NotFound(format!("nothing listens on port {port} of {}", clean(self.name.as_str()))))
                }
            },
        }
    }
}

/// The ports to keep: those that somebody named or shared, and the changed one. What merely listens now is not kept.
fn changed(ports: Vec<api::Port>, port: u16, share: Option<Share>, label: Option<&Name>) -> Vec<api::Port> {
    let (mine, others): (Vec<_>, Vec<_>) = ports.into_iter().partition(|known| known.port == port);
    let mut kept =
        others.into_iter().filter(|known| known.name.is_some() || known.share != "owner").collect::<Vec<_>>();
    let before = mine.into_iter().next();
    kept.push(api::Port {
        port,
        name: label.map(|label| label.as_str().into()).or_else(|| before.as_ref().and_then(|port| port.name.clone())),
        share: match (share, before) {
            (Some(share), _) => share.as_str().into(),
            (None, Some(before)) => before.share,
            (None, None) => Share::Owner.as_str().into(),
        },
        listening: false,
        url: String::new(),
    });
    kept
}

/// Forward a port.
#[derive(Debug, Args)]
pub struct Forward {
    /// The workspace
    pub name: Name,
    /// The port there, with the one here before it where that differs
    #[arg(value_name = "[LOCAL:]REMOTE", value_parser = value::port_pair)]
    pub ports: (u16, u16),
}

impl Forward {
    /// Becomes `ssh -N -L`.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let client = context.client()?;
        exists(&client, &self.name).await?;
        let route = ssh::route(context, &client).await?;
        let (local, remote) = self.ports;
        let more = ["-N", "-o", "ExitOnForwardFailure=yes", "-L", &format!("127.0.0.1:{local}:127.0.0.1:{remote}")];
        let more = more.map(String::from);
        let arguments = route.arguments(context, &self.name, &more)?;
        let name = self.name.as_str();
        context.output.note(&format!("localhost:{local} is port {remote} of {name}, until Ctrl-C."));
        Err(ssh::become_ssh(arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(port: u16, name: Option<&str>, share: &str) -> api::Port {
        api::Port { port, name: name.map(Into::into), share: share.into(), listening: true, url: "u".into() }
    }

    #[test]
    fn a_change_keeps_what_was_decided_before() {
        let before = || {
            vec![
                port(1, None, "owner"),
                port(2, Some("web"), "owner"),
                port(3, None, "public"),
                port(4, Some("x"), "project"),
            ]
        };
        let told = |ports: Vec<api::Port>| ports.into_iter().map(|p| (p.port, p.name, p.share)).collect::<Vec<_>>();
        let some = |text: &str| Some(text.to_string());
        assert_eq!(
            told(changed(before(), 4, Some(Share::SignedIn), None)),
            [(2, some("web"), "owner".into()), (3, None, "public".into()), (4, some("x"), "signed-in".to_string())]
        );
        let label = "api".parse().unwrap();
        assert_eq!(told(changed(before(), 3, None, Some(&label))).last().unwrap(), &(3, some("api"), "public".into()));
        assert_eq!(told(changed(vec![], 9, None, Some(&label))), [(9, some("api"), "owner".into())]);
    }
}
