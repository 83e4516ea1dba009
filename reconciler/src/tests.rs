//! Whole lives of workspaces, with records and a runtime in memory and a clock that runs as fast as it can.

mod classes;
mod house;
mod lives;
mod troubles;
