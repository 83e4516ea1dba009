//! A pasted link in a browser: it asks, and never makes anything by itself.

use dormer_tests::browser::Browser;
use dormer_tests::gateway::Gateway;
use dormer_tests::gitea::Gitea;
use dormer_tests::wait;
use dormer_tests::workspace::Workspace;
use serde_json::json;

use super::DEVFILE;

#[test]
fn a_link_shows_what_it_would_make_and_waits_for_a_person() {
    let gitea = Gitea::start();
    let (ann, bob) = (gitea.user("ann"), gitea.user("bob"));
    let app = gitea.repository(&ann, "app").file("devfile.yaml", DEVFILE).file("only-here.txt", "1\n").commit();
    let hostile = "<img src=x onerror=window.bad=1>";
    let fork = app.fork(&bob).branch("fix").file("new", "from a fork\n").commit();
    let number = app.pull_request(&bob, "bob:fix", hostile);
    let gateway = Gateway::start();
    let mut browser = Browser::open();
    browser.go(&gateway.sign_in_link());
    browser.see("text=Workspaces");
    browser.go(&format!("{}/new#{}&name=from-link", gateway.url, app.pull_page(number)));
    browser.see("#create:not([hidden]) >> text=Create and start");
    let page = browser.text("main");
    for words in [
        hostile,
        "by bob",
        &fork.head()[..12],
        "echo made-by-the-devfile > greeting",
        "comes from a fork",
        "example.test/dev:1",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(browser.evaluate("window.bad ?? null"), json!(null), "other people's words are text");
    assert_eq!(browser.foreign(), Vec::<String>::new());
    browser.picture("consent");
    let list = || gateway.apex().api("GET", "/workspaces", None).value()["items"].clone();
    assert_eq!(list(), json!([]), "nothing was made by looking");
    browser.click("#create >> text=Create and start");
    browser.see(".monaco-workbench");
    let workspace = Workspace::named(&gateway, "from-link");
    workspace.wait_for("Running");
    browser.see(".explorer-folders-view >> text=only-here.txt");
    browser.picture("workbench");
    assert_eq!(workspace.run("git rev-parse HEAD"), fork.head());
    wait::until("the devfile's command ran", wait::LONG, || {
        (workspace.run("cat greeting 2>/dev/null || true") == "made-by-the-devfile").then_some(())
    });
    // The same link again offers what is there.
    browser.go(&format!("{}/new#{}", gateway.url, app.pull_page(number)));
    browser.see("text=Open from-link");
}

#[test]
fn a_request_is_opened_edited_committed_and_pushed_from_the_editor_and_shows_it() {
    let gitea = Gitea::start();
    let (ann, bob) = (gitea.user("ann"), gitea.user("bob"));
    let app = gitea.private(&ann, "app").file("devfile.yaml", DEVFILE).commit();
    app.share(&bob, "write");
    let app = app.branch("fix").file("only-here.txt", "1\n").commit();
    let number = app.pull_request(&bob, "fix", "Fix it");
    let (gateway, _folder, _) = super::credential::signed_in(&gitea.host(), &bob, &bob.token);
    let mut browser = Browser::open();
    browser.go(&gateway.sign_in_link());
    browser.see("text=Workspaces");
    browser.go(&format!("{}/new#{}&name=fix", gateway.url, app.pull_page(number)));
    browser.see("#create:not([hidden]) >> text=Create and start");
    browser.click("#create >> text=Create and start");
    browser.see(".explorer-folders-view >> text=only-here.txt");
    browser.press("F1");
    browser.see(".quick-input-widget input");
    browser.write(">Terminal: Create New Terminal");
    browser.see(".quick-input-list .monaco-list-row");
    browser.press("Enter");
    browser.see(".terminal-wrapper.active .xterm-rows, .terminal-wrapper.active canvas");
    let before = app.head();
    // What is typed before the shell's prompt is there may be lost: typed again until it was heard.
    let shown = (0..6).find_map(|_| {
        browser.write("echo from-the-editor >> only-here.txt; git commit -qam Two; git push -q");
        browser.press("Enter");
        wait::poll(std::time::Duration::from_secs(15), || {
            app.pull(number)["head"]["sha"].as_str().filter(|head| *head != before).map(String::from)
        })
    });
    browser.picture("pushed");
    let workspace = Workspace::named(&gateway, "fix");
    assert_eq!(shown.expect("the request shows what was pushed"), workspace.run("git rev-parse HEAD"));
    assert!(workspace.run("git log -1 --format=%s%n%b --stat").contains("only-here.txt"));
}
