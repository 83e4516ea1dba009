//! Commands at their events, and the end of everything.

use std::time::{Duration, Instant};

use dormer_wire::dial::DialError;
use dormer_wire::door::{RefusalCode, Want};
use dormer_wire::report::{AgentState, AgentStatus, StepState};
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::fixture::{Agent, LIMIT};

#[tokio::test]
async fn commands_run_at_their_events() {
    let mut agent = Agent::start(|assignment, folder| {
        let exec = |id: &str, line: &str| json!({"id": id, "exec": {"line": line}});
        assignment["env"].as_array_mut().unwrap().push(json!({"name": "OUT", "value": folder.join("out")}));
        assignment["commands"] = json!([
            exec("one", "echo one-$DORMER_WORKSPACE | tee -a $OUT"),
            {"id": "two", "exec": {"line": "pwd; echo \"$X\" >> $OUT", "working_dir": "${HOME}", "env": [{"name": "X", "value": "$(OUT)!"}]}},
            {"id": "both", "composite": {"commands": ["one", "two"], "parallel": false}},
            exec("bad", "echo oh no >&2; exit 3"),
            exec("server", "exec sleep 1000"),
            {"id": "later", "composite": {"commands": ["bad", "server"], "parallel": true}},
            exec("before", "echo before >> $OUT"),
            exec("after", "echo after >> $OUT"),
        ]);
        assignment["events"] = json!({
            "preStart": ["both"], "postStart": ["later"], "preStop": ["before"], "postStop": ["after"],
        });
    });
    let status = agent.ready().await;
    assert_eq!(status.steps.iter().map(|step| step.state).collect::<Vec<_>>()[1], StepState::Done);
    let found = |status: &AgentStatus| {
        let bad = status.commands.iter().any(|command| command.id == "bad" && command.exit == Some(3));
        bad && status.commands.iter().any(|command| command.id == "server" && command.running)
    };
    let status = agent.until("both postStart commands begun", found).await;
    assert_eq!(status.state, AgentState::Ready, "a failing postStart command does not fail the workspace");

    let mut log = String::new();
    let want = Want::Logs { name: "bad".into(), tail: Some(3), follow: false };
    agent.want(want).await.unwrap().read_to_string(&mut log).await.unwrap();
    assert_eq!(log, "no\n");
    for (name, code) in [("none", RefusalCode::NotFound), ("../assignment", RefusalCode::NotFound)] {
        let want = Want::Logs { name: name.into(), tail: None, follow: false };
        assert!(matches!(agent.want(want).await, Err(DialError::Refused(refusal)) if refusal.code == code));
    }
    let mut follow = agent.want(Want::Logs { name: "server".into(), tail: None, follow: true }).await.unwrap();
    std::fs::OpenOptions::new()
        .append(true)
        .open(agent.path("logs/server.log"))
        .map(|mut file| {
            std::io::Write::write_all(&mut file, b"more").unwrap();
        })
        .unwrap();
    let mut more = [0u8; 4];
    tokio::time::timeout(LIMIT, follow.read_exact(&mut more)).await.unwrap().unwrap();
    assert_eq!(&more, b"more");

    agent.stop().await;
    let out = std::fs::read_to_string(agent.path("out")).unwrap();
    assert_eq!(out, format!("one-demo\n{}!\nbefore\nafter\n", agent.path("out").display()));
}

#[tokio::test]
async fn a_failing_command_before_the_start_fails_it() {
    let agent = Agent::start(|assignment, _| {
        assignment["commands"] = json!([
            {"id": "bad", "exec": {"line": "echo the reason; exit 7"}},
            {"id": "loop", "composite": {"commands": ["loop"], "parallel": false}},
        ]);
        assignment["events"] = json!({"preStart": ["bad"]});
    });
    let failure = agent.until("failed", |status| status.failure.is_some()).await.failure.unwrap();
    assert_eq!(
        (failure.reason.as_str(), failure.log.as_str(), failure.tail.as_str()),
        ("CommandFailed", "bad", "the reason")
    );
}

#[tokio::test]
async fn a_stop_leaves_no_process() {
    let mut agent = Agent::start(|_, _| {});
    agent.ready().await;
    // A daemon that left session and parent, one that ignores TERM, one that is stopped.
    agent
        .run("setsid sh -c 'trap \"\" TERM HUP; (setsid sleep 1001 &) ; while :; do sleep 1; done' >/dev/null 2>&1 &")
        .await;
    // Its outputs first: one that is stopped before it has let go of them holds the session.
    agent.run("exec >/dev/null 2>&1; setsid sleep 1002 & kill -STOP $!").await;
    let began = Instant::now();
    while agent.marked().len() < 4 {
        assert!(began.elapsed() < LIMIT, "{:?}", agent.marked());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _open = agent.exec("sleep 1003").await;
    agent.stop().await;
    assert_eq!(agent.marked(), Vec::<String>::new());
    assert!(!agent.path("run/door.sock").exists());
    assert!(matches!(agent.want(Want::Status).await, Err(DialError::Absent(_))));
}
