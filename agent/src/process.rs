//! Processes: starting and reaping them, and finding all that came from here.

pub mod family;
pub mod spawn;
pub mod stat;
