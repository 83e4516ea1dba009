//! A terminal, as a client asks for one.

use russh::{Pty as Mode, Sig};

use dormer_wire::door::Pty;
use dormer_wire::frame::WindowSize;

/// The longest `TERM`.
const MOST_TERM: usize = 128;

/// A window's size: what does not fit is cut.
pub(super) fn size(columns: u32, rows: u32, width: u32, height: u32) -> WindowSize {
    let cut = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
    WindowSize { columns: cut(columns), rows: cut(rows), width: cut(width), height: cut(height) }
}

/// The terminal that is asked for. None: it makes no sense.
pub(super) fn pty(term: &str, size: WindowSize, modes: &[(Mode, u32)]) -> Option<Pty> {
    if term.len() > MOST_TERM || term.chars().any(|c| c.is_control() || c == '/') {
        return None;
    }
    let modes = modes.iter().filter(|(mode, _)| *mode != Mode::TTY_OP_END);
    let modes = modes.map(|(mode, value)| (*mode as u8, *value)).collect();
    Some(Pty { term: term.to_string(), size, modes })
}

/// A signal's name without `SIG`. None: it is none.
pub(super) fn signal(signal: &Sig) -> Option<String> {
    let name = match signal {
        Sig::ABRT => "ABRT",
        Sig::ALRM => "ALRM",
        Sig::FPE => "FPE",
        Sig::HUP => "HUP",
        Sig::ILL => "ILL",
        Sig::INT => "INT",
        Sig::KILL => "KILL",
        Sig::PIPE => "PIPE",
        Sig::QUIT => "QUIT",
        Sig::SEGV => "SEGV",
        Sig::TERM => "TERM",
        Sig::USR1 => "USR1",
        Sig::Custom(name) => name,
    };
    let good = name.len() <= 16 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    good.then(|| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals() {
        let asked = pty("xterm-256color", size(80, 24, 1 << 20, 0), &[(Mode::ECHO, 0), (Mode::TTY_OP_END, 0)]).unwrap();
        assert_eq!(asked.size, WindowSize { columns: 80, rows: 24, width: u16::MAX, height: 0 });
        assert_eq!(asked.modes, [(53, 0)]);
        assert!(pty("../../etc/x", size(1, 1, 0, 0), &[]).is_none());
    }
}
