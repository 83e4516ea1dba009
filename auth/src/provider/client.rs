//! One provider: the requests of the authorization code flow, and of what comes after it.

mod keys;

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreTokenResponse};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, EndpointSet, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, Scope, SignatureVerificationError, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::Url;

use dormer_core::secret::Secret;

use super::config::Config;
use super::discovery::{self, Found, NotFound, short};
use super::error::ProviderError;
use super::fetch::{Fetch, FetchError};
use super::flow::Flow;
use super::person::Person;

/// How long what was found out about a provider is used.
const FRESH: Duration = Duration::from_secs(600);
/// How soon it is asked again when a key is missing: tokens with made-up keys must not make us ask for each.
const AGAIN: Duration = Duration::from_secs(3);

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

/// A provider.
pub struct Provider {
    /// Its name in addresses.
    pub name: String,
    /// What is said of it.
    pub config: Config,
    secret: Option<Secret>,
    redirect: String,
    fetch: Fetch,
    found: Mutex<Option<(Instant, Arc<Found>)>>,
}

/// What acts for a person at a provider.
#[derive(Clone, Serialize, Deserialize)]
pub struct Grant {
    /// The access token.
    pub access: String,
    /// What gets the next one.
    #[serde(default)]
    pub refresh: Option<String>,
    /// From when on the access token is no good, in seconds since 1970.
    #[serde(default)]
    pub until: Option<i64>,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

impl Provider {
    /// A provider that sends people back to `redirect`, which is its alone: an answer of another one cannot come there.
    pub fn new(name: &str, config: Config, secret: Option<Secret>, redirect: String, fetch: Fetch) -> Provider {
        Provider { name: name.into(), config, secret, redirect, fetch, found: Mutex::new(None) }
    }

    /// What people see.
    pub fn label(&self) -> String {
        self.config.label(&self.name)
    }

    /// Where a browser goes to sign in.
    pub async fn authorize(&self, flow: &Flow) -> Result<Url, ProviderError> {
        let found = self.find(FRESH).await?;
        let client = self.client(&found)?;
        let (state, nonce) = (CsrfToken::new(flow.state.clone()), Nonce::new(flow.nonce.clone()));
        let verifier = PkceCodeVerifier::new(flow.verifier.clone());
        let (url, _, _) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce)
            .add_scopes(self.config.scopes().into_iter().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url)
    }

    /// Whether an answer that names its sender as `iss` can be this provider's (RFC 9207).
    pub async fn is_issuer(&self, iss: Option<&str>) -> Result<bool, ProviderError> {
        let found = self.find(FRESH).await?;
        Ok(match iss {
            Some(iss) => iss == found.issuer.as_str(),
            None => !found.names_itself,
        })
    }

