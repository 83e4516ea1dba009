//! Requests a second of somebody who is signed in, beside nginx with a static map.

use std::fs;
use std::process::{Child, Command, Stdio};

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::http::Request;
use dormer_tests::wait;
use tempfile::TempDir;

use crate::report::{median, tell};

/// Runs that alternate, since the machine is never the same twice.
const ROUNDS: usize = 5;

/// Both, on the same cores, to the same upstream.
pub fn measure() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("load").app(port).commit();
    let workspace = gateway.workspace("load").from(&repository).create();
    workspace.listening(port);
    let site = workspace.port(port);
    let nginx = Nginx::start(&site.host, port);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(load(gateway.http.port(), &site.host, site.token.as_deref()));
        theirs.push(load(nginx.port, &site.host, None));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    tell("requests a second, Dormer / nginx", format!("{:.2}", ours / theirs), ">= 0.65");
}

/// Requests a second by wrk.
fn load(port: u16, host: &str, token: Option<&str>) -> f64 {
    let mut command = Command::new("wrk");
    command.args(["-t2", "-c32", "-d4s", "-H"]).arg(format!("Host: {host}"));
    if let Some(token) = token {
        command.arg("-H").arg(format!("Dormer-Token: {token}"));
    }
    let output = command.arg(format!("http://127.0.0.1:{port}/")).output().expect("wrk runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "not every answer was good:\n{text}");
    let line =
        text.lines().find(|line| line.starts_with("Requests/sec:")).unwrap_or_else(|| panic!("wrk said: {text}"));
    line.split_whitespace().last().and_then(|number| number.parse().ok()).expect("a number")
}

/// nginx with the one host in its map.
struct Nginx {
    _folder: TempDir,
    child: Child,
    port: u16,
}

impl Nginx {
    fn start(host: &str, upstream: u16) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = app::free_port();
        let name = host.split(':').next().unwrap_or(host);
        let config = format!(
            "daemon off; worker_processes auto; pid {0}/pid; error_log stderr crit;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f;\n\
             uwsgi_temp_path {0}/u; scgi_temp_path {0}/s; keepalive_requests 1000000;\n\
             upstream app {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}\n\
             map $host $to {{ {name} app; }}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://$to; proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\"; proxy_set_header Host $http_host;\n\
             proxy_set_header X-Forwarded-For $remote_addr; }} }} }}\n",
            folder.path().display()
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, config).expect("a configuration");
        let mut command = Command::new("nginx");
        command.arg("-e").arg("stderr").arg("-c").arg(&file).arg("-p").arg(folder.path());
        let child = command.stdin(Stdio::null()).spawn().expect("nginx runs");
        let address = ([127, 0, 0, 1], port).into();
        wait::until("nginx answers", wait::LONG, || Request::new(address, "GET", host, "/").try_send().ok());
        Nginx { _folder: folder, child, port }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        dormer_tests::processes::signal(self.child.id() as i32, libc::SIGTERM);
        let _ = self.child.wait();
    }
}
