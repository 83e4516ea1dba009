//! When a host that limits us may be asked again. Pure.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// How many questions are left: GitHub, Gitea and Bitbucket; then GitLab.
pub(super) const REMAINING: [&str; 2] = ["x-ratelimit-remaining", "ratelimit-remaining"];
/// When there are some again, as a moment or as seconds from now.
pub(super) const RESET: [&str; 2] = ["x-ratelimit-reset", "ratelimit-reset"];

/// Nobody waits longer for a source.
const LONGEST: i64 = 24 * 3600;
/// What is later than this is a moment, in seconds since 1970; what is less, a time from now.
const MOMENT: i64 = 1_000_000_000;

/// In how many seconds: by `Retry-After`, which has seconds or a date, else by when the limit begins anew. `date` is the
/// host's own clock, by which it counts.
pub(super) fn seconds(after: Option<&str>, reset: Option<&str>, date: Option<&str>, now: Timestamp) -> Option<u64> {
    let moment = |text: &str| rfc2822::parse(text.trim()).ok().map(|at| at.timestamp().as_second());
    let there = date.and_then(moment).unwrap_or(now.as_second());
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let from_now = |number: i64| if number >= MOMENT { number.saturating_sub(there) } else { number };
    let by_date = |text: &str| Some(moment(text)?.saturating_sub(there));
    let wait = after.and_then(|text| number(text).or_else(|| by_date(text))).or_else(|| reset.and_then(number));
    wait.map(from_now).map(|wait| wait.clamp(1, LONGEST).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_all_the_ways_that_hosts_say_it() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let date = Some("Fri, 15 Jan 2027 08:00:00 GMT");
        for (after, reset, date, want) in [
            (Some("30"), None, None, Some(30)),
            (Some(" 30 "), Some("1800009999"), None, Some(30)),
            (None, Some("1800000090"), None, Some(90)),
            (None, Some("90"), None, Some(90)),
            // By the host's clock, which goes half an hour ahead of ours or behind.
            (None, Some("1800000090"), Some("Fri, 15 Jan 2027 07:30:00 GMT"), Some(1890)),
            (Some("Fri, 15 Jan 2027 08:01:00 GMT"), None, date, Some(60)),
            (Some("Fri, 15 Jan 2027 07:01:00 GMT"), None, date, Some(1)),
            (Some("99999999999"), None, None, Some(24 * 3600)),
            (Some("-5"), None, None, Some(1)),
            (Some("soon"), None, None, None),
            (Some("soon"), Some("20"), Some("never"), Some(20)),
            (None, None, None, None),
        ] {
            assert_eq!(seconds(after, reset, date, now), want, "{after:?} {reset:?} {date:?}");
        }
    }
}
