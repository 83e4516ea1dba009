//! The commands against a small HTTP server that answers as the API is described to.
//!
//! What the stand-in does not prove: that the gateway answers so (its routes, its problems, its events and their order),
//! that it lets this token do this, or that a shell opens. The end-to-end tests prove that with the real one.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use clap::Parser;
use serde_json::{Value, json};

use super::Command;
use crate::context::Context;
use crate::credentials::Token;
use crate::credentials::file::{Credentials, Entry};
use crate::environment::Environment;
use crate::error::CliError;
use crate::globals::{Format, Globals};
use crate::output::Output;

#[derive(Parser)]
#[command(name = "dormer")]
struct Line {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What the stand-in was asked, and what it answers: the next answer of those that match, the last one again and again.
#[derive(Default)]
struct Script {
    answers: Vec<(String, Vec<(u16, String)>)>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Script>>;

async fn answer(State(script): State<Shared>, method: Method, headers: HeaderMap, request: Request<Body>) -> Response {
    let line = format!("{method} {}", request.uri());
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let mut script = script.lock().unwrap();
    script.asked.push(format!("{line} {}", String::from_utf8_lossy(&body)).trim().to_string());
    if headers.get("authorization").is_none_or(|value| value != "Bearer dormer_test") {
        return (StatusCode::UNAUTHORIZED, problem(401, "not signed in")).into_response();
    }
    let known = script.answers.iter_mut().find(|(what, _)| *what == line);
    let Some((_, answers)) = known else {
        return (StatusCode::NOT_FOUND, problem(404, "there is no such thing")).into_response();
    };
    let (status, text) = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}

fn problem(status: u16, detail: &str) -> String {
    json!({"type": "/problems/x", "title": "x", "status": status, "detail": detail,
        "errors": [{"field": "/source/ref", "reason": "why"}]})
    .to_string()
}

struct Stand {
    script: Shared,
    environment: Environment,
    url: String,
    _home: tempfile::TempDir,
    _server: tokio::task::JoinHandle<()>,
}

struct Ended {
    code: u8,
    out: String,
    err: String,
}

impl Stand {
    async fn new() -> Stand {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let script = Shared::default();
        let router = Router::new().fallback(answer).with_state(script.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let home = tempfile::tempdir().unwrap();
        let path = home.path().as_os_str().to_owned();
        let environment = Environment::from_variables(|name| (name == "HOME").then(|| path.clone()));
        let stand = Stand { script, environment, url, _home: home, _server: server };
        stand.sign_in("dormer_test");
        stand
    }

    fn sign_in(&self, token: &str) {
        let mut credentials = Credentials::default();
        credentials.put(Entry { url: self.url.parse().unwrap(), user: None, token: Token::parse(token).unwrap() });
        credentials.save(&self.environment).unwrap();
    }

    fn on(&self, line: &str, status: u16, body: impl ToString) {
        let mut script = self.script.lock().unwrap();
        let line = line.replacen(' ', " /api/v1", 1);
        match script.answers.iter_mut().find(|(what, _)| *what == line) {
            Some((_, answers)) => answers.push((status, body.to_string())),
            None => script.answers.push((line, vec![(status, body.to_string())])),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.script.lock().unwrap().asked.clone()
    }

    async fn run(&self, line: &str) -> Ended {
        let words = line.split(' ');
        let line = match Line::try_parse_from(std::iter::once("dormer").chain(words)) {
            Ok(line) => line,
            Err(error) => return Ended { code: error.exit_code() as u8, out: String::new(), err: error.to_string() },
        };
        let (out, err) = (Buffer::default(), Buffer::default());
        let format = line.globals.output.unwrap_or_default();
        let output = Output::to(Box::new(out.clone()), Box::new(err.clone()), format);
        let mut context = Context { globals: line.globals, environment: self.environment.clone(), output };
        let result = line.command.run(&mut context).await;
        let code = result.as_ref().err().map_or(0, CliError::exit_code);
        crate::run::finish(result, &mut context);
        Ended { code, out: out.text(), err: err.text() }
    }
}

fn workspace(name: &str, phase: &str) -> Value {
    json!({"name": name, "project": "default", "owner": "ann", "displayName": null, "description": null,
        "class": "default", "editor": "vscode", "source": {"url": "https://h/x", "ref": "main"}, "devfilePath": null,
        "running": !matches!(phase, "Stopped" | "Archived"), "archived": false, "phase": phase, "reason": null, "message": null,
        "progress": [], "url": format!("http://{name}.localhost:7080/"), "ssh": format!("ssh -p 7022 {name}@localhost"),
        "ports": [{"port": 3000, "name": "web", "share": "owner", "listening": true, "url": "http://web--x.localhost/"}],
        "resources": {}, "storage": {}, "lifecycle": {}, "lastActivity": null,
        "createdAt": "2026-01-01T00:00:00Z", "ofTheFuture": 1})
}

fn failed(name: &str) -> Value {
    let mut failed = workspace(name, "Failed");
    failed["reason"] = json!("CloneFailed");
    failed["message"] = json!("cannot clone");
    failed["progress"] = json!([{"step": "clone", "state": "failed", "since": "2026-01-01T00:00:05Z"}]);
    failed
}

fn events(states: &[Value]) -> String {
    states.iter().map(|state| format!("event: workspace\ndata: {state}\n\n")).collect()
}

#[test]
fn the_command_line_is_sound() {
    use clap::CommandFactory;
    Line::command().debug_assert();
}

#[tokio::test]
async fn lists() {
    let stand = Stand::new().await;
    stand.on("GET /workspaces", 200, json!({"items": [workspace("one", "Running")], "total": 2, "next": 2}));
    stand.on("GET /workspaces?page=2", 200, json!({"items": [workspace("two", "Stopped")], "total": 2}));
    let ended = stand.run("ls").await;
    let lines = ended.out.lines().collect::<Vec<_>>();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["NAME", "PHASE", "OWNER", "IDLE", "URL", "AGE"]);
    assert!(lines[1].starts_with("one   Running  ann    -     http://one.localhost:7080/"), "{}", ended.out);
    assert_eq!((ended.code, lines.len(), ended.err.as_str()), (0, 3, ""));
    assert_eq!(stand.run("ls -o name").await.out, "one\ntwo\n");
    assert!(stand.run("ls -o wide").await.out.contains("https://h/x  main"));
    // JSON is what the API said, with what we know nothing of.
    let json: Value = serde_json::from_str(&stand.run("ls -o json").await.out).unwrap();
    assert_eq!(json, json!([workspace("one", "Running"), workspace("two", "Stopped")]));
    let yaml = stand.run("-o yaml ls").await.out;
    assert!(yaml.contains("name: one") && yaml.contains("ofTheFuture: 1"), "{yaml}");
    // Another project's is not shown, should the server have sent it.
    stand.on("GET /workspaces?project=other", 200, json!({"items": [workspace("one", "Running")], "total": 1}));
    assert_eq!(stand.run("ls --project other -o name").await.out, "");
}

#[tokio::test]
async fn nothing_is_said_on_stderr() {
    let stand = Stand::new().await;
    stand.on("GET /workspaces", 200, json!({"items": [], "total": 0}));
    let ended = stand.run("ls").await;
    assert_eq!((ended.out.as_str(), ended.err.contains("dormer create")), ("", true));
    assert_eq!(stand.run("ls -o json").await.out, "[]\n");
}

#[tokio::test]
async fn one_is_an_object_and_several_are_a_list() {
    let stand = Stand::new().await;
    stand.on("GET /workspaces/one", 200, workspace("one", "Running"));
    stand.on("GET /workspaces/two", 200, workspace("two", "Running"));
    let read = |ended: Ended| serde_json::from_str::<Value>(&ended.out).unwrap();
    assert_eq!(read(stand.run("get one -o json").await)["name"], "one");
    assert_eq!(read(stand.run("get one two -o json").await).as_array().unwrap().len(), 2);
    assert!(stand.run("get one").await.out.contains("Phase:      Running\n"));
    let ended = stand.run("get one none").await;
    assert_eq!(ended.code, 3);
    assert!(ended.out.contains("one") && ended.err.contains("1 of 2 failed"), "{}", ended.err);
    assert_eq!(stand.run("open one --print").await.out, "http://one.localhost:7080/\n");
    assert_eq!(stand.run("open one --print --port 8000").await.out, "http://8000--one.localhost:7080/\n");
    assert!(stand.run("port one").await.out.contains("3000  web   owner  yes"));
}

#[tokio::test]
async fn exit_codes() {
    let stand = Stand::new().await;
    for (status, code) in [(400, 2), (403, 4), (409, 1), (500, 1)] {
        stand.on(&format!("GET /workspaces/w{status}"), status, problem(status, "it\u{1b} is so"));
        let ended = stand.run(&format!("get w{status}")).await;
        assert_eq!((ended.code, ended.err.as_str()), (code, "error: it\u{fffd} is so\n  source.ref: why\n"));
    }
    assert_eq!(stand.run("get none").await.code, 3);
    stand.on("GET /workspaces/odd", 502, "<html>");
    assert!(stand.run("get odd").await.err.contains("502 Bad Gateway"));
    stand.on("GET /workspaces/moved", 302, "");
    assert!(stand.run("get moved").await.err.contains("redirect"));
    stand.on("GET /workspaces/html", 200, "<html>");
    assert!(stand.run("get html").await.err.contains("is it a Dormer gateway?"));
    stand.sign_in("dormer_other");
    assert_eq!(stand.run("whoami").await.code, 4);
    assert_eq!(stand.run("ls --server http://localhost:1").await.code, 4);
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let stand = Stand::new().await;
    for line in [
        "get ../me",
        "get UPPER",
        "create https://h/x --ref -x",
        "create https://h/x --name a.b",
        "create",
        "create https://h/x --env 1=2",
        "create https://h/x --ref a --mr 1",
        "create https://h/x --mr 0",
        "create https://h/x --devfile ../x",
        "create https://h/x --port 0",
        "create https://h/x --idle-timeout soon",
        "create /no/such/folder",
        "create https://h/x\n",
        "stop",
        "start x --timeout -1",
        "port x --share public",
        "port x 3000 --share world",
        "forward x 0",
        "token create x --scope root",
        "token revoke a/b",
        "key rm ..",
        "update x",
        "logs x ../y",
        "delete x",
        "login ftp://h --token-stdin",
        "login http://h.example --token-stdin",
        "login",
        "--server https://u:p@h ls",
        "-o xml ls",
        "user add A",
    ] {
        let ended = stand.run(line).await;
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{line}: {}", ended.err);
    }
    assert_eq!(stand.asked(), [""; 0]);
}

#[tokio::test]
async fn create_waits_and_says_how_to_come_in() {
    let stand = Stand::new().await;
    stand.on("POST /workspaces", 201, workspace("app", "Pending"));
    stand.on("GET /workspaces/app", 200, workspace("app", "Starting"));
    stand.on("GET /workspaces/app/events", 200, events(&[workspace("app", "Starting"), workspace("app", "Running")]));
    let ended = stand.run("create https://h/x --ref main --env A=1 --env A=2 --idle-timeout 2h --port web=3000").await;
    assert_eq!(ended.out, "http://app.localhost:7080/\nssh -p 7022 app@localhost\n");
    assert_eq!((ended.code, ended.err.as_str()), (0, "Created app.\n"));
    let asked = stand.asked();
    let sent = asked.iter().find_map(|asked| asked.strip_prefix("POST /api/v1/workspaces ")).unwrap();
    let sent: Value = serde_json::from_str(sent).unwrap();
    let source = &sent["source"];
    assert_eq!(
        (&source["url"], &source["ref"], &source["commit"]),
        (&json!("https://h/x"), &json!("main"), &Value::Null)
    );
    assert_eq!(sent["variables"], json!([{"name": "A", "value": "2", "kind": "env"}]));
    assert_eq!((&sent["lifecycle"]["idleTimeout"], &sent["ports"][0]["name"]), (&json!(7200), &json!("web")));
    assert_eq!(stand.run("create https://h/x --no-wait -q -o name").await.out, "app\n");
}

#[tokio::test]
async fn a_failed_create_says_why() {
    let stand = Stand::new().await;
    stand.on("POST /workspaces", 201, workspace("app", "Pending"));
    stand.on("GET /workspaces/app", 200, failed("app"));
    stand.on(
        "GET /workspaces/app/logs/clone?tail=8192",
        200,
        "event: log\ndata: \"one\\ntwo\"\n\nevent: end\ndata:\n\n",
    );
    let ended = stand.run("create https://h/x").await;
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert!(
        ended.err.contains("app failed: CloneFailed: cannot clone\n--- the end of the log 'clone':\none\ntwo\n"),
        "{}",
        ended.err
    );
}

#[tokio::test]
async fn waiting_ends() {
    let stand = Stand::new().await;
    stand.on("POST /workspaces", 201, workspace("app", "Pending"));
    stand.on("GET /workspaces/app", 200, workspace("app", "Starting"));
    let ended = stand.run("create https://h/x --timeout 1s").await;
    assert_eq!(ended.code, 5, "{}", ended.err);
}

#[tokio::test]
async fn an_old_failure_is_not_the_new_one() {
    let stand = Stand::new().await;
    stand.on("GET /workspaces/app", 200, failed("app"));
    stand.on("PATCH /workspaces/app", 200, failed("app"));
    stand.on(
        "GET /workspaces/app/events",
        200,
        events(&[failed("app"), workspace("app", "Starting"), workspace("app", "Running")]),
    );
    let ended = stand.run("start app").await;
    assert_eq!((ended.code, ended.out.lines().count()), (0, 2), "{}", ended.err);
    assert!(stand.asked().contains(&r#"PATCH /api/v1/workspaces/app {"running":true}"#.to_string()));
}

#[tokio::test]
async fn stop_and_restart_and_delete() {
    let stand = Stand::new().await;
    stand.on("GET /workspaces/a", 200, workspace("a", "Running"));
    stand.on("PATCH /workspaces/a", 200, workspace("a", "Stopping"));
    stand.on("GET /workspaces/a", 200, workspace("a", "Stopped"));
    let ended = stand.run("stop a none").await;
    assert_eq!((ended.code, ended.out.as_str()), (3, "a Stopped\n"), "{}", ended.err);
    stand.on("GET /workspaces/b", 200, workspace("b", "Running"));
    stand.on("PATCH /workspaces/b", 200, workspace("b", "Running"));
    stand.on("GET /workspaces/b/events", 200, events(&[workspace("b", "Stopping"), workspace("b", "Running")]));
    assert_eq!(stand.run("restart b --timeout 5s").await.code, 0);
    stand.on("DELETE /workspaces/a", 202, "");
    stand.on("DELETE /workspaces/gone", 202, "");
    let ended = stand.run("delete gone --yes").await;
    assert_eq!((ended.code, ended.err.as_str()), (0, "Deleted gone.\n"));
    assert_eq!(stand.run("delete a --yes --timeout 1s").await.code, 5);
}

#[tokio::test]
async fn logs_come_as_they_are() {
    let stand = Stand::new().await;
    let log = "event: log\ndata: \"\\u001b[1mone\\n\"\n\nevent: log\ndata: \"two\"\n\nevent: end\ndata:\n\n";
    stand.on("GET /workspaces/a/logs/build?tail=9&follow=true", 200, log);
    assert_eq!(stand.run("logs a build -f --tail 9").await.out, "\u{1b}[1mone\ntwo");
    assert_eq!(stand.run("logs a none").await.code, 3);
    let event = "event: event\ndata: {\"at\":\"2026-01-01T00:00:00Z\",\"reason\":\"Woken\",\"message\":\"m\",\"by\":\"ann\"}\n\n";
    stand.on("GET /workspaces/a/events?follow=false", 200, event);
    stand.on("GET /workspaces/a/events?follow=true", 200, event);
    for line in ["events a", "events a -f"] {
        assert_eq!(stand.run(line).await.out, "2026-01-01 00:00:00Z  Woken           m (by ann)\n");
    }
}

#[tokio::test]
async fn only_token_create_prints_a_token() {
    let stand = Stand::new().await;
    let token = json!({"id": "t1", "name": "ci", "scope": "read", "createdAt": "2026-01-01T00:00:00Z",
        "expiresAt": null, "lastUsedAt": null, "token": "dormer_new"});
    stand.on("POST /tokens", 201, &token);
    let ended = stand.run("token create ci --scope read --expires 12h").await;
    assert_eq!(ended.out, "dormer_new\n");
    assert_eq!(stand.asked()[0], r#"POST /api/v1/tokens {"name":"ci","scope":"read","expiresIn":43200,"user":null}"#);
    stand.on("GET /tokens", 200, json!({"items": [token], "total": 1}));
    assert!(!stand.run("token ls").await.out.contains("dormer_"));
    let me = json!({"user": "ann", "displayName": null, "groups": [], "admin": true, "scope": "all", "domain": "localhost",
        "backend": "local", "sshHost": "localhost", "sshPort": 7022, "sshHostKeys": [], "version": "0"});
    stand.on("GET /me", 200, me);
    let ended = stand.run("whoami").await;
    assert_eq!(ended.out, format!("ann at {}, administrator\n", stand.url));
    assert!(!stand.run("whoami -o json").await.out.contains("dormer_test"));
}

#[tokio::test]
async fn a_login_keeps_only_a_token_that_works() {
    let stand = Stand::new().await;
    let out = Output::to(Box::new(std::io::sink()), Box::new(std::io::sink()), Format::Table);
    let environment = Environment { config: stand.environment.home.join("other"), ..stand.environment.clone() };
    let mut context = Context { globals: Globals::default(), environment, output: out };
    let login = super::account::Login { url: None, code: false, token_stdin: true, plain_http: false };
    let origin = || stand.url.parse().unwrap();
    let refused = login.keep(&mut context, origin(), Token::parse("dormer_wrong").unwrap()).await.unwrap_err();
    assert_eq!(refused.exit_code(), 4);
    assert!(Credentials::load(&context.environment).unwrap().servers.is_empty());
    let me = json!({"user": "ann", "displayName": null, "groups": [], "admin": false, "scope": "all", "domain": "d",
        "backend": "local", "sshHost": "h", "sshPort": 1, "sshHostKeys": [], "version": "0"});
    stand.on("GET /me", 200, me);
    login.keep(&mut context, origin(), Token::parse("dormer_test").unwrap()).await.unwrap();
    assert!(Credentials::load(&context.environment).unwrap().default_entry().is_some());
}

#[tokio::test]
async fn names_below_localhost_need_no_dns() {
    let stand = Stand::new().await;
    let there = stand.url.replace("localhost", "a.b.localhost");
    let mut credentials = Credentials::default();
    credentials.put(Entry { url: there.parse().unwrap(), user: None, token: Token::parse("dormer_test").unwrap() });
    credentials.save(&stand.environment).unwrap();
    stand.on("GET /workspaces", 200, json!({"items": [], "total": 0}));
    assert_eq!(stand.run("ls").await.code, 0);
}
