//! The door in a network: a TCP port that anybody may find, and TLS that only a gateway gets through.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dormer_wire::dial;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Visitors;
use super::caller::Caller;

/// How long a handshake may take. Between gateway and workspace it takes milliseconds.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
/// How many handshakes may be under way. When there are more, the one that has taken longest is ended: whoever is let in
/// is done by then, whoever wants to keep others out is not.
const MAX_HANDSHAKES: usize = 256;

/// Serves connections until dropped.
pub async fn serve(listener: TcpListener, acceptor: TlsAcceptor, visitors: Arc<Visitors>) {
    let mut handshakes = JoinSet::new();
    let mut by_age: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        tokio::select! {
            Some(ended) = handshakes.join_next(), if !handshakes.is_empty() => match ended {
                Ok((_, Ok(stream))) => Arc::clone(&visitors).admit(Caller::Tls(stream)),
                // A probe of a port, most likely; not worth more than a word, however often it happens.
                Ok((from, Err(error))) => tracing::debug!(%error, %from, "a handshake at the door failed"),
                Err(_) => {}
            },
            accepted = listener.accept() => match accepted {
                Ok((socket, from)) => {
                    if handshakes.len() >= MAX_HANDSHAKES {
                        end_the_oldest(&mut by_age);
                    }
                    by_age.push_back(handshakes.spawn(handshake(acceptor.clone(), socket, from)));
                    if by_age.len() > 2 * MAX_HANDSHAKES {
                        by_age.retain(|one| !one.is_finished());
                    }
                }
                Err(error) => {
                    // Out of descriptors, most likely: others have to end first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
}

fn end_the_oldest(by_age: &mut VecDeque<AbortHandle>) {
    while let Some(oldest) = by_age.pop_front() {
        if !oldest.is_finished() {
            oldest.abort();
            return;
        }
    }
}

type Outcome = (SocketAddr, io::Result<Box<TlsStream<TcpStream>>>);

async fn handshake(acceptor: TlsAcceptor, socket: TcpStream, from: SocketAddr) -> Outcome {
    let shake = async {
        dial::prepare(&socket)?;
        acceptor.accept(socket).await.map(Box::new)
    };
    let outcome = tokio::time::timeout(HANDSHAKE_LIMIT, shake).await;
    (from, outcome.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())))
}
