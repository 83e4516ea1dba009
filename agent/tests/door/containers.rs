//! A workspace of several containers: an agent in each, and one that answers for all. Here they are processes that share
//! a folder, as the containers of a pod do.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dormer_wire::dial::DialError;
use dormer_wire::door::{Door, Exec, RefusalCode, Want};
use dormer_wire::frame::Frame;
use dormer_wire::report::AgentState;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::fixture::{Agent, LIMIT};

async fn log(agent: &Agent, name: &str) -> String {
    let mut log = String::new();
    let want = Want::Logs { name: name.into(), tail: None, follow: false };
    agent.want(want).await.unwrap().read_to_string(&mut log).await.unwrap();
    log
}

/// The agent of a database's container, at `door`. What the container runs ends once there is a file `stop` beside it.
fn database(door: &Path) -> Agent {
    let stop = door.with_file_name("stop").display().to_string();
    Agent::start(|assignment, folder| {
        assignment["container"] = "db".into();
        assignment["door"] = json!(Door::Unix(door.to_owned()));
        assignment["wholeNetwork"] = true.into();
        assignment["env"].as_array_mut().unwrap().push(json!({"name": "WHERE", "value": "db"}));
        let line = format!("echo up in $WHERE; while [ ! -e {stop} ]; do sleep 0.02; done; exit 9");
        assignment["entrypoint"] = json!(["/bin/sh", "-c", line]);
        assignment["commands"] = json!([
            {"id": "load", "exec": {"line": "echo loading in $WHERE; echo $EXTRA", "env": [{"name": "EXTRA", "value": "$(WHERE)!"}]}},
            {"id": "bad", "exec": {"line": "echo oh no; exit 3"}},
        ]);
        std::fs::create_dir_all(folder.join("projects")).unwrap();
    })
}

#[tokio::test]
async fn the_main_agent_answers_for_all() {
    let shared = tempfile::tempdir().unwrap();
    let door = shared.path().join("db.sock");
    let main = Agent::start(|assignment, _| {
        assignment["siblings"] = json!([{"container": "db", "door": Door::Unix(door.clone())}]);
        assignment["commands"] = json!([
            {"id": "load", "exec": {"line": "exit 99"}, "container": "db"},
            {"id": "bad", "exec": {"line": "exit 99"}, "container": "db"},
            {"id": "here", "exec": {"line": "echo here"}},
            {"id": "all", "composite": {"commands": ["load", "here"], "parallel": false}},
        ]);
        assignment["events"] = json!({"preStart": ["all"], "postStart": ["bad"]});
    });
    // A command waits for its container.
    main.until("waiting", |status| status.commands.iter().any(|command| command.id == "load" && command.running)).await;
    let mut db = database(&door);
    main.ready().await;
    assert_eq!(log(&main, "load").await, "loading in db\ndb!\n");
    assert_eq!(log(&main, "here").await, "here\n");
    let status = main
        .until("told of the bad one", |status| status.commands.iter().any(|one| one.id == "bad" && one.exit == Some(3)))
        .await;
    assert_eq!(status.state, AgentState::Ready);
    assert_eq!(log(&main, "bad").await, "oh no\n");

    // A shell in it, and none where there is no such container.
    let exec = |container: &str| Exec {
        command: Some("echo $WHERE $DORMER_INSTANCE; exit 4".into()),
        container: Some(container.into()),
        ..Exec::default()
    };
    let (out, _, exit) = main.session(exec("db")).await.finish().await;
    let instance = format!("test-{}", db.folder.path().file_name().unwrap().to_string_lossy());
    assert_eq!((String::from_utf8_lossy(&out).trim(), exit), (format!("db {instance}").as_str(), Frame::Exit(4)));
    let (out, ..) = main.session(exec("main")).await.finish().await;
    assert!(!String::from_utf8_lossy(&out).contains("db"));
    let refused = main.want(Want::Exec(exec("web"))).await;
    assert!(matches!(refused, Err(DialError::Refused(refusal)) if refusal.code == RefusalCode::NotFound));

    // What the container itself runs, while it does and how it ended.
    assert_eq!(log(&main, "container-db").await, "up in db\n");
    let status = main.until("up", |status| status.containers.iter().any(|one| one.name == "db" && one.up)).await;
    assert_eq!(status.containers[0].exit, None);
    assert!(status.activity.is_some(), "a command in another container is one of the workspace");
    std::fs::write(shared.path().join("stop"), "").unwrap();
    let status = main.until("told of its end", |status| status.containers[0].exit == Some(9)).await;
    assert_eq!((status.state, status.containers[0].up), (AgentState::Ready, true));
    let (out, ..) = main.session(exec("db")).await.finish().await;
    assert!(String::from_utf8_lossy(&out).starts_with("db"), "its end is not the container's");

    db.child.kill().unwrap();
    db.child.wait().unwrap();
    let status = main.until("gone", |status| status.containers.iter().any(|one| !one.up)).await;
    assert_eq!((status.state, status.containers[0].exit), (AgentState::Ready, Some(9)));
    let refused = main.want(Want::Exec(exec("db"))).await;
    assert!(matches!(refused, Err(DialError::Refused(refusal)) if refusal.code == RefusalCode::NotReady));
}

#[tokio::test]
async fn an_agent_tells_how_it_is_by_its_exit_status() {
    let mut agent = Agent::start(|assignment, folder| {
        let line = format!("while [ ! -e {}/go ]; do sleep 0.02; done", folder.display());
        assignment["commands"] = json!([{"id": "wait", "exec": {"line": line}}]);
        assignment["events"] = json!({"preStart": ["wait"]});
    });
    agent.until("up", |_| true).await;
    assert_eq!((agent.health(&[]), agent.health(&["--live"])), (Some(1), Some(0)));
    std::fs::write(agent.path("go"), "").unwrap();
    agent.ready().await;
    assert_eq!(agent.health(&[]), Some(0));
    agent.stop().await;
    assert_eq!((agent.health(&[]), agent.health(&["--live"])), (Some(2), Some(2)));
}

#[tokio::test]
async fn an_agent_can_be_there_beside_something_else() {
    let mut agent = Agent::start(|_, _| {});
    agent.ready().await;
    agent.stop().await;
    // The same one again, in the background: it listens once the program has returned.
    let detach = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dormer-agent"));
        command.args(["run", "--detach", "--assignment"]).arg(agent.path("assignment.json"));
        // With pipes: whoever reads them to their end must not have to wait for the agent's.
        command.stdin(Stdio::null()).output().unwrap().status
    };
    assert!(detach().success());
    assert_eq!(agent.run("echo there").await.0, "there\n");
    assert!(agent.health(&[]).is_some_and(|exit| exit < 2));
    let stop = agent.want(Want::Stop { grace_seconds: 1 }).await.unwrap();
    let began = Instant::now();
    while agent.health(&["--live"]) != Some(2) {
        assert!(began.elapsed() < LIMIT, "it does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stop);
    // One that cannot be is told.
    std::fs::write(agent.path("assignment.json"), "{}").unwrap();
    assert!(!detach().success());
}
