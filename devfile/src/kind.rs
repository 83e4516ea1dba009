//! Which of the files that describe a workspace a file is.

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A devfile.
    Devfile,
    /// A `workspace.yaml`.
    Workspace,
    /// A `devcontainer.json`.
    Devcontainer,
}

/// Fields that stand at the beginning of a line in a `workspace.yaml`, and never in a devfile.
const WORKSPACE_FIELDS: [&str; 6] =
    ["container_image", "on_startup", "ttl_seconds", "resources", "accelerator", "secrets"];

impl FileKind {
    /// By its name, where the name tells, else by what is in it.
    ///
    /// ```
    /// use dormer_devfile::kind::FileKind;
    ///
    /// assert_eq!(FileKind::of(".devcontainer/devcontainer.json", b"{}"), FileKind::Devcontainer);
    /// assert_eq!(FileKind::of("a.yaml", b"container_image: ubuntu"), FileKind::Workspace);
    /// assert_eq!(FileKind::of("a.json", br#"{"schemaVersion": "2.3.0"}"#), FileKind::Devfile);
    /// ```
    pub fn of(name: &str, bytes: &[u8]) -> FileKind {
        // The beginning is enough to tell, and all that is looked at.
        let head = bytes.get(..bytes.len().min(64 << 10)).unwrap_or_default();
        let text = String::from_utf8_lossy(head);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let file = file.split(['?', '#']).next().unwrap_or(file);
        if matches!(file, "devcontainer.json" | ".devcontainer.json")
            || text.starts_with("//")
            || text.starts_with("/*")
        {
            return FileKind::Devcontainer;
        }
        if text.starts_with('{') {
            let devfile = ["schemaVersion", "components", "parent"].iter().any(|field| text.contains(field));
            return if devfile { FileKind::Devfile } else { FileKind::Devcontainer };
        }
        let has = |field: &str| {
            text.lines().any(|line| line.strip_prefix(field).is_some_and(|rest| rest.trim_start().starts_with(':')))
        };
        let named = matches!(file, "workspace.yaml" | "workspace.yml");
        if !has("schemaVersion") && (named || WORKSPACE_FIELDS.into_iter().any(has)) {
            return FileKind::Workspace;
        }
        FileKind::Devfile
    }

    /// What it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            FileKind::Devfile => "devfile",
            FileKind::Workspace => "workspace.yaml",
            FileKind::Devcontainer => "devcontainer.json",
        }
    }
}
