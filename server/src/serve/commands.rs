//! A way in for commands beside the gateway, in its own pod: the name that people reach it by may mean nothing there, and
//! its certificate is for that name. On loopback, and with a token like everywhere.

use std::net::Ipv4Addr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use dormer_web::connector::Connector;

/// Takes a free port of loopback.
pub async fn bind() -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Serves until the shutdown.
pub async fn serve(listener: TcpListener, web: Connector, shutdown: CancellationToken) {
    let commands = TaskTracker::new();
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                let (web, shutdown) = (web.clone(), shutdown.clone());
                commands.spawn(async move { shutdown.run_until_cancelled(join(stream, &web)).await });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a command");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
    commands.close();
    commands.wait().await;
}

async fn join(mut stream: TcpStream, web: &Connector) {
    let joined = async {
        let mut far = UnixStream::from_std(web.connect()?)?;
        copy_bidirectional(&mut stream, &mut far).await
    };
    if let Err(error) = joined.await {
        tracing::debug!(%error, "a command's connection broke");
    }
}
