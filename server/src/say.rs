//! Answers on stdout, everything else on stderr.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;

/// An answer, whole.
pub fn text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// An answer of one line.
pub fn line(line: &str) -> Result<()> {
    text(&format!("{line}\n"))
}

/// A remark.
pub fn note(line: &str) {
    // Nobody can be told that nobody can be told.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// An error, with its causes on the same line.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    let broken_pipe =
        error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe);
    if !broken_pipe {
        note(&format!("error: {error:#}"));
    }
    ExitCode::FAILURE
}
