//! A server of the kind that people write in a workspace, bound to its loopback.
//!
//! | path | what it does |
//! |---|---|
//! | `/bytes?SEED-LENGTH` | sends so many bytes |
//! | `/sum` | reads the body, answers its length and SHA-256 |
//! | `/events` | a server-sent event at once, and the second only after somebody asked for `/go` |
//! | `/socket` | a WebSocket that says `hello` at once and then sends back what it gets |
//! | `/once` | answers, and closes the connection without having said that it would |
//! | anything else | answers the head of the request, byte for byte |

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Condvar, Mutex};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dormer_tests::bytes;
use sha1::{Digest, Sha1};

static GO: (Mutex<u32>, Condvar) = (Mutex::new(0), Condvar::new());

fn main() -> io::Result<()> {
    let port: u16 = std::env::args().nth(1).and_then(|port| port.parse().ok()).expect("usage: dormer-test-app PORT");
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {port}");
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || {
            // Somebody who leaves in the middle is no failure of the server.
            let _ = connection(stream);
        });
    }
    Ok(())
}

/// Requests of one connection, until it ends.
fn connection(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 16, stream.try_clone()?);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if reader.read_until(b'\n', &mut head)? == 0 {
                return Ok(());
            }
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let target = text.split(' ').nth(1).unwrap_or_default().to_string();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let field = |name: &str| {
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
                .map(|(_, v)| v.trim())
        };
        let length: u64 = field("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        let chunked = field("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
        if field("expect").is_some() {
            (&stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        // The answer to HEAD is that to GET without its body (RFC 9110, section 9.3.2).
        let bare = text.starts_with("HEAD ");
        match path {
            "/bytes" => {
                let (seed, length) = query.split_once('-').unwrap_or(("0", query));
                let (seed, length) = (seed.parse().unwrap_or(0), length.parse().unwrap_or(0));
                write!(&stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n")?;
                if !bare {
                    io::copy(&mut bytes::bytes(seed, length), &mut &stream)?;
                }
            }
            "/sum" => {
                let mut tally = bytes::Tally::default();
                if chunked {
                    chunks(&mut reader, &mut tally)?;
                } else {
                    io::copy(&mut reader.by_ref().take(length), &mut tally)?;
                }
                let sum = tally.sum();
                answer(&stream, &format!("{} {}", sum.length, sum.sha256))?;
            }
            "/events" => {
                let seen = *GO.0.lock().expect("no holder panics");
                write!(
                    &stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: first\n\n"
                )?;
                drop(GO.1.wait_while(GO.0.lock().expect("no holder panics"), |count| *count == seen));
                write!(&stream, "data: second\n\n")?;
                return stream.shutdown(std::net::Shutdown::Both);
            }
            "/go" => {
                *GO.0.lock().expect("no holder panics") += 1;
                GO.1.notify_all();
                answer(&stream, "gone")?;
            }
            "/socket" => {
                let key = field("sec-websocket-key").unwrap_or_default().to_string();
                return socket(&stream, reader, &key);
            }
            "/once" => {
                answer(&stream, "once")?;
                return stream.shutdown(std::net::Shutdown::Both);
            }
            _ => answer(&stream, &text)?,
        }
    }
}

fn answer(mut stream: &TcpStream, text: &str) -> io::Result<()> {
    // In one piece: formatting into a socket sends each part of it by itself.
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", text.len());
    stream.write_all((head + text).as_bytes())
}

fn chunks(reader: &mut BufReader<TcpStream>, to: &mut impl Write) -> io::Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size =
            u64::from_str_radix(line.trim(), 16).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        io::copy(&mut reader.by_ref().take(size), to)?;
        reader.read_line(&mut String::new())?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// A WebSocket (RFC 6455) that says hello and sends back what it gets.
fn socket(mut stream: &TcpStream, mut reader: BufReader<TcpStream>, key: &str) -> io::Result<()> {
    let accept = STANDARD.encode(Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    )
    .into_bytes();
    // In one write with the head: what a relay must not lose.
    answer.extend(b"\x82\x05hello");
    stream.write_all(&answer)?;
    loop {
        let mut head = [0; 2];
        reader.read_exact(&mut head)?;
        let mut size = [0; 8];
        let length = match head[1] & 0x7f {
            126 => {
                reader.read_exact(&mut size[6..])?;
                u64::from_be_bytes(size)
            }
            127 => {
                reader.read_exact(&mut size)?;
                u64::from_be_bytes(size)
            }
            n => u64::from(n),
        };
        let mut mask = [0; 4];
        reader.read_exact(&mut mask)?;
        let mut data = Vec::new();
        reader.by_ref().take(length).read_to_end(&mut data)?;
        data.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        let mut frame = vec![head[0]];
        match data.len() {
            n if n < 126 => frame.push(n as u8),
            n if n < 1 << 16 => {
                frame.push(126);
                frame.extend((n as u16).to_be_bytes());
            }
            n => {
                frame.push(127);
                frame.extend((n as u64).to_be_bytes());
            }
        }
        frame.extend(data);
        stream.write_all(&frame)?;
    }
}
