//! The web part over records in memory, and browsers that visit it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use dormer_auth::approval::Approvals;
use dormer_auth::authenticator::Authenticator;
use dormer_auth::link::Links;
use dormer_auth::login::Logins;
use dormer_auth::provider::client::Provider;
use dormer_auth::provider::config::{Config, Kind};
use dormer_auth::provider::fetch::Fetch;
use dormer_auth::token::Tokens;
use dormer_auth::user::Users;
use dormer_auth::vault::Vault;
use dormer_core::directory::Directory;
use dormer_core::fixture::classes::Shelf;
use dormer_core::fixture::people::People;
use dormer_core::fixture::records::Records;
use dormer_core::ports::clock::Clock;
use dormer_core::ports::forge::{Asked, Forge, ForgeError, Resolved};
use dormer_core::ports::store::Store;
use dormer_core::principal::Scope;
use dormer_core::wake::Waker;
use dormer_core::workspace::{Source, fixture};
use dormer_web::deps::{Deps, Info};
use dormer_web::logs::RecordedTail;
use dormer_web::router::router;
use http::{HeaderMap, Request, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub const APEX: &str = "dormer.test:7080";
pub const HELLO: &str = "hello.dormer.test:7080";

pub struct House {
    pub records: Arc<Records>,
    pub router: Router,
    pub shutdown: CancellationToken,
    tokens: Tokens,
    links: Links,
    users: Users,
    pub approvals: Approvals,
}

struct OneHost;

#[async_trait]
impl Forge for OneHost {
    async fn resolve(&self, asked: &Asked) -> Result<Resolved, ForgeError> {
        if asked.url.contains("missing") {
            return Err(ForgeError::NoRepository(asked.url.clone()));
        }
        if asked.reference.as_deref() == Some("nowhere") {
            return Err(ForgeError::NoRef { url: asked.url.clone(), what: "branch, tag or commit 'nowhere'".into() });
        }
        if asked.url.starts_with('/') && !asked.local {
            return Err(ForgeError::Invalid("folders are not allowed here".into()));
        }
        let repository = asked.url.trim_end_matches(".git").rsplit('/').next().unwrap().to_string();
        let devfile = if asked.url.contains("bad") { "bad" } else { "good" };
        let reference = asked.reference.clone();
        let commit = Some("c0ffee".into());
        Ok(Resolved {
            source: Source { url: asked.url.clone(), reference, commit, ..Source::default() },
            repository,
            devfile: (!asked.url.contains("bare")).then(|| ("devfile.yaml".to_string(), devfile.to_string())),
            ..Resolved::default()
        })
    }
}

/// One that nobody can reach, and GitHub, which is asked for nothing before somebody comes back from it.
fn providers() -> Vec<Provider> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let fetch = Fetch::new().unwrap();
    let one = |name: &str, kind, url: &str| {
        let config =
            Config { kind, url: url.into(), client_id: "us".into(), allow_everybody: true, ..Config::default() };
        let redirect = format!("http://{APEX}/login/callback/{name}");
        Provider::new(name, config, None, redirect, fetch.clone())
    };
    vec![one("away", Kind::Oidc, "http://127.0.0.1:1"), one("hub", Kind::Github, "")]
}

