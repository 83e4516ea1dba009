//! Pull requests: from the repository itself, from forks, and what becomes of them.

use dormer_tests::gateway::Gateway;
use dormer_tests::gitea::Gitea;
use dormer_tests::http::Request;
use dormer_tests::wait;
use serde_json::json;

use super::{DEVFILE, resolve};

#[test]
fn a_forks_request_has_both_remotes_and_its_branch_follows_the_fork() {
    let gitea = Gitea::start();
    let (ann, bob) = (gitea.user("ann"), gitea.user("bob"));
    let app = gitea.repository(&ann, "app").file("devfile.yaml", DEVFILE).file("README.md", "hello\n").commit();
    let fork = app.fork(&bob).branch("fix/it").file("new", "from a fork\n").commit();
    let number = app.pull_request(&bob, "bob:fix/it", "Mend <it>");
    let gateway = Gateway::start();
    let told = resolve(&gateway, json!({"url": app.pull_page(number)}));
    assert_eq!(told["source"]["commit"], fork.head(), "{told:#}");
    assert_eq!(told["source"]["url"], app.page, "{told:#}");
    assert_eq!(told["source"]["branch"], "fix/it", "{told:#}");
    assert_eq!(told["source"]["fork"], fork.url, "{told:#}");
    assert_eq!((&told["request"]["title"], &told["request"]["author"]), (&json!("Mend <it>"), &json!("bob")));
    assert_eq!((&told["request"]["state"], &told["trusted"]), (&json!("open"), &json!(false)));
    assert_eq!(told["commit"]["author"], "Test");
    assert_eq!(told["runs"][0]["line"], "echo made-by-the-devfile > greeting", "{told:#}");
    assert_eq!(told["images"], json!(["example.test/dev:1"]));
    assert_eq!(told["existing"], json!([]));

    let workspace = gateway.workspace("try").from_url(&app.pull_page(number)).create();
    assert_eq!(workspace.run("git rev-parse HEAD"), fork.head());
    assert_eq!(workspace.run("git rev-parse --abbrev-ref HEAD"), "fix/it");
    assert_eq!(workspace.run("git rev-parse --abbrev-ref '@{upstream}'"), "fork/fix/it");
    assert_eq!(workspace.run("git remote get-url fork"), fork.url);
    assert_eq!(workspace.run("git remote get-url origin"), app.page);
    assert_eq!(workspace.run("git status --porcelain --untracked-files=no"), "");
    let shown = workspace.get();
    assert_eq!((&shown["source"]["mergeRequest"], &shown["source"]["title"]), (&json!(number), &json!("Mend <it>")));
    assert_eq!(shown["source"]["page"], app.pull_page(number));
    // The same source again: what is there is offered.
    let again = resolve(&gateway, json!({"url": app.page, "mergeRequest": number}));
    assert_eq!(again["existing"][0]["name"], "try", "{again:#}");
}

#[test]
fn requests_that_ended_or_moved_on_are_still_there() {
    let gitea = Gitea::start();
    let (ann, bob) = (gitea.user("ann"), gitea.user("bob"));
    let app = gitea.repository(&ann, "app").file("a", "1").commit();
    let make = |branch: &str| {
        let app = gitea.repository(&ann, &format!("app-{branch}")).file("a", "1").commit();
        let fork = app.fork(&bob).branch(branch).file("new", branch).commit();
        let number = app.pull_request(&bob, &format!("bob:{branch}"), branch);
        (app, fork, number)
    };
    let gateway = Gateway::start();
    let closed = make("closed");
    closed.0.close(closed.2);
    let merged = make("merged");
    merged.0.merge(merged.2);
    let branchless = make("branchless");
    branchless.1.delete_branch("branchless");
    let gone = make("gone");
    gone.1.delete();
    for (name, (app, fork, number), state, has_branch) in [
        ("closed", &closed, "closed", true),
        ("merged", &merged, "merged", true),
        ("branchless", &branchless, "", false),
        ("gone", &gone, "", false),
    ] {
        let told = resolve(&gateway, json!({"url": app.pull_page(*number)}));
        assert_eq!(told["source"]["commit"], fork.head(), "{name}: {told:#}");
        assert!(state.is_empty() || told["request"]["state"] == state, "{name}: {told:#}");
        assert_eq!(told["source"]["branch"].is_string(), has_branch, "{name}: {told:#}");
        let workspace = gateway.workspace(name).from_url(&app.pull_page(*number)).create();
        assert_eq!(workspace.run("git rev-parse HEAD; cat new"), format!("{}\n{name}", fork.head()));
    }
    // What was shown is what is made, though its author pushed over it meanwhile.
    let (forced, fork, number) = make("forced");
    let shown = resolve(&gateway, json!({"url": forced.pull_page(number)}));
    let before = fork.head();
    fork.git(&["commit", "-q", "--amend", "-m", "another"]);
    fork.git(&["push", "-q", "--force", "origin", "HEAD"]);
    assert_ne!(fork.head(), before);
    wait::until("the request moved on", wait::LONG, || {
        let now = resolve(&gateway, json!({"url": forced.pull_page(number)}));
        (now["source"]["commit"] == fork.head()).then_some(())
    });
    let source = json!({"url": shown["source"]["url"], "mergeRequest": number, "commit": before});
    let workspace = gateway.workspace("forced").set("source", source).create();
    assert_eq!(workspace.run("git rev-parse HEAD"), before);
    // Of the repository itself: the branch follows it, and there is no second remote.
    let app = app.branch("own").file("own", "").commit();
    let number = app.pull_request(&ann, "own", "Own");
    let workspace = gateway.workspace("own").from_url(&app.pull_page(number)).create();
    assert_eq!(workspace.run("git rev-parse --abbrev-ref '@{upstream}'; git remote"), "origin/own\norigin");
}

