//! An agent beside what a container runs by itself: started by a hook of the container's runtime, which waits for the
//! hook's end.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

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
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    // SAFETY: makes one system call.
    unsafe { command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(std::io::Error::from)) };
    let mut child = command.spawn().context("cannot start the agent")?;
    let began = Instant::now();
    while health::ask(&assignment.run).is_none() {
        if let Some(status) = child.try_wait()? {
            bail!("the agent ended at once: {status}");
        }
        if began.elapsed() > LIMIT {
            bail!("the agent does not answer");
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}
