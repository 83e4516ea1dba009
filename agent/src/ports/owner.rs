//! Whether a socket belongs to a process of this workspace.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dormer_wire::door::{Refusal, RefusalCode};

use super::table::{self, Listener};
use crate::process::family;

/// How long it is believed that a socket is one of ours. A socket's number is never used again while the socket
/// lives, and it stays with the processes that hold it; this only bounds how long a socket that was handed to a
/// stranger counts.
const OURS_FOR: Duration = Duration::from_secs(10);
/// How long it is believed that a socket is not one of ours.
const FOREIGN_FOR: Duration = Duration::from_secs(2);
/// How long a port's targets are believed, so that a page with a hundred pictures asks the kernel once.
const TARGETS_FOR: Duration = Duration::from_millis(500);

/// This process, as `/proc` has it.
const OWN: &str = "self";

/// Knows the sockets of this workspace.
#[derive(Debug, Default)]
pub struct Owners {
    /// All that listens here is of this workspace, but for what the agent itself does.
    whole: bool,
    verdicts: Mutex<HashMap<u64, Verdict>>,
    allowed: Mutex<HashMap<u16, (Instant, Vec<SocketAddr>)>>,
}

#[derive(Debug, Clone, Copy)]
struct Verdict {
    ours: bool,
    at: Instant,
}

impl Verdict {
    fn holds(&self, now: Instant) -> bool {
        now.duration_since(self.at) < if self.ours { OURS_FOR } else { FOREIGN_FOR }
    }
}

impl Owners {
    /// With `whole`, the network is the workspace's own, whether its processes can be seen from here or not.
    pub fn new(whole: bool) -> Owners {
        Owners { whole, ..Owners::default() }
    }

    /// Where to connect for a port of the workspace. Blocks for as long as it takes to read `/proc`.
    pub fn addresses(&self, port: u16) -> Result<Vec<SocketAddr>, Refusal> {
        let now = Instant::now();
        let mut allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        allowed.retain(|_, (at, _)| now.duration_since(*at) < TARGETS_FOR);
        if let Some((_, addresses)) = allowed.get(&port) {
            return Ok(addresses.clone());
        }
        drop(allowed);
        let targets = table::targets(&table::listeners(), port);
        if targets.is_empty() {
            let message = format!("nothing listens on port {port} of the workspace");
            return Err(Refusal { code: RefusalCode::NoListener, message });
        }
        let inodes: Vec<u64> = targets.iter().flat_map(|target| target.inodes.iter().copied()).collect();
        let ours = self.ours(&inodes);
        // All that could answer must be ours: with several sockets on one port the kernel chooses.
        let addresses: Vec<SocketAddr> = targets
            .iter()
            .filter(|target| target.inodes.iter().all(|inode| ours.contains(inode)))
            .map(|target| SocketAddr::new(target.address, port))
            .collect();
        if addresses.is_empty() {
            let message = format!("what listens on port {port} is no process of this workspace");
            return Err(Refusal { code: RefusalCode::Foreign, message });
        }
        let mut allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        allowed.insert(port, (now, addresses.clone()));
        Ok(addresses)
    }

    /// The ports among `listeners` that belong to this workspace, sorted.
    pub fn ports(&self, listeners: &[Listener]) -> Vec<u16> {
        let inodes: Vec<u64> = listeners.iter().map(|listener| listener.inode).collect();
        let ours = self.ours(&inodes);
        let mut ports: Vec<u16> =
            listeners.iter().filter(|listener| ours.contains(&listener.inode)).map(|listener| listener.port).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    fn ours(&self, inodes: &[u64]) -> HashSet<u64> {
        let now = Instant::now();
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.retain(|_, verdict| verdict.holds(now));
        if inodes.iter().any(|inode| !verdicts.contains_key(inode)) {
            let (whole, held) = (self.whole, if self.whole { held_by(OWN) } else { held_by_descendants() });
            for inode in inodes {
                // Whole: all but what the agent holds. Else what those who came from it hold.
                verdicts.insert(*inode, Verdict { ours: held.contains(inode) != whole, at: now });
            }
        }
        inodes.iter().copied().filter(|inode| verdicts.get(inode).is_some_and(|verdict| verdict.ours)).collect()
    }
}

/// The numbers of all sockets that processes of this workspace hold.
fn held_by_descendants() -> HashSet<u64> {
    let processes = family::descendants(family::own_pid());
    processes.iter().flat_map(|process| held_by(&process.pid.to_string())).collect()
}

/// The numbers of all sockets that a process holds.
fn held_by(process: &str) -> HashSet<u64> {
    let links = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let inode = |link: std::fs::DirEntry| {
        let target = std::fs::read_link(link.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok()
    };
    links.filter_map(inode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_network_of_its_own_everything_is_the_workspaces_but_what_the_agent_does() {
        // A stranger, as far as parenthood goes: its parent is not the agent.
        let mut stranger = std::process::Command::new("python3");
        let script = "import socket,sys;s=socket.socket();s.bind(('127.0.0.1',0));s.listen();print(s.getsockname()[1],flush=True);sys.stdin.read()";
        stranger.args(["-c", script]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut stranger = stranger.spawn().unwrap();
        let mut line = String::new();
        let mut out = std::io::BufReader::new(stranger.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        let port: u16 = line.trim().parse().unwrap();
        let owners = Owners::new(true);
        assert_eq!(owners.addresses(port).unwrap(), [SocketAddr::from(([127, 0, 0, 1], port))]);
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(owners.addresses(held.local_addr().unwrap().port()).unwrap_err().code, RefusalCode::Foreign);
        drop(stranger.stdin.take());
        stranger.wait().unwrap();
    }

    #[test]
    fn a_port_of_a_process_that_did_not_come_from_here_is_foreign() {
        // The test itself listens, and is no descendant of itself.
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let owners = Owners::default();
        assert_eq!(owners.addresses(port).unwrap_err().code, RefusalCode::Foreign);
        assert!(!owners.ports(&table::listeners()).contains(&port));
        drop(socket);
        assert_eq!(owners.addresses(port).unwrap_err().code, RefusalCode::NoListener);
    }
}
