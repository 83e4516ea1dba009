//! pingora with nothing of ours: each request goes to the one upstream that the command line names.
//!
//! It is embedded in the way that the gateway embeds it (one runtime, an own listener), so that what differs between
//! the two is what the gateway adds. Prints the port that it listens on.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::protocols::{GetSocketDigest, SocketDigest};
use pingora::proxy::{HttpProxy, ProxyHttp, Session};
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Bare(SocketAddr);

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) -> Self::CTX {}

    async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> pingora::Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.0, false, String::new())))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let upstream = std::env::args().nth(1).and_then(|at| at.parse().ok()).expect("usage: dormer-bench-bare ADDRESS");
    rustls::crypto::ring::default_provider().install_default().expect("nobody installed one before");
    let mut proxy = HttpProxy::new(Bare(upstream), Arc::new(ServerConf::default()));
    proxy.handle_init_modules();
    let proxy = Arc::new(proxy);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("its address").port());
    let closing = tokio::sync::watch::Sender::new(false);
    loop {
        let (tcp, _) = listener.accept().await.expect("a connection");
        let (proxy, closing) = (Arc::clone(&proxy), closing.subscribe());
        tokio::spawn(async move {
            tcp.set_nodelay(true).expect("a socket");
            let digest = SocketDigest::from_raw_fd(std::os::fd::AsRawFd::as_raw_fd(&tcp));
            let mut stream = pingora::protocols::l4::stream::Stream::from(tcp);
            stream.set_socket_digest(digest);
            proxy.process_new(Box::new(stream), &closing).await;
        });
    }
}
