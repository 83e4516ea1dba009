//! How long hostile devfiles take until they are refused: one line for each, the slowest last as JSON.

// It shares what the tests try.
#[path = "../tests/hostile/cases.rs"]
mod cases;

use dormer_devfile::limits::Limits;
use serde_json::json;
use std::io::Write;
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut slowest = (0.0, "");
    let devfiles = cases::cases().into_iter().map(|case| ("devfile.yaml", case));
    for (name, (what, text, _)) in devfiles.chain(cases::other_files()) {
        let begin = Instant::now();
        let refused = dormer_devfile::load_any(name, text.as_bytes(), &cases::Endless, &Limits::default());
        // The text of the error is a part of it.
        let said = refused.err().map(|problems| problems.to_string());
        let took = begin.elapsed().as_secs_f64() * 1000.0;
        writeln!(out, "{what:45} {took:8.2} ms {}", if said.is_some() { "" } else { "ACCEPTED" })?;
        if took > slowest.0 {
            slowest = (took, what);
        }
    }
    writeln!(out, "{}", json!({"slowestMs": slowest.0, "what": slowest.1}))
}
