//! The node goes away under a workspace.

use dormer_tests::wait;
use serde_json::json;

use crate::cluster::STARTED;
use crate::fault::comes_up;
use crate::sleep::{FILL, SUM};
use crate::space::{Space, Workspace};

/// What a record says, read with kubectl: the gateway is on the node that is away.
fn status(space: &Space, name: &str) -> (String, String) {
    let object = space.object("ws", name).unwrap_or_default();
    let field = |name: &str| object["status"][name].as_str().unwrap_or_default().to_string();
    (field("phase"), format!("{} {}", field("reason"), field("message")))
}

fn same_files(workspace: &Workspace<'_>, before: &str) {
    wait::until("its files are there", STARTED, || {
        let output = workspace.login().run(SUM);
        (String::from_utf8_lossy(&output.stdout).trim_end() == before).then_some(())
    });
}

#[test]
fn a_node_that_is_drained_says_so_and_the_workspace_is_back_when_there_is_room() {
    let space = Space::alone("drained");
    let workspace = space.workspace("drained").create();
    workspace.run(FILL);
    let before = workspace.run(SUM);
    let uid = workspace.pod().expect("a pod")["metadata"]["uid"].clone();
    // Only this pod: the gateway has no other node to go to.
    let selector = "--pod-selector=dormer.dev/workspace=drained";
    space.cluster.told(&["drain", "node", selector, "--force", "--delete-emptydir-data", "--timeout=60s"]);
    let evicted = wait::poll(STARTED, || {
        let (phase, why) = status(&space, "drained");
        (phase == "Failed" && why.contains("Evicted")).then_some(why)
    });
    let waits = evicted.as_ref().and_then(|_| {
        workspace.change(json!({"running": true}));
        wait::poll(STARTED, || {
            let (phase, why) = status(&space, "drained");
            (phase == "Starting" && why.contains("Unschedulable")).then_some(why)
        })
    });
    let now = status(&space, "drained");
    space.cluster.told(&["uncordon", "node"]);
    eprintln!("drained: {evicted:?}; then {waits:?}");
    assert!(evicted.is_some_and(|why| why.contains("'node'")), "who ended it is told: {now:?}");
    assert!(waits.is_some_and(|why| why.contains("emptied")), "what it waits for is told: {now:?}");
    comes_up(&workspace);
    assert_ne!(workspace.pod().expect("a pod")["metadata"]["uid"], uid);
    same_files(&workspace, &before);
    workspace.stop();
}

#[test]
fn a_kubelet_that_stopped_ends_no_session_and_what_waits_for_it_is_told() {
    let space = Space::alone("unled");
    let runs = space.workspace("runs").create();
    runs.run(FILL);
    let before = runs.run(SUM);
    let waits = space.workspace("waits").set("running", json!(false)).submit();
    space.cluster.part("kill", "kubelet");
    assert_eq!(runs.run("echo on"), "on", "what runs does not need it");
    waits.change(json!({"running": true}));
    let told = wait::poll(STARTED, || {
        let (phase, why) = status(&space, "waits");
        (phase != "Running" && why.contains("NodeSilent")).then_some(why)
    });
    space.cluster.part("start", "kubelet");
    let told = told.unwrap_or_else(|| panic!("nothing was said: {:?}", status(&space, "waits")));
    eprintln!("without a kubelet: {told}");
    space.cluster.ready();
    comes_up(&waits);
    comes_up(&runs);
    same_files(&runs, &before);
}
