#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod convert;
#[cfg(test)]
mod corpus_tests;
pub mod diagnostic;
mod flatten;
pub mod kind;
pub mod limits;
pub mod model;
pub mod node;
pub mod quantity;
pub mod resolve;
pub mod schema;
pub mod source;
pub mod stage;
mod stranger;
mod validate;
pub mod variables;
pub mod write;
mod yaml;

pub use stage::{load, load_any};
