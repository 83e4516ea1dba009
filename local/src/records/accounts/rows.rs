//! Rows, as records.

use jiff::Timestamp;
use rusqlite::Row;

use dormer_core::account::{Audited, Holder, Identity, Key, Project, SecretKind, Session, StoredSecret, Token, User};

use crate::records::time;

/// A column that is kept as text and read by the domain.
pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T::Err: std::fmt::Display,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| {
        let error = error.to_string().into();
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
    })
}

pub(super) fn at(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(time::from_sql)
}

fn maybe_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(time::from_sql))
}

/// A row, as a record.
pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let groups: String = row.get(2)?;
    Ok(User {
        name: parsed(row, 0)?,
        display_name: row.get(1)?,
        // Without groups somebody may less, never more.
        groups: serde_json::from_str(&groups).unwrap_or_default(),
        admin: row.get(3)?,
        disabled: row.get(4)?,
        created_at: at(row, 5)?,
    })
}

/// A row, as a record.
pub(super) fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        user: parsed(row, 1)?,
        name: row.get(2)?,
        digest: row.get(3)?,
        scope: parsed(row, 4)?,
        created_at: at(row, 5)?,
        expires_at: maybe_at(row, 6)?,
        last_used_at: maybe_at(row, 7)?,
    })
}

/// A row, as a record.
pub(super) fn key(row: &Row<'_>) -> rusqlite::Result<Key> {
    Ok(Key {
        id: row.get(0)?,
        user: parsed(row, 1)?,
        name: row.get(2)?,
        fingerprint: row.get(3)?,
        key: row.get(4)?,
        created_at: at(row, 5)?,
        last_used_at: maybe_at(row, 6)?,
    })
}

/// A row, as a record.
pub(super) fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        user: parsed(row, 1)?,
        digest: row.get(2)?,
        host: row.get(3)?,
        parent: row.get(4)?,
        created_at: at(row, 5)?,
        expires_at: at(row, 6)?,
        last_used_at: maybe_at(row, 7)?,
        label: row.get(8)?,
    })
}

/// A row, as a record.
pub(super) fn identity(row: &Row<'_>) -> rusqlite::Result<Identity> {
    let groups: String = row.get(6)?;
    Ok(Identity {
        provider: row.get(0)?,
        subject: row.get(1)?,
        user: parsed(row, 2)?,
        login: row.get(3)?,
        name: row.get(4)?,
        mail: row.get(5)?,
        groups: serde_json::from_str(&groups).unwrap_or_default(),
        admin: row.get(7)?,
        blocked: row.get(8)?,
        created_at: at(row, 9)?,
        checked_at: at(row, 10)?,
    })
}

/// A row, as a record.
pub(super) fn project(row: &Row<'_>) -> rusqlite::Result<Project> {
    let members: String = row.get(2)?;
    Ok(Project {
        name: parsed(row, 0)?,
        display_name: row.get(1)?,
        // Without members nobody may anything in it, never more.
        members: serde_json::from_str(&members).unwrap_or_default(),
        created_at: at(row, 3)?,
    })
}

/// A row, as a record.
pub(super) fn secret(row: &Row<'_>) -> rusqlite::Result<StoredSecret> {
    let holder = match row.get::<_, Option<String>>(1)? {
        Some(_) => Holder::User(parsed(row, 1)?),
        None => Holder::Project(parsed(row, 2)?),
    };
    let kind = match (row.get(4)?, row.get(5)?) {
        (Some(host), Some(username)) => SecretKind::ForgeToken { host, username },
        _ => SecretKind::Variable,
    };
    Ok(StoredSecret { id: row.get(0)?, holder, name: row.get(3)?, kind, sealed: row.get(6)?, created_at: at(row, 7)? })
}

/// A row, as a record.
pub(super) fn audited(row: &Row<'_>) -> rusqlite::Result<Audited> {
    Ok(Audited {
        at: at(row, 0)?,
        user: row.get(1)?,
        via: row.get(2)?,
        action: row.get(3)?,
        target: row.get(4)?,
        detail: row.get(5)?,
    })
}
