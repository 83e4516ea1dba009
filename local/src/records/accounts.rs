//! The records of people and their credentials.

mod rows;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use tokio::sync::watch;

use dormer_core::account::{
    Audited, Brief, Digest, Holder, Identity, Key, Link, Project, SecretKind, Session, StoredSecret, Token, User,
};
use dormer_core::name::{ProjectName, UserName};
use dormer_core::ports::accounts::{AccountError, Accounts, Everybody};

use super::failure::{Failure, Refused};
use super::writer::News;
use super::{LocalStore, time};
use rows::{at, audited, identity, key, parsed, project, secret, session, token, user};

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

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::Other(error.to_string()))
}

/// How many lines of what was done are kept, and for how long.
const AUDIT_MOST: i64 = 1_000_000;
const AUDIT_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_hours(366 * 24);

/// Without what is sealed: that is read for one account at a time.
const IDENTITIES: &str = "SELECT provider, subject, user, login, name, mail, groups, admin, blocked, created_at,
                          checked_at FROM identity ORDER BY created_at, provider, subject";

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
                    identities: rows(&transaction, IDENTITIES, identity)?,
                    projects: rows(&transaction, "SELECT * FROM project ORDER BY name", project)?,
                    secrets: rows(&transaction, "SELECT * FROM secret ORDER BY created_at, id", secret)?,
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
            let Session { id, user, digest, host, parent, created_at, expires_at, last_used_at, label } = session;
            let sql =
                "INSERT INTO session (id, user, digest, host, parent, created_at, expires_at, last_used_at, label)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let (created_at, expires_at) = (time::to_sql(created_at), time::to_sql(expires_at));
            let last_used_at = last_used_at.map(time::to_sql);
            let values = params![id, user.as_str(), digest, host, parent, created_at, expires_at, last_used_at, label];
            let whose = format!("user '{user}', or no session above");
            insert(connection, sql, values, "session", &whose).map(|()| ((), true))
        })
        .await
    }

    async fn remove_session(&self, id: &str) -> Result<(), AccountError> {
        // Those below go with it, by the table's own rule.
        self.remove_people("DELETE FROM session WHERE id = ?1", id, "session".into()).await
    }

    async fn remove_sessions(&self, user: &UserName, but: Option<&str>) -> Result<(), AccountError> {
        let (user, but) = (user.to_string(), but.map(str::to_owned));
        self.write_people(move |connection| {
            let sql = "DELETE FROM session WHERE user = ?1 AND parent IS NULL AND (?2 IS NULL OR id <> ?2)";
            let gone = execute(connection, sql, params![user, but])?;
            Ok(((), gone > 0))
        })
        .await
    }

    async fn put_identity(&self, identity: Identity) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let of = "account of somebody else";
            let Identity { provider, subject, user, login, name, mail, groups, admin, blocked, .. } = identity;
            let groups = serde_json::Value::from(groups).to_string();
            let sql = "INSERT INTO identity (provider, subject, user, login, name, mail, groups, admin, blocked,
                           created_at, checked_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                       ON CONFLICT (provider, subject) DO UPDATE SET login = ?4, name = ?5, mail = ?6, groups = ?7,
                           admin = ?8, blocked = ?9, checked_at = ?11
                       WHERE user = ?3";
            let (created_at, checked_at) = (time::to_sql(identity.created_at), time::to_sql(identity.checked_at));
            let values = params![
                provider,
                subject,
                user.as_str(),
                login,
                name,
                mail,
                groups,
                admin,
                blocked,
                created_at,
                checked_at
            ];
            let written = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
            match written.map_err(Refused::from) {
                // The row is there, and another user's.
                Ok(0) | Err(Refused::Taken) => Err(AccountError::Taken(of.into())),
                Ok(_) => Ok(((), true)),
                Err(Refused::NoParent) => Err(AccountError::NotFound(format!("user '{user}'"))),
                Err(Refused::Failed(failure)) => Err(failure.into()),
            }
        })
        .await
    }

    async fn remove_identity(&self, provider: &str, subject: &str) -> Result<(), AccountError> {
        let of = [provider.to_owned(), subject.to_owned()];
        self.write_people(move |connection| {
            match execute(connection, "DELETE FROM identity WHERE provider = ?1 AND subject = ?2", of)? {
                0 => Err(AccountError::NotFound("account".into())),
                _ => Ok(((), true)),
            }
        })
        .await
    }

    async fn put_grant(&self, provider: &str, subject: &str, sealed: Option<Vec<u8>>) -> Result<(), AccountError> {
        let (provider, subject) = (provider.to_owned(), subject.to_owned());
        self.write_people(move |connection| {
            let sql = "UPDATE identity SET sealed = ?3 WHERE provider = ?1 AND subject = ?2";
            execute(connection, sql, params![provider, subject, sealed])?;
            Ok(((), false))
        })
        .await
    }

    async fn grant(&self, provider: &str, subject: &str) -> Result<Option<Vec<u8>>, AccountError> {
        let of = [provider.to_owned(), subject.to_owned()];
        let read = move |connection: &Connection| {
            let sql = "SELECT sealed FROM identity WHERE provider = ?1 AND subject = ?2";
            let read = || connection.prepare_cached(sql)?.query_row(of, |row| row.get(0)).optional();
            read().map(Option::flatten).map_err(|error| AccountError::from(Failure::from(error)))
        };
        self.inner.reader.read(read).await
    }

    async fn add_project(&self, project: Project) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let Project { name, display_name, members, created_at } = project;
            let sql = "INSERT INTO project (name, display_name, members, created_at) VALUES (?1, ?2, ?3, ?4)";
            let values = params![name.as_str(), display_name, json(&members)?, time::to_sql(created_at)];
            insert(connection, sql, values, &format!("project '{name}'"), "project").map(|()| ((), true))
        })
        .await
    }

    async fn put_project(&self, project: Project) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let Project { name, display_name, members, created_at: _ } = project;
            let sql = "UPDATE project SET display_name = ?2, members = ?3 WHERE name = ?1";
            match execute(connection, sql, params![name.as_str(), display_name, json(&members)?])? {
                0 => Err(AccountError::NotFound(format!("project '{name}'"))),
                _ => Ok(((), true)),
            }
        })
        .await
    }

    async fn remove_project(&self, name: &ProjectName) -> Result<(), AccountError> {
        self.remove_people("DELETE FROM project WHERE name = ?1", name.as_str(), format!("project '{name}'")).await
    }

    async fn add_secret(&self, secret: StoredSecret) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let StoredSecret { id, holder, name, kind, sealed, created_at } = secret;
            let (user, project) = match holder {
                Holder::User(user) => (Some(user.to_string()), None),
                Holder::Project(project) => (None, Some(project.to_string())),
            };
            let (host, username) = match kind {
                SecretKind::Variable => (None, None),
                SecretKind::ForgeToken { host, username } => (Some(host), Some(username)),
            };
            let sql = "INSERT INTO secret (id, user, project, name, host, username, sealed, created_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let values = params![id, user, project, name, host, username, sealed, time::to_sql(created_at)];
            insert(connection, sql, values, &format!("secret '{name}'"), "such user or project").map(|()| ((), true))
        })
        .await
    }

    async fn remove_secret(&self, id: &str) -> Result<(), AccountError> {
        self.remove_people("DELETE FROM secret WHERE id = ?1", id, "secret".into()).await
    }

    async fn audit(&self, audited: Audited) -> Result<(), AccountError> {
        self.write_people(move |connection| {
            let Audited { at, user, via, action, target, detail } = audited;
            let sql = "INSERT INTO audit (at, user, via, action, target, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            execute(connection, sql, params![time::to_sql(at), user, via, action, target, detail])?;
            let first = connection.last_insert_rowid() - AUDIT_MOST;
            execute(connection, "DELETE FROM audit WHERE id <= ?1", [first])?;
            let oldest = at.checked_sub(AUDIT_LIFE).unwrap_or(Timestamp::MIN);
            execute(connection, "DELETE FROM audit WHERE at < ?1", [time::to_sql(oldest)])?;
            Ok(((), false))
        })
        .await
    }

    async fn audited(&self, before: Option<Timestamp>, most: usize) -> Result<Vec<Audited>, AccountError> {
        let before = before.map_or(i64::MAX, time::to_sql);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let read = move |connection: &Connection| {
            let sql = "SELECT at, user, via, action, target, detail FROM audit WHERE at < ?1 ORDER BY id DESC LIMIT ?2";
            let read = || {
                connection
                    .prepare_cached(sql)?
                    .query_map([before, most], audited)?
                    .collect::<rusqlite::Result<Vec<_>>>()
            };
            read().map_err(|error| AccountError::from(Failure::from(error)))
        };
        self.inner.reader.read(read).await
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

    async fn keep_brief(&self, brief: Brief) -> Result<bool, AccountError> {
        self.write_people(move |connection| {
            let Brief { key, sealed, expires_at } = brief;
            let sql = "INSERT INTO brief (key, sealed, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            let kept = execute(connection, sql, params![key, sealed, time::to_sql(expires_at)])?;
            Ok((kept > 0, false))
        })
        .await
    }

    async fn brief(&self, key: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, AccountError> {
        let key = *key;
        let read = move |connection: &Connection| {
            let read = || {
                let sql = "SELECT sealed FROM brief WHERE key = ?1 AND expires_at > ?2";
                let mut statement = connection.prepare_cached(sql)?;
                statement.query_row(params![key, time::to_sql(now)], |row| row.get(0)).optional()
            };
            read().map_err(|error| AccountError::from(Failure::from(error)))
        };
        self.inner.reader.read(read).await
    }

    async fn take_brief(&self, key: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, AccountError> {
        let key = *key;
        self.write_people(move |connection| {
            // One thread writes: whoever comes second finds nothing to delete.
            let take = || {
                let sql = "DELETE FROM brief WHERE key = ?1 RETURNING sealed, expires_at";
                let read = |row: &Row<'_>| Ok((row.get(0)?, at(row, 1)?));
                connection.prepare_cached(sql)?.query_row([key], read).optional()
            };
            let taken = take().map_err(Failure::from)?;
            Ok((taken.filter(|(_, expires_at)| *expires_at > now).map(|(sealed, _)| sealed), false))
        })
        .await
    }

    async fn tidy(&self, used: &[(String, Timestamp)], now: Timestamp) -> Result<(), AccountError> {
        let used = used.to_vec();
        self.write_people(move |connection| {
            let mut changed = 0;
            for (id, at) in &used {
                for table in ["token", "key", "session"] {
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
            execute(connection, "DELETE FROM brief WHERE expires_at <= ?1", [time::to_sql(now)])?;
            Ok(((), changed > 0))
        })
        .await
    }
}
