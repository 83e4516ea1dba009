//! Parses, flattens and checks devfiles, as often as it is told, and prints how long it took.
//!
//! ```text
//! cargo run --example time -- ROUNDS FILE...
//! ```

use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::NoResolver;
use serde_json::json;
use std::io::Write;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().ok_or("how many rounds?")?.parse()?;
    let files: Vec<(String, Vec<u8>)> =
        arguments.map(|path| std::fs::read(&path).map(|bytes| (path, bytes))).collect::<Result<_, _>>()?;
    let limits = Limits::default();
    let mut valid = 0;
    let mut each = vec![Duration::ZERO; files.len()];
    let begin = Instant::now();
    for _ in 0..rounds {
        for ((name, bytes), took) in files.iter().zip(&mut each) {
            let begin = Instant::now();
            valid += usize::from(dormer_devfile::load(name, bytes, &NoResolver, &limits).is_ok());
            *took += begin.elapsed();
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    let mut each: Vec<f64> = each.iter().map(|took| took.as_secs_f64() * 1000.0 / rounds.max(1) as f64).collect();
    each.sort_by(f64::total_cmp);
    let at = |share: usize| each.get(each.len().saturating_sub(1) * share / 100).copied().unwrap_or_default();
    let told = json!({
        "seconds": seconds, "valid": valid / rounds.max(1), "files": files.len(),
        "medianMs": at(50), "slowestMs": at(100),
    });
    writeln!(std::io::stdout(), "{told}")?;
    Ok(())
}
