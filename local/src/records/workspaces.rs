//! The records of workspaces.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::{Change, Event, Store, StoreError};
use dormer_core::workspace::{Spec, Status, Workspace};
use dormer_wire::report::Activity;

use super::failure::{Failure, Refused};
use super::writer::News;
use super::{LocalStore, row, time, watch};

/// Events that are kept of a workspace.
const EVENTS: i64 = 200;
/// For so long, in microseconds: 30 days.
const EVENTS_AGE: i64 = 30 * 24 * 3600 * 1_000_000;
/// Characters of an event's message that are kept.
const MESSAGE: usize = 4000;

fn execute(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<usize, Failure> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

fn find(connection: &Connection, name: &WorkspaceName) -> Result<Workspace, StoreError> {
    row::find(connection, name.as_str())?.ok_or_else(|| StoreError::NotFound(name.clone()))
}

/// The record that a write is based on.
fn find_at(connection: &Connection, name: &WorkspaceName, version: u64) -> Result<Workspace, StoreError> {
    let workspace = find(connection, name)?;
    if workspace.version == version { Ok(workspace) } else { Err(StoreError::Conflict(name.clone())) }
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::Other(error.to_string()))
}

/// Reads the record as it is now, and tells watchers.
fn publish(connection: &Connection, name: &WorkspaceName, news: &mut Vec<News>) -> Result<Workspace, StoreError> {
    let workspace = find(connection, name)?;
    news.push(News::Workspace(Change::Put(Arc::new(workspace.clone()))));
    Ok(workspace)
}

fn put_activity(connection: &Connection, name: &WorkspaceName, activity: &Activity) -> Result<bool, Failure> {
    let sql = "UPDATE workspace SET activity_at = ?2, activity_kind = ?3, version = version + 1
               WHERE name = ?1 AND (activity_at IS NULL OR activity_at < ?2)";
    let changed =
        execute(connection, sql, params![name.as_str(), time::to_sql(activity.at), row::kind_to(activity.kind)])?;
    Ok(changed > 0)
}

#[async_trait]
impl Store for LocalStore {
    async fn create(&self, name: &WorkspaceName, spec: Spec) -> Result<Workspace, StoreError> {
        let name = name.clone();
        let uid: [u8; 16] = rand::random();
        let uid: String = uid.iter().map(|octet| format!("{octet:02x}")).collect();
        let created = time::to_sql(Timestamp::now());
        let create = move |connection: &Connection, news: &mut Vec<News>| {
            let sql =
                "INSERT INTO workspace (uid, name, version, created_at, spec, status) VALUES (?1, ?2, 1, ?3, ?4, ?5)";
            let values = params![uid, name.as_str(), created, json(&spec)?, json(&Status::default())?];
            connection.execute(sql, values).map_err(Refused::from).map_err(|refused| match refused {
                Refused::Failed(failure) => failure.into(),
                Refused::Taken | Refused::NoParent => StoreError::Taken(name.clone()),
            })?;
            publish(connection, &name, news)
        };
        self.inner.writer.write(create).await
    }

    async fn get(&self, name: &WorkspaceName) -> Result<Workspace, StoreError> {
        let name = name.clone();
        self.inner.reader.read(move |connection| find(connection, &name)).await
    }

    async fn list(&self) -> Result<Vec<Workspace>, StoreError> {
        let all = self.inner.reader.read(|connection| row::all(connection).map_err(StoreError::from)).await?;
        Ok(all.into_iter().map(Arc::unwrap_or_clone).collect())
    }

    async fn put_spec(&self, name: &WorkspaceName, version: u64, spec: Spec) -> Result<Workspace, StoreError> {
        let name = name.clone();
        let put = move |connection: &Connection, news: &mut Vec<News>| {
            find_at(connection, &name, version)?;
            let sql = "UPDATE workspace SET spec = ?2, version = version + 1 WHERE name = ?1";
            execute(connection, sql, params![name.as_str(), json(&spec)?])?;
            publish(connection, &name, news)
        };
        self.inner.writer.write(put).await
    }

