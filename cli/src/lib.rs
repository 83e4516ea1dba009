//! What a person types: `dormer create`, `ls`, `open`, `ssh`, `stop` and the rest. It talks to the HTTP API only and
//! knows nothing of the gateway but the JSON of [`dormer_wire::api`].
//!
//! The binary flattens [`Command`] and [`Globals`] into its own command line and hands them to [`run()`].
//!
//! * [`command`]: one file for each group of commands: its arguments, and what it does
//! * [`globals`], [`environment`], [`context`]: what every command is given
//! * [`credentials`]: which server is meant, and as whom
//! * [`client`]: the HTTP API; [`wait`]: until a workspace is what was asked for
//! * [`source`]: a folder or a URL as the server wants to be told it; `file`: a `workspace.yaml`
//! * [`up`]: what `dormer up` does once a gateway serves
//! * [`ssh`]: the system's OpenSSH client, told where to go and whom to trust
//! * [`output`], [`progress`]: answers go to stdout, everything else to stderr
//! * [`error`]: what went wrong and the exit code it has; [`value`]: durations, names and other things people type

pub mod client;
pub mod command;
pub mod context;
pub mod credentials;
pub mod environment;
pub mod error;
mod file;
pub mod globals;
mod login;
pub mod output;
pub mod progress;
pub mod run;
pub mod source;
pub mod ssh;
pub mod up;
pub mod value;
pub mod wait;

pub use command::Command;
pub use globals::Globals;
pub use run::run;
