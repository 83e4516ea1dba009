//! Workspaces as processes of this machine.
//!
//! A workspace is an agent in a session and, where the machine allows it, a control group of its own, with everything
//! that comes from it. What is needed to find all of that again is on disk, so that a gateway that was restarted, or
//! killed, goes on with the workspaces of the one before it.

mod ask;
mod environment;
mod erase;
mod fork;
mod group;
mod limits;
mod meter;
mod place;
mod prepare;
mod private;
mod proc;
mod record;
mod remains;
mod runtime;
mod spawn;
mod stop;

pub use runtime::{ProcessRuntime, RuntimeConfig};

#[cfg(test)]
mod tests;
