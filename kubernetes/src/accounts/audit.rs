//! What was done, in Secrets of many lines each: an object a line would be too many for the API server. Each replica
//! writes to one of its own, so that none waits for another.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;

use dormer_core::account::Audited;
use dormer_core::ports::accounts::AccountError;

use super::credentials::{posts, unavailable};
use crate::error::{Answer, answer};
use crate::hex;
use crate::names::{GROUP, MANAGER, RECORD};

/// The key of a Secret that holds the lines.
const DATA: &str = "lines";
/// The annotation with the time of the last line.
const UNTIL: &str = "dormer.dev/until";
/// Octets of lines in one Secret.
const FULL: usize = 48 << 10;
/// Secrets that are kept, and for how long.
const MOST: usize = 400;
const LIFE: SignedDuration = SignedDuration::from_hours(366 * 24);

#[derive(Serialize, Deserialize)]
struct Line {
    at: Timestamp,
    user: String,
    via: String,
    action: String,
    target: String,
    detail: String,
}

pub(super) struct Audit {
    secrets: Api<Secret>,
    current: Mutex<Chunk>,
}

/// What this replica writes to.
#[derive(Default)]
struct Chunk {
    name: String,
    lines: String,
}

impl Audit {
    pub fn new(secrets: Api<Secret>) -> Audit {
        Audit { secrets, current: Mutex::default() }
    }

    pub async fn write(&self, audited: Audited) -> Result<(), AccountError> {
        let Audited { at, user, via, action, target, detail } = audited;
        let line = Line { at, user, via, action, target, detail };
        let line = serde_json::to_string(&line).map_err(|error| AccountError::Unavailable(Box::new(error)))?;
        // Over the write: lines of one replica are in order.
        let mut current = self.current.lock().await;
        if !current.name.is_empty() && current.lines.len() + line.len() < FULL {
            let lines = format!("{}{line}\n", current.lines);
            let patch = json!({
                "metadata": { "annotations": { UNTIL: at } },
                "data": { DATA: ByteString(lines.clone().into_bytes()) },
            });
            let params = PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() };
            match self.secrets.patch(&current.name, &params, &Patch::Merge(&patch)).await {
                Ok(_) => {
                    current.lines = lines;
                    return Ok(());
                }
                // Somebody removed it: another is begun.
                Err(error) if answer(&error) == Answer::NotFound => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        let octets: [u8; 4] = rand::random();
        let name = format!("audit-{:013x}-{}", at.as_millisecond().max(0), hex::encode(&octets));
        let lines = format!("{line}\n");
        let labels =
            [("app.kubernetes.io/managed-by", MANAGER), ("app.kubernetes.io/part-of", "dormer"), (RECORD, "audit")];
        let made = Secret {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                labels: Some(labels.map(|(key, value)| (key.to_string(), value.to_string())).into()),
                annotations: Some(BTreeMap::from([(UNTIL.to_string(), at.to_string())])),
                ..ObjectMeta::default()
            },
            data: Some(BTreeMap::from([(DATA.to_string(), ByteString(lines.clone().into_bytes()))])),
            type_: Some(format!("{GROUP}/audit")),
            ..Secret::default()
        };
        self.secrets.create(&posts(), &made).await.map_err(unavailable)?;
        *current = Chunk { name, lines };
        drop(current);
        self.forget(at).await;
        Ok(())
    }

    /// All Secrets with lines, those with the newest first.
    async fn chunks(&self) -> Result<Vec<(String, Timestamp)>, AccountError> {
        let select = ListParams::default().labels(&format!("{RECORD}=audit"));
        let listed = self.secrets.list_metadata(&select).await.map_err(unavailable)?.items;
        let until = |annotations: &BTreeMap<String, String>| {
            annotations.get(UNTIL).and_then(|text| text.parse().ok()).unwrap_or(Timestamp::MIN)
        };
        let mut chunks: Vec<(String, Timestamp)> =
            listed.iter().map(|chunk| (chunk.name_any(), until(chunk.annotations()))).collect();
        chunks.sort_by_key(|(_, until)| std::cmp::Reverse(*until));
        Ok(chunks)
    }

    /// Removes what is too old, or too much. What cannot be removed now is removed another time.
    async fn forget(&self, now: Timestamp) {
        let Ok(chunks) = self.chunks().await else { return };
        let oldest = now.checked_sub(LIFE).unwrap_or(Timestamp::MIN);
        for (name, _) in
            chunks.iter().enumerate().filter(|(at, (_, until))| *at >= MOST || *until < oldest).map(|(_, c)| c)
        {
            if let Err(error) = self.secrets.delete(name, &DeleteParams::default()).await {
                tracing::debug!(name, %error, "could not remove old lines of what was done");
            }
        }
    }

    pub async fn read(&self, before: Option<Timestamp>, most: usize) -> Result<Vec<Audited>, AccountError> {
        let before = before.unwrap_or(Timestamp::MAX);
        let mut found: Vec<Audited> = Vec::new();
        for (name, until) in self.chunks().await? {
            // What is in this one and in those after it is older than all that is wanted.
            if found.len() >= most && found.get(most - 1).is_some_and(|last| last.at > until) {
                break;
            }
            let Some(chunk) = self.secrets.get_opt(&name).await.map_err(unavailable)? else { continue };
            let lines = chunk.data.unwrap_or_default().remove(DATA).unwrap_or_default().0;
            for line in lines.rsplit(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
                let Ok(Line { at, user, via, action, target, detail }) = serde_json::from_slice(line) else {
                    tracing::error!(secret = name, "a line of what was done is damaged");
                    continue;
                };
                if at < before {
                    found.push(Audited { at, user, via, action, target, detail });
                }
            }
            // Stable: lines of one moment stay in the order in which they were written, the last first.
            found.sort_by_key(|audited| std::cmp::Reverse(audited.at));
        }
        found.truncate(most);
        Ok(found)
    }
}
