//! How many connections there are of one user.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dormer_core::name::UserName;

use crate::counts::Opened;

/// Counts connections by user.
#[derive(Clone)]
pub(super) struct Users {
    counts: Arc<Mutex<HashMap<UserName, usize>>>,
    most: usize,
}

/// A connection of a user, for as long as it lives.
pub(super) struct Visit {
    user: UserName,
    users: Users,
    _counted: Opened,
}

impl Users {
    /// At most so many of each.
    pub(super) fn new(most: usize) -> Users {
        Users { counts: Arc::default(), most }
    }

    /// One more, if there is room.
    pub(super) fn visit(&self, user: &UserName) -> Option<Visit> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(user.clone()).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Visit { user: user.clone(), users: self.clone(), _counted: Opened::ssh() })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut counts = self.users.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let users = Users::new(1);
        let (ann, bob) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        let first = users.visit(&ann).unwrap();
        assert!(users.visit(&ann).is_none() && users.visit(&bob).is_some());
        drop(first);
        assert!(users.visit(&ann).is_some());
        assert!(users.counts.lock().unwrap().is_empty());
    }
}
