//! Whole programs on one machine: a gateway, its agents, git, OpenSSH, Chromium and VS Code, as a person has them.

mod class;
mod cli;
mod create;
mod failure;
mod forge;
mod itself;
mod login;
mod port;
mod refuse;
mod secret;
mod sleep;
mod ssh;
mod stranger;
mod tls;
mod visit;
