//! Patterns for files: `*` and `?` within a name, `**` over folders. For those whose shell does not do it.

use std::path::{Path, PathBuf};

/// The most files that a pattern may mean.
const MOST: usize = 100_000;

/// The files that a pattern means, in order; itself, where it is none or a file of that very name is there.
pub fn expand(pattern: &str) -> Result<Vec<String>, String> {
    let address = pattern == "-" || pattern.contains("://");
    if address || !pattern.contains(['*', '?']) || Path::new(pattern).exists() {
        return Ok(vec![pattern.to_owned()]);
    }
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let root = if pattern.starts_with('/') { PathBuf::from("/") } else { PathBuf::new() };
    let mut found = Vec::new();
    // Folders that are still to be gone through, with the part of the pattern that comes next.
    let mut open = vec![(root, 0)];
    while let Some((folder, next)) = open.pop() {
        let Some(part) = parts.get(next) else { continue };
        let last = next + 1 == parts.len();
        if *part == "**" {
            open.push((folder.clone(), next + 1));
        } else if !part.contains(['*', '?']) {
            let path = folder.join(part);
            match last {
                true if path.is_file() => found.push(path),
                false if path.is_dir() => open.push((path, next + 1)),
                _ => {}
            }
            continue;
        }
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        // A folder that may not be read has nothing to offer.
        for entry in std::fs::read_dir(here).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            let hidden = name.starts_with('.') && !part.starts_with('.');
            let path = folder.join(name);
            match *part {
                // Links are not followed: they lead in circles.
                "**" if kind.is_dir() && !hidden => open.push((path, next)),
                "**" => {}
                part if hidden || !matches(part, name) => {}
                _ if last && path.is_file() => found.push(path),
                _ if !last && path.is_dir() => open.push((path, next + 1)),
                _ => {}
            }
        }
        if found.len() > MOST {
            return Err(format!("{pattern}: more than {MOST} files"));
        }
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(format!("{pattern}: no such file"));
    }
    Ok(found.into_iter().map(|path| path.display().to_string()).collect())
}

/// Whether a name is what a pattern says.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Where to go on after the last `*`: it takes one more character each time that the rest does not fit.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, same) in [
            ("*.yaml", "a.yaml", true),
            ("*.yaml", "a.yml", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?", "ü", true),
            ("?", "", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), same, "{pattern} {name}");
        }
    }

    #[test]
    fn files() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display().to_string();
        for path in ["a/devfile.yaml", "a/b/devfile.yaml", ".git/devfile.yaml", "x.yaml"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = |pattern: &str| {
            let found = expand(&format!("{root}/{pattern}"));
            found.map(|all| all.iter().map(|path| path.replace(&format!("{root}/"), "")).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(found("**/devfile.yaml").unwrap(), "a/b/devfile.yaml a/devfile.yaml");
        assert_eq!(found("*.yaml").unwrap(), "x.yaml");
        assert_eq!(found("a/*/devfile.yaml").unwrap(), "a/b/devfile.yaml");
        assert_eq!(found("plain.yaml").unwrap(), "plain.yaml");
        assert!(found("*.json").unwrap_err().contains("no such file"));
        assert_eq!(expand("https://h/*").unwrap(), ["https://h/*"]);
    }
}
