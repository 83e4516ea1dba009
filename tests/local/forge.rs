//! Against a real Gitea: what people have open there becomes a workspace.

mod credential;
mod hostile;
mod page;
mod refs;
mod request;
mod sign;
mod story;

use dormer_tests::gateway::Gateway;
use dormer_tests::gitea::Gitea;
use dormer_tests::person::Person;
use serde_json::{Value, json};

/// What a source means, as the owner of the gateway asks.
#[track_caller]
fn resolve(gateway: &Gateway, source: Value) -> Value {
    gateway.apex().api("POST", "/resolve", Some(json!({"source": source}))).expect(200).value()
}

/// What it means, as somebody else asks: status and answer.
fn resolve_as(gateway: &Gateway, who: &Person, source: Value) -> (u16, Value) {
    let answer = gateway.apex().seen_by(who).api("POST", "/resolve", Some(json!({"source": source})));
    (answer.status, answer.value())
}

#[test]
fn gitea_itself_is_what_the_tests_take_it_for() {
    let gitea = Gitea::start();
    let (ann, bob) = (gitea.user("ann"), gitea.user("bob"));
    let app = gitea.repository(&ann, "app").file("README.md", "hello\n").commit();
    let fork = app.fork(&bob).branch("feature").file("new", "from a fork\n").commit();
    let number = app.pull_request(&bob, "bob:feature", "From a fork");
    let pull = app.pull(number);
    assert_eq!(pull["head"]["sha"], fork.head());
    assert_eq!(pull["state"], "open");
    app.merge(number);
    assert_eq!(app.pull(number)["merged"], true);
    let application = gitea.application("dormer", &["http://localhost/login/callback"], true);
    assert!(!application.client_id.is_empty() && !application.client_secret.is_empty());
}

#[test]
fn an_untrusted_person_reaches_nothing_inside_the_gateways_network() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let app = gitea.repository(&ann, "app").file("devfile.yaml", DEVFILE).commit();
    let gateway = Gateway::start();
    let bob = gateway.person("bob");
    // The owner of the machine may; whoever else signs in may not, by whatever name it is given.
    assert_eq!(resolve(&gateway, json!({"url": app.page}))["source"]["commit"], app.head());
    let port = gitea.address().port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.0.0.1", "127.1", "x.localhost"] {
        let (status, answer) = resolve_as(&gateway, &bob, json!({"url": format!("http://{host}:{port}/ann/app")}));
        assert!(status == 403 || status == 502, "{host}: {status} {answer}");
        assert_ne!(answer["source"]["commit"], app.head(), "{host}");
    }
    drop(gateway);
    // An administrator opens it: that host, at that port.
    let gateway = Gateway::with(&[("FORGE_PRIVATE_HOSTS", &gitea.host())]);
    let bob = gateway.person("bob");
    let (status, answer) = resolve_as(&gateway, &bob, json!({"url": app.page}));
    assert_eq!((status, &answer["source"]["commit"]), (200, &json!(app.head())), "{answer}");
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let url = format!("http://{}/ann/app", other.local_addr().unwrap());
    assert_eq!(resolve_as(&gateway, &bob, json!({"url": url})).0, 403);
    assert!(other.accept().is_err(), "nobody connected");
}

#[test]
fn errors_are_told_by_cause_and_soon() {
    let mut gitea = Gitea::start();
    let ann = gitea.user("ann");
    let (page, url) = {
        let app = gitea.repository(&ann, "app").file("devfile.yaml", "schemaVersion: 2.3.0\nmetadata: 7\n").commit();
        gitea.private(&ann, "secret").file("a", "").commit();
        (app.page.clone(), app.url.clone())
    };
    let host = gitea.host();
    let gateway = Gateway::with(&[("FORGE_PRIVATE_HOSTS", &host), ("FORGE_GITEA", &host)]);
    let bob = gateway.person("bob");
    let ask = |source: Value| resolve_as(&gateway, &bob, source);
    // One that is not there and one that may not be seen: the same words.
    let words = |name: &str| {
        let (status, answer) = ask(json!({"url": format!("http://{host}/ann/{name}")}));
        (status, answer.to_string().replace(name, "NAME"))
    };
    assert_eq!(words("secret"), words("missing"));
    assert_eq!(words("missing").0, 422);
    let (status, answer) = ask(json!({"url": page, "ref": "nowhere"}));
    assert_eq!((status, answer["errors"][0]["field"].as_str()), (422, Some("/source/ref")), "{answer}");
    let (status, answer) = ask(json!({"url": page, "mergeRequest": 99}));
    assert_eq!(status, 422, "{answer}");
    // A devfile that is wrong: where, and a link to that very line.
    let (_, answer) = ask(json!({"url": page}));
    let problem = answer["devfileProblem"].as_str().unwrap_or_default();
    assert!(problem.contains("devfile.yaml:2:"), "{answer:#}");
    assert!(answer["devfileProblemPage"].as_str().unwrap_or_default().ends_with("devfile.yaml#L2"), "{answer:#}");
    let refused = gateway.apex().api("POST", "/workspaces", Some(json!({"source": {"url": page}}))).expect(422).value();
    assert!(refused.to_string().contains("devfile.yaml:2:"), "{refused}");
    // Down.
    gitea.stop();
    let before = std::time::Instant::now();
    let (status, answer) = ask(json!({"url": url}));
    assert_eq!((status, answer["type"].as_str()), (502, Some("/problems/forge-unreachable")), "{answer}");
    assert!(before.elapsed().as_secs() < 20);
    gitea.serve();
    assert_eq!(ask(json!({"url": url})).0, 200);
}

const DEVFILE: &str = "schemaVersion: 2.3.0
metadata:
  name: app
components:
  - name: dev
    container:
      image: example.test/dev:1
commands:
  - id: greet
    exec:
      component: dev
      commandLine: echo made-by-the-devfile > greeting
events:
  postStart: [greet]
";
