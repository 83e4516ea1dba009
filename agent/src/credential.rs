//! What git here signs in with. Git runs its helper ([`helper`]), the helper asks through a socket of ours, and we ask
//! the gateway through the stream that it keeps at our door. The answer goes to git alone: it is on no disk and in no
//! environment, and whatever asks a moment later asks again.

pub mod config;
pub mod helper;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dormer_wire::credential::{Ask, Told};
use dormer_wire::message;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};

use crate::door::{accept, peer_is_allowed};

/// How long an answer may take. A gateway that has just started is waited for.
const LIMIT: Duration = Duration::from_secs(15);
/// How many questions may wait.
const WAITING: usize = 64;

/// A question of the helper's.
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// `https`.
    pub protocol: String,
    /// The host.
    pub host: String,
}

type Pending = (Question, oneshot::Sender<Told>);

/// Brings questions to the gateway.
#[derive(Debug, Clone)]
pub struct Broker {
    /// The newest stream of the gateway's.
    gateway: Arc<watch::Sender<Option<mpsc::Sender<Pending>>>>,
    /// Where git reads what we tell it.
    config: Arc<PathBuf>,
    /// Whether every repository that can be seen is the workspace's own.
    everywhere: bool,
}

/// Where the helper asks.
pub fn socket(run: &Path) -> PathBuf {
    run.join("git.sock")
}

impl Broker {
    /// One that writes names of people to git's configuration.
    pub fn new(config: PathBuf, everywhere: bool) -> Broker {
        Broker { gateway: Arc::new(watch::Sender::new(None)), config: Arc::new(config), everywhere }
    }

    /// Serves the helper until dropped.
    pub async fn serve(self, listener: UnixListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) if peer_is_allowed(&stream) => {
                    let broker = self.clone();
                    tokio::spawn(async move { tokio::time::timeout(LIMIT * 2, broker.answer(stream)).await });
                }
                Ok(_) => tracing::warn!("a question of another user was refused"),
                Err(error) => {
                    tracing::warn!(%error, "a question of git's could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn answer(&self, mut stream: UnixStream) {
        let Ok(Some(question)) = message::read::<Question>(&mut stream).await else { return };
        let told = tokio::time::timeout(LIMIT, self.ask(question)).await.ok().flatten();
        let why = "the gateway does not answer".to_string();
        // Whoever is gone does not need an answer.
        let _ = message::write(&mut stream, &told.unwrap_or(Told::Nothing { id: 0, why })).await;
    }

    async fn ask(&self, question: Question) -> Option<Told> {
        let mut gateway = self.gateway.subscribe();
        let sender = {
            let there =
                gateway.wait_for(|there| there.as_ref().is_some_and(|sender| !sender.is_closed())).await.ok()?;
            there.clone()?
        };
        let (reply, answer) = oneshot::channel();
        sender.send((question, reply)).await.ok()?;
        answer.await.ok()
    }

    /// Holds a stream of the gateway's until it ends.
    pub async fn hold(&self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
        if !accept(stream).await {
            return;
        }
        let (sender, mut questions) = mpsc::channel::<Pending>(WAITING);
        self.gateway.send_replace(Some(sender));
        let waiting: Mutex<HashMap<u64, oneshot::Sender<Told>>> = Mutex::default();
        let (mut reader, mut writer) = tokio::io::split(stream);
        let asking = async {
            let mut id = 0u64;
            while let Some((Question { protocol, host }, reply)) = questions.recv().await {
                id += 1;
                {
                    let mut open = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    open.retain(|_, reply| !reply.is_closed());
                    open.insert(id, reply);
                }
                if message::write(&mut writer, &Ask { id, protocol, host }).await.is_err() {
                    return;
                }
            }
        };
        let hearing = async {
            while let Ok(Some(told)) = message::read::<Told>(&mut reader).await {
                let id = match &told {
                    Told::Identity { name, email } => {
                        if let Err(error) = config::write(&self.config, Some((name, email)), self.everywhere) {
                            tracing::warn!(%error, "git's configuration could not be written");
                        }
                        continue;
                    }
                    Told::Credential { id, .. } | Told::Nothing { id, .. } => *id,
                    _ => continue,
                };
                let reply = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                if let Some(reply) = reply {
                    // Whoever asked may be gone.
                    let _ = reply.send(told);
                }
            }
        };
        tokio::select! {
            () = asking => {}
            () = hearing => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_wire::door::Reply;

    #[tokio::test]
    async fn a_question_goes_to_the_newest_gateway_and_its_answer_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("git.sock");
        let broker = Broker::new(folder.path().join("gitconfig"), false);
        tokio::spawn(broker.clone().serve(UnixListener::bind(&path).unwrap()));
        let asked = {
            let path = path.clone();
            // Asked before there is anybody to answer.
            tokio::task::spawn_blocking(move || helper::ask(&path, "https", "git.example"))
        };
        let (mut gateway, mut door) = UnixStream::pair().unwrap();
        let held = broker.clone();
        tokio::spawn(async move { held.hold(&mut door).await });
        assert!(matches!(message::read::<Reply>(&mut gateway).await.unwrap(), Some(Reply::Accepted)));
        let identity = Told::Identity { name: "Ann \"A\" \\ B".into(), email: "ann@example.test".into() };
        message::write(&mut gateway, &identity).await.unwrap();
        let ask: Ask = message::read(&mut gateway).await.unwrap().unwrap();
        assert_eq!((ask.protocol.as_str(), ask.host.as_str()), ("https", "git.example"));
        // An answer to a question that nobody asked is nobody's.
        message::write(&mut gateway, &Told::Nothing { id: ask.id + 7, why: "x".into() }).await.unwrap();
        let told = Told::Credential { id: ask.id, username: "ann".into(), password: "t0ken".into() };
        message::write(&mut gateway, &told).await.unwrap();
        assert_eq!(asked.await.unwrap().unwrap(), told);
        // What git makes of the configuration that was written.
        let name = std::process::Command::new("git")
            .args(["config", "--file"])
            .arg(folder.path().join("gitconfig"))
            .arg("user.name")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&name.stdout).trim_end(), "Ann \"A\" \\ B");
        assert!(!format!("{told:?}").contains("t0ken"));
    }
}
