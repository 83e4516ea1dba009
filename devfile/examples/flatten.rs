//! Flattens and validates devfiles from disk: one line of JSON for each.
//!
//! ```text
//! cargo run --example flatten -- path/to/devfile.yaml ...
//! ```
//!
//! Parents and plugins are read from disk too, next to the devfile that refers to them.

use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::{Fetched, ResolveError, Resolver};
use serde_json::json;
use std::io::Write;

/// Paths are allowed, addresses are not.
struct Disk;

impl Resolver for Disk {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        if uri.contains("://") {
            return Err(ResolveError::refused("only files are read here"));
        }
        let bytes = std::fs::read(uri).map_err(|error| ResolveError::refused(error.to_string()))?;
        Ok(Fetched { location: uri.to_owned(), bytes })
    }
}

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let line = match dormer_devfile::load(&path, &bytes, &Disk, &Limits::default()) {
            Ok(valid) => json!({
                "file": path, "valid": true, "warnings": valid.warnings(), "unknown": valid.unknown_variables(),
                "devfile": valid.tree(),
            }),
            Err(problems) => json!({"file": path, "valid": false, "problems": problems, "text": problems.to_string()}),
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}
