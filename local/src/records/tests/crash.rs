//! A writer that is killed loses nothing that it was told is written.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use dormer_core::ports::store::Store as _;
use dormer_core::workspace::Spec;

use crate::records::open;

const FOLDER: &str = "CRASH_TEST_FOLDER";

/// Not a test of its own: what the other one starts and kills.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = open(folder.as_ref()).await.unwrap();
    let spec = Spec::new("ann".parse().unwrap(), "default".parse().unwrap());
    let writers = (0..4).map(|writer| {
        let (store, spec) = (store.clone(), spec.clone());
        tokio::spawn(async move {
            for number in 0.. {
                let name = format!("w{writer}-{number}").parse().unwrap();
                store.create(&name, spec.clone()).await.unwrap();
                writeln!(std::io::stderr(), "written {name}").unwrap();
            }
        })
    });
    futures::future::join_all(writers).await;
}

#[tokio::test]
async fn a_killed_writer_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..4 {
        let round_folder = folder.path().join(round.to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "records::tests::crash::child", "--nocapture"])
            .env(FOLDER, &round_folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut written: Vec<String> = lines.by_ref().take(round * 37).collect();
        child.kill().unwrap();
        // What it said before it died counts too.
        written.extend(lines);
        child.wait().unwrap();
        written.retain(|line| line.starts_with("written "));
        assert!(written.len() >= round * 20, "the child did not write: {written:?}");

        let store = open(&round_folder).await.unwrap();
        let names: std::collections::HashSet<String> =
            store.list().await.unwrap().into_iter().map(|workspace| workspace.name.to_string()).collect();
        for line in &written {
            let name = line.trim_start_matches("written ");
            // The last line may be cut short.
            assert!(names.contains(name) || Some(line) == written.last(), "{name} is lost");
        }
        store.close().await;
    }
}
