//! Records in SQLite: of workspaces ([`dormer_core::ports::store`]), of people ([`dormer_core::ports::accounts`]) and of
//! classes ([`dormer_core::ports::classes`]).
//!
//! One thread writes, in groups: writes that wait while another is put on disk share the next transaction. One thread
//! reads. Nothing here blocks the caller's runtime.

mod accounts;
mod classes;
mod database;
mod failure;
mod folder;
mod reader;
mod row;
mod time;
mod watch;
mod workspaces;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use database::OpenError;
use reader::Reader;
use writer::Writer;

/// The records of one data folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LocalStore {
    inner: Arc<Inner>,
}

/// The database's name in the data folder.
pub const FILE: &str = "dormer.db";

#[derive(Debug)]
struct Inner {
    writer: Writer,
    reader: Reader,
    classes: classes::Known,
}

/// Opens the records in `data`, making folder and database where there are none. One process at a time: another one
/// gets [`OpenError::InUse`].
pub async fn open(data: &Path) -> Result<LocalStore, OpenError> {
    let data: PathBuf = data.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        let lock = folder::claim(&data)?;
        let path = data.join(FILE);
        let writing = database::open(&path)?;
        let reading = database::open_again(&path)?;
        let classes = classes::read(&writing).map_err(|error| database::explain(&path, error))?;
        Ok(LocalStore {
            inner: Arc::new(Inner { writer: Writer::start(writing, lock)?, reader: Reader::start(reading)?, classes }),
        })
    });
    opened.await.unwrap_or_else(|error| Err(OpenError::Thread(std::io::Error::other(error))))
}

impl LocalStore {
    /// Puts everything on disk and gives the data folder free for others. Later calls answer that it is closed.
    pub async fn close(&self) {
        self.inner.reader.close().await;
        self.inner.writer.close().await;
    }
}

#[cfg(test)]
mod tests;
