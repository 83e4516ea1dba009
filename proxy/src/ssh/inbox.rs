//! What came in on one channel and is not yet in the workspace.
//!
//! The session loop of the whole connection puts things in and never waits; the channel's own task takes them out as
//! fast as the workspace reads. What may pile up in between is bounded here, and kept small by [`super::window`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use dormer_wire::frame::Frame;

/// A channel with more than this waiting is not to be sent more.
pub(super) const SOFT: usize = 1024 * 1024;
/// A channel with more than this waiting has a client that ignores its window: what it sends is dropped.
pub(super) const HARD: usize = 32 * 1024 * 1024;
/// All channels of one connection together.
pub(super) const SOFT_TOTAL: usize = 16 * 1024 * 1024;
pub(super) const HARD_TOTAL: usize = 64 * 1024 * 1024;
/// With [`SOFT_TOTAL`] reached, a channel with more than this waiting.
const SOFT_SHARE: usize = 64 * 1024;
/// Signals, breaks and sizes that wait.
const MOST_CONTROLS: usize = 64;
/// Small packets are put together into chunks of this size.
const CHUNK: usize = 32 * 1024;

/// Octets that wait on all channels of a connection.
#[derive(Debug, Default, Clone)]
pub(super) struct Total(Arc<AtomicUsize>);

/// What waits on one channel.
#[derive(Debug)]
pub(super) struct Inbox {
    state: Mutex<State>,
    news: Notify,
    total: Total,
    finished: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    controls: VecDeque<Frame>,
    chunks: VecDeque<BytesMut>,
    waiting: usize,
    ended: bool,
    overrun: bool,
    /// The workspace takes nothing more.
    deaf: bool,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A window's size, a signal or a break: they overtake octets, since a person who stops a program does not want
    /// it to read all that was typed before.
    Control(Frame),
    /// Octets.
    Data(Bytes),
    /// Nothing more.
    End,
    /// The client ignored its window; what it sent was dropped, so nothing that follows means anything.
    Overrun,
}

