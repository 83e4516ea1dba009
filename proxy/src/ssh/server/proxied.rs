//! The PROXY protocol, versions 1 and 2: a proxy in front tells the client's address before anything else.
//!
//! Read from configured addresses only: anybody else could claim to come from wherever a certificate or a limit wants.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1.
const LINE: usize = 107;
/// The longest body of version 2 that is read.
const BODY: usize = 2048;

/// The stream behind the header, and who is at its other end. None: it did not begin as it should.
pub(super) async fn client(
    mut stream: TcpStream,
    proxy: SocketAddr,
    limit: Duration,
) -> Option<(TcpStream, SocketAddr)> {
    match tokio::time::timeout(limit, header(&mut stream)).await {
        Ok(Ok(Some(client))) => Some((stream, client)),
        // The proxy itself, which looks whether we are there.
        Ok(Ok(None)) => Some((stream, proxy)),
        Ok(Err(error)) => {
            tracing::warn!(%proxy, %error, "a connection from a configured proxy without the PROXY protocol");
            None
        }
        Err(_) => None,
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no PROXY header: {what}"))
}

/// Reads a header, and not an octet more. None: it tells of no client.
async fn header(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut begin = [0u8; 12];
    stream.read_exact(&mut begin).await?;
    if begin == *SIGNATURE {
        return binary(stream).await;
    }
    let mut line = begin.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() >= LINE {
            return Err(wrong("the line is too long"));
        }
        line.push(stream.read_u8().await?);
    }
    let line = std::str::from_utf8(&line).map_err(|_| wrong("not text"))?;
    text(line.trim_end_matches("\r\n"))
}

fn text(line: &str) -> io::Result<Option<SocketAddr>> {
    let mut words = line.split(' ');
    if words.next() != Some("PROXY") {
        return Err(wrong("it begins otherwise"));
    }
    let family = words.next().unwrap_or_default();
    if family == "UNKNOWN" {
        return Ok(None);
    }
    let [source, _, port, _] = words.collect::<Vec<_>>()[..] else { return Err(wrong("four words are missing")) };
    let address: IpAddr = source.parse().map_err(|_| wrong("no address"))?;
    let port: u16 = port.parse().map_err(|_| wrong("no port"))?;
    match (family, address) {
        ("TCP4", IpAddr::V4(_)) | ("TCP6", IpAddr::V6(_)) => Ok(Some(SocketAddr::new(address, port))),
        _ => Err(wrong("an address of another family")),
    }
}

async fn binary(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = usize::from(stream.read_u16().await?);
    if length > BODY {
        return Err(wrong("too long"));
    }
    let mut body = vec![0u8; length];
    stream.read_exact(&mut body).await?;
    let port = |at: usize| body.get(at..at + 2).and_then(|two| two.try_into().ok()).map(u16::from_be_bytes);
    match (command, family) {
        (0x20, _) => Ok(None),
        (0x21, 0x11) => {
            let octets: Option<[u8; 4]> = body.get(..4).and_then(|four| four.try_into().ok());
            let both = octets.zip(port(8)).ok_or_else(|| wrong("too short"))?;
            Ok(Some(SocketAddr::new(Ipv4Addr::from(both.0).into(), both.1)))
        }
        (0x21, 0x21) => {
            let octets: Option<[u8; 16]> = body.get(..16).and_then(|all| all.try_into().ok());
            let both = octets.zip(port(32)).ok_or_else(|| wrong("too short"))?;
            Ok(Some(SocketAddr::new(Ipv6Addr::from(both.0).into(), both.1)))
        }
        _ => Err(wrong("neither TCP over IPv4 nor over IPv6")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn headers() {
        let v2 = |command: u8, family: u8, body: &[u8]| {
            let mut all = SIGNATURE.to_vec();
            all.extend([command, family]);
            all.extend((body.len() as u16).to_be_bytes());
            all.extend(body);
            all
        };
        let four = [&[192, 0, 2, 1, 10, 0, 0, 1][..], &[0x30, 0x39, 0, 22], b"TLVs are left out"].concat();
        let six = [&[0u8; 15][..], &[1], &[0; 16], &[0, 7, 0, 22]].concat();
        let ok = |text: &str| Some(Some(text.parse::<SocketAddr>().unwrap()));
        for (header_octets, want) in [
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 12345 22\r\n".to_vec(), ok("192.0.2.1:12345")),
            (b"PROXY TCP6 2001:db8::1 ::1 1 22\r\n".to_vec(), ok("[2001:db8::1]:1")),
            (b"PROXY UNKNOWN\r\n".to_vec(), Some(None)),
            (b"PROXY UNKNOWN ff:: ff:: 1 2\r\n".to_vec(), Some(None)),
            (v2(0x21, 0x11, &four), ok("192.0.2.1:12345")),
            (v2(0x21, 0x21, &six), ok("[::1]:7")),
            (v2(0x20, 0, b""), Some(None)),
            (v2(0x21, 0x11, &four[..7]), None),
            (v2(0x21, 0x31, &six), None),
            (v2(0x11, 0x11, &four), None),
            (b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec(), None),
            (b"PROXY TCP4 ::1 ::1 1 22\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 123456 22\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n".to_vec(), None),
            ([b"PROXY ".to_vec(), vec![b'x'; 200], b"\r\n".to_vec()].concat(), None),
        ] {
            let all = [header_octets.clone(), b"SSH-2.0-x".to_vec()].concat();
            let mut stream = &all[..];
            let got = header(&mut stream).await.ok();
            assert_eq!(got, want, "{:?}", String::from_utf8_lossy(&header_octets));
            assert!(want.is_none() || stream == b"SSH-2.0-x", "what follows is left alone");
        }
    }
}
