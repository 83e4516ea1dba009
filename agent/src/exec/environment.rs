//! Which variables a session may bring along.

use crate::env;

/// Variables that change which programs run, what is loaded into them, or who they take themselves to be.
const REFUSED: [&str; 26] = [
    "PATH",
    "HOME",
    "SHELL",
    "USER",
    "LOGNAME",
    "ENV",
    "BASH_ENV",
    "IFS",
    "CDPATH",
    "PS4",
    "SHELLOPTS",
    "BASHOPTS",
    "PROMPT_COMMAND",
    "GLOBIGNORE",
    "ZDOTDIR",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "NLSPATH",
    "LOCPATH",
    "HOSTALIASES",
    "RES_OPTIONS",
    "TMPDIR",
    "NODE_OPTIONS",
    "PERL5OPT",
    "PYTHONSTARTUP",
    "RUBYOPT",
];
/// The same, by how they begin.
const REFUSED_PREFIXES: [&str; 6] = ["LD_", "DORMER_", "BASH_FUNC_", "MALLOC_", "PERL5", "PYTHON"];
/// The longest value.
const MAX_VALUE: usize = 32 * 1024;

/// Whether a variable is taken over.
pub fn is_accepted(name: &str, value: &str) -> bool {
    env::is_name(name)
        && !value.contains('\0')
        && value.len() <= MAX_VALUE
        && !REFUSED.contains(&name)
        && !REFUSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_what_runs_is_refused() {
        for name in ["LANG", "LC_ALL", "TZ", "COLORTERM", "GIT_AUTHOR_NAME", "SSH_AUTH_SOCK"] {
            assert!(is_accepted(name, "x"), "{name}");
        }
        for name in
            ["LD_PRELOAD", "PATH", "BASH_ENV", "DORMER_INSTANCE", "BASH_FUNC_ls%%", "", "A=B", "HOME", "PYTHONPATH"]
        {
            assert!(!is_accepted(name, "x"), "{name}");
        }
        assert!(!is_accepted("LANG", "a\0b"));
    }
}
