//! What a request pays to be known and admitted: instructions of one session and one `may`, and its time.

use std::path::PathBuf;
use std::process::Command;

use dormer_tests::app;

use crate::instructions::total;
use crate::report::tell;

const RUNS: [u64; 2] = [10_000, 60_000];

/// Counts, then takes the time.
pub fn measure() {
    let program = app::program().with_file_name("dormer-bench-lookup");
    let counts = RUNS.map(|times| count(&program, times));
    let each = (counts[1] - counts[0]) as f64 / (RUNS[1] - RUNS[0]) as f64;
    tell("instructions of session + may, of 10,000 people", format!("{each:.0}"), "-");
    let output = Command::new(&program).arg("1000000").output().expect("it runs");
    let nanos: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a time");
    tell("time of session + may, of 10,000 people", format!("{:.2} us", nanos / 1000.0), "<= 5 us");
}

fn count(program: &PathBuf, times: u64) -> u64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("count");
    let status = Command::new("valgrind")
        .args(["-q", "--tool=cachegrind", "--cache-sim=no"])
        .arg(format!("--cachegrind-out-file={}", out.display()))
        .arg(program)
        .arg(times.to_string())
        .output()
        .expect("valgrind runs");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    total(&out).expect("a count")
}
