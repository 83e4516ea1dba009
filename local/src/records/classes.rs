//! The records of classes. There are few and they are asked for often: all of them are in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use rusqlite::{Connection, params};

use dormer_core::class::{Class, DEFAULT};
use dormer_core::ports::classes::{ClassError, Classes};

use super::failure::{Failure, Refused};
use super::writer::News;
use super::{LocalStore, time};

/// The classes as they are on disk.
#[derive(Debug, Default)]
pub struct Known {
    all: RwLock<BTreeMap<String, Arc<Class>>>,
    /// One writes at a time: what is known follows what is on disk in the same order.
    turn: tokio::sync::Mutex<()>,
}

/// Reads them.
pub fn read(connection: &Connection) -> rusqlite::Result<Known> {
    let mut statement = connection.prepare("SELECT name, spec, created_at FROM class")?;
    let classes = statement.query_map([], |row| {
        let (name, text, at): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // What cannot be read allows nothing by accident: the database counts as damaged.
        let spec = serde_json::from_str(&text).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error))
        })?;
        Ok((name.clone(), Arc::new(Class { name, created_at: Some(time::from_sql(at)), spec })))
    })?;
    Ok(Known { all: RwLock::new(classes.collect::<rusqlite::Result<_>>()?), turn: tokio::sync::Mutex::default() })
}

impl Known {
    fn get(&self, name: &str) -> Option<Arc<Class>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Arc<Class>>)) {
        change(&mut self.all.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl From<Failure> for ClassError {
    fn from(failure: Failure) -> ClassError {
        ClassError::Unavailable(Box::new(failure))
    }
}

impl LocalStore {
    async fn write_class(&self, sql: &'static str, class: Class) -> Result<Class, ClassError> {
        let spec = serde_json::to_string(&class.spec).map_err(|error| Failure::Other(error.to_string()))?;
        let (name, at) = (class.name.clone(), time::to_sql(class.created_at.unwrap_or_default()));
        self.inner
            .writer
            .write(move |connection: &Connection, _: &mut Vec<News>| {
                let written = connection.prepare_cached(sql).and_then(|mut sql| sql.execute(params![name, spec, at]));
                written.map(drop).map_err(Refused::from).map_err(|refused| match refused {
                    Refused::Taken => ClassError::Taken(name),
                    Refused::NoParent => Failure::Other("a class refers to nothing".into()).into(),
                    Refused::Failed(failure) => failure.into(),
                })
            })
            .await?;
        self.inner.classes.change(|all| drop(all.insert(class.name.clone(), Arc::new(class.clone()))));
        Ok(class)
    }
}

#[async_trait]
impl Classes for LocalStore {
    fn get(&self, name: &str) -> Option<Arc<Class>> {
        let found = self.inner.classes.get(name);
        found.or_else(|| (name == DEFAULT).then(|| Arc::new(Class::built_in())))
    }

    fn all(&self) -> Vec<Arc<Class>> {
        let mut all = self.inner.classes.all.read().unwrap_or_else(PoisonError::into_inner).clone();
        all.entry(DEFAULT.into()).or_insert_with(|| Arc::new(Class::built_in()));
        all.into_values().collect()
    }

    async fn add(&self, class: Class) -> Result<Class, ClassError> {
        let _turn = self.inner.classes.turn.lock().await;
        self.write_class("INSERT INTO class (name, spec, created_at) VALUES (?1, ?2, ?3)", class).await
    }

    async fn put(&self, class: Class) -> Result<Class, ClassError> {
        let _turn = self.inner.classes.turn.lock().await;
        if class.name != DEFAULT && self.inner.classes.get(&class.name).is_none() {
            return Err(ClassError::NotFound(class.name));
        }
        let sql = "INSERT INTO class (name, spec, created_at) VALUES (?1, ?2, ?3)
                   ON CONFLICT (name) DO UPDATE SET spec = excluded.spec";
        self.write_class(sql, class).await
    }

    async fn remove(&self, name: &str) -> Result<(), ClassError> {
        let _turn = self.inner.classes.turn.lock().await;
        let gone = name.to_owned();
        self.inner
            .writer
            .write(move |connection: &Connection, _: &mut Vec<News>| {
                let removed =
                    connection.execute("DELETE FROM class WHERE name = ?1", [&gone]).map_err(Failure::from)?;
                if removed == 0 { Err(ClassError::NotFound(gone)) } else { Ok(()) }
            })
            .await?;
        self.inner.classes.change(|all| drop(all.remove(name)));
        Ok(())
    }
}
