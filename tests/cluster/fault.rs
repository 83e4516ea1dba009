//! What goes wrong with one workspace: after it, the files are what they were, the phase is true, and nothing is left over.

use std::time::Duration;

use dormer_tests::wait;
use serde_json::json;

use crate::cluster::{NAMESPACE, STARTED};
use crate::sleep::{FILL, SUM};
use crate::space::{Space, Workspace};

const SMALL: &str =
    "schemaVersion: 2.3.0\nmetadata: {name: x}\ncomponents:\n  - name: dev\n    container: {image: 'IMAGE'}\n";

/// Asks for it to run, and waits until it says why it does not.
#[track_caller]
pub fn fails(workspace: &Workspace<'_>, reasons: &[&str]) -> String {
    workspace.change(json!({"running": true}));
    let told = wait::until(&format!("{} says {reasons:?}", workspace.name), STARTED, || {
        let told = workspace.get();
        let reason = told["reason"].as_str().unwrap_or_default();
        reasons.iter().any(|word| reason.contains(word)).then_some(told)
    });
    assert_ne!(told["phase"], "Running", "{told:#}");
    told["message"].as_str().unwrap_or_default().to_string()
}

/// Asks for it to run, until it does: what was in the way is gone by now.
#[track_caller]
pub fn comes_up(workspace: &Workspace<'_>) {
    let (apex, path) = (workspace.space.cluster.apex(), format!("/workspaces/{}", workspace.name));
    wait::until(&format!("{} is up", workspace.name), STARTED, || {
        // The gateway itself may be on its way back.
        let told = apex.try_api("GET", &path, None).ok().filter(|answer| answer.status == 200)?.value();
        if told["running"] != true {
            let _ = apex.try_api("PATCH", &path, Some(json!({"running": true})));
        }
        (told["phase"] == "Running").then_some(())
    });
}

#[test]
fn an_agent_or_an_editor_that_is_killed_takes_no_file_along_and_comes_back() {
    let space = Space::new("struck");
    let workspace = space.workspace("struck").with_editor().create();
    workspace.run(FILL);
    let before = workspace.run(SUM);

    wait::until("the editor answers", STARTED, || (workspace.site().visit("/").status == 200).then_some(()));
    // The pattern's brackets keep the shell which asks from being among those it asks for.
    let strike = "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '[s]erver-main' && \
                  kill -9 ${p#/proc/} && echo killed; done; true";
    assert_ne!(workspace.run(strike), "", "there is an editor to kill");
    wait::until("the editor is back", STARTED, || {
        // What was under way when it died may end without an answer.
        let answer = workspace.site().request("GET", "/").navigation().try_send().ok()?;
        (answer.status == 200).then_some(())
    });

    let pod = workspace.pod().expect("a pod");
    let id = pod["status"]["containerStatuses"][0]["containerID"].as_str().expect("a container");
    space.cluster.containers(&["tasks", "kill", "--signal", "SIGKILL", id.trim_start_matches("containerd://")]);
    wait::until("its end was noticed", STARTED, || {
        let now = workspace.pod();
        (now.is_none_or(|now| now["metadata"]["uid"] != pod["metadata"]["uid"])).then_some(())
    });
    comes_up(&workspace);
    wait::until("it is reached", STARTED, || {
        let output = workspace.login().run(SUM);
        (String::from_utf8_lossy(&output.stdout).trim_end() == before).then_some(())
    });
    workspace.stop();
}

#[test]
fn a_claim_that_is_gone_is_not_made_anew_before_somebody_says_so() {
    let space = Space::new("lost");
    let workspace = space.workspace("lost").create();
    workspace.run("echo mine > \"$HOME/mine\"");
    workspace.stop();
    let claim = workspace.claims()[0]["metadata"]["name"].as_str().expect("a name").to_string();
    space.told(&["delete", "pvc", &claim, "--wait=true", "--timeout=60s"]);

    let said = fails(&workspace, &["ClaimMissing"]);
    assert!(said.contains(&claim) && said.contains("dormer.dev/claim-"), "{said}");
    assert!(workspace.claims().is_empty(), "no empty one in its place");
    assert!(workspace.pod().is_none());
    // Again, and from the outside: a visit brings no empty home either.
    workspace.site().visit("/");
    fails(&workspace, &["ClaimMissing"]);
    assert!(workspace.claims().is_empty());

    space.told(&["annotate", "ws", "lost", "dormer.dev/claim-"]);
    comes_up(&workspace);
    assert_eq!(workspace.run("ls \"$HOME/mine\" 2>/dev/null | wc -l"), "0");
    workspace.stop();
}

#[test]
fn an_image_that_is_gone_is_named_and_its_files_wait_for_it() {
    let space = Space::new("imageless");
    let image = "dormer.test/passing:1";
    space.cluster.containers(&["images", "tag", "--force", "dormer.test/busybox:dev", image]);
    let workspace = space.workspace("imageless").devfile(&SMALL.replace("IMAGE", image)).create();
    workspace.run("echo mine > \"$HOME/mine\"");
    workspace.stop();
    space.cluster.containers(&["images", "remove", image]);
    // containerd tells its other half of it a moment later.
    std::thread::sleep(Duration::from_secs(1));
    let said = fails(&workspace, &["Image", "Registry"]);
    assert!(said.contains(image), "{said}");
    space.cluster.containers(&["images", "tag", "--force", "dormer.test/busybox:dev", image]);
    comes_up(&workspace);
    assert_eq!(workspace.run("cat \"$HOME/mine\""), "mine");
    workspace.stop();
    space.cluster.containers(&["images", "remove", image]);
}

#[test]
fn a_quota_that_was_lowered_is_said_and_what_runs_goes_on() {
    let space = Space::new("poor");
    let running = space.workspace("running").create();
    let workspace = space.workspace("poor").create();
    workspace.run("echo mine > \"$HOME/mine\"");
    workspace.stop();
    let limit = |limits: serde_json::Value| {
        let change = json!({"spec": {"limits": limits}}).to_string();
        let project = ["-n", NAMESPACE, "patch", "projects.dormer.dev", "poor", "--type", "merge", "-p", &change];
        space.cluster.told(&project);
    };
    limit(json!({"pods": 1}));
    wait::until("the namespace has the quota", STARTED, || space.object("resourcequota", "dormer"));
    let said = fails(&workspace, &["Quota"]);
    assert!(said.contains("pods"), "{said}");
    assert_eq!(running.run("echo on"), "on");
    limit(json!({"pods": 10}));
    wait::until("the quota is raised", STARTED, || {
        let quota = space.object("resourcequota", "dormer")?;
        (quota["spec"]["hard"]["pods"] == "10").then_some(())
    });
    comes_up(&workspace);
    assert_eq!(workspace.run("cat \"$HOME/mine\""), "mine");
}
