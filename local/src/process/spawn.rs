//! Starting an agent.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use super::environment;
use super::fork::{self, Program, Target};
use super::group::Group;
use super::place::Place;
use super::private;
use super::proc::{Process, Stat};

/// An agent's own log is begun anew at a start when it is longer than this.
const LONGEST_LOG: u64 = 1 << 20;

/// An agent that runs. Somebody has to [`Agent::reap`] it.
#[derive(Debug)]
pub struct Agent {
    /// Its process.
    pub process: Option<Process>,
    pid: i32,
}

impl Agent {
    /// Waits until it has ended, and takes note of it.
    pub async fn reap(self) {
        if let Some(process) = self.process
            && let Err(error) = process.ended().await
        {
            tracing::debug!(%error, "cannot wait for an agent");
        }
        fork::reap_ended(self.pid);
    }
}

/// Starts the agent in a session and a group of its own, with an environment and open files that have nothing of the
/// gateway's in them.
pub fn agent(program: &Path, place: &Place, instance: &str, group: Option<&Group>) -> io::Result<Agent> {
    let path = place.logs.join("agent.log");
    let log = private::log(&path)?;
    if log.metadata()?.len() > LONGEST_LOG {
        log.set_len(0)?;
    }
    let variables = environment::passing(std::env::vars_os().filter_map(|(name, value)| {
        // What is no text is nothing of the machine's.
        Some((name.into_string().ok()?, value.into_string().ok()?))
    }));
    let own = [("DORMER_INSTANCE".to_string(), instance.to_string())];
    let environment = variables.into_iter().chain(own);
    let program = Program {
        path: text(program)?,
        arguments: vec![text(program)?, text("run")?, text("--assignment")?, text(&place.assignment)?],
        environment: environment.map(|(name, value)| text(&format!("{name}={value}"))).collect::<io::Result<_>>()?,
        folder: text(&place.root)?,
    };
    let pid = match group {
        None => fork::spawn(&program, &log, &Target::default())?,
        Some(group) => grouped(&program, &log, group)?,
    };
    // Not reaped yet, so the number is still its own.
    Ok(Agent { process: Stat::read(pid).map(|stat| stat.process), pid })
}

/// In a group from its first moment where the kernel can do that, else it enters by itself.
fn grouped(program: &Program, log: &std::fs::File, group: &Group) -> io::Result<i32> {
    if let Some(folder) = group.unified() {
        let entrances = group.limit_entrances()?;
        let target = Target { group: Some(folder.as_fd()), entrances: &entrances };
        match fork::spawn(program, log, &target) {
            Err(error) => tracing::debug!(%error, "no process can be made in a group"),
            done => return done,
        }
    }
    let mut entrances = vec![group.entrance()?];
    entrances.extend(group.limit_entrances()?);
    fork::spawn(program, log, &Target { group: None, entrances: &entrances })
}

fn text(text: &(impl AsRef<OsStr> + ?Sized)) -> io::Result<CString> {
    let text: OsString = text.as_ref().to_owned();
    CString::new(text.into_vec()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}
