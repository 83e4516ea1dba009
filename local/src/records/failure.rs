//! What can go wrong with the database, in words that say what to do.

use rusqlite::ErrorCode;

use dormer_core::ports::accounts::AccountError;
use dormer_core::ports::store::StoreError;

/// The database did not do it. Cloned to everybody whose writes were in one transaction.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// No room.
    #[error("the disk that holds the data folder is full; make room there")]
    Full,
    /// Another program holds it for longer than anybody waits.
    #[error("another program has locked dormer.db; end it")]
    Locked,
    /// The file is damaged.
    #[error("dormer.db is damaged ({0}); stop the gateway and restore a copy")]
    Damaged(String),
    /// The file cannot be written.
    #[error("dormer.db cannot be written ({0}); look at the rights of the data folder and at how its disk is mounted")]
    ReadOnly(String),
    /// The disk does not answer as it should.
    #[error("reading or writing dormer.db failed ({0}); look at the disk that holds the data folder")]
    Disk(String),
    /// Something that should not be.
    #[error("dormer.db: {0}")]
    Other(String),
    /// [`super::LocalStore::close`] was called.
    #[error("the records are closed")]
    Closed,
    /// The transaction that this was a part of was given up because of another part.
    #[error("it was given up together with another write")]
    GivenUp,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Failure::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Failure::Damaged(text),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => Failure::ReadOnly(text),
            Some(ErrorCode::SystemIoFailure) => Failure::Disk(text),
            _ => Failure::Other(text),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        StoreError::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for AccountError {
    fn from(failure: Failure) -> AccountError {
        AccountError::Unavailable(Box::new(failure))
    }
}

/// Why a row was not taken.
#[derive(Debug)]
pub enum Refused {
    /// There is such a one already.
    Taken,
    /// What it refers to is not there.
    NoParent,
    /// The database failed.
    Failed(Failure),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        match error.sqlite_error().map(|e| e.extended_code) {
            Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                Refused::Taken
            }
            Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Refused::NoParent,
            _ => Refused::Failed(error.into()),
        }
    }
}
