//! Opening the database: its settings, what it must be, and how an older one becomes today's.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// `Dorm`: tells our databases from those of other programs.
const APPLICATION: i32 = 0x446f_726d;

/// What makes a database of version `index` one of version `index + 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("sql/0001.sql"),
    include_str!("sql/0002.sql"),
    include_str!("sql/0003.sql"),
    include_str!("sql/0004.sql"),
];

/// Why the records could not be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another gateway uses the folder.
    #[error("{} is in use by another gateway{}; stop that one, or choose another folder with --data", .path.display(), process(.holder))]
    InUse {
        /// The data folder.
        path: PathBuf,
        /// The other gateway's process.
        holder: Option<u32>,
    },
    /// The folder cannot be made or used.
    #[error("cannot use {} as the data folder: {source}", .path.display())]
    Folder {
        /// The data folder.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// Whoever owns the folder could read and change everything in it.
    #[error("{} belongs to another user; choose another folder with --data, or change its owner", .path.display())]
    NotOurs {
        /// The data folder.
        path: PathBuf,
    },
    /// The file is no database of ours.
    #[error("{} is not a database of Dormer; move it away, or choose another folder with --data", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer Dormer wrote it.
    #[error("{} was written by a newer Dormer (its version is {found}, this one knows up to {known}); run that one, or restore a copy from before it", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The file is damaged.
    #[error("{} is damaged ({message}); restore a copy, or move it and its -wal and -shm away to begin anew", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        message: String,
    },
    /// The file cannot be opened.
    #[error("cannot open {}: {source}", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// No thread could be started.
    #[error("cannot start a thread for the records: {0}")]
    Thread(#[source] std::io::Error),
}

fn process(holder: &Option<u32>) -> String {
    holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

/// Opens the database for writing, made or brought up to date where needed.
pub fn open(path: &Path) -> Result<Connection, OpenError> {
    let folder = |source| OpenError::Folder { path: path.to_owned(), source };
    // SQLite gives its other files the mode of this one.
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path).map_err(folder)?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(folder)?;
    drop(file);
    let mut connection = connect(path).map_err(|error| explain(path, error))?;
    check(path, &connection)?;
    migrate(&mut connection, MIGRATIONS).map_err(|error| explain(path, error))?;
    Ok(connection)
}

/// A second connection to a database that [`open`] has opened.
pub fn open_again(path: &Path) -> Result<Connection, OpenError> {
    connect(path).map_err(|error| explain(path, error))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // Anything that is read from here on fails where the file is no database at all.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // FULL: the log is on disk before a write returns.
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

fn check(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let ask = |pragma| number(connection, pragma).map_err(|error| explain(path, error));
    let (application, found) = (ask("application_id")?, ask("user_version")?);
    let fresh = application == 0 && found == 0 && ask("schema_version")? == 0;
    if application != i64::from(APPLICATION) && !fresh {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    let verdict: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|error| explain(path, error))?;
    match verdict.as_str() {
        "ok" => Ok(()),
        _ => Err(OpenError::Damaged { path: path.to_owned(), message: verdict }),
    }
}

/// Brings the database up to date, each step whole or not at all.
fn migrate(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    let have = usize::try_from(number(connection, "user_version")?).unwrap_or_default();
    for (index, sql) in migrations.iter().enumerate().skip(have) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

/// What SQLite says, in words that say what to do.
pub fn explain(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign { path },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, message: error.to_string() },
        _ => OpenError::Database { path, source: error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opened_and_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dormer.db");
        drop(open(&path).unwrap());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(open(&path).unwrap());

        let raw = Connection::open(&path).unwrap();
        raw.pragma_update(None, "user_version", 99).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("newer Dormer"), "{error}");
        raw.pragma_update(None, "application_id", 1).unwrap();
        assert!(matches!(open(&path).unwrap_err(), OpenError::Foreign { .. }));

        let text = folder.path().join("text.db");
        std::fs::write(&text, "no database, but long enough to be looked at as if it were one. ".repeat(40)).unwrap();
        assert!(matches!(open(&text).unwrap_err(), OpenError::Foreign { .. }));
    }

    #[test]
    fn a_damaged_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dormer.db");
        let connection = open(&path).unwrap();
        for number in 0..200 {
            let row = (format!("user-{number}"), "x".repeat(100));
            connection.execute("INSERT INTO user VALUES (?1, ?2, '[]', 0, 0, 0)", row).unwrap();
        }
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(connection);
        let mut bytes = std::fs::read(&path).unwrap();
        let half = bytes.len() / 2;
        bytes[half..].fill(0xa5);
        std::fs::write(&path, bytes).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    }

    #[test]
    fn a_migration_that_fails_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dormer.db");
        let mut connection = open(&path).unwrap();
        let mut migrations = MIGRATIONS.to_vec();
        migrations.push("CREATE TABLE half (a); CREATE TABLE workspace (a);");
        assert!(migrate(&mut connection, &migrations).is_err());
        let version = usize::try_from(number(&connection, "user_version").unwrap()).unwrap();
        assert_eq!(version, MIGRATIONS.len());
        assert!(connection.prepare("SELECT * FROM half").is_err());
    }
}
