//! Terminal modes as SSH encodes them (RFC 4254, section 8).

use libc::{
    CS7, CS8, CSIZE, ECHO, ECHOCTL, ECHOE, ECHOK, ECHOKE, ECHONL, ICANON, ICRNL, IEXTEN, IGNCR, IGNPAR, IMAXBEL, INLCR,
    INPCK, ISIG, ISTRIP, IUCLC, IUTF8, IXANY, IXOFF, IXON, NOFLSH, OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, OPOST, PARENB,
    PARMRK, PARODD, PENDIN, TOSTOP, VDISCARD, VEOF, VEOL, VEOL2, VERASE, VINTR, VKILL, VLNEXT, VQUIT, VREPRINT, VSTART,
    VSTOP, VSUSP, VWERASE, XCASE, tcflag_t, termios,
};

/// Where a flag lives.
enum Place {
    Character(usize),
    Input(tcflag_t),
    Local(tcflag_t),
    Output(tcflag_t),
    /// A size of characters, which excludes the others.
    Size(tcflag_t),
    Control(tcflag_t),
}

fn place(opcode: u8) -> Option<Place> {
    use Place::{Character, Control, Input, Local, Output, Size};
    Some(match opcode {
        1 => Character(VINTR),
        2 => Character(VQUIT),
        3 => Character(VERASE),
        4 => Character(VKILL),
        5 => Character(VEOF),
        6 => Character(VEOL),
        7 => Character(VEOL2),
        8 => Character(VSTART),
        9 => Character(VSTOP),
        10 => Character(VSUSP),
        12 => Character(VREPRINT),
        13 => Character(VWERASE),
        14 => Character(VLNEXT),
        18 => Character(VDISCARD),
        30 => Input(IGNPAR),
        31 => Input(PARMRK),
        32 => Input(INPCK),
        33 => Input(ISTRIP),
        34 => Input(INLCR),
        35 => Input(IGNCR),
        36 => Input(ICRNL),
        37 => Input(IUCLC),
        38 => Input(IXON),
        39 => Input(IXANY),
        40 => Input(IXOFF),
        41 => Input(IMAXBEL),
        42 => Input(IUTF8),
        50 => Local(ISIG),
        51 => Local(ICANON),
        52 => Local(XCASE),
        53 => Local(ECHO),
        54 => Local(ECHOE),
        55 => Local(ECHOK),
        56 => Local(ECHONL),
        57 => Local(NOFLSH),
        58 => Local(TOSTOP),
        59 => Local(IEXTEN),
        60 => Local(ECHOCTL),
        61 => Local(ECHOKE),
        62 => Local(PENDIN),
        70 => Output(OPOST),
        71 => Output(OLCUC),
        72 => Output(ONLCR),
        73 => Output(OCRNL),
        74 => Output(ONOCR),
        75 => Output(ONLRET),
        90 => Size(CS7),
        91 => Size(CS8),
        92 => Control(PARENB),
        93 => Control(PARODD),
        _ => return None,
    })
}

/// Applies modes to a terminal's settings; unknown ones (speeds among them, which mean nothing here) change nothing.
pub fn apply(modes: &[(u8, u32)], settings: &mut termios) {
    for &(opcode, value) in modes {
        let set = |flags: &mut tcflag_t, flag: tcflag_t| {
            if value != 0 { *flags |= flag } else { *flags &= !flag }
        };
        match place(opcode) {
            Some(Place::Character(index)) => {
                if let Some(character) = settings.c_cc.get_mut(index) {
                    // 255 turns a character off in SSH, 0 does here.
                    *character = u8::try_from(value).ok().filter(|value| *value != 255).unwrap_or(0);
                }
            }
            Some(Place::Input(flag)) => set(&mut settings.c_iflag, flag),
            Some(Place::Local(flag)) => set(&mut settings.c_lflag, flag),
            Some(Place::Output(flag)) => set(&mut settings.c_oflag, flag),
            Some(Place::Control(flag)) => set(&mut settings.c_cflag, flag),
            Some(Place::Size(size)) if value != 0 => {
                settings.c_cflag &= !CSIZE;
                settings.c_cflag |= size;
            }
            Some(Place::Size(_)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_set_and_cleared() {
        // SAFETY: a structure of plain numbers.
        let mut settings: termios = unsafe { std::mem::zeroed() };
        settings.c_lflag = ECHO | ICANON;
        apply(&[(53, 0), (50, 1), (1, 3), (2, 255), (72, 1), (91, 1), (129, 38400), (200, 1)], &mut settings);
        assert_eq!(settings.c_lflag, ICANON | ISIG);
        assert_eq!((settings.c_cc[VINTR], settings.c_cc[VQUIT]), (3, 0));
        assert_eq!((settings.c_oflag, settings.c_cflag & CSIZE), (ONLCR, CS8));
    }
}
