//! What a gateway costs that has nothing to do.

use std::time::{Duration, Instant};

use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use serde_json::json;

use crate::report::{processor, resident, tell};

/// 1,000 workspaces that are stopped.
pub fn measure() {
    let (mut gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("many").file("a", "").commit();
    for number in 0..1_000 {
        gateway.workspace(&format!("many-{number}")).from(&repository).set("running", json!(false)).submit();
    }
    // What their making took is not what their being there takes.
    gateway.terminate();
    gateway.serve();
    let (began, before) = (Instant::now(), processor(gateway.pid()));
    std::thread::sleep(Duration::from_secs(30));
    let share = (processor(gateway.pid()) - before).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    tell("an idle gateway with 1,000 stopped workspaces", format!("{} MB", resident(gateway.pid()) >> 20), "<= 60 MB");
    tell("its share of a processor", format!("{share:.2} %"), "not measurable");
}
