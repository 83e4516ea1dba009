//! What of the machine a command may look at. Handed in, so that tests have a machine of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Folders and facts of the person's machine.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The person's home.
    pub home: PathBuf,
    /// Our folder for what the person decided: `~/.config/dormer`.
    pub config: PathBuf,
    /// Our folder for what programs remember: `~/.local/state/dormer`.
    pub state: PathBuf,
    /// Whether there is a display that a browser could open on.
    pub display: bool,
    /// Whether a question can be asked.
    pub can_ask: bool,
    /// A token to use with a server that is named explicitly.
    pub token: Option<String>,
}

impl Environment {
    /// Reads it from variables.
    pub fn from_variables(get: impl Fn(&str) -> Option<OsString>) -> Environment {
        let filled = |name: &str| get(name).filter(|value| !value.is_empty());
        let home = filled("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
        // The XDG specification: a path that is not absolute is to be ignored.
        let folder = |name: &str, otherwise: &str| {
            let base = filled(name).map(PathBuf::from).filter(|path| path.is_absolute());
            base.unwrap_or_else(|| home.join(otherwise)).join("dormer")
        };
        Environment {
            config: folder("XDG_CONFIG_HOME", ".config"),
            state: folder("XDG_STATE_HOME", ".local/state"),
            display: cfg!(target_os = "macos") || filled("DISPLAY").is_some() || filled("WAYLAND_DISPLAY").is_some(),
            can_ask: false,
            token: filled("DORMER_TOKEN").and_then(|token| token.into_string().ok()),
            home,
        }
    }

    /// Reads this process's.
    pub fn of_process() -> Environment {
        use std::io::IsTerminal;
        let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Environment { can_ask, ..Environment::from_variables(|name| std::env::var_os(name)) }
    }

    /// The person's OpenSSH folder.
    pub fn dot_ssh(&self) -> PathBuf {
        self.home.join(".ssh")
    }

    /// A file in our configuration folder.
    pub fn config_file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.config.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders() {
        let environment = Environment::from_variables(|name| match name {
            "HOME" => Some("/home/ann".into()),
            "XDG_STATE_HOME" => Some("relative".into()),
            "XDG_CONFIG_HOME" => Some("/cfg".into()),
            "DISPLAY" => Some("".into()),
            _ => None,
        });
        assert_eq!(environment.config, Path::new("/cfg/dormer"));
        assert_eq!(environment.state, Path::new("/home/ann/.local/state/dormer"));
        assert_eq!(environment.display, cfg!(target_os = "macos"));
    }
}
