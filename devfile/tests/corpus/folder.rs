//! Where the corpus is.

use std::path::PathBuf;

/// The folder, or `None` after saying loudly that the test is skipped.
pub fn folder(part: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus");
    let root = std::env::var_os("DEVFILE_CORPUS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let folder = root.join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no devfile corpus at {} (set DEVFILE_CORPUS)", folder.display());
    None
}

/// The files below a folder, in order.
pub fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
