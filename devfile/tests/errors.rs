//! What people read, as a whole: for each devfile in `errors/` the text that it gets. `UPDATE=1` writes them anew.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::{Fetched, ResolveError, Resolver};
use std::path::{Path, PathBuf};

/// The files beside.
struct Beside(PathBuf);

impl Resolver for Beside {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        let bytes = std::fs::read(self.0.join(uri)).map_err(|_| ResolveError::refused("there is no such file"))?;
        Ok(Fetched { location: uri.to_owned(), bytes })
    }
}

#[test]
fn what_people_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // What others bring in, and what is expected.
        if name.ends_with(".txt") || name.contains("parent.") {
            continue;
        }
        count += 1;
        let bytes = std::fs::read(&path).unwrap();
        let read = dormer_devfile::load_any(&name, &bytes, &Beside(folder.clone()), &Limits::default());
        let said = read.err().unwrap_or_else(|| panic!("{name} is valid")).to_string() + "\n";
        let expected = folder.join(format!("{name}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert!(said == expected, "{name} gets another text than {name}.txt has:\n{said}");
    }
    assert!(count >= 9, "only {count}");
}
