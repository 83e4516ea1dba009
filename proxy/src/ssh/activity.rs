//! What counts as somebody being at work over SSH.
//!
//! A command that comes, keys typed into a terminal, and requests for files are what a person does. What a program
//! sends to a program is not, until it is so much that it must be a transfer: editors and pollers send a few octets
//! every few seconds for ever. Keep-alives, an idle connection and forwarded ports never are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dormer_core::directory::Entry;
use dormer_wire::report::ActivityKind;

use crate::gate::Gate;

/// Between two notes.
const PAUSE: Duration = Duration::from_secs(5);
/// So much without a terminal is a transfer.
const TRANSFER: usize = 256 * 1024;

/// What a channel's input says about who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Somebody who types, or asks for files.
    Person,
    /// A program.
    Program,
    /// A forwarded port.
    Forward,
}

/// Notes what is done over one connection.
pub(super) struct Activity {
    gate: Arc<Gate>,
    entry: Arc<Entry>,
    noted: Option<Instant>,
    moved: usize,
}

impl Activity {
    pub(super) fn new(gate: Arc<Gate>, entry: Arc<Entry>) -> Activity {
        Activity { gate, entry, noted: None, moved: 0 }
    }

    /// A command came.
    pub(super) fn command(&mut self) {
        self.note();
    }

    /// Input came.
    pub(super) fn input(&mut self, source: Source, octets: usize) {
        match source {
            Source::Forward => return,
            Source::Person => {}
            Source::Program => {
                self.moved = self.moved.saturating_add(octets);
                if self.moved < TRANSFER {
                    return;
                }
            }
        }
        if self.noted.is_none_or(|at| at.elapsed() >= PAUSE) {
            self.note();
        }
    }

    fn note(&mut self) {
        self.moved = 0;
        self.noted = Some(Instant::now());
        self.gate.touch(&self.entry, ActivityKind::Ssh);
    }
}
