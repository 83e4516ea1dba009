//! A project of a test's own, which is a namespace of its own, and the workspaces in it.

use std::time::Duration;

use dormer_tests::git::Repository;
use dormer_tests::http::Response;
use dormer_tests::person::Site;
use dormer_tests::ssh::Login;
use dormer_tests::wait;
use serde_json::{Value, json};

use crate::cluster::{Cluster, STARTED, Turn, said};

/// A project, and the right to use the cluster.
pub struct Space {
    /// The cluster.
    pub cluster: &'static Cluster,
    /// The project's name.
    pub project: String,
    _turn: Turn,
}

impl Space {
    /// One beside others.
    pub fn new(name: &str) -> Self {
        Self::with(name, Turn::shared())
    }

    /// One in a cluster that nobody else uses meanwhile.
    pub fn alone(name: &str) -> Self {
        Self::with(name, Turn::alone())
    }

    fn with(name: &str, turn: Turn) -> Self {
        let cluster = Cluster::get();
        cluster.apex().api("POST", "/projects", Some(json!({"name": name}))).expect(201);
        let space = Space { cluster, project: name.to_string(), _turn: turn };
        wait::until("the project has a namespace", wait::LONG, || cluster.object(&["namespace", &space.namespace()]));
        space
    }

    /// Its namespace.
    pub fn namespace(&self) -> String {
        format!("dormer-{}", self.project)
    }

    /// A workspace to be, without an editor: most tests need none.
    pub fn workspace(&self, name: &str) -> Builder<'_> {
        Builder { space: self, body: json!({"name": name, "project": self.project, "editor": "none"}) }
    }

    /// A workspace that is there.
    pub fn named(&self, name: &str) -> Workspace<'_> {
        Workspace { space: self, name: name.to_string() }
    }

    /// `kubectl -n NAMESPACE …`, which has to succeed.
    #[track_caller]
    pub fn told(&self, args: &[&str]) -> String {
        self.cluster.told(&[&["-n", &self.namespace()], args].concat())
    }

    /// An object of its namespace.
    #[track_caller]
    pub fn object(&self, kind: &str, name: &str) -> Option<Value> {
        self.cluster.object(&["-n", &self.namespace(), kind, name])
    }

    /// Names of all objects of these kinds in it.
    #[track_caller]
    pub fn names(&self, kinds: &str) -> Vec<String> {
        self.told(&["get", kinds, "-o", "name"]).lines().map(String::from).collect()
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let namespace = self.namespace();
        if std::thread::panicking() {
            self.cluster.dump(&namespace);
        }
        // The gateway takes workspaces down before their namespace goes, as it does when somebody deletes them.
        let gone =
            self.cluster.kubectl(&["-n", &namespace, "delete", "workspaces.dormer.dev", "--all", "--timeout=60s"]);
        let _ = self.cluster.kubectl(&["delete", "namespace", &namespace, "--wait=false"]);
        let _ = self.cluster.apex().try_api("DELETE", &format!("/projects/{}", self.project), None);
        if !gone.status.success() && !std::thread::panicking() {
            panic!("workspaces of {namespace} do not go away: {}", said(&gone));
        }
    }
}

/// A workspace to be.
pub struct Builder<'s> {
    space: &'s Space,
    body: Value,
}

impl<'s> Builder<'s> {
    /// Made from a repository.
    pub fn from(mut self, repository: &Repository) -> Self {
        self.body["source"]["url"] = repository.url.clone().into();
        self
    }

    /// With VS Code.
    pub fn with_editor(mut self) -> Self {
        self.body["editor"] = "vscode".into();
        self
    }

    /// Asleep after so many seconds without a person.
    pub fn idle_after(mut self, seconds: u64) -> Self {
        self.body["lifecycle"]["idleTimeout"] = seconds.into();
        self
    }

    /// With anything else that the API takes.
    pub fn set(mut self, field: &str, value: Value) -> Self {
        self.body[field] = value;
        self
    }

    /// With this devfile, in place of a source's.
    pub fn devfile(self, text: &str) -> Self {
        self.set("devfile", text.into())
    }

    /// Asks for it, and says what came of that.
    pub fn ask(self) -> Response {
        self.space.cluster.apex().api("POST", "/workspaces", Some(self.body))
    }

    /// Makes it, without waiting for it to run.
    #[track_caller]
    pub fn submit(self) -> Workspace<'s> {
        let space = self.space;
        let made = self.ask().expect(201).value();
        space.named(made["name"].as_str().expect("a name"))
    }

    /// Makes it, and waits until it runs.
    #[track_caller]
    pub fn create(self) -> Workspace<'s> {
        let workspace = self.submit();
        workspace.wait_for("Running");
        workspace
    }
}

