//! The system's OpenSSH client, told where to go, as whom, and whom to trust.
//!
//! Nobody is asked about host keys: the gateway's are pinned from what the API, reached over an authenticated
//! connection, says they are. Everything that comes from the server is checked before it becomes an argument or a line
//! of a file, since a gateway is not trusted with the person's machine.

use std::os::unix::process::CommandExt;
use std::process::Command;

use dormer_wire::api::Me;

use crate::client::Client;
use crate::context::Context;
use crate::error::CliError;
use crate::output::read;
use crate::value::Name;

pub mod config;
pub mod host;
pub mod key;

use host::Host;

/// All that the OpenSSH client has to be told, besides the workspace.
#[derive(Debug, Clone)]
pub struct Route {
    /// The gateway.
    pub host: Host,
    /// The key that the person was given, where they had none here.
    pub identity: Option<std::path::PathBuf>,
}

/// Finds the way: the gateway's address and host keys, and a key of this machine that the gateway knows.
pub async fn route(context: &mut Context, client: &Client) -> Result<Route, CliError> {
    let me: Me = read(&client.get(&["me"], &[]).await?)?;
    let host = Host::from_me(&me, client.target().origin.file_name())?;
    host.pin(&context.environment)?;
    let identity = key::usable(context, client).await?;
    Ok(Route { host, identity })
}

impl Route {
    /// The options of `ssh`, up to and with the host.
    pub fn arguments(&self, context: &Context, workspace: &Name, more: &[String]) -> Result<Vec<String>, CliError> {
        let known = config::path(&self.host.known_hosts(&context.environment))?;
        let mut arguments = Vec::new();
        for option in [
            format!("HostKeyAlias={}", self.host.alias),
            format!("UserKnownHostsFile={known}"),
            "GlobalKnownHostsFile=/dev/null".into(),
            "StrictHostKeyChecking=yes".into(),
            "UpdateHostKeys=no".into(),
        ] {
            arguments.extend(["-o".to_string(), option]);
        }
        if let Some(identity) = &self.identity {
            arguments.extend(["-o".into(), format!("IdentityFile={}", config::path(identity)?)]);
        }
        arguments.extend(more.iter().cloned());
        arguments.extend(["-p".into(), self.host.port.to_string(), "-l".into(), workspace.as_str().into()]);
        // Behind `--` nothing is an option, whatever the server says its host is.
        arguments.extend(["--".into(), self.host.address.clone()]);
        Ok(arguments)
    }
}

/// Becomes the OpenSSH client. Comes back only when that fails.
pub fn become_ssh(arguments: Vec<String>) -> CliError {
    let error = Command::new("ssh").args(arguments).exec();
    match error.kind() {
        std::io::ErrorKind::NotFound => CliError::Failed("there is no 'ssh' here: install the OpenSSH client".into()),
        _ => CliError::Failed(format!("cannot run ssh: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::globals::{Format, Globals};
    use crate::output::Output;

    #[test]
    fn openssh_takes_the_arguments_as_they_are_meant() {
        let home = std::ffi::OsString::from("/home/a b");
        let environment = Environment::from_variables(|name| (name == "HOME").then(|| home.clone()));
        let output = Output::to(Box::new(std::io::sink()), Box::new(std::io::sink()), Format::Table);
        let context = Context { globals: Globals::default(), environment, output };
        let me = serde_json::json!({"user": "a", "displayName": null, "groups": [], "admin": false, "scope": "all",
            "domain": "d", "backend": "local", "sshHost": "localhost", "sshPort": 7022, "version": "0",
            "sshHostKeys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5"]});
        let host = Host::from_me(&serde_json::from_value(me).unwrap(), "d_1".into()).unwrap();
        let route = Route { host, identity: Some("/home/a b/id".into()) };
        let arguments = route.arguments(&context, &"hello".parse().unwrap(), &["-N".into()]).unwrap();
        assert_eq!(arguments.iter().rev().take(2).collect::<Vec<_>>(), ["127.0.0.1", "--"]);
        let told = Command::new("ssh").arg("-G").args(arguments).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        for line in [
            "user hello",
            "hostname 127.0.0.1",
            "port 7022",
            "stricthostkeychecking true",
            "hostkeyalias dormer-d_1",
            "identityfile /home/a b/id",
            "globalknownhostsfile /dev/null",
            "userknownhostsfile /home/a b/.config/dormer/known_hosts/dormer-d_1",
        ] {
            assert!(told.lines().any(|other| other == line), "{line}: {told}");
        }
    }
}
