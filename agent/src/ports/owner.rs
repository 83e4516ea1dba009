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

/// Knows the sockets of this workspace.
#[derive(Debug, Default)]
pub struct Owners {
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
            let held = held_by_descendants();
            for inode in inodes {
                verdicts.insert(*inode, Verdict { ours: held.contains(inode), at: now });
            }
        }
        inodes.iter().copied().filter(|inode| verdicts.get(inode).is_some_and(|verdict| verdict.ours)).collect()
    }
}

/// The numbers of all sockets that processes of this workspace hold.
fn held_by_descendants() -> HashSet<u64> {
    let mut held = HashSet::new();
    for process in family::descendants(family::own_pid()) {
        let links = std::fs::read_dir(format!("/proc/{}/fd", process.pid)).into_iter().flatten().flatten();
        for link in links {
            let target = std::fs::read_link(link.path()).ok();
            let inode = target
                .as_ref()
                .and_then(|target| target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok());
            held.extend(inode);
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

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
