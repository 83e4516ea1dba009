//! The adapter "VS Code server": openvscode-server's options, which code-server's own server knows too.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::merged;
use crate::activity;
use crate::workspace::Workspace;

/// The command that runs the editor on a socket.
pub fn command(
    workspace: &Workspace,
    socket: &Path,
    program: &[String],
    data: &Path,
    extensions: Option<&Path>,
) -> std::io::Result<Command> {
    let (first, rest) = program.split_first().ok_or_else(|| std::io::Error::other("no program"))?;
    std::fs::create_dir_all(data)?;
    let mut command = workspace.command(first);
    command.args(rest);
    command.arg("--socket-path").arg(socket);
    command.arg("--server-data-dir").arg(data);
    command.arg("--extensions-dir").arg(data.join("extensions"));
    command.arg("--default-folder").arg(workspace.beginning());
    // The gateway asks who comes, and the socket is nobody else's. The projects are the person's own.
    command.args(["--without-connection-token", "--accept-server-license-terms", "--disable-workspace-trust"]);
    command.args(["--telemetry-level", "off"]);
    if let Some(ours) = extensions {
        match own_extensions(program) {
            Some(theirs) => {
                let folder = merged::make(&workspace.assignment.run.join("extensions"), &theirs, ours)?;
                command.arg("--builtin-extensions-dir").arg(folder);
            }
            None => tracing::warn!("the editor's own extensions were not found: ours is left out"),
        }
    }
    command.env(activity::SOCKET_VARIABLE, activity::socket(&workspace.assignment.run));
    Ok(command)
}

/// Has the editor get extensions while it starts. It comes up without one that cannot be had, and its log says so.
pub fn install(command: &mut Command, ids: &[String]) {
    if !ids.is_empty() {
        command.arg("--start-server");
    }
    for id in ids {
        command.arg("--install-extension").arg(id);
    }
}

/// The extensions that come with the editor: beside the folder that its program is in, be it
/// `…/out/server-main.js` or `…/bin/openvscode-server`.
fn own_extensions(program: &[String]) -> Option<PathBuf> {
    program.iter().rev().find_map(|part| {
        let path = Path::new(part).canonicalize().ok()?;
        let folder = path.parent()?.parent()?.join("extensions");
        folder.is_dir().then_some(folder)
    })
}
