//! What is counted of starts and troubles, for operators. Labels are words of ours.

use std::sync::LazyLock;

use metrics::{Counter, Histogram, counter, histogram};

/// What became of a start.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    /// It is up.
    Up,
    /// It did not work, and is tried again.
    Retried,
    /// It failed.
    Failed,
}

struct Counts {
    starts: [Counter; 3],
    seconds: Histogram,
    errors: Counter,
}

static COUNTS: LazyLock<Counts> = LazyLock::new(|| Counts {
    starts: ["up", "retried", "failed"].map(|outcome| counter!("dormer_starts_total", "outcome" => outcome)),
    seconds: histogram!("dormer_start_seconds"),
    errors: counter!("dormer_reconcile_errors_total"),
});

/// A start came to something.
pub(crate) fn start(outcome: Start) {
    if let Some(counter) = COUNTS.starts.get(outcome as usize) {
        counter.increment(1);
    }
}

/// A workspace was up that long after it was told to start.
pub(crate) fn took(seconds: f64) {
    COUNTS.seconds.record(seconds);
}

/// A round of a workspace did not come to its end.
pub(crate) fn error() {
    COUNTS.errors.increment(1);
}
