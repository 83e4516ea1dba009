//! For somebody who is known, and named no workspace that they may enter: the list of those they may, on standard
//! error, and exit status 1.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use russh::server::{ChannelOpenHandle, Handle, Msg};
use russh::{Channel, ChannelId, ChannelOpenFailure};
use tokio_util::task::TaskTracker;

use dormer_auth::known::Known;
use dormer_core::directory::Directory;
use dormer_core::may::{Action, Verdict, may};
use dormer_core::principal::Principal;

use super::output::Output;
use super::progress::clean;
use super::users::Visit;

/// Sessions that wait to be told what to run.
const MOST: usize = 10;
/// Names in the list.
const LISTED: usize = 50;

/// Somebody who is known, and nowhere.
pub(super) struct Lobby {
    known: Known,
    named: String,
    directory: Arc<Directory>,
    reach: Reach,
    /// With whether each has a terminal.
    waiting: HashMap<ChannelId, (Output, bool)>,
    tasks: TaskTracker,
    _visit: Visit,
}

/// How workspaces are reached over SSH, as people type it.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Lobby {
    pub(super) fn new(
        (known, visit): (Known, Visit),
        named: String,
        directory: Arc<Directory>,
        reach: Reach,
        tasks: TaskTracker,
    ) -> Lobby {
        Lobby { known, named, directory, reach, waiting: HashMap::new(), tasks, _visit: visit }
    }

    /// A session.
    pub(super) async fn open(&mut self, channel: Channel<Msg>, reply: ChannelOpenHandle, handle: Handle) {
        if self.waiting.len() >= MOST {
            return reply.reject(ChannelOpenFailure::ResourceShortage).await;
        }
        let id = channel.id();
        let (_, half) = channel.split();
        self.waiting.insert(id, (Output::new(half, handle), false));
        reply.accept().await;
    }

    /// A session was closed.
    pub(super) fn closed(&mut self, id: ChannelId) {
        self.waiting.remove(&id);
    }

    /// A session gets a terminal. False: it is none.
    pub(super) fn terminal(&mut self, id: ChannelId) -> bool {
        self.waiting.get_mut(&id).is_some_and(|(_, terminal)| {
            *terminal = true;
            true
        })
    }

    /// A session says what to run. False: it is none.
    pub(super) fn tell(&mut self, id: ChannelId) -> bool {
        let Some((mut output, terminal)) = self.waiting.remove(&id) else { return false };
        let mut text = text(&self.directory, &self.known.principal, &self.named, &self.reach);
        if terminal {
            // The one at the other end is in raw mode: it wants to be told to go back to the first column.
            text = text.replace('\n', "\r\n");
        }
        self.tasks.spawn(async move {
            if output.stderr(Bytes::from(text)).await.is_ok() {
                let _ = output.exit(1).await;
            }
        });
        true
    }
}

fn text(directory: &Directory, who: &Principal, named: &str, reach: &Reach) -> String {
    let mut all: Vec<_> = directory.all().iter().map(|entry| entry.record()).collect();
    all.retain(|record| !record.deleted && may(Some(who), Action::Ssh, record) == Verdict::Allow);
    all.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    let mut text = match named == who.user.as_str() || named.is_empty() {
        true => format!("dormer: hello {}. Say which workspace you want to enter:\n", who.user),
        false => format!("dormer: there is no workspace '{}' that {} may enter.\n", clean(named), who.user),
    };
    let port = if reach.port == 22 { String::new() } else { format!("-p {} ", reach.port) };
    let width = all.iter().map(|record| record.name.as_str().len()).max().unwrap_or_default();
    for record in all.iter().take(LISTED) {
        let (name, phase) = (record.name.as_str(), record.status.phase);
        text.push_str(&format!("  ssh {port}{name}@{}{:2$}  {phase}\n", reach.host, "", width - name.len()));
    }
    match all.len() {
        0 => text.push_str("There is none yet: make one with 'dormer create' or in the browser.\n"),
        more if more > LISTED => text.push_str(&format!("  and {} more: 'dormer ls' shows all.\n", more - LISTED)),
        _ => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::ports::store::Change;
    use dormer_core::principal::{Scope, Via};
    use dormer_core::workspace::fixture;

    #[test]
    fn only_ones_own_are_listed() {
        let directory = Directory::default();
        for (name, owner) in [("b", "ann"), ("a-longer", "ann"), ("theirs", "bob")] {
            directory.apply(Change::Put(Arc::new(fixture(name, owner))));
        }
        let who = |user: &str, scope| Principal {
            user: user.parse().unwrap(),
            groups: vec![],
            projects: vec![],
            admin: true,
            scope,
            via: Via::System,
        };
        let reach = Reach { host: "dev.test".into(), port: 7022 };
        let told = text(&directory, &who("ann", Scope::All), "theirs\x1b[2J", &reach);
        let want = "dormer: there is no workspace 'theirs[2J' that ann may enter.\n  \
                    ssh -p 7022 a-longer@dev.test  Stopped\n  ssh -p 7022 b@dev.test         Stopped\n";
        assert_eq!(told, want);
        let reach = Reach { port: 22, ..reach };
        let told = text(&directory, &who("ann", Scope::Workspace("b".parse().unwrap())), "ann", &reach);
        assert!(told.starts_with("dormer: hello ann.") && told.contains("ssh b@dev.test") && !told.contains("longer"));
        assert!(text(&directory, &who("eve", Scope::All), "b", &reach).contains("There is none yet"));
    }
}
