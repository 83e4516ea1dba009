//! What is there of a workspace: its agent, and everything that came from it.

use std::collections::{HashMap, HashSet};

use super::group::Group;
use super::proc::{Process, Stat, own_line};
use super::record::Record;

/// The living processes of a workspace: those in its group, those that carry its mark, those that descend from them or
/// from one in `known`, and of `known` those that still run.
pub fn find(record: &Record, group: Option<&Group>, known: &HashSet<Process>) -> HashSet<Process> {
    let all = Stat::all();
    let mark = record.mark();
    let grouped: HashSet<i32> = group.map(Group::pids).unwrap_or_default().into_iter().collect();
    let mut children: HashMap<i32, Vec<&Stat>> = HashMap::new();
    for stat in &all {
        children.entry(stat.parent).or_default().push(stat);
    }
    let is_root = |stat: &Stat| {
        known.contains(&stat.process)
            || record.agent == Some(stat.process)
            || grouped.contains(&stat.process.pid)
            || mark.as_ref().is_some_and(|mark| stat.process.carries(mark))
    };
    let own = own_line();
    let mut found = HashSet::new();
    let mut queue: Vec<&Stat> = all.iter().filter(|stat| is_root(stat)).collect();
    while let Some(stat) = queue.pop() {
        // A gateway that runs inside one of its own workspaces does not end itself.
        if !own.contains(&stat.process.pid) && found.insert(stat.process) {
            queue.extend(children.get(&stat.process.pid).into_iter().flatten());
        }
    }
    let zombies: HashSet<Process> = all.iter().filter(|stat| stat.zombie).map(|stat| stat.process).collect();
    found.retain(|process| !zombies.contains(process));
    found
}

/// The agent of a start of which only the mark is known: the gateway was killed between starting it and noting it down.
pub fn agent(record: &Record, assignment: &std::path::Path) -> Option<Process> {
    let mark = record.mark()?;
    let is_agent = |process: &Process| {
        let line = std::fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|octet| *octet == 0).collect();
        words.windows(2).any(|pair| {
            pair.first() == Some(&b"--assignment".as_slice())
                && pair.get(1) == Some(&assignment.as_os_str().as_encoded_bytes())
        })
    };
    Stat::all()
        .into_iter()
        .filter(|stat| !stat.zombie)
        .map(|stat| stat.process)
        .find(|process| process.carries(&mark) && is_agent(process))
}
