//! Many at once.

use dormer_tests::wait;
use serde_json::json;

use crate::cluster::STARTED;
use crate::space::Space;

/// As many as come back from a break.
const MANY: usize = 20;
const DEVFILE: &str = "schemaVersion: 2.3.0\nmetadata: {name: x}\ncomponents:\n  - name: dev\n    container: {image: 'dormer.test/busybox:dev', cpuRequest: 1m, memoryRequest: 1Mi}\n";

#[test]
fn a_crowd_that_is_woken_at_once_all_comes_and_none_twice() {
    let space = Space::alone("crowd");
    let cluster = space.cluster;
    let names: Vec<String> = (0..MANY).map(|n| format!("crowd{n}")).collect();
    // Without claims: how fast a cluster makes volumes is not what is asked here.
    for name in &names {
        let workspace = space.workspace(name).set("running", json!(false)).devfile(DEVFILE);
        workspace.set("storage", json!({"strategy": "ephemeral"})).submit();
    }
    let replicas = cluster.replicas();
    assert_eq!(replicas.len(), 2);
    let begun = std::time::Instant::now();
    std::thread::scope(|scope| {
        // Everybody comes twice, once by each replica.
        for replica in &replicas {
            for part in names.chunks(MANY / 5) {
                scope.spawn(move || {
                    for name in part {
                        let path = format!("/workspaces/{name}");
                        replica.api("PATCH", &path, Some(json!({"running": true}))).expect(200);
                    }
                });
            }
        }
    });
    let mut up = 0;
    let all = wait::poll(3 * STARTED, || {
        let list = cluster.object(&["-n", &space.namespace(), "workspaces.dormer.dev"])?;
        let phases = list["items"].as_array()?.iter().map(|item| item["status"]["phase"].as_str().unwrap_or_default());
        up = phases.filter(|phase| *phase == "Running").count();
        (up == MANY).then_some(())
    });
    eprintln!("{up} of {MANY} are up after {:.1} s", begun.elapsed().as_secs_f64());
    assert!(all.is_some(), "{up} of {MANY} came");
    // Each pod that there ever was had to be given to the node.
    let given = space.told(&["get", "events", "--field-selector=reason=Scheduled", "-o", "name", "--chunk-size=0"]);
    assert_eq!(given.lines().count(), MANY, "each of them was one pod");
    space.told(&["delete", "ws", "--all", "--wait=false"]);
    wait::until("all of them are gone", 3 * STARTED, || space.names("ws,pods").is_empty().then_some(()));
}
