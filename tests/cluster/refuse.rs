//! What cannot run says so within seconds, to whoever asks.

use std::time::{Duration, Instant};

use dormer_tests::wait;
use serde_json::Value;

use crate::space::Space;

fn devfile(container: &str) -> String {
    format!("schemaVersion: 2.3.0\nmetadata: {{name: x}}\ncomponents:\n  - name: dev\n    container: {container}\n")
}

/// Waits until the workspace says what is wrong with it.
#[track_caller]
fn complaint(space: &Space, name: &str, container: &str) -> Value {
    let begun = Instant::now();
    let workspace = space.workspace(name).devfile(&devfile(container)).submit();
    let told = wait::until(&format!("{name} says what is wrong"), Duration::from_secs(60), || {
        let told = workspace.get();
        let reason = told["reason"].as_str().unwrap_or_default().to_string();
        let failed = told["phase"] == "Failed";
        (failed || ["ImagePull", "Unschedulable", "CrashLoop"].iter().any(|word| reason.contains(word))).then_some(told)
    });
    eprintln!("{name}: {:?}: {} {}", begun.elapsed(), told["reason"], told["message"]);
    workspace.delete();
    told
}

#[test]
fn an_image_that_is_not_there_is_named() {
    let space = Space::new("noimage");
    let told = complaint(&space, "noimage", "{image: 'dormer.test/no-such-image:1'}");
    assert!(told["message"].as_str().unwrap_or_default().contains("dormer.test/no-such-image:1"), "{told:#}");
}

#[test]
fn a_pod_that_no_node_has_room_for_says_what_it_wants() {
    let space = Space::new("noroom");
    let told = complaint(&space, "noroom", "{image: 'dormer.test/workspace-base:dev', memoryRequest: 900Gi, memoryLimit: 900Gi}");
    let message = told["message"].as_str().unwrap_or_default().to_lowercase();
    assert!(message.contains("memory"), "{told:#}");
}
