//! Projects: cloned, left alone, or told why not.

use std::path::Path;
use std::process::Command;

use dormer_wire::door::Want;
use dormer_wire::message;
use dormer_wire::report::{AgentState, AgentStatus, StepState};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::fixture::Agent;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with two commits, a branch, a tag and a merge request; and the commits of main, branch and request.
fn repository(at: &Path) -> (String, String, String) {
    std::fs::create_dir_all(at).unwrap();
    git(at, &["init", "-q"]);
    let commit = |file: &str| {
        std::fs::write(at.join(file), file).unwrap();
        git(at, &["add", "."]);
        git(at, &["commit", "-q", "-m", file]);
        git(at, &["rev-parse", "HEAD"])
    };
    commit("first");
    git(at, &["tag", "v1"]);
    let main = commit("second");
    git(at, &["checkout", "-q", "-b", "feature/x"]);
    let branch = commit("third");
    git(at, &["checkout", "-q", "--detach"]);
    let request = commit("fourth");
    git(at, &["update-ref", "refs/pull/7/head", &request]);
    git(at, &["checkout", "-q", "main"]);
    (main, branch, request)
}

fn project(source: &Path, name: &str, more: Value) -> Value {
    let url = format!("file://{}", source.display());
    let mut project = json!({"name": name, "path": name, "remotes": [{"name": "origin", "url": url}]});
    project.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    project
}

#[tokio::test]
async fn every_kind_of_ref_is_cloned_and_what_is_there_stays() {
    let source = tempfile::tempdir().unwrap();
    let (main, branch, request) = repository(source.path());
    let mut agent = Agent::start(|assignment, folder| {
        std::fs::create_dir_all(folder.join("projects/there")).unwrap();
        std::fs::write(folder.join("projects/there/mine"), "mine").unwrap();
        let p = |name: &str, more: Value| project(source.path(), name, more);
        assignment["projects"] = json!([
            p("app", json!({})),
            p("branch", json!({"revision": "feature/x"})),
            p("tag", json!({"revision": "v1"})),
            p("commit", json!({"revision": &request[..10]})),
            p("request", json!({"fetch": "refs/pull/7/head", "commit": request})),
            p("deep/er", json!({"revision": "main", "commit": branch})),
            p("there", json!({"revision": "no-such-branch"})),
        ]);
        // A commit that no branch leads to can be asked for by its whole name only.
        assignment["projects"][3]["revision"] = json!(request);
        let fork = json!({"name": "fork", "url": "https://example.org/fork.git"});
        assignment["projects"][0]["remotes"].as_array_mut().unwrap().push(fork);
    });
    git(source.path(), &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let status = agent.ready().await;
    assert_eq!(status.commit.as_deref(), Some(main.as_str()));
    assert_eq!(status.steps[0].state, StepState::Done);
    for (name, commit, head) in [
        ("app", &main, "main"),
        ("branch", &branch, "feature/x"),
        ("commit", &request, "HEAD"),
        ("request", &request, "pr-7"),
        ("deep/er", &branch, "main"),
    ] {
        let folder = agent.path("projects").join(name);
        assert_eq!(&git(&folder, &["rev-parse", "HEAD"]), commit, "{name}");
        assert_eq!(git(&folder, &["rev-parse", "--abbrev-ref", "HEAD"]), head, "{name}");
        assert_eq!(git(&folder, &["status", "--porcelain"]), "", "{name}");
    }
    assert!(agent.path("projects/tag/first").is_file() && !agent.path("projects/tag/second").exists());
    assert_eq!(git(&agent.path("projects/branch"), &["rev-parse", "--abbrev-ref", "@{u}"]), "origin/feature/x");
    assert_eq!(git(&agent.path("projects/app"), &["remote"]), "fork\norigin");
    assert_eq!(std::fs::read_dir(agent.path("projects/there")).unwrap().count(), 1);
    agent.stop().await;
}

#[tokio::test]
async fn a_failing_clone_is_told_and_leaves_nothing() {
    let source = tempfile::tempdir().unwrap();
    repository(source.path());
    for (more, word) in [
        (json!({"revision": "no-such-branch"}), "no-such-branch"),
        (json!({"revision": "--upload-pack=touch /tmp/x"}), "no branch, tag or commit"),
        (
            json!({"remotes": [{"name": "origin", "url": "file:///no/such/repository"}]}),
            "does not appear to be a git repository",
        ),
        (json!({"remotes": [{"name": "origin", "url": "ext::sh -c false"}]}), "not allowed"),
    ] {
        let mut agent = Agent::start(|a, _| a["projects"] = json!([project(source.path(), "app", more.clone())]));
        let status = agent.until("failed", |status| status.state == AgentState::Failed).await;
        let failure = status.failure.unwrap();
        assert_eq!((failure.reason.as_str(), failure.log.as_str(), failure.transient), ("CloneFailed", "clone", false));
        assert!(failure.message.contains(word) || failure.tail.contains(word), "{failure:?}");
        assert_eq!(status.steps[0].state, StepState::Failed);
        assert_eq!(std::fs::read_dir(agent.path("projects")).unwrap().count(), 0, "half a clone remains");
        let mut log = String::new();
        let want = Want::Logs { name: "clone".into(), tail: None, follow: false };
        agent.want(want).await.unwrap().read_to_string(&mut log).await.unwrap();
        assert!(!log.is_empty());
        // A failed workspace can be looked into.
        assert_eq!(agent.run("echo $DORMER_WORKSPACE").await.0, "demo\n");
        let mut stream = agent.want(Want::Stop { grace_seconds: 1 }).await.unwrap();
        while let Ok(Some(_)) = message::read::<AgentStatus>(&mut stream).await {}
        assert!(agent.child.wait().unwrap().success());
    }
}

/// A repository of a few kilobytes whose tip is a file of so many mebibytes.
fn pack_bomb(at: &Path, mebibytes: usize) {
    std::fs::create_dir_all(at).unwrap();
    git(at, &["init", "-q"]);
    std::fs::write(at.join("zeros"), vec![0; mebibytes << 20]).unwrap();
    git(at, &["add", "."]);
    git(at, &["commit", "-q", "-m", "a"]);
    std::fs::remove_file(at.join("zeros")).unwrap();
}

/// A repository of so many objects whose tip has ten times as many files for each of them.
fn tree_bomb(at: &Path, levels: usize) {
    std::fs::create_dir_all(at).unwrap();
    git(at, &["init", "-q"]);
    std::fs::write(at.join("x"), "").unwrap();
    git(at, &["add", "x"]);
    let mut entry = format!("100644 blob {}", git(at, &["hash-object", "x"]));
    for _ in 0..levels {
        let listing: String = (0..10).map(|n| format!("{entry}\t{n}\n")).collect();
        let file = at.join("listing");
        std::fs::write(&file, listing).unwrap();
        let made =
            Command::new("git").arg("mktree").stdin(std::fs::File::open(&file).unwrap()).current_dir(at).output();
        entry = format!("040000 tree {}", String::from_utf8(made.unwrap().stdout).unwrap().trim());
    }
    let tree = entry.rsplit(' ').next().unwrap();
    let commit = git(at, &["commit-tree", "-m", "a", tree]);
    git(at, &["update-ref", "refs/heads/main", &commit]);
}

/// An archive of a few hundred kilobytes that unpacks to so many mebibytes, served at an address.
async fn zip_bomb(folder: &Path, mebibytes: usize) -> String {
    let made = Command::new("python3")
        .args([
            "-c",
            "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)\n\
            z.writestr('app/zeros', bytes(int(sys.argv[2]) << 20))\nz.close()",
        ])
        .arg(folder.join("bomb.zip"))
        .arg(mebibytes.to_string())
        .status();
    assert!(made.unwrap().success());
    let zip = std::fs::read(folder.join("bomb.zip")).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/bomb.zip", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.is_ok_and(|n| n > 0) {}
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", zip.len());
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.write_all(&zip).await;
        }
    });
    url
}

