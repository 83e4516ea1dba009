//! Two replicas, one of which may go at any moment; and an API server that may.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use dormer_tests::wait;

use crate::cluster::NAMESPACE;
use crate::space::Space;

/// An ssh session that answers each line, for as long as it is open.
pub struct Session {
    child: std::process::Child,
    input: std::process::ChildStdin,
    output: BufReader<std::process::ChildStdout>,
}

impl Session {
    /// Of a command of ssh.
    pub fn open(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ssh runs");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Session { child, input, output }
    }

    /// Whether a line comes back.
    pub fn echo(&mut self, line: &str) -> bool {
        let mut back = String::new();
        writeln!(self.input, "{line}").is_ok() && self.output.read_line(&mut back).is_ok() && back.trim_end() == line
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn replicas(space: &Space) -> Vec<String> {
    let names = space.cluster.told(&[
        "-n",
        NAMESPACE,
        "get",
        "pods",
        "-l",
        "app.kubernetes.io/name=dormer",
        "--field-selector=status.phase=Running",
        "-o",
        "name",
    ]);
    names.lines().map(String::from).collect()
}

#[test]
fn a_replica_that_is_killed_takes_nothing_along_and_the_leader_neither() {
    let space = Space::alone("replica");
    let workspace = space.workspace("served").create();
    workspace.run("echo kept > \"$HOME/kept\"");
    let uid = workspace.pod().expect("a pod")["metadata"]["uid"].clone();
    assert_eq!(replicas(&space).len(), 2);
    // Who leads is killed while a start is under way.
    let lease = space.cluster.object(&["-n", NAMESPACE, "leases"]).expect("leases");
    let holder = lease["items"].as_array().into_iter().flatten().find_map(|lease| {
        let holder = lease["spec"]["holderIdentity"].as_str()?;
        replicas(&space).into_iter().find(|name| holder.contains(name.trim_start_matches("pod/")))
    });
    let leader = holder.unwrap_or_else(|| panic!("nobody leads: {lease:#}"));
    let started = space.workspace("begun").submit();
    space.cluster.told(&["-n", NAMESPACE, "delete", &leader, "--grace-period=0", "--force"]);
    started.wait_for("Running");
    assert_eq!(started.run("echo x"), "x");
    // The other one, too, once there are two again.
    space.cluster.ready();
    let other = replicas(&space).into_iter().find(|name| *name != leader).expect("another");
    space.cluster.told(&["-n", NAMESPACE, "delete", &other, "--grace-period=0", "--force"]);
    space.cluster.ready();
    wait::until("it is reached", wait::LONG, || {
        (workspace.login().run("cat \"$HOME/kept\"").stdout == b"kept\n").then_some(())
    });
    assert_eq!(workspace.pod().expect("a pod")["metadata"]["uid"], uid, "the same pod as before");
}

#[test]
fn an_api_server_that_is_away_ends_no_session_and_refuses_no_new_one_to_what_runs() {
    let space = Space::alone("away");
    let workspace = space.workspace("away").create();
    let mut session = Session::open(workspace.login().ssh(&["-T"], &["cat"]));
    assert!(session.echo("before"));
    space.cluster.part("kill", "api");
    // What is read anew afterwards is not what was seen before: the next API server knows no version of its watches.
    space.cluster.part("kill", "etcd");
    assert!(session.echo("while it is away"));
    let output = workspace.login().run("echo a new one");
    let during = output.stdout == b"a new one\n";
    let page = workspace.site().request("GET", "/").try_send().map(|answer| answer.status);
    space.cluster.part("start", "etcd");
    space.cluster.part("start", "api");
    // Before any gateway has found its way back to its watches, most likely.
    space.told(&["annotate", "ws", "away", "example.org/seen=yes"]);
    space.told(&["patch", "ws", "away", "--type", "merge", "-p", r#"{"spec":{"displayName":"Changed"}}"#]);
    assert!(session.echo("after"));
    assert!(during, "{output:?}");
    assert!(page.is_ok(), "the gateway itself answers: {page:?}");
    wait::until("the gateway goes on", wait::LONG, || {
        let answer = space.cluster.apex().try_api("GET", "/workspaces/away", None).ok()?;
        (answer.status == 200 && answer.value()["displayName"] == "Changed").then_some(())
    });
    for replica in space.cluster.replicas() {
        wait::until("each replica hears of what happens again", wait::LONG, || {
            let answer = replica.try_api("GET", "/workspaces/away", None).ok()?;
            (answer.status == 200 && answer.value()["displayName"] == "Changed").then_some(())
        });
    }
    workspace.stop();
}

#[test]
fn what_one_replica_made_another_knows_at_once_and_wakes() {
    let space = Space::new("twins");
    let replicas = space.cluster.replicas();
    let [one, other] = &replicas[..] else { panic!("two replicas are ready, not {}", replicas.len()) };
    for turn in 0..12 {
        let (made_by, asked) = if turn % 2 == 0 { (one, other) } else { (other, one) };
        let name = format!("twin{turn}");
        let body = serde_json::json!({"name": name, "project": "twins", "editor": "none", "running": false});
        // Both have heard of the project a moment after it was made.
        let made = wait::until("it is made", wait::LONG, || {
            let answer = made_by.api("POST", "/workspaces", Some(body.clone()));
            (answer.status != 422 && answer.status != 404).then_some(answer.status)
        });
        assert_eq!(made, 201);
        let answer = asked.api("GET", &format!("/workspaces/{name}"), None);
        assert_eq!(answer.status, 200, "{name} is known at the other replica");
        let page = asked.request("GET", "/").try_send();
        assert!(page.is_ok());
        let host = dormer_tests::person::Site { host: format!("{name}.{}", asked.host), ..asked.clone() };
        assert_ne!(host.get("/").status, 404);
    }
    // Woken at one, seen by both.
    let wake = serde_json::json!({"running": true});
    other.api("PATCH", "/workspaces/twin0", Some(wake)).expect(200);
    for replica in &replicas {
        wait::until("it is up for both", crate::cluster::STARTED, || {
            (replica.api("GET", "/workspaces/twin0", None).value()["phase"] == "Running").then_some(())
        });
    }
    assert_eq!(space.named("twin0").run("echo x"), "x");
}
