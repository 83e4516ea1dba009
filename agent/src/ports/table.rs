//! The TCP sockets that listen, and which of them a connection to the loopback could reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::diag;

/// A socket that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// The address that it listens on, with IPv4 inside IPv6 taken out of it.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// The socket's own number, by which `/proc/<pid>/fd` names it.
    pub inode: u64,
}

/// Every socket that listens in this network namespace.
pub fn listeners() -> Vec<Listener> {
    // Where the kernel, or a sandbox around us, has no answer, its tables have.
    diag::listeners().unwrap_or_else(|_| from_proc())
}

/// The same, from `/proc/net/tcp` and `/proc/net/tcp6`.
fn from_proc() -> Vec<Listener> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    [read("/proc/net/tcp"), read("/proc/net/tcp6")].iter().flat_map(|table| table.lines()).filter_map(parse).collect()
}

fn parse(line: &str) -> Option<Listener> {
    let mut fields = line.split_ascii_whitespace();
    let (address, port) = fields.nth(1)?.split_once(':')?;
    // 0A is LISTEN.
    if fields.nth(1)? != "0A" {
        return None;
    }
    let inode = fields.nth(5)?.parse().ok()?;
    Some(Listener { address: parse_address(address)?, port: u16::from_str_radix(port, 16).ok()?, inode })
}

/// Words of 32 bits, each printed as the machine's own number of what the network's octets are.
fn parse_address(text: &str) -> Option<IpAddr> {
    let word = |index: usize| -> Option<[u8; 4]> {
        Some(u32::from_str_radix(text.get(index * 8..index * 8 + 8)?, 16).ok()?.to_ne_bytes())
    };
    match text.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut octets = [0u8; 16];
            for (index, chunk) in octets.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(index)?);
            }
            Some(Ipv6Addr::from(octets).to_canonical())
        }
        _ => None,
    }
}

/// An address of the loopback to connect to, and the sockets that could answer there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where to connect.
    pub address: IpAddr,
    /// The numbers of the sockets that the kernel may choose from.
    pub inodes: Vec<u64>,
}

/// Where a connection to `port` could go, the likelier first. A socket on the loopback itself wins over one on all
/// addresses; one on all of IPv6 may take IPv4 too.
pub fn targets(listeners: &[Listener], port: u16) -> Vec<Target> {
    let on = |address: IpAddr| -> Vec<u64> {
        let same = listeners.iter().filter(|listener| listener.port == port && listener.address == address);
        same.map(|listener| listener.inode).collect()
    };
    let any4 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let any6 = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let loopback = |address: IpAddr, wildcards: &[IpAddr]| -> Option<Target> {
        let mut inodes = on(address);
        if inodes.is_empty() {
            inodes = wildcards.iter().copied().flat_map(on).collect();
        }
        (!inodes.is_empty()).then_some(Target { address, inodes })
    };
    let targets =
        [loopback(IpAddr::V4(Ipv4Addr::LOCALHOST), &[any4, any6]), loopback(IpAddr::V6(Ipv6Addr::LOCALHOST), &[any6])];
    targets.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_lines() {
        let v4 =
            "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000";
        let listener = parse(v4).unwrap();
        assert_eq!((listener.address.to_string().as_str(), listener.port, listener.inode), ("127.0.0.1", 3000, 4242));
        let v6 = "   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0";
        assert_eq!(parse(v6).unwrap().address, IpAddr::V6(Ipv6Addr::LOCALHOST));
        let mapped = "0000000000000000FFFF00000100007F";
        assert_eq!(parse_address(mapped).unwrap(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        let established = v4.replace(" 0A ", " 01 ");
        assert_eq!(parse(&established), None);
        assert_eq!(parse("  sl  local_address rem_address   st"), None);
    }

    #[test]
    fn a_listener_of_this_process_is_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        assert_eq!(targets(&listeners(), port), targets(&from_proc(), port));
        assert_eq!(targets(&from_proc(), port).first().unwrap().inodes.len(), 1);
    }

    #[test]
    fn the_nearer_address_wins() {
        let listen = |address: &str, inode| Listener { address: address.parse().unwrap(), port: 1, inode };
        let to = |address: &str, inodes: &[u64]| Target { address: address.parse().unwrap(), inodes: inodes.to_vec() };
        let (v4, v6) = ("127.0.0.1", "::1");
        for (listeners, expected) in [
            (vec![], vec![]),
            (vec![listen("10.0.0.1", 1)], vec![]),
            (vec![listen("127.0.0.1", 1), listen("0.0.0.0", 2)], vec![to(v4, &[1])]),
            (vec![listen("0.0.0.0", 2)], vec![to(v4, &[2])]),
            (vec![listen("::1", 3)], vec![to(v6, &[3])]),
            (vec![listen("::", 4)], vec![to(v4, &[4]), to(v6, &[4])]),
            (vec![listen("0.0.0.0", 2), listen("::", 4)], vec![to(v4, &[2, 4]), to(v6, &[4])]),
            (vec![listen("127.0.0.1", 1), listen("127.0.0.1", 5)], vec![to(v4, &[1, 5])]),
        ] {
            assert_eq!(targets(&listeners, 1), expected, "{listeners:?}");
        }
        assert!(targets(&[listen("127.0.0.1", 1)], 2).is_empty());
    }
}
