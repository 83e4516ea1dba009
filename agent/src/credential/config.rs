//! Git's configuration for everything in the workspace: below the image's and the person's own, which come after and win.

use std::io;
use std::path::{Path, PathBuf};

/// The variable by which git finds it: the place of `/etc/gitconfig`, which it includes.
pub const VARIABLE: &str = "GIT_CONFIG_SYSTEM";

/// Where it is.
pub fn path(run: &Path) -> PathBuf {
    run.join("gitconfig")
}

/// Writes it, with the name of a person where one is known. With `everywhere`, git works in every repository, whoever it
/// belongs to: in a container whose image has got another user, the files of a claim are still the same person's.
pub fn write(path: &Path, person: Option<(&String, &String)>, everywhere: bool) -> io::Result<()> {
    let agent = std::env::current_exe()?;
    let socket = super::socket(path.parent().unwrap_or(Path::new("/")));
    let helper = format!("!{} credential {}", in_shell(&agent.to_string_lossy()), in_shell(&socket.to_string_lossy()));
    let mut text = String::from("# Dormer's own. What is said here yields to /etc/gitconfig and to ~/.gitconfig.\n");
    if let Some((name, email)) = person {
        text.push_str(&format!("[user]\n\tname = {}\n\temail = {}\n", quoted(name), quoted(email)));
    }
    if everywhere {
        text.push_str("[safe]\n\tdirectory = *\n");
    }
    if has_lfs() {
        text.push_str(
            "[filter \"lfs\"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n\
             \tprocess = git-lfs filter-process\n\trequired = true\n",
        );
    }
    // Says which key signs, where somebody wants that (`gpg.format = ssh`): whatever agent is forwarded at the moment.
    text.push_str("[gpg \"ssh\"]\n\tdefaultKeyCommand = ssh-add -L\n");
    text.push_str("[include]\n\tpath = /etc/gitconfig\n");
    text.push_str(&format!("[credential]\n\thelper = {}\n", quoted(&helper)));
    let new = path.with_extension("new");
    std::fs::write(&new, text)?;
    std::fs::rename(new, path)
}

fn has_lfs() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("git-lfs").is_file())
}

/// A value of git's configuration.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// A word for a shell.
fn in_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
