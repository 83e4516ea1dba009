//! The devfile project's own published cases, where they are at hand.
//!
//! Set `DEVFILE_CORPUS` to their folder, or keep it beside the repository as `../shared/corpus`.

#![allow(missing_docs)]
// Helpers of tests fail as tests do, and say aloud what was left out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod corpus {
    pub mod cases;
    pub mod exceptions;
    pub mod folder;
    pub mod schemas;
}
