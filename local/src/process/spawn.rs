//! Starting an agent.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::environment;
use super::group::Group;
use super::place::Place;
use super::private;

/// An agent's own log is begun anew at a start when it is longer than this.
const LONGEST_LOG: u64 = 1 << 20;

/// Starts the agent in a session and a group of its own, with an environment and open files that have nothing of the
/// gateway's in them.
pub fn agent(program: &Path, place: &Place, instance: &str, group: Option<&Group>) -> io::Result<Child> {
    let path = place.logs.join("agent.log");
    let log = private::log(&path)?;
    if log.metadata()?.len() > LONGEST_LOG {
        log.set_len(0)?;
    }
    let mut command = Command::new(program);
    command
        .args(["run", "--assignment"])
        .arg(&place.assignment)
        .current_dir(&place.root)
        .env_clear()
        .envs(environment::passing(std::env::vars_os().filter_map(|(name, value)| {
            // What is no text is nothing of the machine's.
            Some((name.into_string().ok()?, value.into_string().ok()?))
        })))
        .env("DORMER_INSTANCE", instance)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let entrance = group.map(Group::entrance).transpose()?;
    // SAFETY: between fork and exec `alone` makes system calls only: no allocation, no lock, no output.
    unsafe { command.pre_exec(move || alone(entrance.as_ref())) };
    command.spawn()
}

/// Leaves the gateway: its session, its control group, its files.
fn alone(entrance: Option<&File>) -> io::Result<()> {
    // SAFETY: system calls on plain numbers, and on octets that live for the whole program.
    unsafe {
        if libc::setsid() < 0 {
            return Err(io::Error::last_os_error());
        }
        libc::umask(0o022);
        dormer_wire::descriptors::restore()?;
        if let Some(entrance) = entrance
            && libc::write(entrance.as_raw_fd(), c"0".as_ptr().cast(), 1) != 1
        {
            return Err(io::Error::last_os_error());
        }
        // Not closed here: the standard library still has a word to say through one of them. Kernels before 5.11 do
        // not know the flag; there every file of ours is closed by its own flag.
        libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
    Ok(())
}
