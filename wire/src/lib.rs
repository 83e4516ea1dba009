//! What travels between the parts of Dormer that do not share a process: the door protocol between a gateway and
//! the agent of a workspace, and the JSON of the HTTP API between a gateway and its clients.
//!
//! Plain data and its encoding, nothing else: no decision of the product is taken here.
//!
//! * [`door`]: where a workspace's door is, and the preface with which a stream through it begins
//! * [`dial`]: opening a stream through a door
//! * [`message`]: length-prefixed JSON, the encoding of prefaces, replies and status reports
//! * [`frame`]: the frames of an interactive session (standard streams, window size, signals, exit)
//! * [`assignment`]: what an agent is told to be
//! * [`credential`]: what git in a workspace signs in with
//! * [`report`]: what an agent tells about itself
//! * [`api`]: the JSON of `/api/v1`

pub mod api;
pub mod assignment;
pub mod credential;
pub mod dial;
pub mod door;
pub mod frame;
pub mod message;
pub mod report;
