//! Instructions of one request, beside what pingora takes alone: counts of a simulated processor, which another load on
//! the machine does not change. The kernel's own are not among them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::{processes, wait};

use crate::report::tell;

/// Requests of the shorter and of the longer run: what lies between is what requests cost, whatever a start does.
const RUNS: [u64; 2] = [1_000, 16_000];

/// Ours over pingora's.
pub fn measure() {
    let (ours, theirs) = (per_request(gateway), per_request(bare));
    tell("instructions of a request, pingora alone", format!("{theirs:.0}"), "-");
    tell("instructions of a request, Dormer", format!("{ours:.0}"), "-");
    tell("the same, Dormer / pingora alone", format!("{:.2}", ours / theirs), "<= 1.15");
}

/// What lies between two runs, by the request. A run says which process it was.
fn per_request(run: impl Fn(&Path, u64) -> i32) -> f64 {
    let [short, long] = RUNS.map(|requests| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pid = run(folder.path(), requests);
        // It is written while the process ends. Children that were forked have files of their own.
        wait::until("instructions are told", wait::LONG, || total(&folder.path().join(pid.to_string()))) as f64
    });
    (long - short) / (RUNS[1] - RUNS[0]) as f64
}

/// `summary: 123456`, the last line of what cachegrind writes.
pub fn total(path: &Path) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().rev().find_map(|line| line.strip_prefix("summary:"))?.split_whitespace().next()?.parse().ok()
}

fn counting(folder: &Path) -> Vec<String> {
    let out = format!("--cachegrind-out-file={}/%p", folder.display());
    // mimalloc's own entry points are left as they are: they are a part of what is measured.
    ["valgrind", "-q", "--tool=cachegrind", "--cache-sim=no", "--soname-synonyms=somalloc=none", &out]
        .map(String::from)
        .to_vec()
}

fn gateway(folder: &Path, requests: u64) -> i32 {
    let under = counting(folder);
    let under: Vec<&str> = under.iter().map(String::as_str).collect();
    let (mut gateway, git) = (Gateway::under(&under), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("load").app(port).commit();
    let workspace = gateway.workspace("load").from(&repository).create();
    workspace.listening(port);
    let site = workspace.port(port);
    ask(gateway.http, &site.host, site.token.as_deref(), requests);
    drop(workspace);
    let pid = gateway.pid();
    gateway.terminate();
    // The fixture leaves nothing behind, for which it needs a gateway.
    gateway.serve();
    pid
}

fn bare(folder: &Path, requests: u64) -> i32 {
    let port = app::free_port();
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let _app = Ended(Command::new(app::program()).arg(port.to_string()).spawn().expect("the app runs"));
    wait::until("the app listens", wait::LONG, || TcpStream::connect(at).ok());
    let under = counting(folder);
    let mut command = Command::new(&under[0]);
    command
        .args(&under[1..])
        .arg(app::program().with_file_name("dormer-bench-bare"))
        .arg(at.to_string())
        .stdout(Stdio::piped());
    let mut child = Ended(command.spawn().expect("valgrind runs"));
    let mut line = String::new();
    BufReader::new(child.0.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a port");
    let port: u16 = line.trim().parse().expect("a port");
    ask(([127, 0, 0, 1], port).into(), "load.localhost", None, requests);
    child.0.id() as i32
}

/// Ended with a signal that lets valgrind write its counts.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        processes::signal(self.0.id() as i32, libc::SIGTERM);
        let _ = self.0.wait();
    }
}

/// Requests one after the other, on one connection.
fn ask(address: SocketAddr, host: &str, token: Option<&str>, requests: u64) {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let token = token.map(|token| format!("dormer-token: {token}\r\n")).unwrap_or_default();
    let head = format!("GET /some/page HTTP/1.1\r\nhost: {host}\r\n{token}accept: */*\r\n\r\n");
    for _ in 0..requests {
        (&stream).write_all(head.as_bytes()).expect("it takes requests");
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).expect("an answer") > 0, "the connection ended");
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
            assert!(!line.starts_with("http/1.1") || line.contains(" 200 "), "{line}");
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).expect("a body");
    }
}
