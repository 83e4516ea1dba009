//! What is secret stays so.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::keep;
use serde_json::json;

#[test]
fn no_token_is_in_any_log_nor_in_any_file_but_the_owners_own() {
    let gateway = Gateway::with(&[("LOG_LEVEL", "trace")]);
    let git = GitServer::start();
    let port = app::free_port();
    let repository = git.repository("quiet").app(port).commit();
    let secret = "a-value-that-nobody-else-may-read";
    let workspace = gateway.workspace("quiet").from(&repository).variable("PASSWORD", secret).create();
    workspace.listening(port);
    let made = gateway.apex().api("POST", "/tokens", Some(json!({"name": "t"}))).expect(201).value();
    let token = made["token"].as_str().unwrap().to_string();
    // Every way in which one can be shown to the gateway, right and wrong.
    let sites = [gateway.apex(), workspace.site(), workspace.port(port)];
    for site in sites.iter().map(|site| dormer_tests::person::Site { token: Some(token.clone()), ..site.clone() }) {
        site.get("/somewhere");
        site.unknown().request("GET", "/api/v1/me").with("authorization", &format!("Bearer {token}")).send();
        site.unknown().request("GET", "/").with("cookie", &format!("dormer_session={token}")).send();
        site.unknown().request("GET", &format!("/?token={token}")).send();
        site.socket("/socket");
    }
    workspace.login().password(&token).run("true");
    dormer_tests::ssh::Login::new(&gateway, &token).run("true");
    gateway
        .apex()
        .request("POST", "/api/v1/tokens")
        .with("content-type", "application/json")
        .body(format!("{{\"{token}\": 1"))
        .send();

    let own = gateway.folder().join("state/dormer/servers");
    for (what, needle) in
        [("the owner's token", &gateway.owner.token), ("a token", &token), ("a variable", &secret.to_string())]
    {
        let bytes = needle.as_bytes();
        let found = keep::files(gateway.folder(), &|path| {
            !path.starts_with(&own) && fs::read(path).is_ok_and(|text| text.windows(bytes.len()).any(|at| at == bytes))
        });
        let logs: Vec<_> = found.iter().filter(|path| path.extension().is_some_and(|end| end == "log")).collect();
        assert!(logs.is_empty(), "{what} is in {logs:?}");
        if what != "a variable" {
            assert!(found.is_empty(), "{what} is in {found:?}");
        }
    }
    assert!(!gateway.log().is_empty(), "there was a log to look at");
}

#[test]
fn what_holds_secrets_is_its_owners_alone() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("modes").file("a", "").commit();
    let workspace = gateway.workspace("modes").from(&repository).variable("PASSWORD", "secret-value").create();
    let mode = |path: &std::path::Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&gateway.data()) & 0o077, 0, "the data folder");
    for file in keep::files(&gateway.folder().join("state/dormer/servers"), &|_| true) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    // No command line shows a secret to the others of this machine.
    for process in workspace.processes() {
        assert!(!process.command.contains("secret-value"), "{process:?}");
    }
    for file in keep::files(&gateway.data(), &|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().contains("host_key") || name.to_string_lossy().ends_with("_key"))
    }) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}
