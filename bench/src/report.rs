//! How a number is told, and small arithmetic.

use std::time::Duration;

/// Tells a number beside its goal.
pub fn tell(what: &str, value: String, goal: &str) {
    println!("{what:<58} {value:>14}   goal {goal}");
}

/// The value below which this share of them is.
pub fn percentile(values: &mut [Duration], share: f64) -> Duration {
    values.sort();
    let at = (values.len() as f64 * share).ceil() as usize;
    values[at.clamp(1, values.len()) - 1]
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Resident memory of a process, in octets.
pub fn resident(pid: i32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory is told");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1024
}

/// Processor time of a process so far.
pub fn processor(pid: i32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let rest = text.rsplit_once(") ").expect("a name in brackets").1;
    let ticks: u64 = rest.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum();
    // Linux tells it in hundredths of a second, whatever its own clock.
    Duration::from_millis(ticks * 10)
}
