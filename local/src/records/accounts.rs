//! The records of people and their credentials.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use tokio::sync::watch;

use dormer_core::account::{Digest, Key, Link, Session, Token, User};
use dormer_core::name::UserName;
use dormer_core::ports::accounts::{AccountError, Accounts, Everybody};

use super::failure::{Failure, Refused};
use super::writer::News;
use super::{LocalStore, time};

/// Inserts a row. `what` it is, and `whose` it refers to, for an error's words.
fn insert(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    what: &str,
    whose: &str,
) -> Result<(), AccountError> {
    let inserted = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
    inserted.map(drop).map_err(Refused::from).map_err(|refused| match refused {
        Refused::Taken => AccountError::Taken(what.into()),
        Refused::NoParent => AccountError::NotFound(whose.into()),
        Refused::Failed(failure) => failure.into(),
    })
}

/// Changes or removes rows; says how many.
fn execute(connection: &Connection, sql: &str, values: impl Params) -> Result<usize, Failure> {
    Ok(connection.prepare_cached(sql)?.execute(values)?)
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(rows)
}

/// A column that is kept as text and read by the domain.
fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T::Err: std::fmt::Display,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| {
        let error = error.to_string().into();
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
    })
}

fn at(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(time::from_sql)
}

fn maybe_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(time::from_sql))
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
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

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
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

fn key(row: &Row<'_>) -> rusqlite::Result<Key> {
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

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        user: parsed(row, 1)?,
        digest: row.get(2)?,
        host: row.get(3)?,
        parent: row.get(4)?,
        created_at: at(row, 5)?,
        expires_at: at(row, 6)?,
    })
}

impl LocalStore {
    /// Writes something about people; those who keep a snapshot are told when `work` says that something changed.
    async fn write_people<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<(T, bool), AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let write = move |connection: &Connection, news: &mut Vec<News>| {
            let (value, changed) = work(connection)?;
            if changed {
                news.push(News::People);
            }
            Ok(value)
        };
        self.inner.writer.write(write).await
    }

    async fn remove_people(&self, sql: &'static str, id: &str, what: String) -> Result<(), AccountError> {
        let id = id.to_owned();
        self.write_people(move |connection| match execute(connection, sql, [id])? {
            0 => Err(AccountError::NotFound(what)),
            _ => Ok(((), true)),
        })
        .await
    }
}

#[async_trait]
impl Accounts for LocalStore {
    async fn load(&self) -> Result<Everybody, AccountError> {
        let load = |connection: &Connection| {
            let load = || {
                // One transaction: a token is never seen without its user.
                let transaction = connection.unchecked_transaction()?;
                let everybody = Everybody {
                    users: rows(&transaction, "SELECT * FROM user ORDER BY name", user)?,
                    tokens: rows(&transaction, "SELECT * FROM token ORDER BY created_at, id", token)?,
                    keys: rows(&transaction, "SELECT * FROM key ORDER BY created_at, id", key)?,
                    sessions: rows(&transaction, "SELECT * FROM session ORDER BY created_at, id", session)?,
                };
                transaction.finish()?;
                Ok::<_, Failure>(everybody)
            };
            load().map_err(AccountError::from)
        };
        self.inner.reader.read(load).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.inner.writer.people()
    }

