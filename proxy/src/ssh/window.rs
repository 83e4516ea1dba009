//! What clients may send: which window russh is to grant next.
//!
//! RFC 4254 has a window for each channel. russh 0.65.1 has one target for the whole session: when a packet leaves a
//! channel with less than half of the target, the channel's window is set to the target, and what
//! `Handler::adjust_window` returns is the target from then on, for whichever channel asks next. So the choice is
//! always made one step ahead, for a channel that has to be guessed.
//!
//! A channel whose workspace does not read is granted [`TRICKLE`]: it sends these two octets and asks again, for ever,
//! and so hears of it when it may go on. (A target of 1 is never undercut: such a channel would be frozen for good.)
//! Channels that trickle ask in the order in which they asked before; the first of them decides the next target. A
//! wrong guess either makes a healthy channel wait for one more round trip, or lets a stalled one send more than it
//! should: so what a healthy channel is granted beside a stalled one starts small and grows with each right guess.

use std::collections::{HashMap, VecDeque};

/// The target while all is well.
pub(super) const FULL: u32 = 2 * 1024 * 1024;
/// The window with which channels begin: what a client may send on each of many channels before anybody can react.
pub(super) const FIRST: u32 = 256 * 1024;
/// What a stalled channel gets.
pub(super) const TRICKLE: u32 = 2;
/// What a healthy channel gets beside a stalled one, at first.
const CAREFUL: u32 = 128 * 1024;
/// A stalled channel that was passed over so often has nothing to send.
const PATIENCE: u32 = 2;

/// The windows of a connection's channels, as russh keeps them.
#[derive(Debug)]
pub(super) struct Windows {
    target: u32,
    careful: u32,
    flows: HashMap<u32, Flow>,
    /// Channels with at most [`TRICKLE`] left, in the order in which they will ask.
    trickling: VecDeque<u32>,
}

#[derive(Debug)]
struct Flow {
    window: u32,
    stalled: bool,
    passed: u32,
    /// Granted with the packet that is about to be counted: russh has taken the packet off already.
    fresh: bool,
}

impl Default for Windows {
    fn default() -> Self {
        Windows { target: FIRST, careful: CAREFUL, flows: HashMap::new(), trickling: VecDeque::new() }
    }
}

impl Windows {
    /// A channel is open.
    pub(super) fn opened(&mut self, id: u32) {
        self.flows.insert(id, Flow { window: FIRST, stalled: false, passed: 0, fresh: false });
    }

    /// A channel is closed.
    pub(super) fn closed(&mut self, id: u32) {
        self.flows.remove(&id);
        self.trickling.retain(|other| *other != id);
    }

