//! How long a key takes to come back from a terminal.

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use dormer_tests::ssh::Login;

const KEYS: usize = 500;

/// The times of single keys, typed one after the other into a terminal that only echoes.
pub fn echo(login: &Login) -> Vec<Duration> {
    let mut command = login.ssh(&["-tt"], &["stty raw echo; echo ready; exec cat > /dev/null"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("ssh runs");
    let (mut input, mut output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let mut seen = Vec::new();
    while !seen.windows(5).any(|part| part == b"ready") || seen.last() != Some(&b'\n') {
        let mut octet = [0];
        output.read_exact(&mut octet).expect("a terminal");
        seen.push(octet[0]);
    }
    let times = (0..KEYS)
        .map(|_| {
            let typed = Instant::now();
            input.write_all(b"x").expect("typed");
            output.read_exact(&mut [0]).expect("echoed");
            typed.elapsed()
        })
        .collect();
    dormer_tests::processes::signal(child.id() as i32, libc::SIGTERM);
    let _ = child.wait();
    times
}
