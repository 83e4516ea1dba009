//! Making a process that is in its control group from its first moment on. To move one there later, the kernel waits
//! until nobody forks any more, which takes it up to tens of milliseconds: on the way of every wake.

use std::ffi::{CStr, CString, c_char, c_int};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, RawFd};
use std::ptr;

/// `clone3` puts the child into the group of [`libc::clone_args::cgroup`].
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// What a process is to be.
#[derive(Debug)]
pub struct Program {
    /// The program's file.
    pub path: CString,
    /// Its arguments, its name first.
    pub arguments: Vec<CString>,
    /// `NAME=value`.
    pub environment: Vec<CString>,
    /// Where it begins.
    pub folder: CString,
}

/// Into which groups it is to go.
#[derive(Debug, Default)]
pub struct Target<'a> {
    /// The folder of one of the new kind.
    pub group: Option<BorrowedFd<'a>>,
    /// Files to write to, in groups of the old kind.
    pub entrances: &'a [File],
}

/// Starts it in a session of its own, with nothing to read, and `output` for what it says. Blocks until the program has
/// begun. Whoever calls reaps it.
pub fn spawn(program: &Program, output: &File, target: &Target<'_>) -> io::Result<i32> {
    // Whatever needs memory is made before there are two of us.
    let arguments = pointers(&program.arguments);
    let environment = pointers(&program.environment);
    let nothing = File::open("/dev/null")?;
    let entrances: Vec<RawFd> = target.entrances.iter().map(|file| file.as_raw_fd()).collect();
    let (mut failure, told) = io::pipe()?;
    let child = Child {
        path: &program.path,
        arguments: &arguments,
        environment: &environment,
        folder: &program.folder,
        input: nothing.as_raw_fd(),
        output: output.as_raw_fd(),
        entrances: &entrances,
        failure: told.as_fd(),
    };
    // SAFETY: the child makes system calls only, on memory that it has a copy of, until it is another program.
    let pid = unsafe { fork(target.group) }?;
    if pid == 0 {
        // SAFETY: this is the child.
        unsafe { child.begin() }
    }
    drop(told);
    // The other end closes as the program begins, or says why it did not.
    let mut code = Vec::with_capacity(4);
    failure.read_to_end(&mut code)?;
    match <[u8; 4]>::try_from(code.as_slice()) {
        Ok(code) => {
            reap(pid, 0);
            Err(io::Error::from_raw_os_error(i32::from_ne_bytes(code)))
        }
        Err(_) => Ok(pid),
    }
}

/// Takes note of the end of a child that has ended; of one that has not, nothing.
pub fn reap_ended(pid: i32) {
    reap(pid, libc::WNOHANG);
}

fn reap(pid: i32, options: c_int) {
    let mut status: c_int = 0;
    // SAFETY: writes to a local number. An error says that there is nothing to reap.
    while unsafe { libc::waitpid(pid, &raw mut status, options) } < 0
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
}

/// Forks, into a group where one is given.
///
/// # Safety
/// Returns twice; the child, which gets a zero, must do nothing but system calls.
unsafe fn fork(group: Option<BorrowedFd<'_>>) -> io::Result<i32> {
    if let Some(group) = group {
        // SAFETY: plain numbers, for which zero stands for nothing.
        let mut how: libc::clone_args = unsafe { std::mem::zeroed() };
        how.flags = CLONE_INTO_CGROUP;
        how.exit_signal = libc::SIGCHLD as u64;
        how.cgroup = group.as_raw_fd() as u64;
        // SAFETY: the kernel reads as many octets as it is told of a structure that lives as long as the call.
        let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const how, size_of::<libc::clone_args>()) };
        if let Ok(pid) = i32::try_from(pid)
            && pid >= 0
        {
            return Ok(pid);
        }
        return Err(io::Error::last_os_error());
    }
    // SAFETY: takes nothing.
    match unsafe { libc::fork() } {
        pid if pid >= 0 => Ok(pid),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What the child knows.
struct Child<'a> {
    path: &'a CStr,
    arguments: &'a [*const c_char],
    environment: &'a [*const c_char],
    folder: &'a CStr,
    input: RawFd,
    output: RawFd,
    entrances: &'a [RawFd],
    failure: BorrowedFd<'a>,
}

impl Child<'_> {
    /// Becomes the program, or tells why not and ends.
    ///
    /// # Safety
    /// To be called in a child, once.
    unsafe fn begin(&self) -> ! {
        // SAFETY: as the caller says.
        let code = match unsafe { self.become_program() } {
            Ok(never) => match never {},
            Err(code) => code.to_ne_bytes(),
        };
        // SAFETY: writes four octets to a descriptor that is open; then this process is no more.
        unsafe {
            libc::write(self.failure.as_raw_fd(), code.as_ptr().cast(), code.len());
            libc::_exit(127)
        }
    }

    /// System calls only: no allocation, no lock, no output.
    unsafe fn become_program(&self) -> Result<std::convert::Infallible, c_int> {
        // SAFETY: system calls on plain numbers and on texts and lists that end as they have to.
        unsafe {
            let done = |answer: libc::c_int| if answer < 0 { Err(*libc::__errno_location()) } else { Ok(()) };
            done(libc::setsid())?;
            libc::umask(0o022);
            // What the gateway ignores or blocks is its own business.
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
            dormer_wire::descriptors::restore().map_err(|error| error.raw_os_error().unwrap_or(libc::EINVAL))?;
            for entrance in self.entrances {
                if libc::write(*entrance, c"0".as_ptr().cast(), 1) != 1 {
                    return Err(*libc::__errno_location());
                }
            }
            done(libc::dup2(self.input, 0))?;
            done(libc::dup2(self.output, 1))?;
            done(libc::dup2(self.output, 2))?;
            done(libc::chdir(self.folder.as_ptr()))?;
            // Not closed here: there is still a word to say through one of them. Kernels before 5.11 do not know the
            // flag; there every file of ours is closed by its own flag.
            libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
            libc::execve(self.path.as_ptr(), self.arguments.as_ptr(), self.environment.as_ptr());
            Err(*libc::__errno_location())
        }
    }
}
