//! `ssh NAME.dormer` for everything that uses OpenSSH's configuration: rsync, VS Code Remote-SSH, JetBrains Gateway.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::credentials::private;
use crate::environment::Environment;
use crate::error::CliError;
use crate::ssh::Route;
use crate::value::Name;

/// The line that is put into the person's own file, and the comment above it.
const COMMENT: &str = "# Dormer: ssh <workspace>.dormer";

/// Where our part is, for a server.
pub fn file(environment: &Environment, route: &Route) -> PathBuf {
    environment.config.join("ssh_config").join(&route.host.alias)
}

/// Our part: a block of what all workspaces share, and one for each with its name as the user.
pub fn render(environment: &Environment, route: &Route, names: &[Name]) -> Result<String, CliError> {
    let mut text = "# Written by 'dormer ssh-config --write'; changes are lost.\n".to_string();
    if names.is_empty() {
        return Ok(text);
    }
    let all = names.iter().map(|name| format!("{}.dormer", name.as_str())).collect::<Vec<_>>().join(" ");
    let host = &route.host;
    text.push_str(&format!("Host {all}\n"));
    text.push_str(&format!("  HostName {}\n  Port {}\n  HostKeyAlias {}\n", host.address, host.port, host.alias));
    text.push_str(&format!("  UserKnownHostsFile {}\n", path(&host.known_hosts(environment))?));
    text.push_str("  StrictHostKeyChecking yes\n  UpdateHostKeys no\n");
    if let Some(identity) = &route.identity {
        text.push_str(&format!("  IdentityFile {}\n", path(identity)?));
    }
    for name in names {
        text.push_str(&format!("Host {0}.dormer\n  User {0}\n", name.as_str()));
    }
    Ok(text)
}

/// A path as ssh_config has it: in quotes, with `%` doubled, since `%h` and its like mean something.
pub fn path(path: &Path) -> Result<String, CliError> {
    let text = path.to_str().filter(|text| !text.contains(['"', '\\']) && !text.chars().any(char::is_control));
    let text = text.ok_or_else(|| CliError::Failed(format!("OpenSSH cannot be told the path {}", path.display())))?;
    Ok(format!("\"{}\"", text.replace('%', "%%")))
}

/// Writes our part, and includes it from the person's own file if it is not yet.
pub fn write(context: &mut Context, route: &Route, names: &[Name]) -> Result<PathBuf, CliError> {
    let ours = file(&context.environment, route);
    private::write(&ours, &render(&context.environment, route, names)?)?;
    include(&context.environment)?;
    Ok(ours)
}

/// Puts the Include line at the top: below a `Host` line it would belong to that host only.
fn include(environment: &Environment) -> Result<(), CliError> {
    let theirs = environment.dot_ssh().join("config");
    let failed = |error: std::io::Error| CliError::Failed(format!("cannot write {}: {error}", theirs.display()));
    let line = format!("Include {}", path(&environment.config.join("ssh_config").join("*"))?);
    let text = match std::fs::read_to_string(&theirs) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    if text.lines().any(|other| other.trim() == line) {
        return Ok(());
    }
    private::make_folder(&environment.dot_ssh()).map_err(failed)?;
    // The file may be a link into a folder of dotfiles: what it points to is replaced, not the link.
    let target = theirs.canonicalize().unwrap_or_else(|_| theirs.clone());
    let folder = target.parent().unwrap_or(Path::new("/"));
    let mode = std::fs::metadata(&target).map(|metadata| metadata.permissions()).ok();
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let gap = if text.is_empty() { "" } else { "\n" };
    file.write_all(format!("{COMMENT}\n{line}\n{gap}{text}").as_bytes()).map_err(failed)?;
    if let Some(mode) = mode {
        file.as_file().set_permissions(mode).map_err(failed)?;
    }
    file.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::globals::{Format, Globals};
    use crate::output::Output;
    use crate::ssh::host::Host;
    use std::process::Command;

    fn context(home: &Path) -> Context {
        let home = home.as_os_str().to_owned();
        let environment = Environment::from_variables(|name| (name == "HOME").then(|| home.clone()));
        let output = Output::to(Box::new(std::io::sink()), Box::new(std::io::sink()), Format::Table);
        Context { globals: Globals::default(), environment, output }
    }

    fn route() -> Route {
        let me = serde_json::json!({"user": "a", "displayName": null, "groups": [], "admin": false, "scope": "all",
            "domain": "d", "backend": "local", "sshHost": "ssh.example", "sshPort": 7022, "version": "0",
            "sshHostKeys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5"]});
        let host = Host::from_me(&serde_json::from_value(me).unwrap(), "d_1".into()).unwrap();
        Route { host, identity: Some("/home/a b/id".into()) }
    }

    #[test]
    fn openssh_reads_it_as_it_is_meant() {
        let home = tempfile::tempdir().unwrap();
        let mut context = context(home.path());
        std::fs::create_dir(context.environment.dot_ssh()).unwrap();
        let theirs = context.environment.dot_ssh().join("config");
        std::fs::write(&theirs, "Host old\n  User me\n").unwrap();
        for _ in 0..2 {
            write(&mut context, &route(), &["hello".parse().unwrap(), "two".parse().unwrap()]).unwrap();
        }
        let text = std::fs::read_to_string(&theirs).unwrap();
        assert!(text.matches("Include").count() == 1 && text.ends_with("\n\nHost old\n  User me\n"), "{text}");
        let asked = |host: &str| {
            let output = Command::new("ssh").arg("-F").arg(&theirs).args(["-G", host]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let two = asked("two.dormer");
        for line in
            ["user two", "hostname ssh.example", "port 7022", "hostkeyalias dormer-d_1", "identityfile /home/a b/id"]
        {
            assert!(two.lines().any(|other| other == line), "{line}: {two}");
        }
        assert!(asked("old").contains("user me") && !asked("old").contains("7022"));
    }

    #[test]
    fn a_link_stays_a_link() {
        let home = tempfile::tempdir().unwrap();
        let context = context(home.path());
        std::fs::create_dir(context.environment.dot_ssh()).unwrap();
        std::fs::write(home.path().join("dotfile"), "").unwrap();
        let theirs = context.environment.dot_ssh().join("config");
        std::os::unix::fs::symlink("../dotfile", &theirs).unwrap();
        include(&context.environment).unwrap();
        assert!(theirs.is_symlink());
        assert!(std::fs::read_to_string(home.path().join("dotfile")).unwrap().contains("Include"));
    }
}
