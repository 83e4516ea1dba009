//! `dormer doctor`: what is missing or wrong here, and what to do about it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::args::ServeArgs;
use crate::config::Config;
use crate::{say, serve};

/// Tell what is missing or wrong here, and what to do about it
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    serve: ServeArgs,
}

struct Finding {
    what: &'static str,
    /// What was found, or what is wrong and what to do.
    outcome: Result<String, String>,
}

/// Runs every check; fails when one does.
pub fn run(args: &DoctorArgs) -> ExitCode {
    let config = match serve::configure(&args.serve) {
        Ok(config) => config,
        Err(error) => return say::failed(&error),
    };
    let findings = [
        Finding { what: "git", outcome: program("git", "install it, for example with `apt install git`") },
        Finding { what: "ssh", outcome: program("ssh", "install it, for example with `apt install openssh-client`") },
        Finding { what: "agent", outcome: agent(&config) },
        Finding { what: "editor", outcome: editor(&config) },
        Finding { what: "data", outcome: data(&config.data) },
        Finding { what: "http", outcome: port(&config, config.http.listen, "http.listen") },
        Finding { what: "ssh port", outcome: port(&config, config.ssh.listen, "ssh.listen") },
    ];
    let mut wrong = 0;
    for Finding { what, outcome } in &findings {
        let line = match outcome {
            Ok(found) => format!("ok     {what:<9} {found}"),
            Err(why) => {
                wrong += 1;
                format!("WRONG  {what:<9} {why}")
            }
        };
        if say::line(&line).is_err() {
            return ExitCode::FAILURE;
        }
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn program(name: &str, remedy: &str) -> Result<String, String> {
    let flag = if name == "ssh" { "-V" } else { "--version" };
    let output = Command::new(name).arg(flag).output().map_err(|error| format!("{name}: {error}; {remedy}"))?;
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Ok(String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_string())
}

fn agent(config: &Config) -> Result<String, String> {
    serve::paths::agent(&config.local.agent)
        .map(|path| path.display().to_string())
        .map_err(|error| format!("{error:#}"))
}

fn editor(config: &Config) -> Result<String, String> {
    match serve::paths::editor(&config.local.editor, serve::cache().as_deref()) {
        Ok(Some(path)) => Ok(path.display().to_string()),
        Ok(None) => Err("there is no editor: `scripts/editor.sh` makes one, or name one as local.editor".to_string()),
        Err(error) => Err(format!("{error:#}")),
    }
}

fn data(folder: &Path) -> Result<String, String> {
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(folder);
    let probe = tempfile_in(existing);
    let space = nix::sys::statvfs::statvfs(existing).map_err(|error| format!("{}: {error}", existing.display()))?;
    let free = space.blocks_available().saturating_mul(space.fragment_size());
    probe.map_err(|error| format!("{}: {error}; choose another with --data", existing.display()))?;
    match free {
        0..200_000_000 => Err(format!("{}: only {} MB are free", existing.display(), free / 1_000_000)),
        _ => Ok(format!("{} ({} GB free)", folder.display(), free / 1_000_000_000)),
    }
}

fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    tempfile::tempfile_in(folder).map(drop)
}

fn port(config: &Config, address: SocketAddr, key: &str) -> Result<String, String> {
    if serve::register::of(&config.data).is_some() {
        return Ok(format!("{address}, a gateway of this data folder serves"));
    }
    match TcpListener::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(error) => Err(format!("{address}: {error}; end what uses it, or set {key}")),
    }
}
