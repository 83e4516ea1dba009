//! The same with the real agent, where it is built: beside the test, or where `DORMER_AGENT` says.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dormer_core::ports::runtime::{Runtime as _, Seen};
use dormer_core::workspace::{EditorKind, fixture};
use dormer_wire::dial::{Dialer, DoorStream};
use dormer_wire::door::{Door, Want};
use dormer_wire::message;
use dormer_wire::report::{AgentState, AgentStatus};

use super::super::record::Record;
use super::{SOON, plan, runtime, until_ended};

fn agent() -> Option<PathBuf> {
    let named = std::env::var_os("DORMER_AGENT").map(PathBuf::from);
    let beside = std::env::current_exe().unwrap().parent()?.parent()?.join("dormer-agent");
    [named, Some(beside)].into_iter().flatten().find(|path| path.is_file())
}

async fn listen(door: &Door) -> DoorStream {
    let deadline = Instant::now() + SOON;
    loop {
        match Dialer::local().dial(door, Want::Status, SOON).await {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

async fn until_ready(stream: &mut DoorStream) -> AgentStatus {
    loop {
        let status: AgentStatus = message::read(stream).await.unwrap().unwrap();
        assert_ne!(status.state, AgentState::Failed, "{status:?}");
        if status.state == AgentState::Ready {
            return status;
        }
    }
}

#[tokio::test]
async fn a_real_agent_is_started_stopped_and_killed() {
    let Some(agent) = agent() else { return };
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime(folder.path(), &agent);
    let mut workspace = fixture("hello", "ann");
    workspace.spec.editor = EditorKind::None;
    let record = runtime.places.of(&workspace).record;
    let instance = format!("real-{}", folder.path().display());

    let door = runtime.start(&workspace, &instance, &plan()).await.unwrap().unwrap();
    let mut stream = listen(&door).await;
    assert_eq!(until_ready(&mut stream).await.instance, instance);
    let agent = Record::load(&record).unwrap().unwrap().agent.unwrap();
    assert!(matches!(runtime.look(&workspace).await.unwrap(), Seen::Alive { .. }));
    let asked = Instant::now();
    runtime.stop(&workspace, Duration::from_secs(5)).await.unwrap();
    assert!(!agent.is_alive() && asked.elapsed() < Duration::from_secs(5), "it did not stop when it was asked");
    while let Ok(Some(_)) = message::read::<AgentStatus>(&mut stream).await {}
    assert_eq!(runtime.look(&workspace).await.unwrap(), Seen::Absent);

    let door = runtime.start(&workspace, &instance, &plan()).await.unwrap().unwrap();
    until_ready(&mut listen(&door).await).await;
    let agent = Record::load(&record).unwrap().unwrap().agent.unwrap();
    agent.signal(libc::SIGKILL).unwrap();
    until_ended(agent).await;
    assert_eq!(runtime.look(&workspace).await.unwrap(), Seen::Lost);
    runtime.stop(&workspace, Duration::ZERO).await.unwrap();
    assert_eq!(runtime.look(&workspace).await.unwrap(), Seen::Absent);
}
