//! Providers of identity: OpenID Connect and plain OAuth2.
//!
//! * [`config`]: what an administrator says of one; [`allow`]: who may come in by it, and as what
//! * [`client`]: the two requests of the authorization code flow, and the refresh of what came of it;
//!   [`discovery`]: where a provider's endpoints and keys are; [`fetch`]: the bounded HTTP below both
//! * [`person`]: who a provider says that somebody is
//! * [`flow`]: what is remembered between the two requests, sealed in the browser's own cookie
//!
//! The crates `openidconnect` and `oauth2` end here.

pub mod allow;
pub mod client;
pub mod config;
pub mod discovery;
pub mod error;
pub mod fetch;
pub mod flow;
pub mod person;
