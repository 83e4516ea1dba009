//! The ports in memory, and records, for the tests of all parts.
//!
//! What stands here keeps the promises of the ports' documentation, and tells a test more than the ports do: how often
//! something was written, what was noted. Nothing of it is in a program that is shipped.

pub mod classes;
pub mod clock;
pub mod people;
pub mod records;
