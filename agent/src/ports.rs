//! Ports on the workspace's loopback: who listens, and whether that is a process of this workspace.

mod diag;
pub mod owner;
pub mod table;
pub mod watch;
