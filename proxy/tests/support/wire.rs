//! HTTP/1.1 by hand: what is sent and what comes back, octet by octet.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

/// A peer of either side.
pub struct Peer<S> {
    pub stream: S,
    pub read: Vec<u8>,
}

/// A head, split.
#[derive(Debug, Clone)]
pub struct Head {
    pub first: String,
    pub fields: Vec<(String, String)>,
    pub text: String,
}

impl Head {
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
    pub fn status(&self) -> u16 {
        self.first.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub fn new(stream: S) -> Self {
        Peer { stream, read: Vec::new() }
    }

    /// More octets; false at the end.
    pub async fn more(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.read).await, Ok(n) if n > 0)
    }

    /// A head, or None at the end.
    pub async fn head(&mut self) -> Option<Head> {
        loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.read.split_off(end + 4);
                let text = String::from_utf8(std::mem::replace(&mut self.read, rest)).unwrap();
                let mut lines = text.trim_end().split("\r\n");
                let first = lines.next().unwrap().to_string();
                let fields =
                    lines.map(|line| line.split_once(": ").unwrap()).map(|(n, v)| (n.into(), v.into())).collect();
                return Some(Head { first, fields, text: text.clone() });
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// So many octets.
    pub async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            assert!(self.more().await, "ended after {} of {length}", self.read.len());
        }
        let rest = self.read.split_off(length);
        std::mem::replace(&mut self.read, rest)
    }

    /// A chunk; None is the last.
    pub async fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\r\n") {
                let line = self.exactly(end + 2).await;
                break usize::from_str_radix(std::str::from_utf8(&line[..end]).unwrap(), 16).unwrap();
            }
            assert!(self.more().await, "ended in a chunk");
        };
        let mut chunk = self.exactly(size + 2).await;
        chunk.truncate(size);
        (size > 0).then_some(chunk)
    }

    /// The body that follows a head.
    pub async fn body(&mut self, head: &Head) -> Vec<u8> {
        if let Some(length) = head.get("content-length") {
            return self.exactly(length.parse().unwrap()).await;
        }
        let mut body = Vec::new();
        if head.get("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk().await {
                body.extend(chunk);
            }
        }
        body
    }
}
