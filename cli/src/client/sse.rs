//! Server-sent events, decoded (WHATWG HTML, section 9.2).

/// The longest event that is kept.
const MAX_EVENT: usize = 8 << 20;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEvent {
    /// Its kind; `message` where the server gave none.
    pub kind: String,
    /// Its data.
    pub data: String,
}

/// Decodes a stream that comes in pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    after_return: bool,
    kind: String,
    data: String,
    too_long: bool,
}

impl Decoder {
    /// Takes a piece and gives the events that it completes.
    pub fn feed(&mut self, piece: &[u8]) -> Vec<ServerEvent> {
        let mut events = Vec::new();
        for &octet in piece {
            // A line ends with CR, LF or both.
            match octet {
                b'\n' if std::mem::take(&mut self.after_return) => {}
                b'\n' | b'\r' => {
                    self.after_return = octet == b'\r';
                    events.extend(self.end_of_line());
                }
                _ => {
                    self.after_return = false;
                    if self.line.len() + self.data.len() < MAX_EVENT {
                        self.line.push(octet);
                    } else {
                        self.too_long = true;
                    }
                }
            }
        }
        events
    }

    fn end_of_line(&mut self) -> Option<ServerEvent> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let kind = std::mem::take(&mut self.kind);
            let mut data = std::mem::take(&mut self.data);
            let whole = !std::mem::take(&mut self.too_long);
            // Every data line added a line end; the last one is none.
            return data
                .pop()
                .filter(|_| whole)
                .map(|_| ServerEvent { kind: if kind.is_empty() { "message".into() } else { kind }, data });
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.kind = value.into(),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            // Comments, ids and retry times mean nothing to us.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, data: &str) -> ServerEvent {
        ServerEvent { kind: kind.into(), data: data.into() }
    }

    #[test]
    fn however_it_is_cut() {
        let text = ": hello\r\n\r\nevent: log\r\ndata: \"grün\"\r\n\r\nevent:end\ndata\n\ndata: a\ndata:  b\n\nevent: lost\n\ndata: cut";
        let want = vec![event("log", "\"grün\""), event("end", ""), event("message", "a\n b")];
        for size in 1..text.len() {
            let mut decoder = Decoder::default();
            let got = text.as_bytes().chunks(size).flat_map(|piece| decoder.feed(piece)).collect::<Vec<_>>();
            assert_eq!(got, want, "{size}");
        }
    }

    #[test]
    fn an_endless_event_is_dropped_and_the_next_one_read() {
        let mut decoder = Decoder::default();
        assert!(decoder.feed(b"data: ").is_empty());
        for _ in 0..10 {
            assert!(decoder.feed(&vec![b'x'; 1 << 20]).is_empty());
        }
        assert_eq!(decoder.feed(b"\n\ndata: y\n\n"), [event("message", "y")]);
    }
}
