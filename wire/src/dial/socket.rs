//! What a connection between machines needs: small messages at once, and an end where the other machine is gone.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// Silence after which the other machine is asked whether it is there.
const ASK_AFTER: Duration = Duration::from_secs(30);
/// Between two questions, and how many may stay without an answer.
const ASK_EVERY: Duration = Duration::from_secs(10);
const ASK_TIMES: u32 = 3;
/// How long something sent may stay without being acknowledged.
const UNHEARD: Duration = Duration::from_secs(60);

/// Prepares a TCP connection, on either side of a door.
pub fn prepare(socket: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    let keep = TcpKeepalive::new().with_time(ASK_AFTER).with_interval(ASK_EVERY).with_retries(ASK_TIMES);
    socket.set_tcp_keepalive(&keep)?;
    socket.set_tcp_user_timeout(Some(UNHEARD))
}
