//! What travels between the parts of Dormer that do not share a process: the door protocol between a gateway and
//! the agent of a workspace, and the JSON of the HTTP API between a gateway and its clients.
//!
//! Plain data, its encoding and the way of its bytes, nothing else: no decision of the product is taken here.
//!
//! * [`door`]: where a workspace's door is, and the preface with which a stream through it begins
//! * [`dial`]: opening a stream through a door
//! * [`tls`]: the keys of doors that are reached over a network, and what both sides make of them
//! * [`hand`]: giving a connection itself to the other side, where both share a machine
//! * [`join`]: two streams made one, as gateway and agent do with most that comes through a door
//! * [`message`]: length-prefixed JSON, the encoding of prefaces, replies and status reports
//! * [`frame`]: the frames of an interactive session (standard streams, window size, signals, exit)
//! * [`assignment`]: what an agent is told to be
//! * [`descriptors`]: how many files may be open, here and in what is started from here
//! * [`credential`]: what git in a workspace signs in with
//! * [`report`]: what an agent tells about itself
//! * [`api`]: the JSON of `/api/v1`

pub mod api;
pub mod assignment;
pub mod credential;
pub mod descriptors;
pub mod dial;
pub mod door;
pub mod frame;
pub mod hand;
pub mod join;
pub mod listen;
pub mod message;
pub mod report;
pub mod tls;
