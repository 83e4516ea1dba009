use std::io::{Read, Write};
use std::time::Duration;

use crate::house::{APEX, House};
use dormer_web::connector::connector;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn requests_come_in_from_any_thread_until_the_shutdown() {
    let house = House::new().await;
    let shutdown = CancellationToken::new();
    let connector = connector(house.router.clone(), shutdown.clone());
    let other = connector.clone();
    // As the proxy does: from a thread that has no runtime, or another one.
    let asking = tokio::task::spawn_blocking(move || {
        std::thread::spawn(move || {
            let mut stream = other.connect().unwrap();
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            write!(stream, "GET /healthz HTTP/1.1\r\nhost: {APEX}\r\nconnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
        .join()
        .unwrap()
    });
    let answer = asking.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"), "{answer}");
    let idle = connector.connect().unwrap();
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(10), connector.drained()).await.unwrap();
    drop(idle);
}
