//! A person with a browser: sign in, look, open, edit, type, leave.

use std::time::Duration;

use dormer_tests::app;
use dormer_tests::browser::Browser;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::wait;
use dormer_tests::workspace::Workspace;

/// A browser that is signed in by a one-time link, as a person on the gateway's machine gets it.
fn signed_in(gateway: &Gateway) -> Browser {
    let mut browser = Browser::open();
    browser.go(&gateway.sign_in_link());
    browser.see("text=Workspaces");
    browser
}

#[test]
fn a_link_signs_in_once_and_its_secret_never_reaches_a_log() {
    let gateway = Gateway::start();
    let link = gateway.sign_in_link();
    let (before, secret) = link.split_once('#').expect("the secret is in the fragment, which is not sent");
    assert!(before.starts_with(&gateway.url), "{before}");
    let mut browser = Browser::open();
    browser.go(&link);
    browser.see("text=Workspaces");
    assert!(!browser.url().contains(secret), "the secret is gone from the address: {}", browser.url());
    browser.picture("dashboard-empty");
    for cookie in browser.cookies() {
        assert_eq!(cookie["httpOnly"], true, "{cookie}");
        assert_ne!(cookie["sameSite"], "None", "{cookie}");
        assert!(!cookie["domain"].as_str().unwrap().starts_with('.'), "good for one host only: {cookie}");
    }
    assert_eq!(browser.foreign(), Vec::<String>::new(), "no other host is asked for anything");
    // A second time it is worth nothing.
    let mut another = Browser::open();
    another.go(&link);
    another.see("text=That did not work");
    assert_eq!(another.count("text=Sign out"), 0);
    assert_eq!(gateway.said().matches(secret).count(), 1, "it was said once, when it was made");
}

#[test]
fn the_dashboard_shows_the_phase_as_it_changes() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("shown").file("a", "").commit();
    let workspace = gateway.workspace("shown").from(&repository).create();
    let mut browser = signed_in(&gateway);
    browser.see("text=shown");
    browser.see("text=Running");
    browser.picture("dashboard");
    workspace.stop();
    browser.see("text=Stopped");
    // By keyboard alone: every control can be reached and says what it is.
    let unnamed = browser.evaluate(
        "[...document.querySelectorAll('button, a[href], input, select')].filter(e => \
         !(e.innerText || e.getAttribute('aria-label') || e.labels?.length || e.title || e.value || e.placeholder)).map(e => e.outerHTML)",
    );
    assert_eq!(unnamed, serde_json::json!([]));
}

#[test]
fn vscode_comes_up_by_itself_and_saves_a_file_and_has_a_terminal() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("edited").file("only-here.txt", "before\n").commit();
    let workspace = gateway.workspace("edited").from(&repository).with_editor().submit();
    let mut browser = signed_in(&gateway);
    // While it starts there is a page that says so; the editor replaces it.
    browser.go(&format!("http://{}/", workspace.site().host));
    browser.see(".monaco-workbench");
    browser.see(".explorer-folders-view >> text=only-here.txt");
    browser.picture("workbench");
    edit(&mut browser, "only-here.txt", "written in the browser ");
    let file = gateway.find("only-here.txt");
    wait::until("the file is saved", wait::LONG, || {
        std::fs::read_to_string(&file).ok().filter(|text| text.contains("written in the browser"))
    });
    terminal(&mut browser);
    let typed = file.with_file_name("from-terminal");
    // What is typed before the shell's prompt is there may be lost, and nothing on the page says that it is: so it is
    // typed again until it was heard.
    let heard = (0..8).any(|_| {
        browser.write("echo typed-$((40+2)) > from-terminal");
        browser.press("Enter");
        wait::poll(Duration::from_secs(8), || std::fs::read_to_string(&typed).ok().filter(|text| text == "typed-42\n"))
            .is_some()
    });
    assert!(heard, "the terminal did it");
    browser.picture("terminal");
    // It is written down seldom.
    wait::until("the typing counts as activity", Duration::from_secs(150), || {
        let kind = workspace.get()["lastActivity"]["kind"].clone();
        (kind == "editor" || kind == "terminal").then_some(())
    });
}

/// Opens a file from the explorer, types at its beginning and saves.
fn edit(browser: &mut Browser, name: &str, text: &str) {
    browser.click(&format!(".explorer-folders-view >> text={name}"));
    browser.see(".monaco-editor .view-line");
    browser.click(".monaco-editor .view-line");
    browser.press("Control+Home");
    browser.write(text);
    browser.press("Control+S");
}

