//! Whether processes of the workspace are at work, by the processor time that they take.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::editor::EditorHandle;
use crate::process::family;
use crate::process::stat::Stat;
use crate::status::Board;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(5);
/// The share of one processor above which it is work. A development server that watches files takes a few percent,
/// and waits rather than works.
const THRESHOLD: f64 = 0.15;

/// Keeps the board's word on it up to date until dropped.
pub async fn run(board: Board, editor: Arc<EditorHandle>) {
    let ticks_per_second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last: Option<(Instant, u64)> = None;
    loop {
        every.tick().await;
        let now = Instant::now();
        let ticks = total(editor.pid());
        if let Some((then, before)) = last {
            let seconds = now.duration_since(then).as_secs_f64();
            // Less than before when a process has ended whose parent ignores that.
            let worked = ticks.saturating_sub(before) as f64 / ticks_per_second as f64;
            board.busy(worked > THRESHOLD * seconds);
        }
        last = Some((now, ticks));
    }
}

/// The processor time of all processes that there are or were: that of one which has ended went to its parent, or to
/// the agent.
fn total(editor: Option<i32>) -> u64 {
    let own = family::own_pid();
    let reaped = Stat::read(own).map_or(0, |stat| stat.reaped_ticks);
    let all = family::descendants(own);
    reaped + sum(&all, &editors_own(&all, editor, Stat::program))
}

fn sum(all: &[Stat], without: &HashSet<i32>) -> u64 {
    let worth = |stat: &Stat| stat.reaped_ticks + if without.contains(&stat.pid) { 0 } else { stat.own_ticks };
    all.iter().map(worth).sum()
}

/// The editor and the helpers that it is made of: the processes below it that run the same program, down to the first
/// that does not (a terminal's shell, a language's compiler).
fn editors_own(all: &[Stat], editor: Option<i32>, program: impl Fn(&Stat) -> Option<PathBuf>) -> HashSet<i32> {
    let Some(root) = editor.and_then(|pid| all.iter().find(|stat| stat.pid == pid)) else { return HashSet::new() };
    let node = program(root);
    let mut own = HashSet::from([root.pid]);
    // Parents come before their children.
    for stat in all {
        if own.contains(&stat.parent) && program(stat) == node {
            own.insert(stat.pid);
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_editor_itself_is_not_work_but_what_it_runs_is() {
        let stat = |pid, parent, own_ticks| Stat {
            pid,
            parent,
            zombie: false,
            leads_terminal: false,
            own_ticks,
            reaped_ticks: 1,
        };
        // 10 editor, 11 its helper, 12 a terminal's shell, 13 the person's own node in it, 20 a daemon.
        let all = [stat(10, 1, 100), stat(20, 1, 7), stat(11, 10, 100), stat(12, 11, 5), stat(13, 12, 3)];
        let program = |stat: &Stat| Some(PathBuf::from(if [12, 20].contains(&stat.pid) { "/bin/x" } else { "/node" }));
        let own = editors_own(&all, Some(10), program);
        assert_eq!(own, HashSet::from([10, 11]));
        assert_eq!(sum(&all, &own), 5 + 7 + 5 + 3);
        assert_eq!(sum(&all, &editors_own(&all, None, program)), 5 + 215);
    }
}
