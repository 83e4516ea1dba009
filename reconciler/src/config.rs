//! What an administrator decides for every workspace that does not say otherwise.

use std::time::Duration;

use dormer_core::class::Limits;
use dormer_core::idle::Policy;
use dormer_core::workspace::Lifecycle;

/// The reconciler's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How long a start may take.
    pub start_limit: Duration,
    /// How long processes have to end before they are killed.
    pub stop_grace: Duration,
    /// How long the agent of a running workspace may be out of reach before it is taken for lost.
    pub contact_limit: Duration,
    /// How often a start is tried again that failed for a reason that may pass.
    pub retries: u32,
    /// Before the first of these; twice as long before each further one.
    pub retry_after: Duration,
    /// Without activity for so long: stop. None: never.
    pub idle_timeout: Option<Duration>,
    /// Running for so long: stop. None: never.
    pub max_lifetime: Option<Duration>,
    /// Asleep for so long: delete. None: never.
    pub delete_after_stopped: Option<Duration>,
    /// Whether a process at work counts as activity.
    pub keep_alive_when_busy: bool,
    /// How long before a stop those with open sessions are warned.
    pub warn_before: Duration,
    /// How often activity is written to the records.
    pub activity_every: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            start_limit: Duration::from_secs(600),
            stop_grace: Duration::from_secs(10),
            contact_limit: Duration::from_secs(30),
            retries: 2,
            retry_after: Duration::from_secs(2),
            idle_timeout: Some(Duration::from_secs(1800)),
            max_lifetime: None,
            delete_after_stopped: None,
            keep_alive_when_busy: true,
            warn_before: Duration::from_secs(60),
            activity_every: Duration::from_secs(60),
        }
    }
}

impl Config {
    /// The policy of a workspace: its own word where it has one, and no more than its class allows.
    pub(crate) fn policy(&self, lifecycle: &Lifecycle, limits: &Limits) -> Policy {
        let own = |seconds: Option<u64>, default| match seconds {
            None => default,
            Some(0) => None,
            Some(seconds) => Some(Duration::from_secs(seconds)),
        };
        let within = |span: Option<Duration>, most: Option<u64>| {
            let most = most.map(Duration::from_secs);
            span.map(|span| most.map_or(span, |most| span.min(most))).or(most)
        };
        Policy {
            idle_timeout: within(own(lifecycle.idle_timeout, self.idle_timeout), limits.idle_timeout),
            max_lifetime: within(own(lifecycle.max_lifetime, self.max_lifetime), limits.max_lifetime),
            keep_alive_when_busy: lifecycle.keep_alive_when_busy.unwrap_or(self.keep_alive_when_busy),
            warn_before: self.warn_before,
        }
    }

    /// How long to wait before the next start after so many that failed.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        let times = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.retry_after.saturating_mul(times).min(Duration::from_secs(120))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspaces_own_word_counts() {
        let config = Config { max_lifetime: Some(Duration::from_secs(9)), ..Config::default() };
        let own = Lifecycle {
            idle_timeout: Some(5),
            max_lifetime: Some(0),
            keep_alive_when_busy: Some(false),
            ..Lifecycle::default()
        };
        let policy = config.policy(&own, &Limits::default());
        assert_eq!((policy.idle_timeout, policy.max_lifetime), (Some(Duration::from_secs(5)), None));
        assert!(!policy.keep_alive_when_busy);
        assert_eq!(config.policy(&Lifecycle::default(), &Limits::default()).max_lifetime, config.max_lifetime);
        let limits = Limits { idle_timeout: Some(3), max_lifetime: Some(60), ..Limits::default() };
        let policy = config.policy(&own, &limits);
        assert_eq!(policy.idle_timeout, Some(Duration::from_secs(3)), "no more than its class allows");
        assert_eq!(policy.max_lifetime, Some(Duration::from_secs(60)), "never is more than that");
        assert_eq!(config.policy(&Lifecycle::default(), &limits).max_lifetime, config.max_lifetime);
    }

    #[test]
    fn waiting_grows_and_stays_bounded() {
        let config = Config::default();
        let seconds: Vec<u64> = [1, 2, 3, 7, 40, u32::MAX].map(|failures| config.backoff(failures).as_secs()).into();
        assert_eq!(seconds, [2, 4, 8, 120, 120, 120]);
    }
}