    /// Gives a code back and gets who it was.
    pub async fn redeem(&self, code: &str, flow: &Flow, now: i64) -> Result<(Person, Grant), ProviderError> {
        let found = self.find(FRESH).await?;
        let client = self.client(&found)?;
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_string()))
            .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone()))
            .request_async(&self.fetch)
            .await
            .map_err(|error| self.token_error(error))?;
        let grant = grant(&answer, now, None);
        if self.config.kind.is_plain() {
            return Ok((self.github(&found, &grant).await?, grant));
        }
        let token = answer.id_token().ok_or_else(|| self.wrong("there is no ID token in it"))?;
        let mut claims = self.verified(token, found.clone(), flow).await?;
        if found.claims.is_some() {
            let more = self.claims(&found, &grant).await?;
            // OpenID Connect Core, 5.3.2: or a token of somebody else was slipped in.
            if more.get("sub") != claims.get("sub") {
                return Err(self.wrong("its claims are of another person than its ID token"));
            }
            claims.extend(more);
        }
        Ok((self.person(&claims)?, grant))
    }

    /// Asks again about somebody of whom this was known. None: it has no way to tell.
    pub async fn ask(
        &self,
        grant: &Grant,
        groups_before: &[String],
        mail_before: Option<&str>,
    ) -> Result<Option<Person>, ProviderError> {
        let found = self.find(FRESH).await?;
        if self.config.kind.is_plain() {
            return self.github(&found, grant).await.map(Some);
        }
        if found.claims.is_none() {
            return Ok(None);
        }
        let claims = self.claims(&found, grant).await?;
        let mut person = self.person(&claims)?;
        // Some say groups in ID tokens only, of which there is no new one.
        if !claims.contains_key(self.groups_claim()) {
            person.groups = groups_before.to_vec();
        }
        // Gitea says only there whether an address is verified: the one that was is so still, another one is not.
        if !claims.contains_key("email_verified") {
            let same = |mail: &&str| claims.get("email").is_none_or(|now| now.as_str() == Some(*mail));
            person.mail = mail_before.filter(same).map(String::from);
        }
        Ok(Some(person))
    }

    /// Gets the next access token. None: there is nothing to get it with.
    pub async fn renew(&self, old: &Grant, now: i64) -> Result<Option<Grant>, ProviderError> {
        let Some(refresh) = &old.refresh else { return Ok(None) };
        let found = self.find(FRESH).await?;
        let client = self.client(&found)?;
        let token = RefreshToken::new(refresh.clone());
        let answer = client.exchange_refresh_token(&token).request_async(&self.fetch).await;
        match answer {
            Ok(answer) => Ok(Some(grant(&answer, now, Some(refresh)))),
            Err(error) => Err(self.token_error(error)),
        }
    }

    /// Whose a personal token of this forge is: what it calls that person for ever.
    pub async fn owner_of(&self, token: &Secret) -> Result<String, ProviderError> {
        let address = self.config.address().map_err(|why| self.wrong(&why))?;
        let url = match address.host_str() {
            Some("github.com") => "https://api.github.com/user".to_string(),
            _ => format!("{}/{}", address.as_str().trim_end_matches('/'), self.config.kind.user_path()),
        };
        let grant = Grant { access: token.expose().clone(), refresh: None, until: None };
        let who = self.get(&url, &grant).await?;
        // What tells nothing of a state is a forge that refuses such tokens.
        let active = who.get("state").and_then(Value::as_str).is_none_or(|state| state == "active");
        let id = who.get("id").and_then(Value::as_u64).filter(|_| active);
        id.map(|id| id.to_string()).ok_or_else(|| ProviderError::Gone { name: self.label() })
    }

    async fn find(&self, fresh: Duration) -> Result<Arc<Found>, ProviderError> {
        // Held while it is looked up: those who come meanwhile get what the first one finds.
        let mut known = self.found.lock().await;
        if let Some((at, found)) = &*known
            && at.elapsed() < fresh
        {
            return Ok(Arc::clone(found));
        }
        match discovery::find(&self.config, &self.fetch).await {
            Ok(found) => {
                let found = Arc::new(found);
                *known = Some((Instant::now(), Arc::clone(&found)));
                Ok(found)
            }
            Err(NotFound::Away(why)) => match &*known {
                // What was true a while ago is so still, most likely; a wrong key would be noticed.
                Some((_, found)) => Ok(Arc::clone(found)),
                None => Err(ProviderError::Away { name: self.label(), why }),
            },
            Err(NotFound::Wrong(why)) => Err(self.wrong(&why)),
        }
    }

    /// As if some time had passed since it was looked up.
    #[cfg(test)]
    pub(crate) async fn forget_age(&self) {
        if let Some((at, _)) = &mut *self.found.lock().await {
            *at -= AGAIN;
        }
    }

    fn client(&self, found: &Found) -> Result<Client, ProviderError> {
        let redirect = RedirectUrl::new(self.redirect.clone()).map_err(|error| self.wrong(&error.to_string()))?;
        let id = ClientId::new(self.config.client_id.clone());
        let mut client = CoreClient::new(id, found.issuer.clone(), found.keys.clone())
            .set_auth_uri(found.authorize.clone())
            .set_token_uri(found.token.clone())
            .set_redirect_uri(redirect)
            .disable_openid_scope();
        if found.secret_in_body {
            client = client.set_auth_type(AuthType::RequestBody);
        }
        Ok(match &self.secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().clone())),
            None => client,
        })
    }

    /// The claims of an ID token that is this provider's, for us, for this very flow, and in time.
    async fn verified(
        &self,
        token: &CoreIdToken,
        found: Arc<Found>,
        flow: &Flow,
    ) -> Result<Map<String, Value>, ProviderError> {
        let nonce = Nonce::new(flow.nonce.clone());
        let look = |found: &Found| {
            let client = self.client(found)?;
            let verifier = client.id_token_verifier().set_allowed_algs(found.signing.iter().cloned());
            Ok::<_, ProviderError>(token.claims(&verifier, &nonce).map(drop))
        };
        let mut looked = look(&found)?;
        let rotated = matches!(
            &looked,
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_)
            ))
        );
        if rotated {
            looked = look(&*self.find(AGAIN).await?)?;
        }
        looked.map_err(|error| match error {
            ClaimsVerificationError::InvalidNonce(_) => ProviderError::Foreign,
            error => self.wrong(&format!("its ID token: {error}")),
        })?;
        // The very text whose signature was found good.
        let text = Secret::from(token.to_string());
        let payload = text.expose().split('.').nth(1).unwrap_or_default();
        let octets = URL_SAFE_NO_PAD.decode(payload).map_err(|_| self.wrong("its ID token cannot be read"))?;
        serde_json::from_slice(&octets).map_err(|_| self.wrong("its ID token cannot be read"))
    }

    fn groups_claim(&self) -> &str {
        if self.config.groups_claim.is_empty() { "groups" } else { &self.config.groups_claim }
    }

    fn person(&self, claims: &Map<String, Value>) -> Result<Person, ProviderError> {
        Person::of_claims(claims, self.groups_claim()).ok_or_else(|| self.wrong("it does not say who somebody is"))
    }

    async fn claims(&self, found: &Found, grant: &Grant) -> Result<Map<String, Value>, ProviderError> {
        let Some(url) = &found.claims else { return Ok(Map::new()) };
        match self.get(url.as_str(), grant).await? {
            Value::Object(claims) => Ok(claims),
            _ => Err(self.wrong("its claims are no object")),
        }
    }

    async fn github(&self, found: &Found, grant: &Grant) -> Result<Person, ProviderError> {
        let user = found.claims.as_ref().map(Url::as_str).unwrap_or_default();
        let who = self.get(user, grant).await?;
        let mails = self.get(&format!("{user}/emails"), grant).await.unwrap_or_default();
        // Without its organisations somebody is less, never more; but if they are what lets people in, it must answer.
        let organisations = self.get(&format!("{user}/orgs?per_page=100"), grant).await;
        let organisations = match organisations {
            Err(error) if !self.config.allow_groups.is_empty() => return Err(error),
            other => other.unwrap_or_default(),
        };
        Person::of_github(&who, &mails, &organisations).ok_or_else(|| self.wrong("it does not say who somebody is"))
    }

    async fn get(&self, url: &str, grant: &Grant) -> Result<Value, ProviderError> {
        let request = http::Request::get(url)
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::AUTHORIZATION, format!("Bearer {}", grant.access))
            .body(Vec::new())
            .map_err(|_| self.wrong("one of its addresses cannot be asked"))?;
        let answer = self.fetch.send(request).await.map_err(|error| self.fetch_error(error))?;
        let page = |answer: &http::Response<Vec<u8>>| {
            let kind = answer.headers().get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
        };
        match answer.status().as_u16() {
            // Gitea shows those whom it has blocked a page that says so, and calls that a good answer.
            200 if page(&answer) => Err(ProviderError::Gone { name: self.label() }),
            200 => serde_json::from_slice(answer.body())
                .map_err(|_| self.wrong("it answered with something else than JSON")),
            401 | 403 => Err(ProviderError::Gone { name: self.label() }),
            // 429 and what is its own fault pass.
            429 | 500.. => Err(ProviderError::Away { name: self.label(), why: answer.status().to_string() }),
            status => Err(self.wrong(&format!("it answered {status}"))),
        }
    }

    fn wrong(&self, why: &str) -> ProviderError {
        ProviderError::Wrong { name: self.label(), why: short(why) }
    }

    fn fetch_error(&self, error: FetchError) -> ProviderError {
        match error {
            FetchError::Long => self.wrong(&error.to_string()),
            other => ProviderError::Away { name: self.label(), why: other.to_string() },
        }
    }

    fn token_error<T>(&self, error: RequestTokenError<FetchError, T>) -> ProviderError
    where
        T: openidconnect::ErrorResponse + std::fmt::Display,
    {
        match error {
            // `invalid_grant`: used, expired, taken back, or made for another; and whatever else it says no with.
            RequestTokenError::ServerResponse(said) => {
                let said = said.to_string();
                tracing::info!(provider = self.name, said = short(&said), "a provider refused a token request");
                match said.contains("invalid_grant") {
                    true => ProviderError::Gone { name: self.label() },
                    false => self.wrong(&format!("it refused: {said}")),
                }
            }
            RequestTokenError::Request(error) => self.fetch_error(error),
            // What came is not told: it may hold a token.
            RequestTokenError::Parse(..) => self.wrong("its answer to the code is not what the standard says"),
            RequestTokenError::Other(why) => self.wrong(&why),
        }
    }
}

fn grant(answer: &CoreTokenResponse, now: i64, old_refresh: Option<&String>) -> Grant {
    let life = answer.expires_in().and_then(|life| i64::try_from(life.as_secs()).ok());
    Grant {
        access: AccessToken::secret(answer.access_token()).clone(),
        // Who gives no new one means the old one to be used again.
        refresh: answer.refresh_token().map(|token| token.secret().clone()).or_else(|| old_refresh.cloned()),
        until: life.map(|life| now.saturating_add(life)),
    }
}
