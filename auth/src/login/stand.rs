//! A provider that does as a test tells it: it signs ID tokens of its own, and lies in them where it is to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What it answers with in place of the right thing, by path.
#[derive(Clone)]
pub enum Instead {
    Status(u16),
    Text(&'static str),
    /// Octets without end.
    Endless,
    /// A head, and then nothing.
    Silent,
    Redirect(String),
}

pub struct State {
    pub issuer: String,
    pub claims: Value,
    /// What goes over the claims of ID tokens, and of them alone.
    pub token_claims: Value,
    pub alg: &'static str,
    pub names_itself: bool,
    pub instead: HashMap<&'static str, Instead>,
    pub key: EcdsaKeyPair,
    pub key_id: String,
    /// Of the authorization that was asked for last.
    pub nonce: String,
    pub challenge: String,
    pub life: u64,
    pub refused: bool,
    /// A personal token, and what its API says of whose it is.
    pub personal: Option<(String, Value)>,
}

pub struct Stand {
    pub state: Arc<Mutex<State>>,
    pub token_requests: Arc<AtomicUsize>,
    pub key_requests: Arc<AtomicUsize>,
    pub issuer: String,
}

fn fresh() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

impl Stand {
    pub async fn open() -> Stand {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            issuer: issuer.clone(),
            claims: json!({"sub": "7", "preferred_username": "ann", "groups": ["acme"]}),
            token_claims: json!({}),
            alg: "ES256",
            names_itself: false,
            instead: HashMap::new(),
            key: fresh(),
            key_id: "k1".into(),
            nonce: String::new(),
            challenge: String::new(),
            life: 3600,
            refused: false,
            personal: None,
        };
        let stand = Stand {
            state: Arc::new(Mutex::new(state)),
            token_requests: Arc::default(),
            key_requests: Arc::default(),
            issuer,
        };
        let (state, tokens, keys) = (stand.state.clone(), stand.token_requests.clone(), stand.key_requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, state.clone(), tokens.clone(), keys.clone()));
            }
        });
        stand
    }

    pub fn set(&self, set: impl FnOnce(&mut State)) {
        set(&mut self.state.lock().unwrap());
    }

    pub fn rotate(&self) {
        self.set(|state| (state.key, state.key_id) = (fresh(), "k2".into()));
    }

    /// What a browser would have seen at the authorization endpoint.
    pub fn visited(&self, url: &str) -> HashMap<String, String> {
        let query: HashMap<String, String> = url::Url::parse(url).unwrap().query_pairs().into_owned().collect();
        self.set(|state| {
            state.nonce = query["nonce"].clone();
            state.challenge = query["code_challenge"].clone();
        });
        query
    }

    pub fn redeemed(&self) -> usize {
        self.token_requests.load(Ordering::SeqCst)
    }
}

fn id_token(state: &State) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({"iss": state.issuer, "aud": "us", "iat": now, "exp": now + 300, "nonce": state.nonce});
    for from in [&state.claims, &state.token_claims] {
        for (key, value) in from.as_object().unwrap() {
            claims[key] = value.clone();
        }
    }
    let head = json!({"alg": state.alg, "kid": state.key_id, "typ": "JWT"});
    let signed = format!("{}.{}", encode(&head), encode(&claims));
    let signature = match state.alg {
        "none" => Vec::new(),
        // With what we have for a secret, which the client has, too.
        "HS256" => ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"secret"), signed.as_bytes())
            .as_ref()
            .to_vec(),
        _ => state.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn serve(
    mut stream: TcpStream,
    state: Arc<Mutex<State>>,
    tokens: Arc<AtomicUsize>,
    keys: Arc<AtomicUsize>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        stream.read_buf(&mut head).await.ok().filter(|n| *n > 0)?;
    }
    let end = head.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&head[..end]).to_lowercase();
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    while head.len() < end + length.unwrap_or(0) {
        stream.read_buf(&mut head).await.ok().filter(|n| *n > 0)?;
    }
    let body = String::from_utf8_lossy(&head[end..]).into_owned();
    let path = text.split(' ').nth(1)?.to_string();
    let instead = state.lock().unwrap().instead.get(path.as_str()).cloned();
    match path.as_str() {
        "/token" => drop(tokens.fetch_add(1, Ordering::SeqCst)),
        "/keys" => drop(keys.fetch_add(1, Ordering::SeqCst)),
        _ => {}
    }
    let (status, body) = match instead {
        Some(Instead::Status(status)) => (status, "{}".to_string()),
        Some(Instead::Text(text)) => (200, text.to_string()),
        Some(Instead::Redirect(to)) => {
            let head =
                format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.ok()?;
            return None;
        }
        Some(Instead::Silent) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
            stream.write_all(head.as_bytes()).await.ok()?;
            tokio::time::sleep(Duration::from_secs(60)).await;
            return None;
        }
        Some(Instead::Endless) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{";
            stream.write_all(head.as_bytes()).await.ok()?;
            loop {
                stream.write_all(&[b' '; 65536]).await.ok()?;
            }
        }
        None => right(&state.lock().unwrap(), &path, &body, text.split("authorization: bearer ").nth(1))?,
    };
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.ok()?;
    None
}

fn right(state: &State, path: &str, body: &str, authorization: Option<&str>) -> Option<(u16, String)> {
    let bearer = authorization.and_then(|rest| rest.split("\r\n").next());
    let issuer = &state.issuer;
    let answer = match path {
        "/.well-known/openid-configuration" => json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/claims"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
            "authorization_response_iss_parameter_supported": state.names_itself,
        }),
        "/keys" => {
            let point = state.key.public_key().as_ref();
            let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
            json!({"keys": [{"kty": "EC", "use": "sig", "crv": "P-256", "kid": state.key_id,
                "x": encode(&point[1..33]), "y": encode(&point[33..65])}]})
        }
        "/token" => {
            let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let proven = match form.get("code_verifier") {
                Some(verifier) => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == state.challenge,
                None => form.get("refresh_token").is_some_and(|token| token.starts_with("refresh")),
            };
            if !proven || state.refused || form.get("code").is_some_and(|code| code != "code") {
                return Some((400, json!({"error": "invalid_grant"}).to_string()));
            }
            json!({"access_token": "access", "token_type": "Bearer", "expires_in": state.life,
                "refresh_token": "refresh-2", "id_token": id_token(state)})
        }
        "/claims" => state.claims.clone(),
        "/api/v1/user" => match &state.personal {
            Some((token, user)) if bearer == Some(token.as_str()) => user.clone(),
            _ => return Some((401, json!({"message": "no"}).to_string())),
        },
        _ => return Some((404, "{}".into())),
    };
    Some((200, answer.to_string()))
}