/// A workspace.
pub struct Workspace<'s> {
    /// Where it is.
    pub space: &'s Space,
    /// Its name.
    pub name: String,
}

impl Workspace<'_> {
    fn path(&self) -> String {
        format!("/workspaces/{}", self.name)
    }

    /// It, as the API tells it. A replica hears of what another one was told a moment later.
    #[track_caller]
    pub fn get(&self) -> Value {
        let ask = || self.space.cluster.apex().api("GET", &self.path(), None);
        let known = wait::poll(Duration::from_secs(5), || Some(ask()).filter(|answer| answer.status == 200));
        known.unwrap_or_else(ask).expect(200).value()
    }

    /// Waits for a phase. Failed ends the wait, where that is not it.
    #[track_caller]
    pub fn wait_for(&self, phase: &str) -> Value {
        let mut last = Value::Null;
        let seen = wait::poll(STARTED, || {
            // One replica may be on its way out.
            let answer = self.space.cluster.apex().try_api("GET", &self.path(), None).ok()?;
            if answer.status != 200 {
                return None;
            }
            last = answer.value();
            let at = last["phase"].as_str().unwrap_or_default();
            (at == phase || at == "Failed").then(|| at == phase)
        });
        assert_eq!(seen, Some(true), "{} was to be {phase}: {last:#}", self.name);
        last
    }

    /// Changes it.
    #[track_caller]
    pub fn change(&self, change: Value) -> Value {
        self.space.cluster.apex().api("PATCH", &self.path(), Some(change)).expect(200).value()
    }

    /// Stops it, and waits until it is stopped.
    #[track_caller]
    pub fn stop(&self) {
        self.change(json!({"running": false}));
        self.wait_for("Stopped");
        assert!(self.pod().is_none(), "a stopped workspace has no pod");
        assert_eq!(self.claims().len(), 1, "its files are there");
    }

    /// Deletes it, and waits until it is gone.
    #[track_caller]
    pub fn delete(&self) {
        let status = self.space.cluster.apex().api("DELETE", &self.path(), None).status;
        assert!((200..300).contains(&status), "deleting {}: {status}", self.name);
        wait::until("the workspace is gone", STARTED, || {
            (self.space.cluster.apex().api("GET", &self.path(), None).status == 404).then_some(())
        });
    }

    /// Its editor's host, as the owner sees it.
    pub fn site(&self) -> Site {
        self.space.cluster.site(&self.name)
    }

    /// A port's host, by number or endpoint name, as the owner sees it.
    pub fn port(&self, port: impl std::fmt::Display) -> Site {
        self.space.cluster.site(&format!("{port}--{}", self.name))
    }

    /// A login over SSH with the owner's key.
    pub fn login(&self) -> Login {
        self.space.cluster.login(&self.name)
    }

    /// Runs a command in it over SSH and returns its output; anything but success is a panic.
    #[track_caller]
    pub fn run(&self, command: &str) -> String {
        let output = self.login().run(command);
        assert!(output.status.success(), "{command}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_string()
    }

    /// Waits until something listens on a port of it.
    #[track_caller]
    pub fn listening(&self, port: u16) {
        wait::until(&format!("{} listens on {port}", self.name), wait::LONG, || {
            let workspace = self.get();
            let ports = workspace["ports"].as_array()?;
            ports.iter().any(|at| at["port"] == port && at["listening"] == true).then_some(())
        });
    }

    /// Its pod, where it has one.
    #[track_caller]
    pub fn pod(&self) -> Option<Value> {
        let all = self.owned("pods");
        assert!(all.len() < 2, "one pod at most: {all:?}");
        all.into_iter().next()
    }

    /// Its claims.
    #[track_caller]
    pub fn claims(&self) -> Vec<Value> {
        self.owned("persistentvolumeclaims")
    }

    /// Objects of a kind that are this workspace's.
    #[track_caller]
    pub fn owned(&self, kind: &str) -> Vec<Value> {
        let label = format!("dormer.dev/workspace={}", self.name);
        let list = self.space.cluster.object(&["-n", &self.space.namespace(), kind, "-l", &label]);
        list.and_then(|list| list["items"].as_array().cloned()).unwrap_or_default()
    }

    /// Waits for a time when it has no pod.
    #[track_caller]
    pub fn asleep(&self) {
        wait::until("the pod is gone", Duration::from_secs(120), || self.pod().is_none().then_some(()));
    }
}
