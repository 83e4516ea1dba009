//! A door that is good enough for these tests: processes of `/bin/sh`, OpenSSH's own sftp server, loopback ports.
//!
//! It proves nothing about the agent: no process groups, no environment of a workspace, no check whose port it is.

use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use dormer_wire::door::{Door, Exec, Preface, Refusal, RefusalCode, Reply, Want};
use dormer_wire::frame::{Frame, WindowSize};
use dormer_wire::message;

/// Opens a door at `path`; `dialled` counts who came.
pub fn open(path: &Path, dialled: Arc<AtomicUsize>) -> Door {
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            dialled.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(answer(stream));
        }
    });
    Door::Unix(PathBuf::from(path))
}

async fn answer(mut stream: UnixStream) -> Option<()> {
    let preface: Preface = message::read(&mut stream).await.ok()??;
    match preface.want {
        Want::Exec(exec) => {
            message::write(&mut stream, &Reply::Accepted).await.ok()?;
            match exec.pty.clone() {
                Some(pty) => terminal(stream, exec, pty.size).await,
                None => pipes(stream, exec).await,
            }
        }
        Want::Sftp => {
            message::write(&mut stream, &Reply::Accepted).await.ok()?;
            let mut server = Command::new("/usr/lib/openssh/sftp-server");
            let mut child = server.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
            let (mut stdin, mut stdout) = (child.stdin.take()?, child.stdout.take()?);
            let (mut reader, mut writer) = stream.into_split();
            let input = async {
                let _ = tokio::io::copy(&mut reader, &mut stdin).await;
                drop(stdin);
                std::future::pending::<()>().await;
            };
            tokio::select! {
                _ = tokio::io::copy(&mut stdout, &mut writer) => {}
                () = input => {}
            }
        }
        Want::Port { port } => match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(mut tcp) => {
                message::write(&mut stream, &Reply::Accepted).await.ok()?;
                copy_bidirectional(&mut stream, &mut tcp).await.ok()?;
            }
            Err(_) => refuse(stream, format!("nothing listens on port {port}")).await?,
        },
        Want::Socket { path } => match UnixStream::connect(&path).await {
            Ok(mut socket) => {
                message::write(&mut stream, &Reply::Accepted).await.ok()?;
                copy_bidirectional(&mut stream, &mut socket).await.ok()?;
            }
            Err(_) => refuse(stream, format!("nothing listens on {path}")).await?,
        },
        _ => refuse(stream, "not in these tests".into()).await?,
    }
    Some(())
}

async fn refuse(mut stream: UnixStream, message: String) -> Option<()> {
    let refusal = Refusal { code: RefusalCode::NoListener, message };
    message::write(&mut stream, &Reply::Refused(refusal)).await.ok()
}

fn shell(exec: &Exec) -> Command {
    let mut command = Command::new("/bin/sh");
    if let Some(line) = &exec.command {
        command.arg("-c").arg(line);
    }
    command.envs(exec.env.iter().cloned()).kill_on_drop(true);
    command
}

async fn pipes(stream: UnixStream, exec: Exec) {
    let mut command = shell(&exec);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let mut stdin = child.stdin.take();
    let (frames, sent) = mpsc::channel(4);
    let outputs = async {
        tokio::join!(pump(out, Frame::Stdout, &frames), pump(err, Frame::Stderr, &frames));
    };
    let pid = child.id().unwrap() as i32;
    let (reader, writer) = stream.into_split();
    let input = async {
        let mut reader = reader;
        let mut buffer = BytesMut::new();
        loop {
            while let Some(frame) = Frame::decode(&mut buffer).unwrap() {
                match frame {
                    Frame::Stdin(data) => {
                        let Some(pipe) = &mut stdin else { continue };
                        if pipe.write_all(&data).await.is_err() {
                            stdin = None;
                        }
                    }
                    Frame::StdinEnd => stdin = None,
                    Frame::Signal(name) if name == "TERM" => {
                        // SAFETY: a signal to a child that was not waited for yet.
                        unsafe { libc::kill(pid, libc::SIGTERM) };
                    }
                    _ => {}
                }
            }
            if reader.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                break;
            }
        }
    };
    finish(&mut child, writer, sent, outputs, input, frames.clone()).await;
}

