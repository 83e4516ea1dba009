//! What people and programs see of the gateway itself: the API with its description, the dashboard, signing in, and
//! the pages that stand in for a workspace that cannot be shown.
//!
//! * [`router`] is everything; [`connector`] serves it to the proxy over socket pairs, so that it has no port of its own
//! * [`deps`]: what it is given; [`logs`]: the port through which it reads logs of workspaces that do not run
//! * a request: [`site`] (which host of ours), [`who`] (who asks, and is this write their own page's), then [`api`]
//!   (`/api/v1`) or [`pages`]; [`problem`] is every refusal, [`security`] what every answer carries
//!
//! What may be done is decided in `dormer_core::may`, and nowhere here. Pages have no inline scripts or styles and ask
//! no other host for anything; the content security policy says so to the browser.

pub mod api;
pub mod app;
pub mod body;
pub mod connector;
pub mod cookies;
pub mod deps;
pub mod hook;
pub mod logs;
pub mod next;
pub mod pages;
pub mod problem;
pub mod router;
pub mod security;
pub mod site;
pub mod who;
