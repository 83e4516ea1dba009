//! The one look-up in `/etc/passwd` that the agent needs. By hand, since the C library's would load name service
//! modules, which a static program must not.

use std::io;
use std::path::{Path, PathBuf};

/// A user of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The login name.
    pub name: String,
    /// The login shell, where one is named.
    pub shell: Option<PathBuf>,
}

/// The user with this number, where `/etc/passwd` has one.
pub fn by_uid(uid: u32) -> Option<User> {
    find(&std::fs::read_to_string("/etc/passwd").ok()?, uid)
}

fn find(passwd: &str, uid: u32) -> Option<User> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let number = fields.nth(1)?;
        let shell = fields.nth(3).filter(|shell| shell.starts_with('/')).map(PathBuf::from);
        (number.parse() == Ok(uid)).then(|| User { name: name.to_owned(), shell })
    })
}

/// By which nss_wrapper, where a program of the tools is started with it, finds files in place of the system's.
const FILES: [&str; 2] = ["NSS_WRAPPER_PASSWD", "NSS_WRAPPER_GROUP"];

/// Writes down who this user is for programs that insist on a name, where the system has none. Gives the variables that
/// lead there.
pub fn introduce(run: &Path, name: &str, home: &Path, shell: &Path) -> io::Result<Vec<(String, String)>> {
    let (uid, gid) = (nix::unistd::getuid(), nix::unistd::getgid());
    let (home, shell) = (home.display(), shell.display());
    let passwd = format!("root:x:0:0:root:/root:/bin/sh\n{name}:x:{uid}:{gid}::{home}:{shell}\n");
    let group = format!("root:x:0:\n{name}:x:{gid}:\n");
    let mut variables = Vec::new();
    for (variable, (file, text)) in FILES.into_iter().zip([("passwd", passwd), ("group", group)]) {
        let path = run.join(file);
        std::fs::write(&path, text)?;
        variables.push((variable.to_owned(), path.to_string_lossy().into_owned()));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_introduced_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let variables = introduce(folder.path(), "user", Path::new("/home/user"), Path::new("/bin/sh")).unwrap();
        assert_eq!(variables[0].0, "NSS_WRAPPER_PASSWD");
        let text = std::fs::read_to_string(&variables[0].1).unwrap();
        let own = nix::unistd::getuid().as_raw();
        let name = if own == 0 { "root" } else { "user" };
        assert_eq!(find(&text, own).unwrap().name, name);
    }

    #[test]
    fn finds_by_number_and_survives_nonsense() {
        let text =
            "\n::::\nroot:x:0:0:root:/root:/bin/bash\nbroken\nann:x:1000:1000:,,,:/home/ann:/bin/zsh\nsvc:x:7:7::/:\n";
        assert_eq!(find(text, 1000), Some(User { name: "ann".into(), shell: Some("/bin/zsh".into()) }));
        assert_eq!(find(text, 0).unwrap().name, "root");
        assert_eq!(find(text, 7), Some(User { name: "svc".into(), shell: None }));
        assert_eq!(find(text, 8), None);
    }
}
