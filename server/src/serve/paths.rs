//! Where the other pieces of an installation are: the agent, the editor.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The extension that tells the agent when somebody works in the editor, as it is in the source.
const EXTENSION: [(&str, &str); 2] = [
    ("package.json", include_str!("../../../editor-extension/package.json")),
    ("extension.js", include_str!("../../../editor-extension/extension.js")),
];

/// The agent's binary: the configured one, or the one beside this binary.
pub fn agent(configured: &Path) -> Result<PathBuf> {
    if !configured.as_os_str().is_empty() {
        if configured.is_file() {
            return Ok(configured.to_path_buf());
        }
        bail!("local.agent = \"{}\": there is no such file", configured.display());
    }
    let own = std::env::current_exe().context("cannot tell where this binary is")?;
    let beside = own.with_file_name("dormer-agent");
    if beside.is_file() {
        return Ok(beside);
    }
    bail!(
        "there is no dormer-agent at {}: `make build` makes it, or name one as local.agent in the configuration",
        beside.display()
    )
}

/// The editor's folder: the configured one, or the newest in the user's cache. None when there is none: workspaces
/// with an editor say so when they start, those without run.
pub fn editor(configured: &Path, cache: Option<&Path>) -> Result<Option<PathBuf>> {
    if !configured.as_os_str().is_empty() {
        return match whole(configured) {
            true => Ok(Some(configured.to_path_buf())),
            false => bail!(
                "local.editor = \"{}\": no editor there; expected 'node' and 'vscode/out/server-main.js' in it",
                configured.display()
            ),
        };
    }
    let Some(entries) = cache.and_then(|cache| std::fs::read_dir(cache.join("dormer")).ok()) else { return Ok(None) };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let named = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("editor-"));
            named && whole(path)
        })
        .collect();
    found.sort();
    Ok(found.pop())
}

/// Whether a folder holds a whole editor.
pub fn whole(folder: &Path) -> bool {
    folder.join("node").is_file() && folder.join("vscode/out/server-main.js").is_file()
}

/// Writes the editor extension below the data folder, and gives the folder that extensions are in.
pub fn extensions(data: &Path) -> Result<PathBuf> {
    let folder = data.join("extensions");
    let extension = folder.join("dormer-activity");
    std::fs::create_dir_all(&extension).with_context(|| format!("cannot make {}", extension.display()))?;
    for (name, text) in EXTENSION {
        let path = extension.join(name);
        if std::fs::read_to_string(&path).ok().as_deref() != Some(text) {
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_whole_editor_is_taken() {
        let cache = tempfile::tempdir().unwrap();
        let make = |name: &str, files: &[&str]| {
            for file in files {
                let path = cache.path().join("dormer").join(name).join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "").unwrap();
            }
        };
        assert_eq!(editor(Path::new(""), Some(cache.path())).unwrap(), None);
        make("editor-1", &["node", "vscode/out/server-main.js"]);
        make("editor-2", &["node"]);
        make("other-3", &["node", "vscode/out/server-main.js"]);
        assert_eq!(editor(Path::new(""), Some(cache.path())).unwrap(), Some(cache.path().join("dormer/editor-1")));
        let error = editor(&cache.path().join("dormer/editor-2"), None).unwrap_err().to_string();
        assert!(error.contains("server-main.js"), "{error}");
    }
}
