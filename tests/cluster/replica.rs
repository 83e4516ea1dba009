//! Two replicas, one of which may go at any moment; and an API server that may.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use dormer_tests::wait;

use crate::cluster::NAMESPACE;
use crate::space::Space;

/// An ssh session that answers each line, for as long as it is open.
struct Session {
    child: std::process::Child,
    input: std::process::ChildStdin,
    output: BufReader<std::process::ChildStdout>,
}

impl Session {
    fn open(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ssh runs");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Session { child, input, output }
    }

    fn echo(&mut self, line: &str) -> bool {
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
        "-n", NAMESPACE, "get", "pods", "-l", "app.kubernetes.io/name=dormer", "--field-selector=status.phase=Running", "-o", "name",
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
    assert!(session.echo("while it is away"));
    let output = workspace.login().run("echo a new one");
    let during = output.stdout == b"a new one\n";
    space.cluster.part("start", "api");
    assert!(session.echo("after"));
    assert!(during, "{output:?}");
    wait::until("the gateway goes on", wait::LONG, || {
        let answer = space.cluster.apex().try_api("GET", "/workspaces/away", None).ok()?;
        (answer.status == 200).then_some(())
    });
    workspace.stop();
}
