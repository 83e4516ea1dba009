//! SSH through the gateway, beside OpenSSH's own server with the same key and ciphers, and beside what a person would
//! set up instead: OpenSSH's `-J` through a second sshd. Runs alternate.

mod keys;

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use dormer_tests::bytes::bytes;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::ssh::Login;
use dormer_tests::sshd::Sshd;
use dormer_tests::wait;

use crate::report::{median, percentile, resident, tell};

const ROUNDS: usize = 7;
const BULK: u64 = 400 << 20;
/// Small files of one transfer.
const FILES: usize = 10_000;
/// Transfers of small files: each takes its time.
const FILE_ROUNDS: usize = 3;
const CIPHER: &str = "Ciphers=aes128-gcm@openssh.com";
/// Idle connections, and what goes on beside them.
const IDLE: usize = 1000;
const BUSY: usize = 50;

/// The logins that are compared.
struct Ways {
    ours: Login,
    direct: Login,
    jump: Login,
}

impl Ways {
    /// How long each takes, ours in parts of the others': beside a direct one, and beside a jump.
    fn compare(&self, rounds: usize, run: &dyn Fn(&Login) -> Duration) -> (f64, f64) {
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..rounds {
            for (times, login) in times.iter_mut().zip([&self.ours, &self.direct, &self.jump]) {
                times.push(run(login).as_secs_f64());
            }
        }
        let [ours, direct, jump] = times.map(median);
        (ours / direct, ours / jump)
    }
}

/// All of it.
pub fn measure() {
    let settings = [
        ("SSH_CONNECTIONS_PER_ADDRESS", "4000"),
        ("SSH_CONNECTIONS_PER_USER", "4000"),
        ("SSH_UNAUTHENTICATED", "4000"),
    ];
    let (gateway, git) = (Gateway::with(&settings), GitServer::start());
    let repository = git.repository("bulk").file("a", "").commit();
    let workspace = gateway.workspace("bulk").from(&repository).create();
    let (sshd, gate) = (Sshd::start(&gateway), Sshd::start(&gateway));
    let user = std::env::var("USER").unwrap_or_else(|_| "root".into());
    let direct = || Login::to(&user, "127.0.0.1", sshd.port, gateway.folder(), &gateway.key).option(CIPHER);
    let ways = Ways {
        ours: workspace.login().option(CIPHER),
        direct: direct(),
        jump: direct().option(gate.jump(&gateway, &user)),
    };

    let (ratio, jump) = ways.compare(ROUNDS * 3, &|login| timed(|| assert!(login.run("true").status.success())));
    tell("ssh … true, time, Dormer / sshd", format!("{ratio:.2}"), "<= 1.2");
    tell("ssh … true, time, Dormer / -J", format!("{jump:.2}"), "< 1");
    for (name, run) in [
        ("up", (&|login: &Login| timed(|| pipe(login, "cat > /dev/null", BULK))) as &dyn Fn(&Login) -> Duration),
        ("down", &|login| timed(|| pipe(login, &format!("head -c {BULK} /dev/zero"), 0))),
        ("both ways", &|login| timed(|| pipe(login, "cat", BULK))),
    ] {
        let (ratio, jump) = ways.compare(ROUNDS, run);
        tell(&format!("400 MB {name}, throughput, Dormer / sshd"), format!("{:.2}", 1.0 / ratio), ">= 1.0");
        tell(&format!("400 MB {name}, throughput, Dormer / -J"), format!("{:.2}", 1.0 / jump), "> 1");
    }
    tell("memory of the gateway afterwards", format!("{} MB", resident(gateway.pid()) >> 20), "<= 60 MB");
    small_files(&gateway, &ways);
    beside_a_stalled_one(&gateway, &ways.ours);
    let (ours, theirs) = (keys::echo(&ways.ours), keys::echo(&ways.direct));
    let p99 = |mut times: Vec<Duration>| percentile(&mut times, 0.99);
    let added = p99(ours).saturating_sub(p99(theirs));
    tell("a key's echo, added to sshd's, p99", format!("{:.2} ms", added.as_secs_f64() * 1e3), "<= 1 ms");
    many(&gateway, &ways.ours);
}

