//! A real agent, behind a real door, with real git and real processes.

// Tests say by a panic that something is wrong, helpers of tests, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod clone;
mod containers;
mod editor;
mod exec;
mod fixture;
mod life;
mod network;
mod reach;
