//! Which variables a client may send along.

/// At most so many, and so many octets in all.
const MOST: usize = 64;
const MOST_OCTETS: usize = 16 * 1024;

const NAMES: &[&str] = &[
    "LANG",
    "LANGUAGE",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "TZ",
    "GIT_PROTOCOL",
    // Which of a workspace's containers is meant.
    "DORMER_CONTAINER",
];

/// The variables that a client has sent for one session.
#[derive(Debug, Default)]
pub(super) struct Environment(Vec<(String, String)>);

impl Environment {
    /// Takes one in. False: it is not wanted.
    pub(super) fn put(&mut self, name: &str, value: &str) -> bool {
        let octets: usize = self.0.iter().map(|(name, value)| name.len() + value.len()).sum();
        let fits = self.0.len() < MOST && octets + name.len() + value.len() <= MOST_OCTETS;
        let locale = name.strip_prefix("LC_").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        });
        let allowed = locale || NAMES.contains(&name);
        if !allowed || !fits || value.chars().any(char::is_control) {
            return false;
        }
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_string(), value.to_string()));
        true
    }

    /// All of them.
    pub(super) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_in() {
        for (name, value, want) in [
            ("LANG", "de_DE.UTF-8", true),
            ("LC_ALL", "C", true),
            ("LC_", "C", false),
            ("LC_a=b", "C", false),
            ("LD_PRELOAD", "/tmp/x.so", false),
            ("PATH", "/tmp", false),
            ("BASH_ENV", "/tmp/x", false),
            ("LANG", "a\nb", false),
            ("LANG", &"x".repeat(MOST_OCTETS), false),
        ] {
            assert_eq!(Environment::default().put(name, value), want, "{name}");
        }
        let mut environment = Environment::default();
        assert!(environment.put("LANG", "C") && environment.put("LANG", "POSIX"));
        assert_eq!(environment.into_pairs(), [("LANG".to_string(), "POSIX".to_string())]);
        let mut full = Environment::default();
        assert_eq!((0..100).filter(|n| full.put(&format!("LC_{n}"), "C")).count(), MOST);
    }
}
