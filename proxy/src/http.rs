//! HTTP: from a public socket to the door of a workspace, or to the gateway's own pages.
//!
//! One thread with its own listener, runtime and pingora proxy per worker. A connection's loop reads each request's
//! head itself ([`head`]); an upgrade is admitted, dialled and spliced here ([`upgrade`], [`splice`]) and never enters
//! pingora, which takes everything else ([`app`]). Both ask [`decide`] what to do with a request, and rewrite its
//! headers by the same rules ([`headers`]).

mod answer;
mod app;
mod bind;
mod config;
mod conn;
mod cookies;
mod decide;
mod handshake;
mod head;
mod headers;
mod inject;
mod rewrite;
mod sealed;
mod serve;
mod site;
mod splice;
mod upgrade;
mod upstream;
mod watch;
mod worker;

pub use bind::{BindError, Bound, bind};
pub use config::{Config, Limits, Scheme, TlsFiles};
pub use site::{Deps, Pages};
