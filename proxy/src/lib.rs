//! The ways in: a browser's requests and a shell's connections, from the public sockets to the doors of workspaces.
//!
//! * [`gate`]: who is it, may they, is it awake, open the door, what counts as activity. Both ways in enter through it.
//! * [`http`]: hosts, sessions, requests (pingora) and upgrades (spliced beside it)
//! * [`ssh`]: shells, commands, files and forwarding (russh)
//!
//! `http` and `ssh` know nothing of each other.

mod counts;
pub mod gate;
pub mod http;
pub mod ssh;