impl House {
    /// With ann, who administrates it and owns the stopped workspace `hello`, and bob.
    pub async fn new() -> House {
        let (records, people) = (Arc::new(Records::default()), Arc::new(People::default()));
        let clock: Arc<dyn Clock> = Arc::new(Timestamp::now);
        let directory = Arc::new(Directory::default());
        let changes = records.watch();
        let follower = Arc::clone(&directory);
        tokio::spawn(async move { follower.follow(changes).await });
        let authenticator = Authenticator::open(people.clone(), clock.clone()).await.unwrap();
        let shutdown = CancellationToken::new();
        let approvals = Approvals::new(clock.clone());
        let vault = Arc::new(Vault::new(&[7; 32]).unwrap());
        let logins = Logins::new(people.clone(), authenticator.clone(), clock.clone(), vault.clone(), providers());
        let deps = Deps {
            logins: Arc::new(logins),
            vault,
            session_life: Duration::from_secs(86400),
            store: records.clone(),
            accounts: people.clone(),
            classes: Arc::new(Shelf::default()),
            default_class: "default".into(),
            waker: Arc::new(Waker::new(records.clone(), directory.clone(), clock.clone())),
            directory: directory.clone(),
            authenticator: authenticator.clone(),
            approvals: approvals.clone(),
            forge: Arc::new(OneHost),
            meter: Arc::new(dormer_core::ports::meter::NoMeter),
            logs: Arc::new(RecordedTail),
            dialer: dormer_wire::dial::Dialer::local(),
            clock: clock.clone(),
            check_devfile: Arc::new(|text| match text {
                "bad" => Err("devfile.yaml:1:1: not a devfile".into()),
                // What it says of its workspace, as it is told to the web part.
                text => Ok(serde_json::from_str(text).unwrap_or_default()),
            }),
            hook: Arc::new(dormer_web::deps::NoHook),
            ready: Arc::new(|| Ok(())),
            info: Info {
                domain: "dormer.test".into(),
                tls: false,
                url_port: Some(7080),
                ssh_host: "dormer.test".into(),
                ssh_port: 7022,
                ssh_host_keys: vec!["ssh-ed25519 AAAA".into()],
                backend: "local".into(),
                version: "0.1.0".into(),
                local_sources: true,
                trusted_sources: vec!["git.test/team".into()],
            },
        };
        let house = House {
            router: router(deps, shutdown.clone()),
            shutdown,
            tokens: Tokens::new(people.clone(), authenticator.clone(), clock.clone()),
            links: Links::new(people.clone(), clock.clone()),
            users: Users::new(people, authenticator, clock),
            approvals,
            records,
        };
        house.users.add(&"ann".parse().unwrap(), Some("Ann".into()), true).await.unwrap();
        house.users.add(&"bob".parse().unwrap(), None, false).await.unwrap();
        house.records.put(fixture("hello", "ann"));
        while directory.get("hello").is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        house
    }

    pub async fn token(&self, user: &str, scope: Scope) -> String {
        let (text, _) = self.tokens.mint(&user.parse().unwrap(), "test", scope, None).await.unwrap();
        text.expose().clone()
    }

    pub async fn link(&self, user: &str) -> String {
        self.links.mint(&user.parse().unwrap(), Duration::from_secs(60)).await.unwrap().expose().clone()
    }

    /// A program with a token.
    pub async fn program(&self, user: &str) -> Client<'_> {
        self.scoped(user, Scope::All).await
    }

    pub async fn scoped(&self, user: &str, scope: Scope) -> Client<'_> {
        Client { house: self, token: Some(self.token(user, scope).await), jar: HashMap::new() }
    }

    pub fn browser(&self) -> Client<'_> {
        Client { house: self, token: None, jar: HashMap::new() }
    }

    /// A browser, signed in on the apex.
    pub async fn signed_in(&self, user: &str) -> Client<'_> {
        let mut browser = self.browser();
        let link = self.link(user).await;
        let answer = browser.own("POST", APEX, "/login", Some(serde_json::json!({ "secret": link }))).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        browser
    }

    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }
}

/// A program or a browser with its cookies.
pub struct Client<'a> {
    pub house: &'a House,
    pub token: Option<String>,
    pub jar: HashMap<String, HashMap<String, String>>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }
}

impl Client<'_> {
    pub fn request(&self, method: &str, host: &str, path: &str) -> http::request::Builder {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, host);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in self.jar.get(host).into_iter().flatten() {
            request = request.header(header::COOKIE, format!("{name}={value}"));
        }
        request
    }

    pub async fn send(&mut self, host: &str, request: Request<Body>) -> Answer {
        let response = self.house.send(request).await;
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(!cookie.to_lowercase().contains("domain="), "host-only: {cookie}");
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap().to_string();
            self.jar.entry(host.to_string()).or_default().insert(name.to_string(), value);
        }
        let body = to_bytes(body, 1 << 22).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub async fn get(&mut self, host: &str, path: &str) -> Answer {
        let request = self.request("GET", host, path).body(Body::empty()).unwrap();
        self.send(host, request).await
    }

    /// A write as a program sends it, or a page of some other kind: with no origin.
    pub async fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, APEX, path).header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(APEX, request.body(body).unwrap()).await
    }

    /// A write by a page of that very host.
    pub async fn own(&mut self, method: &str, host: &str, path: &str, body: Option<Value>) -> Answer {
        self.by_page_of(&format!("http://{host}"), method, host, path, body).await
    }

    pub async fn by_page_of(
        &mut self,
        origin: &str,
        method: &str,
        host: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let request = self
            .request(method, host, path)
            .header(header::ORIGIN, origin)
            .header("dormer-csrf", "1")
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(host, request.body(body).unwrap()).await
    }
}
