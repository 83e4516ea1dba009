//! Commands that need no server.

pub mod config;
pub mod devfile;
pub mod fetch;
pub mod resolve;