fn small_files(gateway: &Gateway, ways: &Ways) {
    let here = gateway.folder().join("home/many");
    fs::create_dir(&here).expect("a folder");
    for number in 0..FILES {
        fs::write(here.join(number.to_string()), vec![b'x'; number % 2000]).expect("a small file");
    }
    let place = gateway.folder().join("home/arrived");
    let fresh = || {
        let _ = fs::remove_dir_all(&place);
        fs::create_dir(&place).expect("a folder");
    };
    let from = format!("{}/", here.display());
    let to = format!(":{}/", place.display());
    let (ratio, _) = ways.compare(FILE_ROUNDS, &|login| {
        fresh();
        timed(|| assert!(login.rsync(&from, &to).status.success()))
    });
    tell("10,000 small files by rsync, speed, Dormer / sshd", format!("{:.2}", 1.0 / ratio), ">= 0.9");
    let (ratio, _) = ways.compare(FILE_ROUNDS, &|login| {
        fresh();
        timed(|| assert!(login.scp(&["-r"], &here.display().to_string(), &to).status.success()))
    });
    tell("10,000 small files by sftp, speed, Dormer / sshd", format!("{:.2}", 1.0 / ratio), ">= 0.9");
}

/// An upload that goes on beside one that nobody reads, in parts of one that is alone; over one connection.
fn beside_a_stalled_one(gateway: &Gateway, login: &Login) {
    let control = format!("ControlPath={}", gateway.folder().join("home/mux").display());
    let begin = |rest: &[&str]| {
        let mut command = login.ssh(&[&["-T", "-o", &control], rest].concat(), &[]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    };
    let mut master = begin(&["-M", "-N"]).spawn().expect("ssh runs");
    wait::until("the master is up", wait::LONG, || {
        begin(&["-O", "check"]).output().ok().filter(|o| o.status.success())
    });
    let up = || {
        let mut command = login.ssh(&["-T", "-o", &control], &["cat > /dev/null"]);
        timed(|| feed(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("ssh runs"), BULK))
    };
    let alone = median((0..3).map(|_| up().as_secs_f64()).collect());
    let zero = fs::File::open("/dev/zero").expect("zeros");
    let mut stalled = login.ssh(&["-T", "-o", &control], &["sleep 1000"]);
    let mut stalled = stalled.stdin(zero).spawn().expect("ssh runs");
    std::thread::sleep(Duration::from_secs(1));
    let beside = median((0..3).map(|_| up().as_secs_f64()).collect());
    tell("400 MB up beside a stalled upload / alone", format!("{:.2}", alone / beside), ">= 0.4");
    for child in [&mut stalled, &mut master] {
        dormer_tests::processes::signal(child.id() as i32, libc::SIGTERM);
        let _ = child.wait();
    }
}

/// Memory of idle sessions, and that busy ones go on beside them.
fn many(gateway: &Gateway, login: &Login) {
    let before = resident(gateway.pid());
    let mut idle: Vec<Child> = Vec::new();
    // A few at a time: they share two processors with the gateway.
    for _ in 0..IDLE / 20 {
        let begun: Vec<Child> = (0..20)
            .map(|_| {
                let mut command = login.ssh(&["-T"], &["echo in; exec cat"]);
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("ssh runs")
            })
            .collect();
        for mut child in begun {
            let mut text = [0; 3];
            std::io::Read::read_exact(child.stdout.as_mut().expect("piped"), &mut text).expect("a session");
            idle.push(child);
        }
    }
    let each = resident(gateway.pid()).saturating_sub(before) / IDLE as u64;
    tell("memory of an idle session in the gateway", format!("{} kB", each / 1000), "<= 100 kB");
    let took = timed(|| {
        std::thread::scope(|scope| {
            for _ in 0..BUSY {
                scope.spawn(|| pipe(login, "cat", 4 << 20));
            }
        });
    });
    tell("50 sessions of 4 MB both ways beside 1,000 idle ones", format!("{took:.1?}"), "they end");
    for mut child in idle {
        drop(child.stdin.take());
        dormer_tests::processes::signal(child.id() as i32, libc::SIGTERM);
        let _ = child.wait();
    }
}

fn timed(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

fn feed(mut child: Child, length: u64) {
    let mut input = child.stdin.take().expect("piped");
    std::io::copy(&mut bytes(1, length), &mut input).expect("all was taken");
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

/// Sends so many octets into a command and reads all that it says.
fn pipe(login: &Login, command: &str, length: u64) {
    let mut child =
        login.ssh(&["-T"], &[command]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ssh runs");
    let mut output = child.stdout.take().expect("piped");
    std::thread::scope(|scope| {
        scope.spawn(move || std::io::copy(&mut output, &mut std::io::sink()).expect("all of it"));
        feed(child, length);
    });
}
