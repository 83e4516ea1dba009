//! Drives every workspace from what it is to what it should be.
//!
//! Level-triggered: a [`driver`] looks at one workspace (its record, what the runtime sees, what its agent says), asks
//! [`dormer_core::step::next`] what is to be done, does that one thing, and looks again. Nothing that it did before
//! matters, so a gateway that was killed goes on where it was. A workspace at rest has no driver: a thousand that sleep
//! cost nothing. [`reconciler`] gives a driver to each that needs one.
//!
//! Only a driver writes a status, and what it writes is made by pure functions in [`status`].

pub mod activity;
pub mod config;
pub mod reconciler;

mod context;
mod counts;
mod desk;
mod driver;
mod expiry;
mod failure;
mod link;
mod status;

#[cfg(test)]
mod tests;
