//! The one thread that writes. Writes that came while another was put on disk share a transaction, each within a
//! savepoint of its own; callers are answered, and watchers told, after it is on disk.

use rusqlite::Connection;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use dormer_core::ports::store::Change;
use dormer_core::workspace::Workspace;

use super::database::OpenError;
use super::failure::Failure;
use super::folder::Lock;
use super::row;

/// Writes that share one transaction at most.
const GROUP: usize = 128;
/// Writes that may wait before callers do.
const QUEUE: usize = 1024;
/// Changes by which a watcher may lag before it gets everything anew.
const LAG: usize = 1024;

/// What a write changed.
#[derive(Debug, Clone)]
pub enum News {
    /// A workspace.
    Workspace(Change),
    /// Something about people.
    People,
}

/// All records, and what changes after them.
pub type Snapshot = (Vec<Arc<Workspace>>, broadcast::Receiver<Change>);

/// Asks the writing thread.
#[derive(Debug)]
pub struct Writer {
    requests: mpsc::Sender<Request>,
    people: watch::Receiver<u64>,
}

/// Asks the writing thread for a snapshot, without keeping it alive.
#[derive(Debug, Clone)]
pub struct Watcher(mpsc::WeakSender<Request>);

enum Request {
    Write(Box<dyn Job>),
    Watch(oneshot::Sender<Result<Snapshot, Failure>>),
    Close(oneshot::Sender<()>),
}

trait Job: Send {
    fn run(&mut self, connection: &Connection, news: &mut Vec<News>) -> Result<(), Failure>;
    fn settle(self: Box<Self>, outcome: Result<(), Failure>);
}

struct Write<T, E, F> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Write<T, E, F>
where
    T: Send,
    E: From<Failure> + Send,
    F: FnOnce(&Connection, &mut Vec<News>) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection, news: &mut Vec<News>) -> Result<(), Failure> {
        let Some(work) = self.work.take() else { return Ok(()) };
        connection.execute_batch("SAVEPOINT job")?;
        let told = news.len();
        let result = work(connection, news);
        if result.is_err() {
            news.truncate(told);
            // A full disk may have ended the whole transaction already: there is no savepoint then.
            if !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK TO job")?;
            }
        }
        self.result = Some(result);
        if connection.is_autocommit() { Err(Failure::GivenUp) } else { Ok(connection.execute_batch("RELEASE job")?) }
    }

    fn settle(self: Box<Self>, outcome: Result<(), Failure>) {
        let answer = match (self.result, outcome) {
            // What it found out is true whether or not others could write.
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(Failure::GivenUp.into()),
            (_, Err(failure)) => Err(failure.into()),
        };
        // Nobody waits for it any more.
        let _ = self.reply.send(answer);
    }
}

impl Writer {
    /// Starts the thread. The data folder stays locked until it ends.
    pub fn start(connection: Connection, lock: Lock) -> Result<Writer, OpenError> {
        let (requests, inbox) = mpsc::channel(QUEUE);
        let (people, seen) = watch::channel(0);
        let desk = Desk { connection, changes: broadcast::Sender::new(LAG), people };
        std::thread::Builder::new()
            .name("records-write".into())
            .spawn(move || desk.serve(inbox, lock))
            .map_err(OpenError::Thread)?;
        Ok(Writer { requests, people: seen })
    }

    /// Does `work` and answers once it is on disk. When it fails, nothing of it is kept.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection, &mut Vec<News>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write { work: Some(work), result: None, reply });
        self.requests.send(Request::Write(job)).await.map_err(|_| Failure::Closed)?;
        answer.await.unwrap_or_else(|_| Err(Failure::Closed.into()))
    }

    /// Asks for snapshots, for a stream that does not keep the records open.
    pub fn watcher(&self) -> Watcher {
        Watcher(self.requests.downgrade())
    }

    /// Rises with each change about people.
    pub fn people(&self) -> watch::Receiver<u64> {
        self.people.clone()
    }

    /// Ends the thread after what was asked before.
    pub async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.requests.send(Request::Close(done)).await.is_ok() {
            // An error says that it has ended too.
            let _ = ended.await;
        }
    }
}

impl Watcher {
    /// All records as of now, and what comes after them. [`Failure::Closed`] when the records are closed.
    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        let (reply, answer) = oneshot::channel();
        let requests = self.0.upgrade().ok_or(Failure::Closed)?;
        requests.send(Request::Watch(reply)).await.map_err(|_| Failure::Closed)?;
        drop(requests);
        answer.await.unwrap_or(Err(Failure::Closed))
    }
}

struct Desk {
    connection: Connection,
    changes: broadcast::Sender<Change>,
    people: watch::Sender<u64>,
}

impl Desk {
    fn serve(self, mut inbox: mpsc::Receiver<Request>, lock: Lock) {
        let mut put_back = None;
        let mut closing = None;
        while let Some(request) = put_back.take().or_else(|| inbox.blocking_recv()) {
            match request {
                Request::Write(first) => {
                    let mut group = vec![first];
                    while group.len() < GROUP {
                        match inbox.try_recv() {
                            Ok(Request::Write(job)) => group.push(job),
                            Ok(other) => {
                                put_back = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.write(group);
                }
                Request::Watch(reply) => {
                    let snapshot = row::all(&self.connection).map(|all| (all, self.changes.subscribe()));
                    // Nobody waits for it any more.
                    let _ = reply.send(snapshot);
                }
                Request::Close(done) => {
                    closing = Some(done);
                    break;
                }
            }
        }
        // The database first, then the lock, then the word that both are free.
        drop(self);
        drop(lock);
        drop(closing);
    }

    fn write(&self, mut group: Vec<Box<dyn Job>>) {
        let mut news = Vec::new();
        let outcome = self.transact(&mut group, &mut news);
        if let Err(failure) = &outcome {
            tracing::error!(%failure, "writing records failed");
            if !self.connection.is_autocommit() {
                // What cannot be rolled back now is rolled back by SQLite when the next transaction begins.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            news.clear();
        }
        let mut people = false;
        for one in news {
            match one {
                // An error says only that nobody watches.
                News::Workspace(change) => drop(self.changes.send(change)),
                News::People => people = true,
            }
        }
        if people {
            self.people.send_modify(|revision| *revision += 1);
        }
        for job in group {
            job.settle(outcome.clone());
        }
    }

    fn transact(&self, group: &mut [Box<dyn Job>], news: &mut Vec<News>) -> Result<(), Failure> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        for job in group {
            job.run(&self.connection, news)?;
        }
        Ok(self.connection.execute_batch("COMMIT")?)
    }
}
