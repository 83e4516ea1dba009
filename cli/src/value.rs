//! What people type, checked before anything is sent.

use std::str::FromStr;

use clap::ValueEnum;
use dormer_wire::api::Variable;

/// A name: of a workspace, a user or a project. A DNS label, so that it can be put into a path or a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let good = (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        match good {
            true => Ok(Name(text.into())),
            false => {
                Err("use at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit"
                    .into())
            }
        }
    }
}

/// Seconds, from `90s`, `30m`, `8h`, `30d`, `1h30m`, plain seconds, or `never` (0).
pub fn duration(text: &str) -> Result<u64, String> {
    let wrong = || "use a duration such as 90s, 30m, 8h, 30d or 1h30m, or 'never'".to_string();
    if text == "never" {
        return Ok(0);
    }
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(seconds);
    }
    let mut total = 0u64;
    let mut rest = text;
    // Units come once each and from large to small: `5m1h` is a slip.
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let mut unit = tail.chars();
        let factor = match unit.next() {
            Some('d') => 86_400,
            Some('h') => 3600,
            Some('m') => 60,
            Some('s') => 1,
            _ => return Err(wrong()),
        };
        if factor >= last {
            return Err(wrong());
        }
        last = factor;
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = unit.as_str();
    }
    if last == u64::MAX { Err(wrong()) } else { Ok(total) }
}

/// A Kubernetes quantity: `2`, `500m`, `4Gi`, `1.5`.
pub fn quantity(text: &str) -> Result<String, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number_is_good = number.bytes().any(|b| b.is_ascii_digit()) && number.parse::<f64>().is_ok();
    let units = ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    match number_is_good && units.contains(&unit) && text.len() <= 32 {
        true => Ok(text.into()),
        false => Err("use a quantity such as 2, 500m, 512Mi or 4Gi".into()),
    }
}

/// A variable, `NAME=VALUE`.
pub fn variable(text: &str) -> Result<Variable, String> {
    let (name, value) = text.split_once('=').ok_or("use NAME=VALUE")?;
    check_variable_name(name)?;
    if value.contains('\0') {
        return Err("a value cannot contain a NUL".into());
    }
    Ok(Variable { name: name.into(), value: value.into(), kind: Default::default() })
}

fn check_variable_name(name: &str) -> Result<(), String> {
    let good = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if good {
        Ok(())
    } else {
        Err("a variable's name has letters, digits and '_', and does not begin with a digit".into())
    }
}

/// Variables from the text of an env file: `NAME=VALUE` a line, `#` comments, an optional `export`, optional quotes
/// around the value. Nothing is expanded.
pub fn env_file(text: &str) -> Result<Vec<Variable>, String> {
    let mut variables = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        let mut read = variable(line).map_err(|why| format!("line {}: {why}", at + 1))?;
        for quote in ['"', '\''] {
            if let Some(inner) = read.value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
                read.value = inner.to_string();
                break;
            }
        }
        variables.push(read);
    }
    Ok(variables)
}

/// A branch, tag or commit. What begins with `-` would be an option to git.
pub fn reference(text: &str) -> Result<String, String> {
    let bad = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    match text.is_empty() || text.starts_with('-') || text.contains("..") || text.contains(bad) || text.len() > 255 {
        true => Err("that is no name of a branch, tag or commit".into()),
        false => Ok(text.into()),
    }
}

/// A scope of a token: `all`, `read`, `ssh` or `workspace:<name>`.
pub fn scope(text: &str) -> Result<String, String> {
    let good = matches!(text, "all" | "read" | "ssh")
        || text.strip_prefix("workspace:").is_some_and(|name| name.parse::<Name>().is_ok());
    if good { Ok(text.into()) } else { Err("use all, read, ssh or workspace:<name>".into()) }
}

/// An id of a token or a key.
pub fn id(text: &str) -> Result<String, String> {
    let good = !text.is_empty()
        && text.len() <= 128
        && !text.starts_with('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:+=".contains(&b));
    // Somebody who gives the token itself shall not see it sent in a path, and so in logs on the way.
    match good && !text.starts_with("dormer_") {
        true => Ok(text.into()),
        false => Err("that is no id: 'ls' shows them".into()),
    }
}

/// A port: 1 to 65535.
pub fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| "use a port from 1 to 65535".into())
}

/// `[LOCAL:]REMOTE`, two ports.
pub fn port_pair(text: &str) -> Result<(u16, u16), String> {
    match text.split_once(':') {
        Some((local, remote)) => Ok((port(local)?, port(remote)?)),
        None => port(text).map(|port| (port, port)),
    }
}

/// Who may open a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Share {
    /// Those who may open the workspace
    Owner,
    /// Members of its project
    Project,
    /// Everybody who is signed in
    SignedIn,
    /// Everybody, signed in or not
    Public,
}

impl Share {
    /// As the API has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Share::Owner => "owner",
            Share::Project => "project",
            Share::SignedIn => "signed-in",
            Share::Public => "public",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let good = [("0", 0), ("never", 0), ("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1d1s", 86_401)];
        for (text, seconds) in good {
            assert_eq!(duration(text), Ok(seconds), "{text}");
        }
        for bad in
            ["", "m", "5x", "5m5", "5m1h", "1h1h", "-5m", "1.5h", "99999999999999999999d", "213503982334602d", "5 m"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quantities() {
        for good in ["2", "500m", "1.5", "4Gi", "100k"] {
            assert_eq!(quantity(good).unwrap(), good);
        }
        for bad in ["", "Gi", ".", "1..2", "4gb", "-1", "1 Gi", "1e3x", "NaN", "inf"] {
            assert!(quantity(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn variables() {
        let read = env_file("# c\n\nA=1\nexport B=\"x y\"\nC='='\r\nD=\nE=\"").unwrap();
        let read = read.iter().map(|v| (v.name.as_str(), v.value.as_str())).collect::<Vec<_>>();
        assert_eq!(read, [("A", "1"), ("B", "x y"), ("C", "="), ("D", ""), ("E", "\"")]);
        assert!(env_file("A=1\nnonsense").unwrap_err().starts_with("line 2"));
        for bad in ["A", "=x", "1A=x", "A B=x", "A-B=x", "A=\0"] {
            assert!(variable(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_refs_ids_scopes_ports() {
        for bad in ["", "-x", "x-", "X", "../x", "x/y", "x y", "x.y", &"x".repeat(64)] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
        for bad in ["", "-b", "--upload-pack=x", "a b", "a..b", "a\nb", "a~1", "a:b", &"x".repeat(256)] {
            assert!(reference(bad).is_err(), "{bad}");
        }
        for good in ["main", "feature/x-1", "v1.0", "deadbeef", "ünï"] {
            assert!(reference(good).is_ok(), "{good}");
        }
        for bad in ["", "a/b", "..", "a b", "dormer_secret", "ä"] {
            assert!(id(bad).is_err(), "{bad}");
        }
        for (text, good) in [("all", true), ("workspace:x", true), ("workspace:", false), ("root", false)] {
            assert_eq!(scope(text).is_ok(), good, "{text}");
        }
        for (text, pair) in [
            ("3000", Some((3000, 3000))),
            ("1:2", Some((1, 2))),
            ("0", None),
            ("x:1", None),
            ("1:2:3", None),
            ("65536", None),
        ] {
            assert_eq!(port_pair(text).ok(), pair, "{text}");
        }
    }
}
