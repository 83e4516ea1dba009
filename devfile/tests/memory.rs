//! What hostile input costs: the error it gets, and the most memory that was in use until then. Alone in its program,
//! since it counts every allocation. How long each takes is for `bench/devfile/run`, which prints it.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(unsafe_code, reason = "an allocator can't be had without")]

#[path = "hostile/cases.rs"]
mod cases;

use dormer_devfile::limits::Limits;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system's allocator; only numbers are added.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(now, Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn hostile_input_is_refused_within_64_megabytes() {
    let begin = Instant::now();
    let devfiles = cases::cases().into_iter().map(|case| ("devfile.yaml", case));
    for (name, (what, text, expected)) in devfiles.chain(cases::other_files()) {
        let before = NOW.load(Relaxed);
        MOST.store(before, Relaxed);
        let result = dormer_devfile::load_any(name, text.as_bytes(), &cases::Endless, &Limits::default());
        let said = result.err().unwrap_or_else(|| panic!("{what} was accepted")).to_string();
        let most = MOST.load(Relaxed) - before;
        println!("{what:45} {:8.1} KiB", most as f64 / 1024.0);
        assert!(said.contains(expected), "{what}: {}", said.chars().take(2_000).collect::<String>());
        assert!(most < 64 << 20, "{what}: {most} bytes");
        assert!(said.len() < 100_000, "{what}: an error of {} bytes", said.len());
    }
    // What each takes is milliseconds; what grows with the square of its length would take minutes.
    assert!(begin.elapsed().as_secs() < 60, "all together {:?}", begin.elapsed());
}
