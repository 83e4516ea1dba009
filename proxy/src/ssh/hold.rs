//! For how long the reading of a connection is held back when its stalled channels ask for more.

use std::time::Duration;

/// At first, and at most: a stalled channel asks again with each round trip, and would keep a processor busy with that.
const FIRST: Duration = Duration::from_millis(1);
const MOST: Duration = Duration::from_millis(20);

/// For how long a connection is held back.
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// How long a round of questions is to take.
    round: Duration,
    /// What is not held back yet: shorter than anything can be timed.
    owed: Duration,
}

impl Hold {
    /// A stalled channel has asked, one of so many. All of them ask in each round, and whatever else a client has to
    /// say waits behind their questions: so together they hold it back for as long as one alone would.
    pub(super) fn asked(&mut self, stalled: usize) -> Option<Duration> {
        self.round = (self.round * 2).clamp(FIRST, MOST);
        self.owed += self.round / u32::try_from(stalled).unwrap_or(u32::MAX).max(1);
        (self.owed >= FIRST).then(|| std::mem::take(&mut self.owed))
    }

    /// Something goes on.
    pub(super) fn release(&mut self) {
        *self = Hold::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_hold_back_no_longer_than_one() {
        for stalled in [1, 3, 99] {
            let mut hold = Hold::default();
            let round = |hold: &mut Hold| (0..stalled).filter_map(|_| hold.asked(stalled)).sum::<Duration>();
            for _ in 0..10 {
                round(&mut hold);
            }
            let took = round(&mut hold);
            assert!(took >= MOST / 2 && took <= MOST + FIRST, "{stalled}: {took:?}");
            hold.release();
            assert!(hold.asked(1).is_some_and(|pause| pause == FIRST));
        }
    }
}
