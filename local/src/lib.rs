//! One machine as a backend: records in SQLite, workspaces as processes.
//!
//! * [`records`]: users, credentials and workspaces in one database, `<data>/dormer.db`. A write that has returned
//!   survives `kill -9` and a power cut.
//! * [`process`]: a workspace as an agent and everything that comes from it. Processes share the machine and its user:
//!   this keeps workspaces in order, it does not keep people who share a machine apart.

pub mod process;
pub mod records;
