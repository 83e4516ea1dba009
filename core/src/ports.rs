//! What the domain needs of the world, as traits that a backend implements.

pub mod accounts;
pub mod classes;
pub mod clock;
pub mod forge;
pub mod meter;
pub mod runtime;
pub mod store;
