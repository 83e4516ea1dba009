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
    let app = gitea.repository(&ann, "app").file("devfile.yaml", DEVFILE).file("only-here.txt", "1\n");
    let app = app.file(".devfile/b.yaml", DEVFILE.replace("example.test/dev:1", "of-b:1")).commit();
    let hostile = "<img src=x onerror=window.bad=1>";
    let fork = app.fork(&bob).branch("fix").file("new", "from a fork\n").commit();
    let number = app.pull_request(&bob, "bob:fix", hostile);
    let gateway = Gateway::start();
    let mut browser = Browser::open();
    browser.go(&gateway.sign_in_link());
    browser.see("text=Workspaces");
    // What a link may carry beside its source, and a choice among several devfiles.
    browser.go(&format!("{}/new#{}&devfile=.devfile/b.yaml&class=small&name=x", gateway.url, app.page));
    browser.see("#create:not([hidden]) >> text=Create and start");
    browser.see("#facts >> text=of-b:1");
    let filled =
        browser.evaluate("['name', 'class', 'devfilePath'].map((name) => document.forms[1].elements[name].value)");
    assert_eq!(filled, json!(["x", "small", ".devfile/b.yaml"]));
    browser.evaluate(
        "(() => { const choice = document.forms[1].elements.devfilePath; choice.value = 'devfile.yaml'; \
         choice.dispatchEvent(new Event('change')); })()",
    );
    browser.see("#facts >> text=example.test/dev:1");
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
    browser.press("Enter");
    browser.press("Space");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(list(), json!([]), "nothing was made by looking, nor by a key that was meant for something else");
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
    let before = app.head();
    let workspace = Workspace::named(&gateway, "fix");
    let shown = in_its_terminal(
        &mut browser,
        |file| workspace.run(&format!("test -e {file} && echo yes || true")) == "yes",
        "echo from-the-editor >> only-here.txt; git commit -qam Two; git push -q",
        || app.pull(number)["head"]["sha"].as_str().filter(|head| *head != before).map(String::from),
    );
    browser.picture("pushed");
    assert_eq!(shown, workspace.run("git rev-parse HEAD"));
    assert!(workspace.run("git log -1 --format=%s%n%b --stat").contains("only-here.txt"));
}

/// Opens a terminal of the editor, types a line there once its shell listens, and waits for what comes of it. `heard`
/// says whether a file is there in the folder that the terminal begins in.
#[track_caller]
pub fn in_its_terminal<T>(
    browser: &mut Browser,
    heard: impl Fn(&str) -> bool,
    line: &str,
    seen: impl Fn() -> Option<T>,
) -> T {
    browser.press("F1");
    browser.see(".quick-input-widget input");
    browser.write(">Terminal: Create New Terminal");
    browser.see(".quick-input-list .monaco-list-row");
    browser.press("Enter");
    browser.see(".terminal-wrapper.active .xterm-rows, .terminal-wrapper.active canvas");
    // What is typed before the shell's prompt is there may be lost: something that may be said twice comes first.
    wait::until("the terminal's shell listens", wait::LONG, || {
        browser.write("touch .git/listens");
        browser.press("Enter");
        wait::poll(std::time::Duration::from_secs(2), || heard(".git/listens").then_some(()))
    });
    browser.write(line);
    browser.press("Enter");
    wait::until("what comes of the line in the terminal", wait::LONG, seen)
}
