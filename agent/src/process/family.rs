//! All processes that came from this one. Since the agent is their subreaper, one that lost its parent (a daemon that
//! left its session too) becomes the agent's own child: parenthood leads to every one of them.

use std::collections::HashMap;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::stat::Stat;

/// The first process of a process namespace.
const FIRST: i32 = 1;

/// Makes this process the new parent of its descendants that lose theirs.
pub fn adopt_orphans() -> std::io::Result<()> {
    // SAFETY: takes plain numbers and touches no memory of ours.
    match unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1 as libc::c_ulong, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// This process's number.
pub fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}

/// The living processes that came from `root`, itself not among them. Parents come before their children.
pub fn descendants(root: i32) -> Vec<Stat> {
    below(&Stat::all(), root)
}

fn below(all: &[Stat], root: i32) -> Vec<Stat> {
    let mut children: HashMap<i32, Vec<Stat>> = HashMap::new();
    for stat in all {
        // The first process of a namespace is everybody's ancestor there, of those too that came in from outside.
        let parent = if stat.parent == 0 && stat.pid != FIRST { FIRST } else { stat.parent };
        children.entry(parent).or_default().push(*stat);
    }
    let mut found = children.remove(&root).unwrap_or_default();
    let mut next = 0;
    while let Some(stat) = found.get(next) {
        // Removing makes each visited once, whatever a snapshot that was not taken at one moment says.
        found.extend(children.remove(&stat.pid).unwrap_or_default());
        next += 1;
    }
    // The root, too, if the snapshot says so: whoever signals what this finds must not hit itself.
    found.retain(|stat| !stat.zombie && stat.pid != root);
    found
}

/// Sends a signal to every living descendant of this process; says how many there were.
pub fn signal_descendants(signal: Signal) -> usize {
    let found = descendants(own_pid());
    for stat in &found {
        send(stat, signal);
    }
    found.len()
}

/// Asks every living descendant to end. A shell that somebody types into ignores TERM; it ends when its terminal
/// hangs up.
pub fn ask_descendants_to_end() -> usize {
    let found = descendants(own_pid());
    for stat in &found {
        send(stat, Signal::SIGTERM);
        if stat.leads_terminal {
            send(stat, Signal::SIGHUP);
        }
        // What is stopped cannot act on a signal before it goes on.
        send(stat, Signal::SIGCONT);
    }
    found.len()
}

fn send(stat: &Stat, signal: Signal) {
    // Fails only for one that has just ended, or that runs as somebody else.
    let _ = kill(Pid::from_raw(stat.pid), signal);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(pid: i32, parent: i32) -> Stat {
        Stat { pid, parent, zombie: false, leads_terminal: false, own_ticks: 0, reaped_ticks: 0 }
    }

    #[test]
    fn only_what_came_from_the_root_and_lives() {
        let dead = Stat { zombie: true, ..stat(5, 2) };
        // 8 and 9 are each other's parents: possible when processes change while they are listed.
        let all =
            [stat(1, 0), stat(2, 1), stat(3, 2), stat(4, 3), dead, stat(6, 5), stat(7, 0), stat(8, 9), stat(9, 8)];
        let pids = |root| below(&all, root).iter().map(|stat| stat.pid).collect::<Vec<_>>();
        assert_eq!(pids(2), [3, 4, 6]);
        // 7 has no parent that is seen from here.
        assert_eq!(pids(1), [2, 7, 3, 4, 6]);
        assert_eq!(pids(8), [9]);
        assert!(pids(99).is_empty());
    }
}
