//! What git in a workspace signs in with: its owner's, for its source's host, and only while there is something.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use dormer_tests::gateway::Gateway;
use dormer_tests::gitea::{Account, Gitea};
use dormer_tests::keep;
use serde_json::json;

use super::DEVFILE;

/// A gateway whose owner has a token for a host, as `git credential-store` keeps it.
pub fn signed_in(host: &str, account: &Account, token: &str) -> (Gateway, tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    keep_token(&path, host, account, token);
    let gateway = Gateway::with(&[("FORGE_CREDENTIALS", &path.to_string_lossy()), ("FORGE_PRIVATE_HOSTS", host)]);
    (gateway, folder, path)
}

fn keep_token(path: &Path, host: &str, account: &Account, token: &str) {
    fs::write(path, format!("http://{}:{token}@{host}\n", account.name)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_private_repository_is_cloned_pulled_and_pushed_as_the_person_and_the_token_is_nowhere() {
    let gitea = Gitea::start();
    let (ann, bob) = (gitea.user("ann"), gitea.user("bob"));
    let app = gitea.private(&ann, "app").file("devfile.yaml", DEVFILE).commit();
    app.share(&bob, "write");
    let token = gitea.token(&bob, "dormer");
    let (gateway, _folder, path) = signed_in(&gitea.host(), &bob, &token);
    let workspace = gateway.workspace("private").from_url(&app.page).create();
    assert_eq!(workspace.run("git rev-parse HEAD"), app.head());
    // A person's commit, under a name, to where the person may push.
    workspace.run("git checkout -q -b from-inside && echo more > more && git add more && git commit -q -m More");
    workspace.run("GIT_TERMINAL_PROMPT=0 git push -q -u origin from-inside");
    assert_eq!(app.at("from-inside"), workspace.run("git rev-parse HEAD"));
    assert!(!workspace.run("git log -1 --format='%an %ae'").trim().is_empty());
    // Neither on a disk of the gateway's, nor in the environment of anything in the workspace.
    let holds =
        |path: &Path| fs::read(path).is_ok_and(|bytes| bytes.windows(token.len()).any(|part| part == token.as_bytes()));
    assert_eq!(keep::files(gateway.folder(), &holds), Vec::<PathBuf>::new());
    assert!(
        !workspace
            .run("env; cat /proc/self/environ | tr '\\0' '\\n'; cat .git/config; git config --list")
            .contains(&token)
    );
    assert!(!gateway.said().contains(&token));
    // For other hosts there is nothing, whatever a repository says.
    let ask = |protocol: &str, host: &str| {
        workspace.run(&format!(
            "printf 'protocol={protocol}\\nhost={host}\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill 2>&1 || true"
        ))
    };
    assert!(ask("http", &gitea.host()).contains(&token), "that host's own");
    for (protocol, host) in [
        ("https", gitea.host().as_str()),
        ("http", "127.0.0.1:1"),
        ("http", "127.0.0.1"),
        ("https", "evil.example"),
        ("http", &format!("{}.evil.example", gitea.host())),
    ] {
        assert!(!ask(protocol, host).contains(&token), "{protocol} {host}");
    }
    // Taken away here: gone with the next question.
    fs::remove_file(&path).unwrap();
    assert!(!ask("http", &gitea.host()).contains(&token));
    let refused = workspace.login().run("GIT_TERMINAL_PROMPT=0 git pull -q");
    assert!(!refused.status.success());
    // And taken away there.
    keep_token(&path, &gitea.host(), &bob, &token);
    workspace.run("GIT_TERMINAL_PROMPT=0 git fetch -q");
    gitea.revoke(&bob, "dormer");
    assert!(!workspace.login().run("GIT_TERMINAL_PROMPT=0 git fetch -q").status.success());
}

#[test]
fn somebody_else_has_no_part_in_it() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let app = gitea.private(&ann, "app").file("a", "").commit();
    let (gateway, _folder, _) = signed_in(&gitea.host(), &ann, &ann.token);
    let bob = gateway.person("bob");
    let (status, missing) = super::resolve_as(&gateway, &bob, json!({"url": app.page}));
    assert_eq!(status, 422, "{missing}");
    let (_, nothing) = super::resolve_as(&gateway, &bob, json!({"url": app.page.replace("app", "nothing")}));
    assert_eq!(missing.to_string().replace("/app", "/nothing"), nothing.to_string(), "the same words");
    assert_eq!(super::resolve(&gateway, json!({"url": app.page}))["source"]["commit"], app.head());
}

#[test]
fn a_request_is_edited_committed_and_pushed_and_shows_it() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let app = gitea.private(&ann, "app").file("devfile.yaml", DEVFILE).commit().branch("fix").file("b", "1\n").commit();
    let number = app.pull_request(&ann, "fix", "Fix");
    let (gateway, _folder, _) = signed_in(&gitea.host(), &ann, &ann.token);
    // By the command line, from the page of the request.
    let made = gateway.dormer(&["create", &app.pull_page(number), "--name", "fix", "--editor", "none"]);
    assert!(made.status.success(), "{made:?}");
    let workspace = dormer_tests::workspace::Workspace::named(&gateway, "fix");
    workspace.run("echo 2 >> b && git commit -q -am Two && GIT_TERMINAL_PROMPT=0 git push -q");
    let head = workspace.run("git rev-parse HEAD");
    dormer_tests::wait::until("the request shows it", dormer_tests::wait::LONG, || {
        (app.pull(number)["head"]["sha"] == head.as_str()).then_some(())
    });
}