async fn terminal(stream: UnixStream, exec: Exec, size: WindowSize) {
    let (master, slave) = pty();
    resize(&master, size);
    let mut command = shell(&exec);
    for (place, fd) in [(0, &slave), (1, &slave), (2, &slave)] {
        let end = Stdio::from(fd.try_clone().unwrap());
        match place {
            0 => command.stdin(end),
            1 => command.stdout(end),
            _ => command.stderr(end),
        };
    }
    // SAFETY: only async-signal-safe calls.
    unsafe {
        command.pre_exec(|| {
            // What the tests were started ignoring (`nohup`: the hang-up by which a terminal's programs end) is not theirs.
            for number in 1..32 {
                libc::signal(number, libc::SIG_DFL);
            }
            if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let mut child = command.spawn().unwrap();
    drop((command, slave));
    let (frames, sent) = mpsc::channel(4);
    let out = tokio::fs::File::from_std(File::from(master.try_clone().unwrap()));
    let outputs = pump(out, Frame::Stdout, &frames);
    let (reader, writer) = stream.into_split();
    let input = async {
        let mut reader = reader;
        let mut buffer = BytesMut::new();
        let mut keys = tokio::fs::File::from_std(File::from(master.try_clone().unwrap()));
        loop {
            while let Some(frame) = Frame::decode(&mut buffer).unwrap() {
                match frame {
                    Frame::Stdin(data) => {
                        let _ = keys.write_all(&data).await;
                        let _ = keys.flush().await;
                    }
                    Frame::Resize(size) => resize(&master, size),
                    _ => {}
                }
            }
            if reader.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                break;
            }
        }
    };
    finish(&mut child, writer, sent, outputs, input, frames.clone()).await;
}

async fn finish(
    child: &mut Child,
    mut writer: impl tokio::io::AsyncWrite + Unpin,
    mut sent: mpsc::Receiver<Frame>,
    outputs: impl Future<Output = ()>,
    input: impl Future<Output = ()>,
    frames: mpsc::Sender<Frame>,
) {
    let writing = async {
        let mut out = BytesMut::new();
        while let Some(frame) = sent.recv().await {
            let last = matches!(frame, Frame::Exit(_) | Frame::ExitSignal { .. });
            frame.encode(&mut out);
            if writer.write_all(&out).await.is_err() || last {
                break;
            }
            out.clear();
        }
    };
    let ending = async {
        outputs.await;
        let _ = frames.send(Frame::OutputEnd).await;
        let status = child.wait().await.unwrap();
        use std::os::unix::process::ExitStatusExt;
        let end = match (status.code(), status.signal()) {
            (Some(code), _) => Frame::Exit(code as u32),
            (None, Some(libc::SIGTERM)) => Frame::ExitSignal { signal: "TERM".into(), core_dumped: false },
            _ => Frame::ExitSignal { signal: "KILL".into(), core_dumped: false },
        };
        let _ = frames.send(end).await;
        std::future::pending::<()>().await;
    };
    let input = async {
        // A gateway that is gone takes its process with it; one that has only said all it had to say does not.
        input.await;
    };
    tokio::select! {
        () = writing => {}
        () = ending => {}
        () = input => {}
    }
}

async fn pump(mut from: impl AsyncRead + Unpin, frame: fn(bytes::Bytes) -> Frame, to: &mpsc::Sender<Frame>) {
    loop {
        let mut buffer = BytesMut::with_capacity(64 * 1024);
        match from.read_buf(&mut buffer).await {
            // A terminal whose last process is gone is an error.
            Ok(0) | Err(_) => break,
            Ok(_) => {
                if to.send(frame(buffer.freeze())).await.is_err() {
                    break;
                }
            }
        }
    }
}

fn pty() -> (OwnedFd, OwnedFd) {
    let (mut master, mut slave) = (0, 0);
    // SAFETY: two places for two descriptors, which are ours after it succeeded.
    unsafe {
        let null = std::ptr::null_mut();
        assert_eq!(libc::openpty(&mut master, &mut slave, null, std::ptr::null(), std::ptr::null()), 0);
        libc::fcntl(master, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(slave, libc::F_SETFD, libc::FD_CLOEXEC);
        (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave))
    }
}

fn resize(master: &OwnedFd, size: WindowSize) {
    use std::os::fd::AsRawFd;
    let size = libc::winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the descriptor is open and the structure lives over the call.
    unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &size) };
}
