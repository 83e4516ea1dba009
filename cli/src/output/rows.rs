//! The tables: which columns each kind of thing has.

use dormer_wire::api::{Audited, Class, Key, Member, Port, Project, Secret, Token, Usage, User, Workspace};
use jiff::Timestamp;

use crate::output::{Row, clean};

/// What stands where there is nothing to say.
const NOTHING: &str = "-";

fn or_nothing(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).map_or_else(|| NOTHING.into(), clean)
}

/// How long ago, in the largest unit that says enough: `45s`, `12m`, `3h20m`, `5h`, `12d`.
pub fn ago(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(since.as_second()).max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..3600 => format!("{minutes}m"),
        3600..36_000 if minutes % 60 != 0 => format!("{hours}h{}m", minutes % 60),
        3600..172_800 => format!("{hours}h"),
        _ => format!("{days}d"),
    }
}

/// An amount of memory, in the largest unit that says enough: `512 MiB`, `1.5 GiB`.
pub fn size(octets: u64) -> String {
    let (mut amount, mut unit) = (octets as f64 / 1024.0, "KiB");
    for next in ["MiB", "GiB", "TiB"] {
        if amount < 1024.0 {
            break;
        }
        (amount, unit) = (amount / 1024.0, next);
    }
    if amount < 10.0 { format!("{amount:.1} {unit}") } else { format!("{amount:.0} {unit}") }
}

fn when(at: Option<Timestamp>) -> String {
    at.map_or_else(|| NOTHING.into(), |at| ago(at, Timestamp::now()))
}

/// What a workspace was made from, short: a ref, a request, or the beginning of a commit.
fn reference(workspace: &Workspace) -> String {
    let Some(source) = &workspace.source else { return NOTHING.into() };
    match (&source.reference, source.merge_request, &source.commit) {
        (Some(reference), ..) => clean(reference),
        (None, Some(number), _) => format!("!{number}"),
        (None, None, Some(commit)) => clean(commit).chars().take(10).collect(),
        _ => NOTHING.into(),
    }
}

impl Row for Workspace {
    const NONE: &'static str = "No workspaces. Create one with: dormer create <URL or folder>";

    fn columns(wide: bool) -> Vec<&'static str> {
        let mut columns = vec!["NAME", "PHASE", "OWNER", "IDLE", "URL", "AGE"];
        if wide {
            columns.extend(["SOURCE", "REF", "SSH", "CLASS"]);
        }
        columns
    }

    fn cells(&self, wide: bool) -> Vec<String> {
        let idle = self.last_activity.as_ref().filter(|_| self.phase == "Running").map(|activity| activity.at);
        let phase = match &self.reason {
            Some(reason) if self.phase == "Failed" => format!("Failed ({})", clean(reason)),
            _ => clean(&self.phase),
        };
        let mut cells = vec![
            clean(&self.name),
            phase,
            clean(&self.owner),
            when(idle),
            clean(&self.url),
            when(Some(self.created_at)),
        ];
        if wide {
            let source = self.source.as_ref().map(|source| source.url.as_str());
            cells.extend([or_nothing(source), reference(self), clean(&self.ssh), clean(&self.class)]);
        }
        cells
    }

    fn handle(&self) -> &str {
        &self.name
    }
}

impl Row for Usage {
    const NONE: &'static str = "Nothing runs, or nothing is known of what it uses.";

    fn columns(_: bool) -> Vec<&'static str> {
        vec!["NAME", "MEMORY", "PROCESSES"]
    }

    fn cells(&self, _: bool) -> Vec<String> {
        vec![clean(&self.name), size(self.memory), self.processes.to_string()]
    }

    fn handle(&self) -> &str {
        &self.name
    }
}

impl Row for Port {
    const NONE: &'static str = "No ports: nothing listens, and the devfile names none.";

    fn columns(_: bool) -> Vec<&'static str> {
        vec!["PORT", "NAME", "SHARE", "LISTENING", "URL"]
    }

    fn cells(&self, _: bool) -> Vec<String> {
        let listening = if self.listening { "yes" } else { "no" };
        vec![
            self.port.to_string(),
            or_nothing(self.name.as_deref()),
            clean(&self.share),
            listening.into(),
            or_nothing(Some(&self.url)),
        ]
    }

    fn handle(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.url)
    }
}

impl Row for Token {
    const NONE: &'static str = "No tokens. Create one with: dormer token create <NAME>";

    fn columns(_: bool) -> Vec<&'static str> {
        vec!["ID", "NAME", "SCOPE", "AGE", "USED", "EXPIRES"]
    }

    fn cells(&self, _: bool) -> Vec<String> {
        let expires = match self.expires_at {
            None => "never".into(),
            Some(at) if at <= Timestamp::now() => "expired".into(),
            Some(at) => format!("in {}", ago(Timestamp::now(), at)),
        };
        vec![
            clean(&self.id),
            clean(&self.name),
            clean(&self.scope),
            when(Some(self.created_at)),
            when(self.last_used_at),
            expires,
        ]
    }

    fn handle(&self) -> &str {
        &self.id
    }
}

impl Row for Key {
    const NONE: &'static str = "No keys. Add one with: dormer key add";

