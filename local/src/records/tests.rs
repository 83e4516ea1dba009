//! The promises of the ports, kept by the real database.

mod accounts;
mod classes;
mod crash;
mod workspaces;
