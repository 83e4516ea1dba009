//! What git says about its progress, in a word for people.

/// The phases that are worth telling, as git names them.
const PHASES: [&str; 6] = [
    "Counting objects",
    "Compressing objects",
    "Receiving objects",
    "Resolving deltas",
    "Updating files",
    "Enumerating objects",
];

/// `Receiving objects: 45 %` for a line of git's such as `Receiving objects:  45% (9/20), 1.20 MiB | 3 MiB/s`.
pub fn of_line(line: &str) -> Option<String> {
    let line = line.trim_start().trim_start_matches("remote:").trim_start();
    let (phase, rest) = line.split_once(':')?;
    if !PHASES.contains(&phase) {
        return None;
    }
    let (percent, _) = rest.trim_start().split_once('%')?;
    let percent: u8 = percent.parse().ok().filter(|percent| *percent <= 100)?;
    Some(format!("{phase}: {percent} %"))
}

/// Cuts git's output into lines: one that is drawn over the last (`\r`) ends like any other. A line longer than any
/// of git's is cut.
#[derive(Debug, Default)]
pub struct Lines {
    open: Vec<u8>,
}

/// The longest line that is kept.
const MAX_LINE: usize = 4096;

impl Lines {
    /// Takes more output; gives each line that it ends, and whether it is there to stay (`\n`).
    pub fn take(&mut self, octets: &[u8], mut each: impl FnMut(&str, bool)) {
        for octet in octets {
            match octet {
                b'\r' | b'\n' => {
                    if !self.open.is_empty() {
                        each(&String::from_utf8_lossy(&self.open), *octet == b'\n');
                    }
                    self.open.clear();
                }
                octet if self.open.len() < MAX_LINE => self.open.push(*octet),
                _ => {}
            }
        }
    }

    /// The line that was not ended.
    pub fn rest(self) -> Option<String> {
        (!self.open.is_empty()).then(|| String::from_utf8_lossy(&self.open).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_git() {
        for (line, expected) in [
            ("Receiving objects:  45% (9/20), 1.20 MiB | 3.00 MiB/s", Some("Receiving objects: 45 %")),
            ("remote: Counting objects: 100% (20/20), done.", Some("Counting objects: 100 %")),
            ("remote: Enumerating objects: 20, done.", None),
            ("Cloning into 'x'...", None),
            ("remote: Evil: 45% <b>", None),
            ("Receiving objects: 999%", None),
            ("Receiving objects: x%", None),
        ] {
            assert_eq!(of_line(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn output_is_cut_into_lines() {
        let mut lines = Lines::default();
        let mut got = Vec::new();
        for chunk in [&b"a\rb"[..], b"c\r\n", b"d\n\ne"] {
            lines.take(chunk, |line, stays| got.push((line.to_owned(), stays)));
        }
        assert_eq!(got, [("a".into(), false), ("bc".into(), false), ("d".into(), true)]);
        assert_eq!(lines.rest().as_deref(), Some("e"));
    }
}
