//! With a script in the agent's place: what is started is found again, and stopped whole.

mod real;

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dormer_core::plan::Plan;
use dormer_core::ports::runtime::{Runtime as _, RuntimeError, Seen};
use dormer_core::workspace::{EditorKind, Variable, Workspace, fixture};
use dormer_wire::door::Door;

use super::proc::{Process, Stat};
use super::record::Record;
use super::{ProcessRuntime, RuntimeConfig};

const SOON: Duration = Duration::from_secs(10);

struct House {
    folder: tempfile::TempDir,
    runtime: ProcessRuntime,
    workspace: Workspace,
}

impl House {
    /// A runtime whose agent is this script.
    fn new(script: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let agent = folder.path().join("agent.sh");
        std::fs::write(&agent, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&agent, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut workspace = fixture("hello", "ann");
        workspace.spec.editor = EditorKind::None;
        House { runtime: runtime(folder.path(), &agent), folder, workspace }
    }

    /// The name of a start: no other test's, since processes are found by it.
    fn instance(&self, name: &str) -> String {
        format!("{name}{}", self.folder.path().display())
    }

    async fn start(&self, name: &str) -> Result<Door, RuntimeError> {
        Ok(self.runtime.start(&self.workspace, &self.instance(name), &plan()).await?.unwrap())
    }

    async fn look(&self) -> Seen {
        self.runtime.look(&self.workspace).await.unwrap()
    }

    async fn stop(&self, grace: Duration) {
        self.runtime.stop(&self.workspace, grace).await.unwrap();
    }

    /// The numbers that the script wrote, once there are so many.
    async fn pids(&self, count: usize) -> Vec<Process> {
        let file = self.root().join("pids");
        let deadline = Instant::now() + SOON;
        loop {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let found: Vec<Process> =
                text.lines().filter_map(|line| Some(Stat::read(line.parse().ok()?)?.process)).collect();
            if found.len() >= count {
                return found;
            }
            assert!(Instant::now() < deadline, "only {found:?} of {text}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn root(&self) -> PathBuf {
        let entries = std::fs::read_dir(self.folder.path().join("data/workspaces")).unwrap();
        entries.flatten().map(|entry| entry.path()).next().unwrap()
    }

    fn record(&self) -> PathBuf {
        self.root().join("agent.json")
    }
}

fn runtime(folder: &Path, agent: &Path) -> ProcessRuntime {
    ProcessRuntime::new(RuntimeConfig {
        data: folder.join("data"),
        run: folder.join("run"),
        agent: agent.to_owned(),
        editor: None,
        extensions: None,
    })
    .unwrap()
}

fn plan() -> Plan {
    Plan { main: "main".into(), ..Plan::default() }
}

async fn until_ended(process: Process) {
    tokio::time::timeout(SOON, process.ended()).await.unwrap().unwrap();
}

/// A child that leaves the session and clears its environment, one that ignores TERM, and the agent itself.
const FAMILY: &str = "
sleep 600 & echo $! >> pids
setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & echo $! >> pids
env -i /usr/bin/setsid sleep 600 & echo $! >> pids
echo $$ >> pids
trap 'exit 0' TERM
while :; do sleep 0.05; done";

#[tokio::test]
async fn started_seen_and_stopped_whole() {
    let house = House::new(FAMILY);
    assert_eq!(house.look().await, Seen::Absent);
    let door = house.start("one").await.unwrap();
    assert_eq!(house.look().await, Seen::Alive { instance: house.instance("one"), door: door.clone() });
    assert_eq!(house.start("one").await.unwrap(), door, "once is enough");
    let family = house.pids(4).await;
    house.stop(Duration::from_millis(300)).await;
    for process in family {
        assert!(!process.is_alive(), "{process:?} is left");
    }
    assert_eq!(house.look().await, Seen::Absent);
    assert!(!house.record().exists() && house.root().join("home").is_dir());
    let Door::Unix(door) = door else { panic!("{door}") };
    assert!(!door.parent().unwrap().exists(), "sockets and secrets go with the processes");
    house.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn another_gateway_finds_what_this_one_started() {
    let house = House::new(FAMILY);
    let door = house.start("one").await.unwrap();
    let family = house.pids(4).await;
    let other = runtime(house.folder.path(), &house.folder.path().join("agent.sh"));
    let alive = Seen::Alive { instance: house.instance("one"), door };
    assert_eq!(other.look(&house.workspace).await.unwrap(), alive);
    // Killed between starting the agent and noting it down.
    let whole = Record::load(&house.record()).unwrap().unwrap();
    Record { agent: None, ..whole.clone() }.save(&house.record()).unwrap();
    assert_eq!(other.look(&house.workspace).await.unwrap(), alive);
    whole.save(&house.record()).unwrap();
    other.stop(&house.workspace, Duration::from_millis(200)).await.unwrap();
    assert!(family.iter().all(|process| !process.is_alive()));
}

#[tokio::test]
async fn what_a_killed_agent_leaves_is_found_and_ended() {
    let house = House::new(FAMILY);
    house.start("one").await.unwrap();
    let family = house.pids(4).await;
    let agent = Record::load(&house.record()).unwrap().unwrap().agent.unwrap();
    agent.signal(libc::SIGKILL).unwrap();
    until_ended(agent).await;
    assert_eq!(house.look().await, Seen::Lost);
    // Without a control group the one that cleared its environment cannot be told from others.
    let grouped = house.runtime.groups_are_there();
    house.start("two").await.unwrap();
    for (index, process) in family.iter().enumerate() {
        assert!(!process.is_alive() || (index == 2 && !grouped), "{process:?} is left");
    }
    assert!(matches!(house.look().await, Seen::Alive { instance, .. } if instance == house.instance("two")));
    house.stop(Duration::ZERO).await;
    for process in family {
        process.signal(libc::SIGKILL).unwrap();
    }
}

#[tokio::test]
async fn processes_take_no_more_than_the_record_says() {
    // Memory of files is memory as well, and is given back: this holds on to what it takes.
    let mut house = House::new(
        "
echo $$ >> pids
head -c 200000000 /dev/zero | tail > /dev/null
echo $? > ended
while :; do sleep 0.05; done",
    );
    if !house.runtime.limits_are_there() {
        return;
    }
    house.workspace.spec.resources.memory = Some("64Mi".into());
    house.workspace.spec.resources.cpu = Some("500m".into());
    house.start("one").await.unwrap();
    let agent = house.pids(1).await[0];
    let record = Record::load(&house.record()).unwrap().unwrap();
    let read = |file: &str| {
        let mut folders = record.limits.iter().chain(&record.group);
        folders.find_map(|folder| std::fs::read_to_string(folder.join(file)).ok()).map(|text| text.trim().to_string())
    };
    match read("memory.limit_in_bytes") {
        Some(old) => {
            assert_eq!((old.as_str(), read("cpu.cfs_quota_us").as_deref()), ("67108864", Some("50000")));
        }
        None => assert_eq!(
            (read("memory.max").unwrap().as_str(), read("cpu.max").unwrap().as_str()),
            ("67108864", "50000 100000")
        ),
    }
    for folder in record.limits.iter().chain(&record.group) {
        let inside = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap();
        assert!(inside.lines().any(|pid| pid == agent.pid.to_string()), "{} has {inside}", folder.display());
    }
    let ended = house.root().join("ended");
    let deadline = Instant::now() + SOON;
    while !ended.exists() {
        assert!(Instant::now() < deadline, "what takes too much is ended");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_ne!(std::fs::read_to_string(ended).unwrap().trim(), "0");
    house.stop(Duration::ZERO).await;
    assert!(record.limits.iter().chain(&record.group).all(|folder| !folder.exists()));
}

#[tokio::test]
async fn marks_and_descent_find_them_without_a_group() {
    let house = House::new(FAMILY);
    house.start("one").await.unwrap();
    let family = house.pids(4).await;
    let record = Record { group: None, ..Record::load(&house.record()).unwrap().unwrap() };
    record.save(&house.record()).unwrap();
    house.stop(Duration::from_millis(200)).await;
    assert!(family.iter().all(|process| !process.is_alive()));
}

#[tokio::test]
async fn a_number_that_passed_to_another_is_not_the_agent() {
    let house = House::new("sleep 600");
    house.start("one").await.unwrap();
    let whole = Record::load(&house.record()).unwrap().unwrap();
    let mut stranger = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let pid = i32::try_from(stranger.id()).unwrap();
    let claimed = Process { pid, start: Stat::read(pid).unwrap().process.start - 1 };
    Record { agent: Some(claimed), ..whole.clone() }.save(&house.record()).unwrap();
    assert_eq!(house.look().await, Seen::Lost);
    house.stop(Duration::ZERO).await;
    assert!(stranger.try_wait().unwrap().is_none(), "a stranger was ended");
    assert!(!whole.agent.unwrap().is_alive(), "the agent was found by its mark");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn after_another_run_of_the_machine_nothing_is_left() {
    let house = House::new("sleep 600");
    house.start("one").await.unwrap();
    let whole = Record::load(&house.record()).unwrap().unwrap();
    Record { boot: "earlier".into(), ..whole.clone() }.save(&house.record()).unwrap();
    assert_eq!(house.look().await, Seen::Absent);
    whole.save(&house.record()).unwrap();
    house.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn an_agent_that_ends_by_itself_is_reaped_and_tells_why() {
    let house = House::new("echo it is broken >&2; exit 3");
    house.start("one").await.unwrap();
    let agent = Record::load(&house.record()).unwrap().unwrap().agent.unwrap();
    let deadline = Instant::now() + SOON;
    while Stat::read(agent.pid).is_some_and(|stat| stat.process == agent) {
        assert!(Instant::now() < deadline, "it is a zombie");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(house.look().await, Seen::Lost);
    assert_eq!(house.runtime.log_tail(&house.workspace).await.as_deref(), Some("it is broken\n"));
    house.stop(Duration::ZERO).await;
    assert_eq!(house.look().await, Seen::Absent);
}

#[tokio::test]
async fn an_agent_gets_its_task_and_nothing_of_the_gateways() {
    let mut house =
        House::new("env > env; ls -l /proc/self/fd > fds; umask > umask; cat \"$3\" > task; exec sleep 600");
    house.workspace.spec.variables = vec![
        Variable { name: "PLAIN".into(), value: "hunter2".into(), file: false },
        Variable { name: "FILE".into(), value: "hunter3".into(), file: true },
    ];
    let leak = std::fs::File::open("/dev/null").unwrap();
    nix::fcntl::fcntl(&leak, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    let Door::Unix(door) = house.start("one").await.unwrap() else { panic!("no door of this machine") };
    let read = async |name: &str| {
        let deadline = Instant::now() + SOON;
        loop {
            match std::fs::read_to_string(house.root().join(name)) {
                Ok(text) if !text.is_empty() => return text,
                _ => assert!(Instant::now() < deadline),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let task: serde_json::Value = loop {
        if let Ok(task) = serde_json::from_str(&read("task").await) {
            break task;
        }
    };
    assert_eq!(
        (task["instance"].as_str(), task["container"].as_str()),
        (Some(house.instance("one").as_str()), Some("main"))
    );
    let env = task["env"].as_array().unwrap();
    let value = |name: &str| env.iter().find(|v| v["name"] == name).and_then(|v| v["value"].as_str()).unwrap();
    assert_eq!(value("PLAIN"), "hunter2");
    assert_eq!(std::fs::read_to_string(value("FILE")).unwrap(), "hunter3");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(Path::new(value("FILE"))), mode(door.parent().unwrap()), mode(&house.root())),
        (0o600, 0o700, 0o700)
    );
    assert_eq!(mode(&door.with_file_name("assignment.json")), 0o600);
    let names: HashSet<String> =
        read("env").await.lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect();
    for name in &names {
        let own = ["DORMER_INSTANCE", "PWD", "OLDPWD", "_", "SHLVL"].contains(&name.as_str());
        let passes = !super::environment::passing([(name.clone(), String::new())].into_iter()).is_empty();
        assert!(own || passes, "{name} came through");
    }
    let files = read("fds").await;
    assert!(!files.lines().any(|line| line.ends_with("/dev/null") && !line.contains(" 0 ->")), "{files}");
    assert_eq!(read("umask").await.trim(), "0022");
    house.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn what_is_missing_is_said_before_anything_is_made() {
    let house = House::new("sleep 600");
    let refused = async |plan: Plan, workspace: &Workspace| match house.runtime.start(workspace, "one", &plan).await {
        Err(RuntimeError::Impossible { reason, message }) => (reason, message),
        other => panic!("{other:?}"),
    };
    let (reason, message) = refused(Plan { editor: true, ..plan() }, &house.workspace).await;
    assert!(reason == "EditorMissing" && message.contains("--editor none"), "{message}");
    let mut named = house.workspace.clone();
    named.spec.variables = vec![Variable { name: "../X".into(), value: String::new(), file: true }];
    assert_eq!(refused(plan(), &named).await.0, "VariableInvalid");
    assert!(std::fs::read_dir(house.folder.path().join("data/workspaces")).unwrap().next().is_none());
    std::fs::remove_file(house.folder.path().join("agent.sh")).unwrap();
    let (reason, message) = refused(plan(), &house.workspace).await;
    assert!(reason == "AgentMissing" && message.contains("agent.sh"), "{message}");
}

#[tokio::test]
async fn erased_is_gone_and_nothing_else_is() {
    let house = House::new("sleep 600");
    let mut other = house.workspace.clone();
    other.uid = "another".into();
    house.runtime.start(&other, &house.instance("other"), &plan()).await.unwrap();
    house.runtime.stop(&other, Duration::ZERO).await.unwrap();
    house.start("one").await.unwrap();
    house.stop(Duration::ZERO).await;
    let count = || std::fs::read_dir(house.folder.path().join("data/workspaces")).unwrap().count();
    assert_eq!(count(), 2);
    house.runtime.erase(&house.workspace).await.unwrap();
    house.runtime.erase(&house.workspace).await.unwrap();
    assert_eq!(count(), 1);
}
