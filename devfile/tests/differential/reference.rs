//! The devfile project's own library, as a program.

use super::case::Case;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Unknown variables: list -> element -> names.
pub type Warnings = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// What it says about one devfile.
#[derive(Deserialize)]
pub struct Said {
    pub name: String,
    pub stage: Option<String>,
    pub error: Option<String>,
    pub flattened: Option<Value>,
    #[serde(default)]
    pub warnings: Warnings,
    pub pod: Option<Value>,
}

pub struct Reference(PathBuf);

impl Reference {
    /// The program, or `None` after saying loudly that the test is skipped.
    pub fn find() -> Option<Self> {
        let found = std::env::var_os("DORMER_TEST_DEVFILE_REFERENCE").map(PathBuf::from);
        if found.is_none() {
            eprintln!("SKIPPED: set DORMER_TEST_DEVFILE_REFERENCE to what scripts/devfile-reference.sh prints");
        }
        found.map(Self)
    }

    /// Puts the cases down where the program and ours read them.
    pub fn write(&self, cases: &[Case]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("dormer-differential-{}", std::process::id()));
        for case in cases {
            let folder = root.join(&case.name);
            std::fs::create_dir_all(&folder).unwrap();
            for (name, text) in &case.files {
                std::fs::write(folder.join(name), text).unwrap();
            }
        }
        root
    }

    pub fn ask(&self, folder: &Path) -> Vec<Said> {
        let output = Command::new(&self.0).arg(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
