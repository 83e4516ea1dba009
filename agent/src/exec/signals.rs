//! Signals by the names that SSH has for them (RFC 4254, section 6.10).

use nix::sys::signal::Signal;

/// The signal of a name without `SIG`; those of SSH and a few more.
pub fn by_name(name: &str) -> Option<Signal> {
    let known = name.len() <= 8 && name.bytes().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit());
    known.then(|| format!("SIG{name}").parse().ok()).flatten()
}

/// The name without `SIG` of a signal's number; a number for those without a name.
pub fn name_of(number: i32) -> String {
    match Signal::try_from(number) {
        Ok(signal) => signal.as_str().trim_start_matches("SIG").to_owned(),
        Err(_) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(by_name("INT"), Some(Signal::SIGINT));
        assert_eq!(by_name("USR1"), Some(Signal::SIGUSR1));
        for bad in ["", "int", "SIGINT", "NOPE", "../x"] {
            assert_eq!(by_name(bad), None, "{bad}");
        }
        assert_eq!((name_of(9).as_str(), name_of(40).as_str()), ("KILL", "40"));
    }
}
