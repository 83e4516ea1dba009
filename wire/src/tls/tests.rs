//! Who comes in, and who does not.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::client::connector_with;
use super::*;
use crate::dial::{DialError, Dialer, DoorStream};
use crate::door::{Door, Preface, Reply, Want};
use crate::message;

const LIMIT: Duration = Duration::from_secs(20);
const PEER: &str = "u-1.0a";

fn master(seed: u8) -> Master {
    Master::from_octets([seed; 32])
}

/// An agent that says back what it is told, as long as anybody comes.
async fn agent(keys: &AgentKeys) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, acceptor) = (listener.local_addr().unwrap(), acceptor(keys).unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(socket).await else { return };
                let Ok(Some(Preface { .. })) = message::read::<Preface>(&mut stream).await else { return };
                message::write(&mut stream, &Reply::Accepted).await.unwrap();
                let (mut reader, mut writer) = tokio::io::split(stream);
                tokio::io::copy(&mut reader, &mut writer).await.unwrap();
                writer.shutdown().await.unwrap();
            });
        }
    });
    address
}

fn door(address: SocketAddr, peer: &str) -> Door {
    Door::Tls { address, peer: peer.to_owned() }
}

async fn echo(mut stream: DoorStream) {
    // More than fits anywhere on the way, so that both directions have to take turns.
    let sent: Vec<u8> = (0..3_000_000u32).map(|n| (n / 7) as u8).collect();
    let (mut reader, mut writer) = tokio::io::split(&mut stream);
    let send = async {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let (_, read) = tokio::join!(send, reader.read_to_end(&mut received));
    read.unwrap();
    assert!(received == sent);
}

#[test]
fn keys_follow_from_the_master_as_they_always_did() {
    let octets: [u8; 32] = std::array::from_fn(|index| index as u8);
    let keys = Master::from_octets(octets).agent_keys(PEER).unwrap();
    // Made by HKDF of another hand and by OpenSSL. Whoever changes these locks all running workspaces out.
    let expected = serde_json::json!({
        "private": "100d3abd9db8374cd04b9769a99bd55625c0401d86e0fef89308c701c65d70a5",
        "gateway": "428b1e6b016f5d5934723433590c50243ce1592acbf09cb419bba1c1dfed91dc",
    });
    assert_eq!(serde_json::to_value(&keys).unwrap(), expected);
    let public = Master::from_octets(octets).agent(PEER).unwrap().public().unwrap();
    assert_eq!(String::from(public), "54902f0a15c0f16a22c78655ab865c52e3799811da1f79dfe401c3632f9a1ef8");
    let back: AgentKeys = serde_json::from_value(expected).unwrap();
    assert_eq!(back.gateway(), keys.gateway());
}

#[test]
fn nothing_prints_a_key() {
    let master = Master::generate().unwrap();
    let keys = master.agent_keys(PEER).unwrap();
    let private = serde_json::to_value(&keys).unwrap()["private"].as_str().unwrap().to_owned();
    let dialer = Dialer::with(&master).unwrap();
    let texts =
        [format!("{master:?}"), format!("{keys:?}"), format!("{dialer:?}"), format!("{:?}", acceptor(&keys).is_ok())];
    for text in texts {
        assert!(text.len() < 60 && !text.contains(&private[..8]), "{text}");
    }
    // Nor does an error about one that cannot be read.
    let broken = serde_json::json!({"private": "ab".repeat(31) + "zz", "gateway": "00".repeat(32)});
    let error = serde_json::from_value::<AgentKeys>(broken).unwrap_err().to_string();
    assert!(!error.contains("abab"), "{error}");
}

#[test]
fn a_peer_is_a_name() {
    assert!(is_peer(PEER) && is_peer("4f6b9f0e-5a77-4b8d-9a43-0d8b5a3c1f00.00112233445566778899aabbccddeeff"));
    // Chance makes an instance of digits alone some day.
    assert!(is_peer("u-1.00112233445566778899001122334455"));
    for name in ["", "A", "a b", "a/b", "10.0.0.1", "::1", ".", "a..b", &"a".repeat(64)] {
        assert!(!is_peer(name), "{name:?}");
        assert!(master(1).agent_keys(name).is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn those_who_know_each_other_meet() {
    let address = agent(&master(1).agent_keys(PEER).unwrap()).await;
    let dialer = Dialer::with(&master(1)).unwrap();
    for _ in 0..3 {
        let stream = dialer.dial(&door(address, PEER), Want::Editor, LIMIT).await.unwrap();
        assert!(matches!(stream, DoorStream::Tls(_)));
        echo(stream).await;
    }
}

#[tokio::test]
async fn a_session_is_resumed_by_its_own_peer_only() {
    let (first, second) = (master(1).agent_keys(PEER).unwrap(), master(1).agent_keys("u-2.0b").unwrap());
    let (first, second) = (agent(&first).await, agent(&second).await);
    let dialer = Dialer::with(&master(1)).unwrap();
    let kind = async |address, peer| {
        let stream = dialer.dial(&door(address, peer), Want::Editor, LIMIT).await?;
        let DoorStream::Tls(mut stream) = stream else { panic!() };
        // What comes back has brought the tickets along.
        stream.write_all(b"x").await.unwrap();
        stream.read_exact(&mut [0]).await.unwrap();
        Ok::<_, DialError>(stream.get_ref().1.handshake_kind().unwrap())
    };
    assert_eq!(kind(first, PEER).await.unwrap(), HandshakeKind::Full);
    assert_eq!(kind(first, PEER).await.unwrap(), HandshakeKind::Resumed);
    assert_eq!(kind(second, "u-2.0b").await.unwrap(), HandshakeKind::Full);
    // The address is another pod's by now, and there are tickets left: they open nothing.
    assert!(matches!(kind(second, PEER).await, Err(DialError::Absent(_))));
    assert_eq!(kind(second, "u-2.0b").await.unwrap(), HandshakeKind::Resumed);
}

#[tokio::test]
async fn strangers_are_turned_away_on_both_sides() {
    let dialer = Dialer::with(&master(1)).unwrap();
    let address = agent(&master(1).agent_keys(PEER).unwrap()).await;
    let refused = async |dialer: &Dialer, address, peer| {
        let outcome = dialer.dial(&door(address, peer), Want::Editor, LIMIT).await;
        assert!(matches!(outcome, Err(DialError::Absent(_))), "{outcome:?}");
    };
    // A gateway with another secret, and one that has none.
    refused(&Dialer::with(&master(2)).unwrap(), address, PEER).await;
    refused(&Dialer::local(), address, PEER).await;
    // An agent that is not the one that was looked for, or of another installation.
    refused(&dialer, address, "u-1.0b").await;
    refused(&dialer, agent(&master(2).agent_keys(PEER).unwrap()).await, PEER).await;
    // An agent that has the right public key of the gateways and a private key of its own making.
    let mut made = serde_json::to_value(master(1).agent_keys(PEER).unwrap()).unwrap();
    made["private"] = "07".repeat(32).into();
    refused(&dialer, agent(&serde_json::from_value(made).unwrap()).await, PEER).await;
    // The right ones still come in.
    echo(dialer.dial(&door(address, PEER), Want::Editor, LIMIT).await.unwrap()).await;
}

#[tokio::test]
async fn a_gateways_key_is_needed_to_come_in() {
    let address = agent(&master(1).agent_keys(PEER).unwrap()).await;
    // One that knows the agent and shows another key of its own, that of an agent say.
    let foreign = master(1).agent("u-2.0b").unwrap().certified().unwrap();
    let connector = connector_with(&master(1), foreign).unwrap();
    assert!(answer(&connector, address).await.is_none());
    // The same with the right one, so that it is the key that was refused.
    let own = master(1).gateway().unwrap().certified().unwrap();
    assert!(answer(&connector_with(&master(1), own).unwrap(), address).await.is_some());
}

/// The reply to a preface; None where there is none.
async fn answer(connector: &TlsConnector, address: SocketAddr) -> Option<Reply> {
    let socket = TcpStream::connect(address).await.unwrap();
    let mut stream = connector.connect(server_name(PEER).unwrap(), socket).await.ok()?;
    message::write(&mut stream, &Preface::from(Want::Editor)).await.ok()?;
    message::read(&mut stream).await.ok()?
}

/// Takes whatever it is shown.
#[derive(Debug)]
struct Anything;

impl rustls::client::danger::ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn older_versions_ordinary_clients_and_noise_are_turned_away() {
    let address = agent(&master(1).agent_keys(PEER).unwrap()).await;
    let config = |version: &'static rustls::SupportedProtocolVersion| {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER)).with_protocol_versions(&[version]);
        builder.unwrap().dangerous().with_custom_certificate_verifier(Arc::new(Anything))
    };
    let own = || master(1).gateway().unwrap().certified().unwrap();
    let raw = || Arc::new(rustls::client::AlwaysResolvesClientRawPublicKeys::new(own()));
    // With everything right but the version, and with no key at all.
    for (name, config) in [
        ("1.2", config(&rustls::version::TLS12).with_client_cert_resolver(raw())),
        ("no key", config(&rustls::version::TLS13).with_no_client_auth()),
    ] {
        assert_eq!(answer(&TlsConnector::from(Arc::new(config)), address).await.map(drop), None, "{name}");
    }
    let right = config(&rustls::version::TLS13).with_client_cert_resolver(raw());
    assert!(answer(&TlsConnector::from(Arc::new(right)), address).await.is_some());
    for noise in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[0xff; 600], b"\x16\x03\x01\xff\xff", b""] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(noise).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut said = Vec::new();
        let _ = socket.read_to_end(&mut said).await;
        // At most an alert.
        assert!(said.len() <= 7, "{said:?}");
    }
}

#[tokio::test]
async fn a_door_that_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dialer = Dialer::with(&master(1)).unwrap();
    let limit = Duration::from_millis(200);
    let began = Instant::now();
    let outcome = dialer.dial(&door(silent.local_addr().unwrap(), PEER), Want::Editor, limit).await;
    assert!(matches!(outcome, Err(DialError::TimedOut(_))), "{outcome:?}");
    assert!(began.elapsed() >= limit);
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let outcome = dialer.dial(&door(nobody, PEER), Want::Editor, LIMIT).await;
    assert!(matches!(outcome, Err(DialError::Absent(_))), "{outcome:?}");
}
