//! What the paths of a client mean.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

/// Where paths begin.
#[derive(Debug)]
pub struct Paths {
    folder: PathBuf,
    home: PathBuf,
}

impl Paths {
    /// Relative paths begin in `folder`, where shells begin too; `~` is `home`.
    pub fn new(folder: &Path, home: &Path) -> Self {
        Paths { folder: folder.to_owned(), home: home.to_owned() }
    }

    /// The path on this machine.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The path with `~` replaced. Other people's homes are not known.
    pub fn expand(&self, path: &Path) -> Option<PathBuf> {
        let Some(behind) = path.as_os_str().as_bytes().strip_prefix(b"~") else { return Some(self.resolve(path)) };
        match behind.split_first() {
            None => Some(self.home.clone()),
            Some((b'/', rest)) => {
                let rest: Vec<u8> = rest.iter().copied().skip_while(|octet| *octet == b'/').collect();
                Some(self.home.join(OsStr::from_bytes(&rest)))
            }
            Some(_) => None,
        }
    }

    /// The path without links, dots and the like; as far as that is possible, for one that leads to nothing.
    pub fn real(&self, path: &Path) -> PathBuf {
        let path = self.resolve(path);
        if let Ok(real) = path.canonicalize() {
            return real;
        }
        let plain = without_dots(&path);
        match (plain.parent().and_then(|parent| parent.canonicalize().ok()), plain.file_name()) {
            (Some(parent), Some(name)) => parent.join(name),
            _ => plain,
        }
    }
}

fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => {
                plain.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_in_the_project_and_tilde_is_home() {
        let paths = Paths::new(Path::new("/p/app"), Path::new("/h"));
        let expand = |path: &str| paths.expand(Path::new(path));
        assert_eq!(paths.resolve(Path::new("a")), Path::new("/p/app/a"));
        assert_eq!(paths.resolve(Path::new("/a")), Path::new("/a"));
        assert_eq!(expand("~"), Some("/h".into()));
        assert_eq!(expand("~//etc/x"), Some("/h/etc/x".into()));
        assert_eq!(expand("x~"), Some("/p/app/x~".into()));
        assert_eq!(expand("~root"), None);
        assert_eq!(paths.real(Path::new("/no/such/../x/./y")), Path::new("/no/x/y"));
    }
}
