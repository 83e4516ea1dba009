//! The other end of a connection.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How long a client has to say first what it is. Those that wait for us to speak wait so long.
const FIRST: Duration = Duration::from_millis(100);
/// Between two looks at a line that is not whole.
const PAUSE: Duration = Duration::from_millis(5);
/// The longest first line (RFC 4253, section 4.2).
const LONGEST: usize = 255;

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// Its address: the client's own, also behind a proxy that is trusted.
    pub(super) address: SocketAddr,
    /// The address of ours that it came to.
    local: Option<SocketAddr>,
    /// The program, as it says itself: `SSH-2.0-OpenSSH_9.2p1`. Empty: it has not said so first.
    pub(super) program: Arc<str>,
}

impl Peer {
    /// Looks at what the client says first, and leaves it where it is.
    pub(super) async fn look(stream: &TcpStream, address: SocketAddr) -> Peer {
        let mut line = [0u8; LONGEST];
        let look = async {
            loop {
                let octets = stream.peek(&mut line).await.unwrap_or(0);
                let said = line.get(..octets).unwrap_or_default();
                let end = said.iter().position(|octet| *octet == b'\n');
                if let Some(end) = end {
                    return said.get(..end).map(program).unwrap_or_default();
                }
                if octets == 0 || octets == LONGEST {
                    return Arc::default();
                }
                sleep(PAUSE).await;
            }
        };
        Peer { address, local: stream.local_addr().ok(), program: timeout(FIRST, look).await.unwrap_or_default() }
    }

    /// What programs on a machine with an sshd are told of it: some shells read their settings by that, and mosh where
    /// to answer.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let Some(local) = self.local else { return Vec::new() };
        let (ip, port) = (self.address.ip().to_canonical(), self.address.port());
        let (here, to) = (local.ip().to_canonical(), local.port());
        vec![
            ("SSH_CLIENT".into(), format!("{ip} {port} {to}")),
            ("SSH_CONNECTION".into(), format!("{ip} {port} {here} {to}")),
        ]
    }

    /// Whether it is OpenSSH's client.
    pub(super) fn is_openssh(&self) -> bool {
        self.program.starts_with("SSH-2.0-OpenSSH_")
    }

    /// Whether it is one that can neither encrypt with authentication in one nor authenticate what is encrypted:
    /// libssh2 (curl, many libraries) before 1.11.
    pub(super) fn is_old_libssh2(&self) -> bool {
        let version = self.program.strip_prefix("SSH-2.0-libssh2_").and_then(|rest| rest.strip_prefix("1."));
        let minor = version.and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        minor.is_some_and(|minor| minor < 11)
    }
}

/// All of whom one address stands for: whoever has one IPv6 address has the 2^64 beside it.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address => address,
    }
}

fn program(line: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn what_clients_say() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for (said, program, openssh, old) in [
            ("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\nmore", "SSH-2.0-OpenSSH_9.2p1 Debian-2", true, false),
            ("SSH-2.0-libssh2_1.10.0\r\n", "SSH-2.0-libssh2_1.10.0", false, true),
            ("SSH-2.0-libssh2_1.11.0\r\n", "SSH-2.0-libssh2_1.11.0", false, false),
            ("SSH-2.0-libssh2_x\n", "SSH-2.0-libssh2_x", false, false),
            ("half a line", "", false, false),
            ("", "", false, false),
        ] {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, address) = listener.accept().await.unwrap();
            client.write_all(said.as_bytes()).await.unwrap();
            let peer = Peer::look(&stream, address).await;
            assert_eq!((&*peer.program, peer.is_openssh(), peer.is_old_libssh2()), (program, openssh, old), "{said:?}");
        }
    }
}