#[test]
fn a_webhook_that_is_signed_stops_the_workspace_of_a_merged_request() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let app = gitea.repository(&ann, "app").file("a", "1").commit().branch("own").file("b", "").commit();
    let number = app.pull_request(&ann, "own", "Own");
    let gateway = Gateway::with(&[("FORGE_ON_REQUEST_END", "stop"), ("FORGE_POLL", "0s")]);
    let workspace = gateway.workspace("own").from_url(&app.pull_page(number)).create();
    let secret = std::fs::read_to_string(gateway.data().join("keys/webhook")).unwrap();
    // One that anybody could send.
    let forged = json!({"action": "closed", "pull_request": {"number": number, "state": "closed", "merged": true},
        "repository": {"html_url": app.page, "clone_url": app.url}});
    for signature in ["", "00", &"0".repeat(64)] {
        let request = Request::new(gateway.http, "POST", &gateway.apex().host, "/hooks/forge");
        request.with("x-gitea-signature", signature).json(&forged).send().expect(403);
    }
    assert_eq!(workspace.phase(), "Running");
    app.webhook(&format!("{}/hooks/forge", gateway.url.replace("localhost", "127.0.0.1")), secret.trim());
    // By its address the gateway is no host of ours: hosts tell it by its name.
    app.webhook(&format!("{}/hooks/forge", gateway.url), secret.trim());
    app.merge(number);
    workspace.wait_for("Stopped");
    assert_eq!(workspace.get()["source"]["ended"], "merged");
    let told = gateway.dormer(&["events", "own"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("RequestMerged") && told.contains("start it to go on"), "{told}");
    let shown = gateway.dormer(&["get", "own"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains(&format!("!{number}, merged")) && shown.contains(&app.pull_page(number)), "{shown}");
    // Whoever starts it again means it.
    workspace.change(json!({"running": true}));
    workspace.wait_for("Running");
}

#[test]
fn without_a_webhook_the_host_is_asked() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let app = gitea.repository(&ann, "app").file("a", "1").commit().branch("own").file("b", "").commit();
    let number = app.pull_request(&ann, "own", "Own");
    let host = gitea.host();
    let gateway =
        Gateway::with(&[("FORGE_ON_REQUEST_END", "archive"), ("FORGE_POLL", "1s"), ("FORGE_PRIVATE_HOSTS", &host)]);
    let workspace = gateway.workspace("own").from_url(&app.pull_page(number)).create();
    app.close(number);
    workspace.wait_for("Archived");
    assert_eq!(workspace.get()["source"]["ended"], "closed");
}

#[test]
fn what_github_and_gitlab_send_is_understood_and_only_told_where_that_is_wished() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let app = gitea.repository(&ann, "app").file("a", "1").commit().branch("own").file("b", "").commit();
    let number = app.pull_request(&ann, "own", "Own");
    // Keep, as it comes: it is told, and goes on.
    let gateway = Gateway::with(&[("FORGE_POLL", "0s")]);
    let workspace = gateway.workspace("own").from_url(&app.pull_page(number)).create();
    let secret = std::fs::read_to_string(gateway.data().join("keys/webhook")).unwrap();
    // Nobody fetches what a body names: not even of one that is signed.
    let inner = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    inner.set_nonblocking(true).unwrap();
    let place = format!("http://{}/x", inner.local_addr().unwrap());
    let send = |name: &str, value: &str, body: &str| {
        let request = Request::new(gateway.http, "POST", &gateway.apex().host, "/hooks/forge");
        request.with(name, value).with("content-type", "application/json").body(body).send().status
    };
    let github = json!({"action": "closed", "number": number,
        "pull_request": {"number": number, "state": "closed", "merged": false, "url": place, "html_url": place},
        "repository": {"html_url": app.page, "clone_url": app.url, "hooks_url": place}});
    let gitlab = json!({"object_kind": "merge_request",
        "object_attributes": {"iid": number, "state": "merged", "url": place},
        "project": {"web_url": app.page, "git_http_url": app.url, "avatar_url": place}});
    let github = github.to_string();
    assert_eq!(send("x-hub-signature-256", &format!("sha256={}", hmac(b"guessed", github.as_bytes())), &github), 403);
    assert_eq!(send("x-gitlab-token", "guessed", &gitlab.to_string()), 403);
    assert!(workspace.get()["source"].get("ended").is_none());
    let signed = hmac(secret.trim().as_bytes(), github.as_bytes());
    assert_eq!(send("x-hub-signature-256", &format!("sha256={signed}"), &github), 200);
    assert_eq!(workspace.get()["source"]["ended"], "closed");
    assert_eq!(send("x-gitlab-token", secret.trim(), &gitlab.to_string()), 200);
    assert_eq!(workspace.get()["source"]["ended"], "merged");
    assert_eq!(workspace.phase(), "Running");
    let told = String::from_utf8_lossy(&gateway.dormer(&["events", "own"]).stdout).into_owned();
    assert!(told.contains("RequestClosed") && told.contains("RequestMerged"), "{told}");
    assert!(inner.accept().is_err(), "nobody connected");
}

/// HMAC-SHA256 (RFC 2104), in hexadecimal digits.
fn hmac(key: &[u8], text: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |octet: u8| block.map(|byte| byte ^ octet);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|octet| format!("{octet:02x}")).collect()
}