impl Inbox {
    pub(super) fn new(total: Total) -> Arc<Inbox> {
        Arc::new(Inbox { state: Mutex::default(), news: Notify::new(), total, finished: AtomicBool::new(false) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it can leave it half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in octets.
    pub(super) fn push(&self, data: &[u8]) {
        let mut state = self.lock();
        if state.ended || state.overrun || state.deaf {
            return;
        }
        let all = self.total.0.load(Ordering::Relaxed);
        if state.waiting + data.len() > HARD || all + data.len() > HARD_TOTAL {
            state.overrun = true;
            self.forget(&mut state);
        } else {
            match state.chunks.back_mut().filter(|last| last.capacity() - last.len() >= data.len()) {
                Some(last) => last.extend_from_slice(data),
                None => {
                    // A lone keystroke takes its own size; what comes while something waits is gathered.
                    let room = if state.chunks.is_empty() { data.len() } else { data.len().max(CHUNK) };
                    let mut chunk = BytesMut::with_capacity(room);
                    chunk.extend_from_slice(data);
                    state.chunks.push_back(chunk);
                }
            }
            state.waiting += data.len();
            self.total.0.fetch_add(data.len(), Ordering::Relaxed);
        }
        drop(state);
        self.news.notify_one();
    }

    /// Takes in a window's size, a signal or a break.
    pub(super) fn control(&self, frame: Frame) {
        let mut state = self.lock();
        if matches!(frame, Frame::Resize(_)) {
            // Only the newest size matters.
            state.controls.retain(|other| !matches!(other, Frame::Resize(_)));
        }
        if state.controls.len() < MOST_CONTROLS {
            state.controls.push_back(frame);
        }
        drop(state);
        self.news.notify_one();
    }

    /// Notes that nothing more comes.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.news.notify_one();
    }

    /// What comes next. Only one task may wait.
    pub(super) async fn next(&self) -> Item {
        loop {
            if let Some(item) = self.take() {
                return item;
            }
            self.news.notified().await;
        }
    }

    fn take(&self) -> Option<Item> {
        let mut state = self.lock();
        if state.overrun {
            return Some(Item::Overrun);
        }
        if let Some(frame) = state.controls.pop_front() {
            return Some(Item::Control(frame));
        }
        if let Some(chunk) = state.chunks.pop_front() {
            state.waiting -= chunk.len();
            self.total.0.fetch_sub(chunk.len(), Ordering::Relaxed);
            return Some(Item::Data(chunk.freeze()));
        }
        state.ended.then_some(Item::End)
    }

    /// Whether the client should send nothing more for now.
    pub(super) fn is_stalled(&self) -> bool {
        let state = self.lock();
        let all = self.total.0.load(Ordering::Relaxed);
        state.deaf || state.waiting > SOFT || (all > SOFT_TOTAL && state.waiting > SOFT_SHARE)
    }

    /// What comes next after [`Item::End`]: a terminal can still change its size, a program still be stopped.
    pub(super) async fn next_control(&self) -> Frame {
        loop {
            if let Some(frame) = self.lock().controls.pop_front() {
                return frame;
            }
            self.news.notified().await;
        }
    }

    /// Notes that the workspace takes nothing more: what waits and what still comes is dropped.
    pub(super) fn deafen(&self) {
        let mut state = self.lock();
        state.deaf = true;
        self.forget(&mut state);
    }

    /// Notes that the channel's task is done.
    pub(super) fn finish(&self) {
        self.deafen();
        self.finished.store(true, Ordering::Release);
    }

    /// Whether the channel's task is done.
    pub(super) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    fn forget(&self, state: &mut State) {
        state.chunks = VecDeque::new();
        self.total.0.fetch_sub(std::mem::take(&mut state.waiting), Ordering::Relaxed);
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn in_order_with_controls_first() {
        let inbox = Inbox::new(Total::default());
        inbox.push(b"a");
        inbox.push(b"b");
        inbox.push(b"c");
        inbox.control(Frame::Signal("INT".into()));
        inbox.end();
        inbox.push(b"after the end");
        assert_eq!(inbox.next().await, Item::Control(Frame::Signal("INT".into())));
        let mut octets = Vec::new();
        while let Item::Data(data) = inbox.next().await {
            octets.extend_from_slice(&data);
        }
        assert_eq!(octets, b"abc");
        assert_eq!(inbox.next().await, Item::End);
    }

    #[test]
    fn small_packets_are_gathered() {
        let inbox = Inbox::new(Total::default());
        for _ in 0..100_000 {
            inbox.push(b"x");
        }
        assert!(inbox.lock().chunks.len() < 10, "memory follows the octets, not the packets");
    }

    #[tokio::test]
    async fn bounds() {
        let total = Total::default();
        let (one, two) = (Inbox::new(total.clone()), Inbox::new(total.clone()));
        let packet = vec![0; 32 * 1024];
        while one.lock().waiting + packet.len() <= HARD {
            assert_eq!(one.is_stalled(), one.lock().waiting > SOFT);
            one.push(&packet);
        }
        two.push(&packet);
        assert!(!two.is_stalled());
        two.push(&packet);
        two.push(&packet);
        assert!(two.is_stalled(), "its share of a full connection is small");
        one.push(&packet);
        assert_eq!(one.next().await, Item::Overrun);
        assert_eq!(total.0.load(Ordering::Relaxed), 3 * packet.len(), "what is dropped is not counted");
        two.finish();
        drop((one, two));
        assert_eq!(total.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_window_that_is_dragged_about_is_one_size() {
        let inbox = Inbox::new(Total::default());
        for columns in 0..1000 {
            inbox.control(Frame::Resize(dormer_wire::frame::WindowSize { columns, ..Default::default() }));
            inbox.control(Frame::Break);
        }
        assert!(inbox.lock().controls.len() <= MOST_CONTROLS);
    }
}
