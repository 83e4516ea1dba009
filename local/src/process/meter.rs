//! Measuring workspaces, by what the kernel says of their processes.

use std::time::Duration;

use async_trait::async_trait;

use dormer_core::ports::meter::{Meter, Usage};
use dormer_core::workspace::Workspace;

use super::ProcessRuntime;

#[async_trait]
impl Meter for ProcessRuntime {
    async fn usage(&self, workspace: &Workspace) -> Option<Usage> {
        let pids = self.pids(workspace).await.filter(|pids| !pids.is_empty())?;
        let of = move |_: &ProcessRuntime| Ok(pids.into_iter().filter_map(one).fold(Usage::default(), sum));
        self.blocking(of).await.ok()
    }
}

fn sum(all: Usage, one: Usage) -> Usage {
    Usage { cpu: all.cpu + one.cpu, memory: all.memory + one.memory, processes: all.processes + one.processes }
}

fn one(pid: i32) -> Option<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Memory that several share is shared out among them, where the kernel tells it.
    let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let shared =
        smaps.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    usage(&stat, shared)
}

fn usage(stat: &str, shared_kib: Option<u64>) -> Option<Usage> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    // The fields 14, 15 and 24 of proc_pid_stat(5), of which the first two went before the parenthesis. Times are in
    // hundredths of a second, whatever the kernel's own clock; memory is in pages.
    let (user, system, pages) = (number(11)?, number(12)?, number(21)?);
    let memory = shared_kib.map_or(pages.saturating_mul(4096), |kib| kib.saturating_mul(1024));
    Some(Usage { cpu: Duration::from_millis((user + system).saturating_mul(10)), memory, processes: 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says() {
        let stat =
            "7 (a) b) c) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 1 0 900 1000000 300 18446744073709551615 0";
        let want = |memory| Some(Usage { cpu: Duration::from_secs(3), memory, processes: 1 });
        assert_eq!(usage(stat, None), want(300 * 4096));
        assert_eq!(usage(stat, Some(100)), want(100 * 1024));
        assert_eq!(usage("7 (a) Z", None), None);
        let own = one(std::process::id() as i32).unwrap();
        assert!(own.memory > 100_000 && own.processes == 1);
    }
}
