//! A stopped workspace has no pod, and everything that it had on its claim.

use serde_json::json;

use crate::space::{Space, Workspace};
use crate::visit::repository;

/// Makes files with all that a file has, and what they come to.
pub const FILL: &str = "mkdir -p \"$HOME/kept\" && cd \"$HOME/kept\" && head -c 2000000 /dev/urandom > bytes && \
                    ln -sf bytes link && chmod 640 bytes && touch -d 2001-02-03 old && echo \"$RANDOM\" > \"/projects/other\"";
/// Says all of that.
pub const SUM: &str =
    "cd \"$HOME/kept\" && { sha256sum bytes /projects/other; stat -c '%n %a %s %Y %U' bytes old; readlink link; }";

fn sleeps_and_wakes(workspace: &Workspace<'_>, wake: impl FnOnce()) {
    let before = workspace.run(SUM);
    let uid = workspace.pod().expect("a pod")["metadata"]["uid"].clone();
    workspace.stop();
    wake();
    workspace.wait_for("Running");
    assert_eq!(workspace.run(SUM), before, "what was on the claim is there, octet by octet");
    assert_ne!(workspace.pod().expect("a pod")["metadata"]["uid"], uid, "it is another pod");
}

#[test]
fn each_way_in_wakes_a_stopped_workspace_and_its_files_are_there() {
    let space = Space::new("wake");
    let (_git, repository) = repository("waking", 3000);
    let workspace = space.workspace("waking").from(&repository).create();
    workspace.run(FILL);

    sleeps_and_wakes(&workspace, || {
        let page = workspace.site().visit("/");
        assert!([200, 503].contains(&page.status), "a page that waits: {}", page.status);
        assert!(page.field("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    });
    sleeps_and_wakes(&workspace, || {
        let output = workspace.login().run("echo awake");
        assert_eq!(output.stdout, b"awake\n", "{output:?}");
    });
    sleeps_and_wakes(&workspace, || drop(space.cluster.dormer(&["start", "waking"])));
    sleeps_and_wakes(&workspace, || {
        space.told(&["patch", "ws", "waking", "--type", "merge", "-p", r#"{"spec":{"running":true}}"#]);
    });
    assert_eq!(workspace.run("wc -l < \"$HOME/starts\""), "5", "each wake was one start");
}

#[test]
fn an_idle_workspace_has_no_pod_after_a_while_and_says_why() {
    let space = Space::new("idle");
    let workspace = space.workspace("idler").idle_after(6).create();
    workspace.wait_for("Stopped");
    workspace.asleep();
    let told = workspace.get();
    assert!(told["reason"].as_str().is_some_and(|reason| reason.contains("Idle")), "{told:#}");
    assert_eq!(workspace.claims().len(), 1);
    // A tab that was left open wakes nothing.
    for _ in 0..3 {
        let request =
            workspace.site().request("GET", "/poll").with("sec-fetch-mode", "cors").with("sec-fetch-dest", "empty");
        assert_ne!(request.send().status, 200);
    }
    assert_eq!(workspace.get()["running"], false);
    assert!(workspace.pod().is_none());
}

#[test]
fn a_pod_that_is_deleted_by_hand_is_told_and_the_workspace_comes_back_with_its_files() {
    let space = Space::new("killed");
    let workspace = space.workspace("killed").create();
    workspace.run(FILL);
    let before = workspace.run(SUM);
    let name = workspace.pod().expect("a pod")["metadata"]["name"].as_str().expect("a name").to_string();
    space.told(&["delete", "pod", &name, "--wait=true", "--grace-period=1"]);
    // Whatever the gateway makes of it, starting it again is enough.
    workspace.change(json!({"running": true}));
    let output = workspace.login().run(SUM);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), before, "{output:?}");
}
