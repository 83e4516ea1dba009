//! Cases that are held to be wrong, each with the reason.
//!
//! Beside those below: `variables/all/expected-warnings.json` calls the dependent projects of `devfile-bad.yaml`
//! `project1` and `project2`, while that file calls them `dependentproject1` and `dependentproject2`. The test of it
//! (`src/corpus_tests.rs`) follows the devfile.

const NULL: &str = "published devfiles carry null for absent, and the reference of today reads it so";
const TWICE: &str = "a key stands twice in one mapping, which only a reader where the last one wins takes for one";

/// Schema cases whose expectation is not followed.
pub const SCHEMA: &[(&str, &str)] = &[
    ("dev-workspace-template-spec/event-tests--eventNoItemMid.yaml", NULL),
    ("dev-workspace-template-spec/event-tests--eventNoItemLast.yaml", NULL),
    ("dev-workspace-template-spec/parent-tests--parentAll.yaml", TWICE),
    ("dev-workspace-template-spec/parent-tests--parentMinimum.yaml", TWICE),
    ("devfile/event-tests--eventNoItemMid.yaml", NULL),
    ("devfile/event-tests--eventNoItemLast.yaml", NULL),
    ("devfile/metadata-tests--metadataAll.yaml", TWICE),
    ("devfile/parent-tests--parentAll.yaml", TWICE),
    ("devfile/parent-tests--parentMinimum.yaml", TWICE),
];
