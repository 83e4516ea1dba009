//! Shells, commands, files and forwarding over SSH, by russh.
//!
//! One hop: each channel of a connection is one stream through the workspace's door, no second SSH server stands
//! behind it. russh is the translator at the rim; what it gets wrong as a relay is solved around it:
//!
//! * its session loop must never wait for a channel: the read half of each channel is dropped, what comes in goes to an
//!   [`inbox`] of ours that never blocks, and [`window`] decides what a client may send next
//! * its output waits for the client's window, channel by channel, in the task of that channel ([`process`], [`splice`])
//!
//! * what comes from inside (`-R`, `-A`) knocks at the agent and becomes a channel that we open ([`reverse`])
//!
//! [`doorman`] hears what each method of logging in proves, [`login`] decides who comes in, after a signature, a
//! certificate, a token or a click in a browser was proven; a workspace wakes only when a channel needs it ([`reach`]).
//!
//! What cannot be done around russh 0.65.1: its server sends no global request of ours and hands us none that it does
//! not know, so there is no `hostkeys-00@openssh.com` (`dormer ssh-config` pins every host key instead); `break` is
//! answered without us (on a pseudo terminal it means nothing); a key exchange that the server begins ends a connection
//! with more than twice the initial window in flight, so only clients begin theirs.

pub mod config;
pub mod host_keys;
pub mod server;

mod activity;
mod algorithms;
mod audit;
mod channels;
mod connection;
mod doorman;
mod environment;
mod forward;
mod handler;
mod hold;
mod inbox;
mod lobby;
mod login;
mod notices;
mod output;
mod peer;
mod places;
mod process;
mod progress;
mod reach;
mod refusals;
mod reverse;
mod slot;
mod socket;
mod splice;
mod start;
mod terminal;
mod users;
mod warnings;
mod window;
