//! Serving the web part to the proxy without a port: over pairs of sockets within the process.

use std::os::unix::net::UnixStream;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Opens connections to the web part. Cheap to share.
#[derive(Clone)]
pub struct Connector {
    router: Router,
    runtime: Handle,
    shutdown: CancellationToken,
    connections: TaskTracker,
}

/// A connector to `router`, which is served on the runtime that this is called in, until `shutdown`.
pub fn connector(router: Router, shutdown: CancellationToken) -> Connector {
    Connector { router, runtime: Handle::current(), shutdown, connections: TaskTracker::new() }
}

impl Connector {
    /// The same for those who reach it by another name: every request is taken for one to `host`.
    pub fn taken_for(&self, host: &str) -> std::io::Result<Connector> {
        let host = HeaderValue::from_str(host).map_err(std::io::Error::other)?;
        let rename = move |mut request: Request| {
            request.headers_mut().insert(header::HOST, host.clone());
            std::future::ready(request)
        };
        let router = self.router.clone().layer(axum::middleware::map_request(rename));
        Ok(Connector { router, ..self.clone() })
    }

    /// Opens a connection; HTTP/1.1 is spoken on it. Both ends are non-blocking. May be called from any thread.
    pub fn connect(&self) -> std::io::Result<UnixStream> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        let far = {
            // The web's own runtime watches its end, whichever runtime this is called from.
            let _entered = self.runtime.enter();
            tokio::net::UnixStream::from_std(far)?
        };
        let service = TowerToHyperService::new(self.router.clone());
        let shutdown = self.shutdown.clone();
        let serve = async move {
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service);
            let mut connection = std::pin::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = shutdown.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection to the web part broke");
            }
        };
        self.connections.spawn_on(serve, &self.runtime);
        Ok(near)
    }

    /// Waits, after the shutdown, until every connection has ended.
    pub async fn drained(&self) {
        self.connections.close();
        self.connections.wait().await;
    }
}
