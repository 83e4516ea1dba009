//! OpenSSH into a pod.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use dormer_tests::app;
use dormer_tests::http::Request;
use dormer_tests::wait;

use crate::space::Space;
use crate::visit::repository;

#[test]
fn commands_files_and_forwards_work_as_on_any_host() {
    let space = Space::new("ssh");
    let (_git, repository) = repository("shell", 3000);
    let workspace = space.workspace("shell").from(&repository).create();
    let output = workspace.login().run("echo out; echo err >&2; exit 42");
    assert_eq!((output.status.code(), &*output.stdout, &*output.stderr), (Some(42), &b"out\n"[..], &b"err\n"[..]));
    assert_eq!(workspace.run("id -u"), "1000");
    assert_eq!(workspace.run("echo $GREETING"), "hello");
    assert_eq!(workspace.run("pwd"), "/projects/shell");

    // A file of some size, up and down again, unharmed.
    let folder = tempfile::tempdir().expect("a folder");
    let (up, down) = (folder.path().join("up"), folder.path().join("down"));
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(&up, &bytes).expect("a file");
    let batch = format!("put {} sent\nget sent {}\nls -l\n", up.display(), down.display());
    let output = workspace.login().sftp(&batch);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(&down).expect("it came back"), bytes);
    let output = workspace.login().rsync(&up.display().to_string(), ":synced");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(workspace.run("cmp sent synced && echo same"), "same");

    // A megabyte through a pipe, both ways at once.
    let mut child = workspace.login().ssh(&["-T"], &["cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ssh");
    let mut input = child.stdin.take().expect("piped");
    let sent = bytes.clone();
    let writer = std::thread::spawn(move || input.write_all(&sent));
    let output = child.wait_with_output().expect("ssh ends");
    writer.join().expect("it wrote").expect("it was read");
    assert!(output.stdout == bytes, "{} of {} came back", output.stdout.len(), bytes.len());

    // A port of the pod's loopback, here.
    workspace.listening(3000);
    let port = app::free_port();
    let mut forward = workspace
        .login()
        .option("ExitOnForwardFailure=yes")
        .ssh(&["-N", "-L", &format!("127.0.0.1:{port}:127.0.0.1:3000")], &[])
        .stdin(Stdio::null())
        .spawn()
        .expect("ssh");
    let answer = wait::until("the forward leads there", wait::LONG, || {
        let address = ([127, 0, 0, 1], port).into();
        Request::new(address, "GET", "localhost", "/forwarded").within(Duration::from_secs(5)).try_send().ok()
    });
    assert!(answer.text().starts_with("GET /forwarded HTTP/1.1\r\n"));
    forward.kill().expect("it runs");
    forward.wait().expect("it ends");
}