    async fn add_user(&self, user: User) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let User { name, display_name, groups, admin, disabled, created_at } = user;
            let what = format!("user '{name}'");
            let groups = serde_json::Value::from(groups).to_string();
            let values = params![name.as_str(), display_name, groups, admin, disabled, time::to_sql(created_at)];
            let sql = "INSERT INTO user (name, display_name, groups, admin, disabled, created_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            insert(connection, sql, values, &what, "user").map(|()| ((), true))
        })
        .await
    }

    async fn put_user(&self, user: User) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let User { name, display_name, groups, admin, disabled, created_at: _ } = user;
            let groups = serde_json::Value::from(groups).to_string();
            let sql = "UPDATE user SET display_name = ?2, groups = ?3, admin = ?4, disabled = ?5 WHERE name = ?1";
            match execute(connection, sql, params![name.as_str(), display_name, groups, admin, disabled])? {
                0 => Err(AccountError::NotFound(format!("user '{name}'"))),
                _ => Ok(((), true)),
            }
        })
        .await
    }

    async fn remove_user(&self, name: &UserName) -> Result<(), AccountError> {
        self.remove_people("DELETE FROM user WHERE name = ?1", name.as_str(), format!("user '{name}'")).await
    }

    async fn add_token(&self, token: Token) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let Token { id, user, name, digest, scope, created_at, expires_at, last_used_at } = token;
            let sql = "INSERT INTO token (id, user, name, digest, scope, created_at, expires_at, last_used_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let (expires_at, last_used_at) = (expires_at.map(time::to_sql), last_used_at.map(time::to_sql));
            let created_at = time::to_sql(created_at);
            let scope = scope.to_string();
            let values = params![id, user.as_str(), name, digest, scope, created_at, expires_at, last_used_at];
            insert(connection, sql, values, "token", &format!("user '{user}'")).map(|()| ((), true))
        })
        .await
    }

    async fn remove_token(&self, id: &str) -> Result<(), AccountError> {
        self.remove_people("DELETE FROM token WHERE id = ?1", id, format!("token '{id}'")).await
    }

    async fn add_key(&self, key: Key) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let Key { id, user, name, fingerprint, key, created_at, last_used_at } = key;
            let sql = "INSERT INTO key (id, user, name, fingerprint, key, created_at, last_used_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let (created_at, last_used_at) = (time::to_sql(created_at), last_used_at.map(time::to_sql));
            let values = params![id, user.as_str(), name, fingerprint, key, created_at, last_used_at];
            insert(connection, sql, values, &format!("key {fingerprint}"), &format!("user '{user}'"))
                .map(|()| ((), true))
        })
        .await
    }

    async fn remove_key(&self, id: &str) -> Result<(), AccountError> {
        self.remove_people("DELETE FROM key WHERE id = ?1", id, format!("key '{id}'")).await
    }

    async fn add_session(&self, session: Session) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let Session { id, user, digest, host, parent, created_at, expires_at } = session;
            let sql = "INSERT INTO session (id, user, digest, host, parent, created_at, expires_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let (created_at, expires_at) = (time::to_sql(created_at), time::to_sql(expires_at));
            let values = params![id, user.as_str(), digest, host, parent, created_at, expires_at];
            let whose = format!("user '{user}', or no session above");
            insert(connection, sql, values, "session", &whose).map(|()| ((), true))
        })
        .await
    }

    async fn remove_session(&self, id: &str) -> Result<(), AccountError> {
        // Those below go with it, by the table's own rule.
        self.remove_people("DELETE FROM session WHERE id = ?1", id, "session".into()).await
    }

    async fn add_link(&self, link: Link) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let Link { digest, user, expires_at } = link;
            let sql = "INSERT INTO link (digest, user, expires_at) VALUES (?1, ?2, ?3)";
            let values = params![digest, user.as_str(), time::to_sql(expires_at)];
            insert(connection, sql, values, "link", &format!("user '{user}'")).map(|()| ((), false))
        })
        .await
    }

    async fn take_link(&self, digest: &Digest, now: Timestamp) -> Result<Option<Link>, AccountError> {
        let digest = *digest;
        self.write_people(move |connection| {
            // One thread writes: whoever comes second finds nothing to delete.
            let take = || {
                let sql = "DELETE FROM link WHERE digest = ?1 RETURNING digest, user, expires_at";
                let read =
                    |row: &Row<'_>| Ok(Link { digest: row.get(0)?, user: parsed(row, 1)?, expires_at: at(row, 2)? });
                connection.prepare_cached(sql)?.query_row([digest], read).optional()
            };
            let taken = take().map_err(Failure::from)?;
            Ok((taken.filter(|link| link.expires_at > now), false))
        })
        .await
    }

    async fn tidy(&self, used: &[(String, Timestamp)], now: Timestamp) -> Result<(), AccountError> {
        let used = used.to_vec();
        self.write_people(move |connection| {
            let mut changed = 0;
            for (id, at) in &used {
                for table in ["token", "key"] {
                    let sql = format!(
                        "UPDATE {table} SET last_used_at = ?2
                         WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)"
                    );
                    changed += execute(connection, &sql, params![id, time::to_sql(*at)])?;
                }
            }
            for table in ["token", "session"] {
                let sql = format!("DELETE FROM {table} WHERE expires_at <= ?1");
                changed += execute(connection, &sql, [time::to_sql(now)])?;
            }
            execute(connection, "DELETE FROM link WHERE expires_at <= ?1", [time::to_sql(now)])?;
            Ok(((), changed > 0))
        })
        .await
    }
}
