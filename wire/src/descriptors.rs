//! Open files: gateway and agent hold two for each connection, and what they start should not notice.
//!
//! The soft limit that most systems give (1024) is for programs that use `select(2)`, which can count no further. A
//! program that knows better raises it to the hard limit for itself, and gives what it starts the one that it got.

use std::io;
use std::sync::OnceLock;

/// What this process was started with.
static INHERITED: OnceLock<libc::rlimit> = OnceLock::new();

/// Raises this process's limit as far as it may, once, and says how many files it may have open.
pub fn raise() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes to a place of that very type.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return 1024;
    }
    INHERITED.get_or_init(|| limit);
    let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
    // SAFETY: reads from a place of that very type.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) } {
        0 => raised.rlim_cur,
        _ => limit.rlim_cur,
    }
}

/// Gives a child the limit that this process was started with: for between `fork` and `exec`, where it makes nothing
/// but one system call.
pub fn restore() -> io::Result<()> {
    match INHERITED.get() {
        // SAFETY: reads from a place of that very type.
        Some(limit) if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, limit) } != 0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_child_gets_what_its_parent_got() {
        let soft = |command: &mut Command| {
            let out = command.args(["-c", "ulimit -Sn; ulimit -Hn"]).output().unwrap();
            let text = String::from_utf8(out.stdout).unwrap();
            let mut lines = text.lines().map(|line| line.parse::<u64>().unwrap_or(u64::MAX));
            (lines.next().unwrap(), lines.next().unwrap())
        };
        let before = soft(&mut Command::new("bash"));
        assert!(raise() >= before.0);
        assert_eq!(soft(&mut Command::new("bash")), (before.1, before.1));
        let mut restored = Command::new("bash");
        // SAFETY: it makes one system call.
        unsafe { restored.pre_exec(restore) };
        assert_eq!(soft(&mut restored), before);
    }
}
