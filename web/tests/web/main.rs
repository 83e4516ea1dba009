//! The web part as browsers and programs meet it, in-process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod api;
mod classes;
mod connector;
mod house;
mod login;
mod pages;
mod sign_in;
mod ssh;
mod streams;
