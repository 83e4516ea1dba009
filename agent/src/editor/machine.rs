//! The editor's settings for this machine, where a person has none yet: a person's own win over them anyway.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::workspace::Workspace;

/// Writes the settings unless there are some: ours, then those of the workspace's file, which win.
pub fn write_defaults(workspace: &Workspace, data: &Path, wanted: &Map<String, Value>) -> std::io::Result<()> {
    let folder = data.join("data/Machine");
    let file = folder.join("settings.json");
    if file.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    let name = workspace.shell.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut settings = json!({
        // A terminal is what `ssh` gives: the login shell.
        "terminal.integrated.profiles.linux": { &name: { "path": workspace.shell, "args": ["-l"] } },
        "terminal.integrated.defaultProfile.linux": name,
        "workbench.startupEditor": "none",
        "workbench.secondarySideBar.defaultVisibility": "hidden",
        // The gateway has its own addresses for ports.
        "remote.autoForwardPorts": false,
        "telemetry.telemetryLevel": "off",
    });
    if let Value::Object(ours) = &mut settings {
        ours.extend(wanted.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    let text = serde_json::to_vec_pretty(&settings).map_err(std::io::Error::other)?;
    std::fs::write(file, text)
}