    /// So many octets came on a channel.
    pub(super) fn received(&mut self, id: u32, octets: usize) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        if std::mem::take(&mut flow.fresh) {
            return;
        }
        // russh ignores what is beyond the window; the inbox's limits do not.
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        if octets <= flow.window {
            flow.window -= octets;
        }
    }

    /// A channel asked and was granted the target. Gives the next one.
    pub(super) fn asked(&mut self, id: u32, stalled: bool) -> u32 {
        let granted = self.target;
        if stalled && granted > TRICKLE && self.trickling.iter().any(|other| *other != id) {
            self.careful = CAREFUL;
        } else if !stalled && granted >= self.careful {
            self.careful = (self.careful * 2).min(FULL);
        }
        self.pass_over(id);
        if let Some(flow) = self.flows.get_mut(&id) {
            *flow = Flow { window: granted, stalled, passed: 0, fresh: true };
            if granted <= TRICKLE {
                self.trickling.push_back(id);
            }
        }
        self.target = self.next();
        self.target
    }

    /// Takes a channel out of the order, and notes who was before it and did not ask.
    fn pass_over(&mut self, id: u32) {
        let Some(place) = self.trickling.iter().position(|other| *other == id) else { return };
        self.trickling.remove(place);
        for other in self.trickling.iter().take(place) {
            if let Some(flow) = self.flows.get_mut(other) {
                flow.passed += 1;
            }
        }
    }

    /// How many channels trickle.
    pub(super) fn trickling(&self) -> usize {
        self.trickling.len()
    }

    fn next(&self) -> u32 {
        let any_stalled = self.flows.values().any(|flow| flow.stalled && flow.passed < PATIENCE);
        let full = if any_stalled { self.careful } else { FULL };
        let due = self
            .trickling
            .iter()
            .filter_map(|id| self.flows.get(id))
            .find(|flow| if flow.stalled { flow.passed < PATIENCE } else { flow.passed == 0 });
        match due {
            Some(flow) if flow.stalled => TRICKLE,
            Some(_) => full,
            // One that is stalled still has a window to send: it must not be the one that gets the next.
            None if any_stalled => TRICKLE,
            None => full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// russh and clients that send whatever they may, round by round.
    struct Link {
        ours: Windows,
        target: u32,
        clients: Vec<Client>,
    }
    struct Client {
        id: u32,
        window: u32,
        reads: bool,
        waiting: u64,
        sent: u64,
        /// Gets something to send in every so-many-th round.
        every: u64,
        /// How much.
        burst: u64,
        pending: u64,
    }

    impl Link {
        fn new(clients: &[(bool, u64, u64)]) -> Link {
            let mut link = Link { ours: Windows::default(), target: FIRST, clients: vec![] };
            for (id, (reads, every, burst)) in clients.iter().enumerate() {
                let (id, reads, every, burst) = (id as u32, *reads, *every, *burst);
                link.ours.opened(id);
                link.clients.push(Client { id, window: FIRST, reads, waiting: 0, sent: 0, every, burst, pending: 0 });
            }
            link
        }

        fn round(&mut self, number: u64, backwards: bool) {
            // What each may send by what it knew at the beginning of the round: answers need a round trip.
            for client in &mut self.clients {
                if number.is_multiple_of(client.every) {
                    client.pending = client.pending.saturating_add(client.burst);
                }
            }
            let may = |client: &Client| client.pending.min(u64::from(client.window)) as u32;
            let mut turns: Vec<(usize, u32)> =
                self.clients.iter().enumerate().map(|(index, client)| (index, may(client))).collect();
            if backwards {
                turns.reverse();
            }
            for (index, allowance) in turns {
                let mut left = allowance;
                while left > 0 {
                    let packet = left.min(32 * 1024);
                    left -= packet;
                    let client = &mut self.clients[index];
                    client.sent += u64::from(packet);
                    client.pending -= u64::from(packet);
                    client.window -= packet;
                    if client.window < self.target / 2 {
                        client.window = self.target;
                        let stalled = client.waiting > super::super::inbox::SOFT as u64;
                        self.target = self.ours.asked(client.id, stalled);
                        assert!(self.target >= 2, "anything less is never undercut");
                    }
                    client.waiting += u64::from(packet);
                    self.ours.received(client.id, packet as usize);
                    assert_eq!(self.ours.flows[&client.id].window, client.window, "the books agree");
                    if client.reads {
                        client.waiting = 0;
                    }
                }
            }
        }
    }

    #[test]
    fn a_healthy_channel_beside_stalled_ones() {
        const ALWAYS: u64 = 1 << 40;
        let (up, held) = ((true, 1, ALWAYS), (false, 1, ALWAYS));
        for (name, clients, backwards, least) in [
            ("alone", vec![up], false, 1_000 << 20),
            ("beside one", vec![up, held], false, 100 << 20),
            ("beside one, which sends first", vec![held, up], false, 100 << 20),
            ("in the other order", vec![up, held], true, 100 << 20),
            ("beside three", vec![held, up, held, held], false, 100 << 20),
            ("two healthy ones", vec![up, held, up], false, 100 << 20),
            ("in bursts of 4 MB", vec![(true, 100, 4 << 20), held], false, 75 << 20),
            ("in bursts of 3 MB, which end anywhere", vec![held, (true, 97, (3 << 20) + 7)], true, 55 << 20),
            ("in a trickle of its own", vec![(true, 1, 30_000), held], false, 50 << 20),
            ("beside one that seldom sends", vec![up, (false, 50, 10_000)], false, 100 << 20),
        ] {
            let mut link = Link::new(&clients);
            for number in 0..2_000 {
                link.round(number, backwards);
            }
            for client in &link.clients {
                if client.reads {
                    assert!(client.sent >= least, "{name}: {} got only {} octets through", client.id, client.sent);
                } else {
                    let limit = super::super::inbox::HARD as u64;
                    assert!(client.waiting < limit / 2, "{name}: {} let in {}", client.id, client.waiting);
                    assert!(client.window > 0, "{name}: never frozen");
                }
            }
        }
    }

    #[test]
    fn one_that_reads_again_goes_on() {
        let mut link = Link::new(&[(false, 1, 1 << 40), (true, 1, 1 << 40)]);
        for number in 0..500 {
            link.round(number, false);
        }
        link.clients[0].reads = true;
        link.clients[0].waiting = 0;
        let before = link.clients[0].sent;
        for number in 0..100 {
            link.round(number, false);
        }
        assert!(link.clients[0].sent - before > 10 << 20, "{}", link.clients[0].sent - before);
        link.ours.closed(0);
        assert!(link.ours.trickling.is_empty() || link.ours.trickling == [1]);
    }
}
