//! Commands that need no server.

pub mod config;
pub mod crds;
pub mod devfile;
pub mod fetch;
pub mod resolve;
