//! An agent beside what a container runs by itself: started by a hook of the container's runtime, which waits for the
//! hook's end.

use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use dormer_wire::assignment::Assignment;

use crate::logs::{AGENT, Logs};
use crate::{assignment, health};

/// How long an agent may take to listen.
const LIMIT: Duration = Duration::from_secs(20);
/// How often it is looked whether it does.
const LOOK: Duration = Duration::from_millis(5);

/// Starts an agent that outlives this process, and waits until it is there.
pub fn run(file: &Path) -> anyhow::Result<()> {
    let assignment = assignment::load(file)?;
    let mut command = Command::new(std::env::current_exe().context("who am I?")?);
    command.args(["run", "--assignment"]).arg(file);
    // Not ours: whoever started us may wait until nobody holds its pipes any more.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(last_words(&assignment)?);
    // SAFETY: makes one system call.
    unsafe { command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(std::io::Error::from)) };
    let mut child = command.spawn().context("cannot start the agent")?;
    let began = Instant::now();
    while health::ask(&assignment.run).is_none() {
        if let Some(status) = child.try_wait()? {
            bail!("the agent ended at once: {status}; {} says why", Logs::new(&assignment.logs).path(AGENT).display());
        }
        if began.elapsed() > LIMIT {
            bail!("the agent does not answer");
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Where an agent says why it cannot be.
fn last_words(assignment: &Assignment) -> anyhow::Result<File> {
    let folder = &assignment.logs;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = Logs::new(folder).path(AGENT);
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.with_context(|| format!("cannot write {}", path.display()))
}
