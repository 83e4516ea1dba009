//! Shells, commands, files and forwarding over SSH, by russh.
//!
//! One hop: each channel of a connection is one stream through the workspace's door, no second SSH server stands
//! behind it. russh is the translator at the rim; what it gets wrong as a relay is solved around it:
//!
//! * its session loop must never wait for a channel: the read half of each channel is dropped, what comes in goes to an
//!   [`inbox`] of ours that never blocks, and [`window`] decides what a client may send next
//! * its output waits for the client's window, channel by channel, in the task of that channel ([`process`], [`splice`])
//!
//! Who comes in is decided in [`login`], after a signature or a token was proven; a workspace wakes only when a channel
//! needs it ([`reach`]).

pub mod config;
pub mod host_keys;
pub mod server;

mod activity;
mod algorithms;
mod audit;
mod connection;
mod environment;
mod forward;
mod handler;
mod inbox;
mod login;
mod notices;
mod output;
mod places;
mod process;
mod progress;
mod reach;
mod slot;
mod socket;
mod splice;
mod start;
mod terminal;
mod window;
