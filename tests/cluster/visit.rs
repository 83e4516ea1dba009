//! A person with a browser.

use dormer_tests::app;
use dormer_tests::browser::Browser;
use dormer_tests::wait;

use crate::cluster::{Cluster, NODE};
use crate::space::Space;
use dormer_tests::git::GitServer;

/// A browser that is signed in.
pub fn signed_in(cluster: &Cluster) -> Browser {
    let mut browser = Browser::open();
    browser.go(&cluster.sign_in_link());
    browser.see("text=Workspaces");
    browser
}

/// A devfile with an image of its own, a port, commands and a volume, as people have them.
pub fn devfile(port: u16) -> String {
    format!(
        r#"schemaVersion: 2.3.0
metadata:
  name: app
components:
  - name: dev
    container:
      image: dormer.test/workspace-base:dev
      memoryLimit: 1Gi
      cpuRequest: 50m
      env:
        - name: GREETING
          value: hello
      endpoints:
        - name: {endpoint}
          targetPort: {port}
commands:
  - id: count
    exec:
      component: dev
      commandLine: echo start >> "$HOME/starts"
  - id: app
    exec:
      component: dev
      commandLine: exec ./app {port}
      workingDir: ${{PROJECT_SOURCE}}
events:
  postStart: [count, app]
"#,
        endpoint = app::ENDPOINT
    )
}

/// A server of repositories that pods reach, with one that holds the app and its devfile.
pub fn repository(name: &str, port: u16) -> (GitServer, dormer_tests::git::Repository) {
    let git = GitServer::at(NODE);
    let program = std::fs::read(app::program()).expect("the app");
    let repository = git.repository(name).file("README.md", "Read me\n").program("app", program).file("devfile.yaml", devfile(port));
    let repository = repository.commit();
    (git, repository)
}

#[test]
fn vs_code_opens_from_a_pod_and_what_is_typed_is_on_the_claim_after_a_sleep() {
    let space = Space::new("visit");
    let (_git, repository) = repository("visited", 3000);
    let workspace = space.workspace("visited").from(&repository).with_editor().create();
    let mut browser = signed_in(space.cluster);
    browser.go(&workspace.site().url());
    browser.see(".monaco-workbench");
    browser.see("text=README.md");
    browser.picture("cluster-editor");
    browser.click("text=README.md");
    browser.press("Enter");
    browser.see(".editor-instance .view-lines");
    browser.click(".editor-instance .view-lines");
    browser.press("Control+Home");
    browser.write("Typed in a browser. ");
    browser.press("Control+S");
    wait::until("what was typed is saved", wait::LONG, || {
        workspace.run("cat README.md").starts_with("Typed in a browser. ").then_some(())
    });
    browser.picture("cluster-edited");

    workspace.stop();
    // The same address wakes it, and shows the editor by itself.
    let mut again = signed_in(space.cluster);
    again.go(&workspace.site().url());
    again.see(".monaco-workbench");
    again.see("text=README.md");
    assert!(workspace.run("cat README.md").starts_with("Typed in a browser. "));
    assert_eq!(workspace.run("cat \"$HOME/starts\" | wc -l"), "2");
}

#[test]
fn a_port_of_a_pods_loopback_has_an_address_by_number_and_by_name() {
    let space = Space::new("ports");
    let (_git, repository) = repository("ported", 3000);
    let workspace = space.workspace("ported").from(&repository).create();
    workspace.listening(3000);
    for port in ["3000", app::ENDPOINT] {
        let answer = workspace.port(port).get("/a?b").text();
        assert!(answer.starts_with("GET /a?b HTTP/1.1\r\n"), "{answer}");
    }
    let mut socket = workspace.port(3000).socket("/socket").open();
    socket.send(b"over a websocket").expect("it is open");
    let mut seen = false;
    for _ in 0..2 {
        let message = socket.receive(wait::LONG).expect("it is open");
        seen |= message.as_deref() == Some(&b"over a websocket"[..]);
    }
    assert!(seen);
    assert_ne!(workspace.port(3000).unknown().get("/").status, 200, "not for everybody");
}
