//! What `/proc/<pid>/stat` tells about a process.

use std::path::PathBuf;

/// A process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Its number.
    pub pid: i32,
    /// Its parent's.
    pub parent: i32,
    /// Whether it has ended and only waits to be reaped.
    pub zombie: bool,
    /// Whether it leads a session that has a terminal, as a shell does that somebody types into.
    pub leads_terminal: bool,
    /// Processor time of its own, in clock ticks.
    pub own_ticks: u64,
    /// Processor time of its children that were reaped, in clock ticks.
    pub reaped_ticks: u64,
}

impl Stat {
    /// Reads one process; None when it is gone.
    pub fn read(pid: i32) -> Option<Stat> {
        parse(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Every process of the machine, or of the process namespace.
    pub fn all() -> Vec<Stat> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| Stat::read(entry.file_name().to_str()?.parse().ok()?)).collect()
    }

    /// The program that it runs.
    pub fn program(&self) -> Option<PathBuf> {
        std::fs::read_link(format!("/proc/{}/exe", self.pid)).ok()
    }
}

fn parse(pid: i32, text: &str) -> Option<Stat> {
    // The name in parentheses is the process's own choice: it may hold blanks and parentheses.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        zombie: matches!(*fields.first()?, "Z" | "X"),
        leads_terminal: number(3) == u64::try_from(pid).ok() && *fields.get(4)? != "0",
        own_ticks: number(11)? + number(12)?,
        reaped_ticks: number(13)? + number(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lie() {
        let text = "7 (x) R 1 (y) S 5 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 99 0 0";
        let expected =
            Stat { pid: 7, parent: 5, zombie: false, leads_terminal: false, own_ticks: 30, reaped_ticks: 70 };
        assert_eq!(parse(7, text), Some(expected));
        let shell = text.replace(" 7 7 0 ", " 7 7 34816 ");
        assert!(parse(7, &shell).unwrap().leads_terminal);
        assert!(!parse(8, &shell).unwrap().leads_terminal);
        assert_eq!(parse(7, "7 (x"), None);
        assert_eq!(parse(7, "7 (x) R 1"), None);
    }

    #[test]
    fn this_process_is_there() {
        let own = i32::try_from(std::process::id()).unwrap();
        let stat = Stat::read(own).unwrap();
        assert!(!stat.zombie && stat.parent > 0 && stat.program().is_some());
        assert!(Stat::all().iter().any(|stat| stat.pid == own));
    }
}
