//! Our custom resources: `Workspace`, `WorkspaceClass`, `User`, `Project`.
//!
//! Their schemas come from these types. What the API server can refuse, it refuses at admission, with the reason: see
//! [`rules`]. [`translate`] is the one way between them and the domain's records.

pub mod class;
pub mod people;
pub mod status;
pub mod translate;
pub mod workspace;

mod crds;
mod rules;
mod schema;

pub use crds::all;
