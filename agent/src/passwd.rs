//! The one look-up in `/etc/passwd` that the agent needs. By hand, since the C library's would load name service
//! modules, which a static program must not.

use std::path::PathBuf;

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

#[cfg(test)]
mod tests {
    use super::*;

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