#[tokio::test]
async fn what_would_take_the_whole_disk_is_stopped_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = |name: &str| folder.path().join(name);
    pack_bomb(&bomb("pack"), 512);
    tree_bomb(&bomb("tree"), 4);
    tree_bomb(&bomb("deep"), 7);
    let archive = json!({"name": "app", "path": "app", "remotes": [], "archive": zip_bomb(folder.path(), 512).await});
    let all = [
        ("pack", project(&bomb("pack"), "app", json!({})), "it takes more than 64 MiB on disk"),
        ("files", project(&bomb("tree"), "app", json!({})), "it has more than 1000 files"),
        ("memory", project(&bomb("deep"), "app", json!({})), "more memory"),
        ("archive", archive, "it takes more than 64 MiB on disk"),
    ];
    for (name, project, why) in all {
        let mut agent = Agent::start(|a, _| {
            a["projects"] = json!([project]);
            let memory = if name == "memory" { 256 << 20 } else { 8u64 << 30 };
            a["projectLimits"] = json!({"octets": 64 << 20, "files": 1000, "memory": memory});
        });
        let status = agent.until("failed", |status| status.state == AgentState::Failed).await;
        let failure = status.failure.unwrap();
        assert!(failure.message.contains(why) && !failure.transient, "{name}: {failure:?}");
        assert_eq!(std::fs::read_dir(agent.path("projects")).unwrap().count(), 0, "{name}: half of it remains");
        agent.stop().await;
    }
}
