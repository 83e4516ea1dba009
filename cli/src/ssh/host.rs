//! The gateway as an SSH host, and its pinned keys.

use std::path::PathBuf;

use dormer_wire::api::Me;

use crate::credentials::origin::is_localhost;
use crate::credentials::private;
use crate::environment::Environment;
use crate::error::CliError;

/// The gateway as an SSH host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// A name or an address.
    pub address: String,
    /// The port.
    pub port: u16,
    /// The name under which its keys are known.
    pub alias: String,
    /// Its keys: `algorithm base64`.
    keys: Vec<String>,
}

impl Host {
    /// Reads what the gateway says of itself.
    pub fn from_me(me: &Me, server: String) -> Result<Host, CliError> {
        let odd = |what: &str| CliError::Failed(format!("the server names {what} that cannot be one; not connecting"));
        let name = &me.ssh_host;
        let good = !name.is_empty()
            && name.len() <= 253
            && !name.starts_with('-')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
        if !good || me.ssh_port == 0 {
            return Err(odd("an SSH host"));
        }
        let address = if is_localhost(name) { "127.0.0.1".into() } else { name.clone() };
        let keys = me.ssh_host_keys.iter().map(|key| host_key(key)).collect::<Option<Vec<_>>>();
        let keys = keys.filter(|keys| !keys.is_empty()).ok_or_else(|| odd("SSH host keys"))?;
        Ok(Host { address, port: me.ssh_port, alias: format!("dormer-{server}"), keys })
    }

    /// Where its keys are kept.
    pub fn known_hosts(&self, environment: &Environment) -> PathBuf {
        environment.config.join("known_hosts").join(&self.alias)
    }

    /// Keeps its keys.
    pub fn pin(&self, environment: &Environment) -> Result<(), CliError> {
        let text = self.keys.iter().map(|key| format!("{} {key}\n", self.alias)).collect::<String>();
        private::write(&self.known_hosts(environment), &text)
    }
}

/// `algorithm base64`, without the comment; None for anything that could be more than one key on one line.
fn host_key(text: &str) -> Option<String> {
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let (algorithm, key) = (words.next()?, words.next()?);
    let good = !algorithm.is_empty()
        && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || b"-@.".contains(&b))
        && !algorithm.starts_with('@')
        && key.len() >= 16
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
        && !text.chars().any(char::is_control);
    good.then(|| format!("{algorithm} {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5";

    fn me(host: &str, keys: &[&str]) -> Me {
        Me {
            user: "ann".into(),
            display_name: None,
            groups: vec![],
            admin: false,
            scope: "all".into(),
            domain: "localhost".into(),
            backend: "local".into(),
            ssh_host: host.into(),
            ssh_port: 7022,
            ssh_host_keys: keys.iter().map(|key| key.to_string()).collect(),
            version: "0".into(),
        }
    }

    #[test]
    fn a_server_cannot_smuggle_options_or_lines() {
        for host in ["", "-oProxyCommand=x", "a b", "a\nb", "%h", "$(x)", "a;b", "user@host", "a/b"] {
            assert!(Host::from_me(&me(host, &[KEY]), "x_1".into()).is_err(), "{host}");
        }
        for key in [
            "",
            "ssh-ed25519",
            "@cert-authority * ssh-rsa AAAAAAAAAAAAAAAAAAAA",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n* ssh-rsa AAAA",
            "a/b AAAAAAAAAAAAAAAAAAAA",
            "ssh-rsa $(AAAAAAAAAAAAAAAAAA)",
        ] {
            assert!(Host::from_me(&me("h", &[KEY, key]), "x_1".into()).is_err(), "{key}");
        }
        assert!(Host::from_me(&me("h", &[]), "x_1".into()).is_err());
    }

    #[test]
    fn pinned() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().as_os_str().to_owned();
        let environment = Environment::from_variables(|name| (name == "HOME").then(|| home.clone()));
        let host = Host::from_me(&me("localhost", &[&format!("{KEY} a comment")]), "localhost_7080".into()).unwrap();
        assert_eq!(host.address, "127.0.0.1");
        host.pin(&environment).unwrap();
        let text = std::fs::read_to_string(host.known_hosts(&environment)).unwrap();
        assert_eq!(text, format!("dormer-localhost_7080 {KEY}\n"));
    }
}
