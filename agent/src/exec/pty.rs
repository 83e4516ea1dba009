//! A terminal: our side of it, asynchronous, and the other for the process.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use dormer_wire::door;
use dormer_wire::frame::WindowSize;
use nix::fcntl::OFlag;
use nix::pty::{PtyMaster, Winsize, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, killpg};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::modes;

/// Our side of a terminal. Clones share it; the terminal hangs up when the last one is dropped.
#[derive(Debug, Clone)]
pub struct Pty(Arc<AsyncFd<PtyMaster>>);

/// The process's side.
#[derive(Debug)]
pub struct Slave {
    /// To become its standard streams.
    pub fd: OwnedFd,
    /// Its name under `/dev/pts`.
    pub name: PathBuf,
}

impl Pty {
    /// Opens a terminal of the size and modes asked for.
    pub fn open(wanted: &door::Pty) -> io::Result<(Pty, Slave)> {
        // Not `openpty`: a process that another thread starts meanwhile would inherit what it opens.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags | OFlag::O_NONBLOCK)?;
        unlockpt(&master)?;
        let name = PathBuf::from(ptsname_r(&master)?);
        let slave = nix::fcntl::open(&name, flags, Mode::empty())?;
        let mut settings: libc::termios = tcgetattr(&slave)?.into();
        modes::apply(&wanted.modes, &mut settings);
        tcsetattr(&slave, SetArg::TCSANOW, &settings.into())?;
        // SAFETY: the descriptor is owned, and stays the same for as long as it is registered.
        let master = unsafe { AsyncFd::register(master) }.map_err(|error| io::Error::other(error.to_string()))?;
        let pty = Pty(Arc::new(master));
        pty.resize(wanted.size);
        Ok((pty, Slave { fd: slave, name }))
    }

    fn raw(&self) -> RawFd {
        self.0.get_ref().as_raw_fd()
    }

    /// Tells the terminal, and through it the process, its new size.
    pub fn resize(&self, size: WindowSize) {
        let size = winsize(size);
        // SAFETY: reads one structure through a valid pointer.
        if unsafe { libc::ioctl(self.raw(), libc::TIOCSWINSZ, &raw const size) } != 0 {
            tracing::debug!(error = %io::Error::last_os_error(), "a terminal could not be resized");
        }
    }

    /// Sends a break.
    pub fn send_break(&self) {
        // Means something to a serial line only; a pseudo terminal takes it and does nothing.
        // SAFETY: takes plain numbers.
        unsafe { libc::tcsendbreak(self.raw(), 0) };
    }

    /// Sends a signal to what runs in the foreground. False when nothing does.
    pub fn signal_foreground(&self, signal: Signal) -> bool {
        let foreground = nix::unistd::tcgetpgrp(self.0.get_ref().as_fd());
        foreground.is_ok_and(|group| group.as_raw() > 0 && killpg(group, signal).is_ok())
    }
}

fn winsize(size: WindowSize) -> Winsize {
    Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: size.width, ws_ypixel: size.height }
}

impl AsyncRead for Pty {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(cx))?;
            let result = guard.try_io(|fd| Ok(nix::unistd::read(fd.get_ref(), buffer.initialize_unfilled())?));
            match result {
                Ok(Ok(n)) => {
                    buffer.advance(n);
                    return Poll::Ready(Ok(()));
                }
                // Nobody holds the other side any more: what an end of file is to a terminal.
                Ok(Err(error)) if error.raw_os_error() == Some(libc::EIO) => return Poll::Ready(Ok(())),
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for Pty {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(cx))?;
            match guard.try_io(|fd| Ok(nix::unistd::write(fd.get_ref(), data)?)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_would_block) => {}
            }
        }
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