    fn columns(wide: bool) -> Vec<&'static str> {
        let mut columns = vec!["ID", "NAME", "FINGERPRINT", "AGE", "USED"];
        if wide {
            columns.push("KEY");
        }
        columns
    }

    fn cells(&self, wide: bool) -> Vec<String> {
        let mut cells = vec![
            clean(&self.id),
            clean(&self.name),
            clean(&self.fingerprint),
            when(Some(self.created_at)),
            when(self.last_used_at),
        ];
        if wide {
            cells.push(clean(&self.key));
        }
        cells
    }

    fn handle(&self) -> &str {
        &self.id
    }
}

impl Row for User {
    const NONE: &'static str = "No users.";

    fn columns(_: bool) -> Vec<&'static str> {
        vec!["NAME", "DISPLAY NAME", "ROLE", "AGE"]
    }

    fn cells(&self, _: bool) -> Vec<String> {
        let role = match (self.disabled, self.admin) {
            (true, _) => "disabled",
            (false, true) => "admin",
            (false, false) => "user",
        };
        vec![clean(&self.name), or_nothing(self.display_name.as_deref()), role.into(), when(Some(self.created_at))]
    }

    fn handle(&self) -> &str {
        &self.name
    }
}

impl Row for Project {
    const NONE: &'static str = "No projects. An administrator makes one with: dormer project create <NAME>";

    fn columns(wide: bool) -> Vec<&'static str> {
        let mut columns = vec!["NAME", "DISPLAY NAME", "YOUR ROLE", "MEMBERS", "AGE"];
        if wide {
            columns.push("WHO");
        }
        columns
    }

    fn cells(&self, wide: bool) -> Vec<String> {
        let mut cells = vec![
            clean(&self.name),
            or_nothing(self.display_name.as_deref()),
            or_nothing(self.role.as_deref()),
            self.members.len().to_string(),
            when(Some(self.created_at)),
        ];
        if wide {
            let one = |member: &Member| {
                let who = member.user.as_deref().or(member.group.as_deref()).unwrap_or_default();
                format!("{}={}", clean(who), clean(&member.role))
            };
            cells.push(or_nothing(Some(&self.members.iter().map(one).collect::<Vec<_>>().join(" "))));
        }
        cells
    }

    fn handle(&self) -> &str {
        &self.name
    }
}

impl Row for Class {
    const NONE: &'static str = "No classes.";

    fn columns(wide: bool) -> Vec<&'static str> {
        let mut columns = vec!["NAME", "DEFAULT", "DESCRIPTION", "AGE"];
        if wide {
            columns.extend(["MEMORY", "MOST", "IDLE", "FIXED"]);
        }
        columns
    }

    fn cells(&self, wide: bool) -> Vec<String> {
        let default = if self.default { "yes" } else { NOTHING };
        let description = or_nothing(self.says.description.as_deref());
        let mut cells = vec![clean(&self.name), default.into(), description, when(self.created_at)];
        if wide {
            let defaults = self.says.defaults.clone().unwrap_or_default();
            let most = self.says.limits.as_ref().and_then(|limits| limits.memory.as_deref());
            cells.extend([
                or_nothing(defaults.resources.memory.as_deref()),
                or_nothing(most),
                defaults.lifecycle.idle_timeout.map_or_else(|| NOTHING.into(), |seconds| format!("{seconds}s")),
                or_nothing(Some(&self.says.fixed.join(" "))),
            ]);
        }
        cells
    }

    fn handle(&self) -> &str {
        &self.name
    }
}

impl Row for Secret {
    const NONE: &'static str = "No secrets. Keep one with: dormer secret create <NAME>";

    fn columns(_: bool) -> Vec<&'static str> {
        vec!["NAME", "KIND", "PROJECT", "HOST", "AGE", "ID"]
    }

    fn cells(&self, _: bool) -> Vec<String> {
        vec![
            clean(&self.name),
            clean(&self.kind),
            or_nothing(self.project.as_deref()),
            or_nothing(self.host.as_deref()),
            when(Some(self.created_at)),
            clean(&self.id),
        ]
    }

    fn handle(&self) -> &str {
        &self.name
    }
}

impl Row for Audited {
    const NONE: &'static str = "Nothing was done yet.";

    fn columns(_: bool) -> Vec<&'static str> {
        vec!["AT", "USER", "ACTION", "TARGET", "DETAIL", "VIA"]
    }

    fn cells(&self, _: bool) -> Vec<String> {
        vec![
            self.at.to_string(),
            or_nothing(Some(&self.user)),
            clean(&self.action),
            or_nothing(Some(&self.target)),
            or_nothing(Some(&self.detail)),
            or_nothing(Some(&self.via)),
        ]
    }

    fn handle(&self) -> &str {
        &self.action
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let table = [
            (0, "0s"),
            (45, "45s"),
            (119, "119s"),
            (120, "2m"),
            (3599, "59m"),
            (3600, "1h"),
            (5400, "1h30m"),
            (36_000, "10h"),
            (40_000, "11h"),
            (172_800, "2d"),
            (31_536_000, "365d"),
            (-5, "0s"),
        ];
        for (seconds, text) in table {
            let since = Timestamp::from_second(1_000_000_000).unwrap();
            let now = Timestamp::from_second(1_000_000_000 + seconds).unwrap();
            assert_eq!(ago(since, now), text, "{seconds}");
        }
    }
}