/// Opens a terminal and types a line.
fn terminal(browser: &mut Browser) {
    browser.press("F1");
    browser.see(".quick-input-widget input");
    browser.write(">Terminal: Create New Terminal");
    browser.see(".quick-input-list .monaco-list-row");
    browser.press("Enter");
    browser.see(".terminal-wrapper.active .xterm-screen");
    browser.see(".terminal-wrapper.active .xterm-rows, .terminal-wrapper.active canvas");
}

#[test]
fn an_abandoned_tab_neither_keeps_it_awake_nor_wakes_it_and_offers_a_button() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("left").file("only-here.txt", "").commit();
    let workspace = gateway.workspace("left").from(&repository).with_editor().create();
    let mut browser = signed_in(&gateway);
    browser.go(&format!("http://{}/", workspace.site().host));
    browser.see(".monaco-workbench");
    browser.see(".explorer-folders-view >> text=only-here.txt");
    let (opened, open) = browser.sockets();
    assert!(open >= 2, "the editor has its sockets open: {opened} {open}");
    // Only now: an editor that takes its time must not be asleep before it is seen.
    workspace.change(serde_json::json!({"lifecycle": {"idleTimeout": 15}}));
    workspace.wait_for("Stopped");
    workspace.change(serde_json::json!({"lifecycle": {"idleTimeout": 600}}));
    assert!(workspace.processes().is_empty(), "{:?}", workspace.processes());
    wait::until("the tab tries to come back", wait::LONG, || (browser.sockets().0 > opened).then_some(()));
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(workspace.phase(), "Stopped", "and that wakes nothing");
    browser.see("text=Wake it up");
    browser.picture("abandoned");
    browser.click("text=Wake it up");
    workspace.wait_for("Running");
    browser.see(".explorer-folders-view >> text=only-here.txt");
    browser.see(".monaco-workbench");
    assert_eq!(browser.count("text=Wake it up"), 0);
}

#[test]
fn a_killed_gateway_is_the_same_editor_session_afterwards() {
    let (mut gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("held").file("only-here.txt", "before\n").commit();
    gateway.workspace("held").from(&repository).with_editor().create();
    let host = gateway.site("held").host;
    let mut browser = signed_in(&gateway);
    browser.go(&format!("http://{host}/"));
    browser.see(".explorer-folders-view >> text=only-here.txt");
    browser.evaluate("window.stillHere = true");
    gateway.kill();
    gateway.serve();
    Workspace::named(&gateway, "held").wait_for("Running");
    edit(&mut browser, "only-here.txt", "after the gateway's death ");
    let file = gateway.find("only-here.txt");
    wait::until("the file is saved", wait::LONG, || {
        std::fs::read_to_string(&file).ok().filter(|text| text.contains("after the gateway's death"))
    });
    assert_eq!(browser.evaluate("window.stillHere"), true, "the page was not even loaded again");
}

#[test]
fn a_port_opens_in_the_browser_of_whoever_is_signed_in() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("served").app(port).commit();
    let workspace = gateway.workspace("served").from(&repository).create();
    workspace.listening(port);
    let mut browser = signed_in(&gateway);
    // Through the apex and back, by a ticket for this host alone.
    browser.go(&format!("http://{}/page?x=1", workspace.port(port).host));
    browser.see("text=GET /page?x=1 HTTP/1.1");
    let head = browser.text("body").to_ascii_lowercase();
    assert!(!head.contains("dormer"), "the app sees nothing of ours: {head}");
    assert!(browser.url().ends_with("/page?x=1"), "{}", browser.url());
    // From asleep, too: the waiting page, then the page by itself.
    workspace.stop();
    browser.go(&format!("http://{}/again", workspace.port(port).host));
    browser.see("text=GET /again HTTP/1.1");
    workspace.started(2);
}

#[test]
fn the_waiting_page_shows_why_it_failed() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("vanishing").file("a", "").commit();
    let workspace = gateway.workspace("broken").from(&repository).set("running", serde_json::json!(false)).submit();
    repository.vanish();
    let mut browser = signed_in(&gateway);
    browser.go(&format!("http://{}/", workspace.site().host));
    browser.see("text=broken did not start");
    let page = browser.text("main");
    assert!(page.contains("not found") || page.contains("vanishing"), "the reason is there: {page}");
    browser.picture("failed");
}
