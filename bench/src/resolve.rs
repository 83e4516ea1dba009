//! How long a pasted link takes until it can be shown, with the git host on the same machine; and many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dormer_tests::gateway::Gateway;
use dormer_tests::gitea::Gitea;
use serde_json::json;

use crate::report::{percentile, tell};

/// Links asked for one after the other, then so many sources at once.
const ALONE: usize = 20;
const AT_ONCE: usize = 1_000;

/// A pull request's page, and 1,000 sources in parallel over the 16 places that there are.
pub fn measure() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let devfile =
        "schemaVersion: 2.3.0\nmetadata: {name: app}\ncomponents:\n  - name: dev\n    container: {image: x}\n";
    let app = gitea.repository(&ann, "app").file("devfile.yaml", devfile).commit().branch("fix").file("a", "").commit();
    let number = app.pull_request(&ann, "fix", "Fix");
    // Tags, which cost the host nothing: each its own source, with a commit of its own to look into.
    let mut push = vec!["push".to_string(), "-q".into(), "origin".into()];
    for index in 0..AT_ONCE {
        let commit = app.git(&["commit-tree", "-p", "HEAD", "-m", &index.to_string(), "HEAD^{tree}"]);
        push.push(format!("{}:refs/tags/t{index}", commit.trim()));
    }
    app.git(&push.iter().map(String::as_str).collect::<Vec<_>>());
    let host = gitea.host();
    let gateway = Gateway::with(&[("FORGE_GITEA", &host)]);
    let page = app.pull_page(number);
    let resolve = |url: &str| {
        let answer = gateway.apex().try_api("POST", "/resolve", Some(json!({"source": {"url": url}})));
        answer.is_ok_and(|answer| answer.status == 200)
    };
    let mut times = Vec::new();
    for _ in 0..ALONE {
        let begun = Instant::now();
        assert!(resolve(&page), "the page is resolved");
        times.push(begun.elapsed());
    }
    tell("from a pasted link to what it would make, median", format!("{:?}", percentile(&mut times, 0.5)), "<= 1s");

    let (good, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let done = Arc::<AtomicUsize>::default();
    let begun = Instant::now();
    thread::scope(|scope| {
        // Processes of git, which are what connects: looked at all the while.
        let (most, over) = (most.clone(), done.clone());
        let gateway = gateway.pid();
        scope.spawn(move || {
            while over.load(Ordering::Relaxed) == 0 {
                most.fetch_max(children(gateway), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(20));
            }
        });
        let asking: Vec<_> = (0..AT_ONCE)
            .map(|index| {
                let (good, resolve, page) = (good.clone(), &resolve, format!("{}/src/tag/t{index}", app.page));
                scope.spawn(move || {
                    if resolve(&page) {
                        good.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for asker in asking {
            let _ = asker.join();
        }
        done.store(1, Ordering::Relaxed);
    });
    let seconds = begun.elapsed().as_secs_f64();
    let good = good.load(Ordering::Relaxed);
    tell("1,000 sources at once: resolved", good.to_string(), "1000");
    tell("1,000 sources at once: a second", format!("{:.0}", good as f64 / seconds), "-");
    tell("1,000 sources at once: most runs of git at a time", most.load(Ordering::Relaxed).to_string(), "<= 16");
}

/// How many children a process has.
fn children(pid: i32) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .map(|list| list.split_whitespace().count())
        .sum()
}
