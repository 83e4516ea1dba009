//! Files that describe a workspace, by their names: a link to one of them means the repository with that very file, or,
//! where there is no repository, the file by itself.

/// Whether a file of a repository is one that a workspace can be made from, and no other YAML.
pub fn describes(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let yaml = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    let place = path.starts_with(".devfile/") || path.starts_with(".gitlab/workspaces/");
    match yaml {
        Some(stem) => place || stem == "workspace" || stem.to_ascii_lowercase().contains("devfile"),
        None => matches!(name, "devcontainer.json" | ".devcontainer.json"),
    }
}

/// Whether the path of a URL, in which no page of a repository was found, can be that of a file by itself.
pub fn is_document(path: &str) -> bool {
    describes(path) || path.ends_with(".yaml") || path.ends_with(".yml")
}

/// What a workspace of a file by itself may be called: the file's own name, or its folder's where it has everybody's.
pub fn name(path: &str) -> Option<String> {
    let mut parts = path.split('/').rev();
    let file = parts.next()?;
    let (stem, _) = file.rsplit_once('.').unwrap_or((file, ""));
    let stem = stem.trim_start_matches('.');
    let usual = matches!(stem.to_ascii_lowercase().as_str(), "" | "devfile" | "workspace" | "devcontainer");
    let name = if usual { parts.next().filter(|folder| !folder.is_empty())? } else { stem };
    Some(name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_their_names() {
        for (path, own, alone) in [
            ("devfile.yaml", true, true),
            (".devfile.yaml", true, true),
            ("docs/devfile.yml", true, true),
            ("go.devfile.yaml", true, true),
            (".devfile/go.yaml", true, true),
            (".gitlab/workspaces/x.yaml", true, true),
            ("workspace.yaml", true, true),
            (".devcontainer/devcontainer.json", true, true),
            (".devcontainer.json", true, true),
            (".github/workflows/ci.yaml", false, true),
            ("pnpm-workspace.yaml", false, true),
            ("package.json", false, false),
            ("devfile.yaml/readme.md", false, false),
            ("devfile", false, false),
            ("", false, false),
        ] {
            assert_eq!((describes(path), is_document(path)), (own, alone), "{path}");
        }
    }

    #[test]
    fn what_they_are_called() {
        for (path, want) in [
            ("stacks/go/devfile.yaml", Some("go")),
            ("go.yaml", Some("go")),
            ("a/workspace.yml", Some("a")),
            ("devfile.yaml", None),
            ("a/.devfile.yaml", Some("a")),
        ] {
            assert_eq!(name(path).as_deref(), want, "{path}");
        }
    }
}
