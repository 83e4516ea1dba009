//! Processes, told apart by when they began: a number alone may be another's by now.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use serde::{Deserialize, Serialize};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A process. Two are the same when number and beginning are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it began, in ticks since the machine did.
    pub start: u64,
}

/// What is said of a process at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Stat {
    /// Which.
    pub process: Process,
    /// Its parent's number.
    pub parent: i32,
    /// Whether it has ended and waits to be reaped: it runs nothing any more.
    pub zombie: bool,
}

impl Stat {
    /// Of the process that has this number now.
    pub fn read(pid: i32) -> Option<Stat> {
        parse(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Of all that can be seen.
    pub fn all() -> Vec<Stat> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| Stat::read(entry.file_name().to_str()?.parse().ok()?)).collect()
    }
}

fn parse(pid: i32, text: &str) -> Option<Stat> {
    // The name in parentheses is the process's own choice: it may hold blanks and parentheses.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let zombie = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    let start = fields.nth(17)?.parse().ok()?;
    Some(Stat { process: Process { pid, start }, parent, zombie })
}

impl Process {
    /// Whether it still runs.
    pub fn is_alive(self) -> bool {
        Stat::read(self.pid).is_some_and(|stat| stat.process == self && !stat.zombie)
    }

    /// Whether its environment, as it began, has this entry. No for those of users that we may not look at.
    pub fn carries(self, entry: &str) -> bool {
        std::fs::read(format!("/proc/{}/environ", self.pid))
            .is_ok_and(|environment| environment.split(|octet| *octet == 0).any(|one| one == entry.as_bytes()))
    }

    /// A handle that stays with this process. None when it is gone.
    fn open(self) -> io::Result<Option<OwnedFd>> {
        // SAFETY: takes plain numbers and touches no memory of ours.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, self.pid, 0) };
        let fd = match i32::try_from(fd) {
            Ok(fd) if fd >= 0 => fd,
            _ => {
                let error = io::Error::last_os_error();
                return if error.raw_os_error() == Some(libc::ESRCH) { Ok(None) } else { Err(error) };
            }
        };
        // SAFETY: the kernel has just given it to us, and nobody else knows it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // The number may have passed to another before it was opened.
        Ok(self.is_alive().then_some(fd))
    }

    /// Sends a signal, to this process and no other.
    pub fn signal(self, signal: i32) -> io::Result<()> {
        let Some(fd) = self.open()? else { return Ok(()) };
        let nothing = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: the descriptor is open, and a null pointer stands for the usual information.
        let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd.as_raw_fd(), signal, nothing, 0) };
        match io::Error::last_os_error() {
            error if sent != 0 && error.raw_os_error() != Some(libc::ESRCH) => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits until it has ended.
    pub async fn ended(self) -> io::Result<()> {
        if let Some(fd) = self.open()? {
            // A process's descriptor can be read from once it has ended.
            // SAFETY: the descriptor is owned by what is registered, and closed only with it.
            let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
            drop(fd.readable().await?);
        }
        Ok(())
    }
}

/// Tells this run of the machine from others: after another one, no number means anything any more.
pub fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// This process and those that it comes from: never to be ended as somebody's remains.
pub fn own_line() -> Vec<i32> {
    let mut line = vec![nix::unistd::getpid().as_raw()];
    while let Some(stat) = line.last().and_then(|pid| Stat::read(*pid)) {
        if stat.parent <= 0 || line.contains(&stat.parent) {
            break;
        }
        line.push(stat.parent);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lie() {
        let text = "7 (x) R 1 (y) S 5 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 99 0 0";
        let stat = parse(7, text).unwrap();
        assert_eq!((stat.process, stat.parent, stat.zombie), (Process { pid: 7, start: 99 }, 5, false));
        assert!(parse(7, "7 (x").is_none() && parse(7, "7 (x) R 1").is_none());
    }

    #[tokio::test]
    async fn a_number_that_passed_to_another_is_left_alone() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let process = Stat::read(pid).unwrap().process;
        let earlier = Process { start: process.start - 1, ..process };
        assert!(process.is_alive() && !earlier.is_alive());
        earlier.signal(libc::SIGKILL).unwrap();
        earlier.ended().await.unwrap();
        assert!(process.is_alive());
        let ended = tokio::spawn(process.ended());
        process.signal(libc::SIGKILL).unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(10), ended).await.unwrap().unwrap().unwrap();
        assert!(!process.is_alive(), "a zombie runs nothing");
        child.wait().unwrap();
        process.signal(libc::SIGKILL).unwrap();
    }

    #[test]
    fn this_process_has_a_line() {
        let line = own_line();
        assert!(line.len() > 1 && line[0] == i32::try_from(std::process::id()).unwrap());
    }
}
