//! Several people: who is shut out, projects, sharing, secrets.

use std::time::Duration;

use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::person::{Person, Site};
use dormer_tests::wait;
use serde_json::{Value, json};

fn site(gateway: &Gateway, person: &Person) -> Site {
    let mut site = gateway.apex();
    site.token = Some(person.token.clone());
    site
}

fn ok(output: &std::process::Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

#[test]
fn who_is_disabled_is_out_at_once_and_what_they_have_open_closes() {
    let gateway = Gateway::start();
    let bob = gateway.person("bob");
    let bobs = site(&gateway, &bob);
    // A stream of events is a connection that lasts.
    let stream = bobs.request("GET", "/api/v1/events").with("accept", "text/event-stream").send();
    assert_eq!((stream.status, bobs.api("GET", "/me", None).status), (200, 200));
    let reader = std::thread::spawn(move || stream.text());
    ok(&gateway.dormer(&["user", "disable", "bob"]));
    assert_eq!(bobs.api("GET", "/me", None).status, 401);
    wait::until("the stream ends", Duration::from_secs(5), || reader.is_finished().then_some(()));
    ok(&gateway.dormer(&["user", "enable", "bob"]));
    assert_eq!(bobs.api("GET", "/me", None).status, 200);
    let link = ok(&gateway.dormer(&["user", "invite", "bob"]));
    assert!(link.contains("/login#"), "{link}");
    assert!(!gateway.dormer(&["user", "disable", &gateway.owner.name]).status.success(), "not oneself");
    let audit = ok(&gateway.dormer(&["audit"]));
    for action in ["user.add", "user.disable", "user.enable", "user.invite"] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
    assert_eq!(bobs.api("GET", "/audit", None).status, 403);
}

#[test]
fn projects_say_who_sees_what_and_secrets_go_where_they_are_named() {
    let (gateway, git) = (Gateway::with(&[("FORGE_PRIVATE_HOSTS", "127.0.0.1")]), GitServer::start());
    let (bob, eve) = (gateway.person("bob"), gateway.person("eve"));
    let (bobs, eves) = (site(&gateway, &bob), site(&gateway, &eve));
    ok(&gateway.dormer(&["project", "create", "shop"]));
    ok(&gateway.dormer(&["project", "member", "shop", "bob", "user"]));
    assert_eq!(eves.api("GET", "/projects/shop", None).status, 404, "what one may not see does not exist");
    assert_eq!(eves.api("GET", "/projects", None).value()["total"], 0);
    assert_eq!(bobs.api("GET", "/projects/shop", None).value()["role"], "user");

    let add = |site: &Site, body: Value| site.api("POST", "/secrets", Some(body)).status;
    assert_eq!(add(&bobs, json!({"name": "own", "value": "bobs-own-value"})), 201);
    assert_eq!(add(&bobs, json!({"name": "team", "value": "x", "project": "shop"})), 403, "a user keeps none for all");
    assert_eq!(add(&eves, json!({"name": "team", "value": "x", "project": "shop"})), 404);
    let owner = gateway.apex();
    assert_eq!(add(&owner, json!({"name": "team", "value": "the-teams-value", "project": "shop"})), 201);

    let repository = git.repository("shop").file("a", "").commit();
    let create = |site: &Site, name: &str, secrets: Value| {
        let body = json!({"name": name, "project": "shop", "source": {"url": repository.url}, "editor": "none",
            "secrets": secrets});
        site.api("POST", "/workspaces", Some(body)).status
    };
    let both = json!([{"secret": "own", "name": "OWN"}, {"secret": "team", "name": "TEAM", "kind": "file"}]);
    assert_eq!(create(&eves, "eves", json!([])), 422, "no such project for eve");
    assert_eq!(create(&bobs, "shop", json!([{"secret": "none", "name": "X"}])), 422);
    assert_eq!(create(&bobs, "shop", both), 201);
    let workspace = dormer_tests::workspace::Workspace::named(&gateway, "shop");
    workspace.wait_for("Running");
    let agent = wait::until("the assignment", Duration::from_secs(10), || {
        let found = dormer_tests::keep::files(&gateway.data(), &|path| path.ends_with("TEAM"));
        found.into_iter().next()
    });
    assert_eq!(std::fs::read_to_string(&agent).expect("the file"), "the-teams-value");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&agent).expect("the file").permissions().mode() & 0o777, 0o600);

    // Others in the project see that it is there, and get no further; a stranger sees nothing.
    assert_eq!(owner.api("GET", "/workspaces/shop", None).status, 200);
    assert_eq!(gateway.site("shop").visit("/").status, 403, "an admin of the project does not enter");
    assert_eq!(eves.api("GET", "/workspaces/shop", None).status, 404);
    let share = |site: &Site| {
        let body = json!({"members": [{"user": "eve", "role": "user"}]});
        site.api("PATCH", "/workspaces/shop", Some(body)).status
    };
    assert_eq!((share(&eves), share(&owner), share(&bobs)), (404, 403, 200));
    assert_eq!(eves.api("GET", "/workspaces/shop", None).status, 200);

    // No value is shown, logged, or in the records.
    let shown = bobs.api("GET", "/secrets", None).text() + &bobs.api("GET", "/workspaces/shop", None).text();
    let said = gateway.said();
    let database = std::fs::read(gateway.data().join("dormer.db")).expect("the records");
    let wal = std::fs::read(gateway.data().join("dormer.db-wal")).unwrap_or_default();
    for value in ["bobs-own-value", "the-teams-value"] {
        assert!(!shown.contains(value) && !said.contains(value), "{value} is shown");
        let there = |octets: &[u8]| octets.windows(value.len()).any(|part| part == value.as_bytes());
        assert!(!there(&database) && !there(&wal), "{value} is in the records");
    }
    ok(&gateway.dormer(&["project", "leave", "shop", "bob"]));
    assert_eq!(bobs.api("GET", "/projects/shop", None).status, 404);
}
