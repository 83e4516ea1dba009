//! `dormer login` in a terminal.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use dormer_tests::browser::Browser;
use dormer_tests::gateway::{Gateway, binary};

/// `dormer login`, as somebody types it who has never been here: with a home of their own.
fn login(gateway: &Gateway, args: &[&str], display: bool) -> (Child, tempfile::TempDir) {
    let home = tempfile::tempdir().expect("a home");
    let mut command = std::process::Command::new(binary("dormer"));
    command.arg("login").arg(&gateway.url).args(args).env_clear().env("HOME", home.path()).env("USER", "ann");
    if display {
        // No program opens a page here: the person does, with the address that is printed.
        command.env("DISPLAY", ":99").env("PATH", "/nonexistent");
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    (child.expect("dormer runs"), home)
}

/// The first line of what it says in which something is found.
fn said(child: &mut Child, find: impl Fn(&str) -> bool) -> (String, BufReader<std::process::ChildStderr>) {
    let mut lines = BufReader::new(child.stderr.take().expect("piped"));
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).expect("stderr") > 0, "it ended");
        if find(line.trim()) {
            return (line.trim().to_string(), lines);
        }
    }
}

fn whoami(gateway: &Gateway, home: &tempfile::TempDir) -> String {
    let mut command = std::process::Command::new(binary("dormer"));
    command.args(["whoami", "-o", "name", "--server", &gateway.url]).env_clear().env("HOME", home.path());
    String::from_utf8_lossy(&command.output().expect("dormer runs").stdout).trim().to_string()
}

#[test]
fn with_a_code_that_is_typed_in_a_browser_elsewhere() {
    let gateway = Gateway::start();
    let (mut child, home) = login(&gateway, &[], false);
    let (code, mut rest) = said(&mut child, |line| line.len() == 9 && line.as_bytes()[4] == b'-');
    let mut browser = Browser::open();
    browser.go(&gateway.sign_in_link());
    browser.see("text=Workspaces");
    browser.go(&format!("{}/login/device", gateway.url));
    browser.see("input[name=code]");
    browser.click("input[name=code]");
    browser.write("BBBB-BBBB");
    browser.press("Enter");
    browser.see("text=no command line shows this code");
    browser.go(&format!("{}/login/device", gateway.url));
    browser.click("input[name=code]");
    browser.write(&code.to_lowercase());
    browser.press("Enter");
    browser.see("text=Is this you?");
    assert!(browser.text("[data-step=ask]").contains("ann@"), "the machine is named");
    browser.click("[data-yes]");
    browser.see("text=The command line is signed in");
    let status = child.wait().expect("it ends");
    let mut text = String::new();
    rest.read_to_string(&mut text).expect("stderr");
    assert!(status.success() && text.contains("Signed in to"), "{text}");
    assert!(!text.contains("dormer_"), "the token is not shown");
    assert_eq!(whoami(&gateway, &home), gateway.owner.name);
    let audit = gateway.dormer(&["audit"]);
    assert!(String::from_utf8_lossy(&audit.stdout).contains("login.command-line"), "it is written down");
}

#[test]
fn with_the_browser_of_the_same_machine() {
    let gateway = Gateway::start();
    let (mut child, home) = login(&gateway, &[], true);
    let (url, mut rest) = said(&mut child, |line| line.starts_with("http") && line.contains("/login/cli?"));
    let mut browser = Browser::open();
    browser.go(&gateway.sign_in_link());
    browser.see("text=Workspaces");
    browser.go(&url);
    browser.see("text=Is this you?");
    browser.click("[data-yes]");
    browser.see("text=This machine is signed in");
    assert!(browser.url().ends_with("/end"), "no code is in the address: {}", browser.url());
    let status = child.wait().expect("it ends");
    let mut text = String::new();
    rest.read_to_string(&mut text).expect("stderr");
    assert!(status.success(), "{text}");
    assert_eq!(whoami(&gateway, &home), gateway.owner.name);
    assert!(!gateway.said().contains("challenge=") && !gateway.said().contains("code="), "{}", gateway.said());

    // No is no.
    let (mut child, _home) = login(&gateway, &[], true);
    let (url, mut rest) = said(&mut child, |line| line.starts_with("http") && line.contains("/login/cli?"));
    browser.go(&url);
    browser.see("text=Is this you?");
    browser.click("[data-no]");
    let status = child.wait().expect("it ends");
    let mut text = String::new();
    rest.read_to_string(&mut text).expect("stderr");
    assert!(!status.success() && text.contains("access_denied"), "{text}");
}
