//! What becomes of a workspace once the request that it was made for is merged or closed. Pure.

use crate::ports::forge::RequestState;
use crate::workspace::Spec;

/// What an administrator decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Policy {
    /// Only say so.
    #[default]
    Keep,
    /// Stop it.
    Stop,
    /// Stop it and put it away.
    Archive,
}

impl std::str::FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(Policy::Keep),
            "stop" => Ok(Policy::Stop),
            "archive" => Ok(Policy::Archive),
            other => Err(format!("'{other}': one of keep, stop, archive")),
        }
    }
}

/// Changes a spec by news of its request, once for each end: who starts it again afterwards is not stopped again. What to
/// tell its owner (a reason and a sentence), or None where there is nothing new.
pub fn apply(spec: &mut Spec, state: RequestState, policy: Policy) -> Option<(&'static str, String)> {
    let source = spec.source.as_mut()?;
    let number = source.merge_request?;
    let now = (state != RequestState::Open).then(|| state.as_str().to_string());
    if source.ended == now {
        return None;
    }
    source.ended = now;
    let (reason, what) = match state {
        RequestState::Open => return Some(("RequestReopened", format!("request {number} is open again"))),
        RequestState::Merged => ("RequestMerged", "merged"),
        RequestState::Closed => ("RequestClosed", "closed"),
    };
    let (stop, archive) = (policy != Policy::Keep && spec.running, policy == Policy::Archive && !spec.archived);
    spec.running &= !stop;
    spec.archived |= archive;
    let done = match (stop, archive) {
        (_, true) => "; it is archived, with all its files: unarchive it to go on",
        (true, false) => "; it is stopped, with all its files: start it to go on",
        (false, false) => "",
    };
    Some((reason, format!("request {number} was {what}{done}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Source, fixture};

    #[test]
    fn what_becomes_of_it() {
        use RequestState::{Closed, Merged, Open};
        let spec = |running, ended: Option<&str>| {
            let mut spec = fixture("w", "ann").spec;
            spec.running = running;
            let ended = ended.map(str::to_string);
            spec.source = Some(Source { url: "u".into(), merge_request: Some(7), ended, ..Source::default() });
            spec
        };
        for (running, ended, state, policy, want) in [
            (true, None, Merged, Policy::Keep, Some(("RequestMerged", true, false))),
            (true, None, Merged, Policy::Stop, Some(("RequestMerged", false, false))),
            (true, None, Closed, Policy::Archive, Some(("RequestClosed", false, true))),
            (false, None, Merged, Policy::Archive, Some(("RequestMerged", false, true))),
            (true, None, Open, Policy::Archive, None),
            // Told before: whoever started it again means it.
            (true, Some("merged"), Merged, Policy::Stop, None),
            (true, Some("closed"), Open, Policy::Stop, Some(("RequestReopened", true, false))),
            (true, Some("closed"), Merged, Policy::Stop, Some(("RequestMerged", false, false))),
        ] {
            let mut spec = spec(running, ended);
            let told = apply(&mut spec, state, policy).map(|(reason, _)| (reason, spec.running, spec.archived));
            assert_eq!(told, want, "{running} {ended:?} {state:?} {policy:?}");
            assert_eq!(apply(&mut spec, state, policy), None, "once");
        }
        let mut other = fixture("w", "ann").spec;
        assert_eq!(apply(&mut other, Merged, Policy::Stop), None);
    }
}