    async fn put_status(
        &self,
        name: &WorkspaceName,
        version: u64,
        mut status: Status,
    ) -> Result<Workspace, StoreError> {
        let name = name.clone();
        let put = move |connection: &Connection, news: &mut Vec<News>| {
            find_at(connection, &name, version)?;
            if let Some(activity) = status.last_activity.take() {
                put_activity(connection, &name, &activity)?;
            }
            // From the version that was read, not from what it is by now: one write is one step.
            let sql = "UPDATE workspace SET status = ?2, version = ?3 + 1 WHERE name = ?1";
            execute(
                connection,
                sql,
                params![name.as_str(), json(&status)?, i64::try_from(version).unwrap_or(i64::MAX)],
            )?;
            publish(connection, &name, news)
        };
        self.inner.writer.write(put).await
    }

    async fn put_activity(&self, activity: &[(WorkspaceName, Activity)]) -> Result<(), StoreError> {
        let activity = activity.to_vec();
        let put = move |connection: &Connection, news: &mut Vec<News>| {
            for (name, activity) in &activity {
                if put_activity(connection, name, activity)? {
                    publish(connection, name, news)?;
                }
            }
            Ok(())
        };
        self.inner.writer.write(put).await
    }

    async fn mark_deleted(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        let name = name.clone();
        let mark = move |connection: &Connection, news: &mut Vec<News>| {
            if !find(connection, &name)?.deleted {
                let sql = "UPDATE workspace SET deleted = 1, version = version + 1 WHERE name = ?1";
                execute(connection, sql, [name.as_str()])?;
                publish(connection, &name, news)?;
            }
            Ok(())
        };
        self.inner.writer.write(mark).await
    }

    async fn remove(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        let name = name.clone();
        let remove = move |connection: &Connection, news: &mut Vec<News>| {
            if execute(connection, "DELETE FROM workspace WHERE name = ?1", [name.as_str()])? == 0 {
                return Err(StoreError::NotFound(name));
            }
            news.push(News::Workspace(Change::Gone(name)));
            Ok(())
        };
        self.inner.writer.write(remove).await
    }

    fn watch(&self) -> BoxStream<'static, Change> {
        watch::changes(self.inner.writer.watcher())
    }

    async fn note(&self, name: &WorkspaceName, event: Event) -> Result<(), StoreError> {
        let name = name.clone();
        let note = move |connection: &Connection, _: &mut Vec<News>| {
            let uid = find(connection, &name)?.uid;
            let at = time::to_sql(event.at);
            let message: String = event.message.chars().take(MESSAGE).collect();
            let sql = "INSERT INTO event (workspace, at, reason, message, by) VALUES (?1, ?2, ?3, ?4, ?5)";
            execute(connection, sql, params![uid, at, event.reason, message, event.by])?;
            let sql = "DELETE FROM event WHERE workspace = ?1 AND (at < ?2 OR id <= (
                           SELECT id FROM event WHERE workspace = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?3))";
            execute(connection, sql, params![uid, at.saturating_sub(EVENTS_AGE), EVENTS])?;
            Ok(())
        };
        self.inner.writer.write(note).await
    }

    async fn events(&self, name: &WorkspaceName) -> Result<Vec<Event>, StoreError> {
        let name = name.clone();
        let events = move |connection: &Connection| {
            let uid = find(connection, &name)?.uid;
            let read = || {
                let sql = "SELECT at, reason, message, by FROM event WHERE workspace = ?1 ORDER BY id";
                let mut statement = connection.prepare_cached(sql)?;
                let rows = statement.query_map([&uid], |row| {
                    Ok(Event {
                        at: time::from_sql(row.get(0)?),
                        reason: row.get(1)?,
                        message: row.get(2)?,
                        by: row.get(3)?,
                    })
                })?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            };
            read().map_err(|error| Failure::from(error).into())
        };
        self.inner.reader.read(events).await
    }
}
