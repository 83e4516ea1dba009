//! What hostile input costs: the error it gets, and the most memory that was in use until then. Alone in its program,
//! since it counts every allocation. How long each takes is for `bench/run devfile`, which prints it.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(unsafe_code, reason = "an allocator can't be had without")]

use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::{Fetched, ResolveError, Resolver};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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

/// What a caller allows: one host, whose every document has the next one as its parent.
struct Endless;

impl Resolver for Endless {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        let Some(path) = uri.strip_prefix("https://allowed.example/") else {
            return Err(ResolveError::refused(format!("{uri} is not among the allowed addresses")));
        };
        let next = match path {
            "circle-a" => "circle-b".to_owned(),
            "circle-b" => "circle-a".to_owned(),
            "large" => {
                let components: String = (0..4_000).map(|i| format!("- {{name: c{i}, volume: {{}}}}\n")).collect();
                let bytes = format!("schemaVersion: 2.2.0\ncomponents:\n{components}").into_bytes();
                return Ok(Fetched { location: uri.to_owned(), bytes });
            }
            path => format!("{path}x"),
        };
        let text = format!("{{schemaVersion: 2.2.0, parent: {{uri: 'https://allowed.example/{next}'}}}}");
        Ok(Fetched { location: uri.to_owned(), bytes: text.into_bytes() })
    }
}

#[test]
fn hostile_input_is_refused_within_64_megabytes() {
    let head = "schemaVersion: 2.2.0\nmetadata: {name: x}\n";
    let parent = |uri: &str| format!("{head}parent: {{uri: '{uri}'}}\n");
    let bomb: String = (1..30).fold("  a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let before = format!("*a{}", n - 1);
        text + &format!("  a{n}: &a{n} [{}]\n", [before.as_str(); 9].join(", "))
    });
    let plugins: String =
        (0..40).map(|i| format!("- {{name: p{i}, plugin: {{uri: 'https://allowed.example/large'}}}}\n")).collect();
    let digits = "9".repeat(900_000);
    let many: String = (0..100_000).map(|i| format!("- {{name: c{i}, volume: {{}}}}\n")).collect();
    let wrong: String = (0..4_000).map(|i| format!("- {{name: C{i}, volume: {{siz: 1}}}}\n")).collect();
    let mounts = "{name: nowhere}, ".repeat(9_000);
    let cases: Vec<(&str, String, &str)> = vec![
        ("alias bomb", format!("{head}attributes:\n{bomb}"), "more than 20000 values"),
        ("10 MB", format!("{head}# {}", "x".repeat(10 << 20)), "at most 1048576 are read"),
        ("1,000 levels", format!("{head}attributes: {}{}", "{a: ".repeat(1_000), "}".repeat(1_000)), "deeper than 64"),
        ("100,000 components", format!("{head}components:\n{many}"), "at most 1048576 are read"),
        ("34,000 components in 1 MB", format!("{head}components:\n{}", &many[..1_000_000]), "more than 20000 values"),
        ("a problem on every line", format!("{head}components:\n{wrong}"), "… and "),
        (
            "9,000 mounts of nothing",
            format!("{head}components: [{{name: a, container: {{image: x, volumeMounts: [{mounts}]}}}}]"),
            "… and ",
        ),
        ("parents in a circle", parent("https://allowed.example/circle-a"), "in a circle"),
        ("parents without end", parent("https://allowed.example/x"), "levels deep"),
        ("a parent in a file", parent("file:///etc/passwd"), "'file:' is not fetched"),
        ("a parent in a file, shouted", parent("FILE:///etc/passwd"), "is not fetched"),
        ("a parent that is forbidden", parent("https://169.254.169.254/latest"), "not among the allowed addresses"),
        ("a parent that is forbidden, without scheme", parent("//169.254.169.254/latest"), "can't be had"),
        ("forty large plugins", format!("schemaVersion: 2.0.0\ncomponents:\n{plugins}"), "more than"),
        (
            "a giant quantity",
            format!("{head}components: [{{name: v, volume: {{size: '{digits}Q'}}}}]"),
            "is not a quantity",
        ),
        (
            "a request of giants",
            format!(
                "{head}components: [{{name: c, container: {{image: x, cpuRequest: '{digits}', cpuLimit: 1e999999999}}}}, {{name: d, volume: {{size: x}}}}]"
            ),
            "'x' is not a quantity",
        ),
    ];
    for (what, text, expected) in cases {
        let before = NOW.load(Relaxed);
        MOST.store(before, Relaxed);
        let begin = std::time::Instant::now();
        let result = dormer_devfile::load("devfile.yaml", text.as_bytes(), &Endless, &Limits::default());
        let took = begin.elapsed();
        let said = result.err().unwrap_or_else(|| panic!("{what} was accepted")).to_string();
        let most = MOST.load(Relaxed) - before;
        println!("{what:45} {:8.1} KiB {:8.1} ms", most as f64 / 1024.0, took.as_secs_f64() * 1000.0);
        assert!(said.contains(expected), "{what}: {}", said.chars().take(2_000).collect::<String>());
        assert!(most < 64 << 20, "{what}: {most} bytes");
        assert!(said.len() < 100_000, "{what}: an error of {} bytes", said.len());
    }
}
