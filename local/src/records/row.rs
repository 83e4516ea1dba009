//! Rows of workspaces.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row};

use dormer_core::ports::store::StoreError;
use dormer_core::workspace::{Status, Workspace};
use dormer_wire::report::{Activity, ActivityKind};

use super::failure::Failure;
use super::time;

const COLUMNS: &str = "uid, name, version, created_at, deleted, spec, status, activity_at, activity_kind";

struct Raw {
    uid: String,
    name: String,
    version: i64,
    created_at: i64,
    deleted: bool,
    spec: String,
    status: String,
    activity: Option<(i64, String)>,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let at: Option<i64> = row.get(7)?;
    let kind: Option<String> = row.get(8)?;
    Ok(Raw {
        uid: row.get(0)?,
        name: row.get(1)?,
        version: row.get(2)?,
        created_at: row.get(3)?,
        deleted: row.get(4)?,
        spec: row.get(5)?,
        status: row.get(6)?,
        activity: at.zip(kind),
    })
}

impl Raw {
    fn read(self) -> Result<Workspace, StoreError> {
        let Raw { uid, name, version, created_at, deleted, spec, status, activity } = self;
        // Where, never what: a spec holds the values of variables.
        let damaged = |part: &str, error: serde_json::Error| StoreError::Damaged {
            name: name.clone(),
            message: format!("its {part}, at line {}, column {}", error.line(), error.column()),
        };
        let spec = serde_json::from_str(&spec).map_err(|error| damaged("spec", error))?;
        let mut status: Status = serde_json::from_str(&status).map_err(|error| damaged("status", error))?;
        status.last_activity = activity.map(|(at, kind)| Activity { at: time::from_sql(at), kind: kind_from(&kind) });
        let Ok(parsed) = name.parse() else {
            return Err(StoreError::Damaged { name, message: "its name".into() });
        };
        let version = u64::try_from(version).unwrap_or_default();
        Ok(Workspace { uid, name: parsed, created_at: time::from_sql(created_at), version, deleted, spec, status })
    }
}

/// A kind of activity for a column.
pub fn kind_to(kind: ActivityKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "start".into(),
    }
}

fn kind_from(word: &str) -> ActivityKind {
    serde_json::from_value(word.into()).unwrap_or(ActivityKind::Start)
}

/// The workspace of that name.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Workspace>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM workspace WHERE name = ?1");
    let found = connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row([name], raw).optional())
        .map_err(Failure::from)?;
    found.map(Raw::read).transpose()
}

/// All workspaces, by name. One that is damaged is left out: the others' owners need theirs.
pub fn all(connection: &Connection) -> Result<Vec<Arc<Workspace>>, Failure> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM workspace ORDER BY name"))?;
    let rows = statement.query_map([], raw)?.collect::<Result<Vec<_>, _>>()?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        match row.read() {
            Ok(workspace) => all.push(Arc::new(workspace)),
            Err(error) => tracing::error!(%error, "a record is left out"),
        }
    }
    Ok(all)
}
