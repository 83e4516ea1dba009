//! Projects from zip archives: fetched and unpacked with the programs that the workspace has for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::git::{Git, GitError};

/// The largest archive that is fetched, in bytes.
const LARGEST: &str = "2147483648";

/// Fetches and unpacks an archive. Where all of it is in one folder, that folder is what the project is.
pub async fn unpack(git: &Git<'_>, url: &str, into: &Path) -> Result<(), GitError> {
    let refused = |message: &str| GitError { message: message.to_owned(), transient: false, stopped: false };
    if !(url.starts_with("https://") || url.starts_with("http://")) || url.chars().any(char::is_control) {
        return Err(refused("an archive has an address that begins with https: or http:"));
    }
    let failed = |error: std::io::Error| GitError { message: error.to_string(), transient: false, stopped: false };
    std::fs::create_dir_all(into).map_err(failed)?;
    let (file, folder) = (into.join(".archive.zip"), into.join(".archive"));
    git.note(&format!("$ curl {url}"));
    let mut curl = git.command("curl");
    curl.args(["-fsSL", "--proto", "=https,http", "--max-redirs", "10", "--max-filesize", LARGEST, "-o"]);
    run(git, curl.arg(&file).arg("--").arg(url), true).await?;
    git.note("$ unzip");
    let mut unzip = git.command("unzip");
    unzip.arg("-q").arg(&file).arg("-d").arg(&folder);
    if let Err(error) = run(git, &mut unzip, false).await {
        if error.stopped {
            return Err(error);
        }
        // Not everywhere is an unzip; nearly everywhere is a Python.
        let _ = std::fs::remove_dir_all(&folder);
        let mut python = git.command("python3");
        run(git, python.args(["-m", "zipfile", "-e"]).arg(&file).arg(&folder), false).await?;
    }
    std::fs::remove_file(&file).map_err(failed)?;
    let content = only_folder(&folder).map_err(failed)?.unwrap_or_else(|| folder.clone());
    for entry in std::fs::read_dir(&content).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        std::fs::rename(entry.path(), into.join(entry.file_name())).map_err(failed)?;
    }
    std::fs::remove_dir_all(&folder).map_err(failed)
}

async fn run(git: &Git<'_>, command: &mut Command, transient: bool) -> Result<(), GitError> {
    let program = command.get_program().to_string_lossy().into_owned();
    match git.other(command).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(GitError { message: format!("{program} failed"), transient, stopped: false }),
        Err(error) => Err(error),
    }
}

/// The folder that is all there is in a folder.
fn only_folder(folder: &Path) -> std::io::Result<Option<PathBuf>> {
    let mut entries = std::fs::read_dir(folder)?;
    let (first, second) = (entries.next().transpose()?, entries.next());
    Ok(match (first, second) {
        (Some(first), None) if first.file_type()?.is_dir() => Some(first.path()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_is_stepped_into() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(only_folder(root.path()).unwrap(), None);
        std::fs::create_dir(root.path().join("app-main")).unwrap();
        assert_eq!(only_folder(root.path()).unwrap(), Some(root.path().join("app-main")));
        std::fs::write(root.path().join("x"), "").unwrap();
        assert_eq!(only_folder(root.path()).unwrap(), None);
    }
}
