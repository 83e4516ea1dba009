//! Where a provider's endpoints and keys are.

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, AuthUrl, DiscoveryError, IssuerUrl, ProviderMetadata, TokenUrl};
use serde::{Deserialize, Serialize};
use url::Url;

use super::config::{Config, Kind};
use super::fetch::{Fetch, FetchError};

/// What RFC 9207 adds to a provider's description.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Issued {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Issued {}

type Metadata = ProviderMetadata<
    Issued,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Where a provider's endpoints and keys are.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub issuer: IssuerUrl,
    pub authorize: AuthUrl,
    pub token: TokenUrl,
    /// Where claims about whoever owns an access token are; of GitHub, its API.
    pub claims: Option<Url>,
    pub keys: CoreJsonWebKeySet,
    /// The ways of signing that are accepted: with a key pair, never with a secret that we have, too.
    pub signing: Vec<CoreJwsSigningAlgorithm>,
    /// Whether it says in each answer who it is.
    pub names_itself: bool,
    /// Whether it wants our secret in the body rather than in a header.
    pub secret_in_body: bool,
}

/// Why nothing was found.
pub(super) enum NotFound {
    /// It does not answer.
    Away(String),
    /// What it says cannot be right.
    Wrong(String),
}

/// Looks it up.
pub(super) async fn find(config: &Config, fetch: &Fetch) -> Result<Found, NotFound> {
    let address = config.address().map_err(NotFound::Wrong)?;
    if config.kind == Kind::Github {
        return github(&address).map_err(|error| NotFound::Wrong(error.to_string()));
    }
    let base = address.as_str().trim_end_matches('/');
    // An issuer is compared octet by octet, and providers differ in whether theirs ends with a slash.
    let found = match describe(base, fetch).await {
        Err(DiscoveryError::Validation(_)) => describe(&format!("{base}/"), fetch).await,
        other => other,
    };
    let metadata = found.map_err(|error| match error {
        DiscoveryError::Request(FetchError::Long) => NotFound::Wrong(FetchError::Long.to_string()),
        DiscoveryError::Request(error) => NotFound::Away(error.to_string()),
        DiscoveryError::Response(status, ..) if status.is_server_error() => NotFound::Away(status.to_string()),
        DiscoveryError::Response(_, _, why) => NotFound::Wrong(short(&why)),
        other => NotFound::Wrong(short(&other.to_string())),
    })?;
    let token = metadata.token_endpoint().cloned().ok_or_else(|| NotFound::Wrong("it has no token endpoint".into()))?;
    let claims = metadata.userinfo_endpoint().map(|url| url.url().clone());
    let secure = address.scheme() == "https";
    let endpoints = [Some(metadata.authorization_endpoint().url()), Some(token.url()), claims.as_ref()];
    if secure && endpoints.into_iter().flatten().any(|url| url.scheme() != "https") {
        return Err(NotFound::Wrong("one of its endpoints is not https".into()));
    }
    let by_secret = |way: &CoreJwsSigningAlgorithm| {
        use CoreJwsSigningAlgorithm as Way;
        matches!(way, Way::HmacSha256 | Way::HmacSha384 | Way::HmacSha512 | Way::None)
    };
    let ways = metadata.id_token_signing_alg_values_supported().iter().filter(|way| !by_secret(way)).cloned().collect();
    let methods = metadata.token_endpoint_auth_methods_supported();
    let secret_in_body = methods.is_some_and(|methods| {
        methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
    });
    Ok(Found {
        issuer: metadata.issuer().clone(),
        authorize: metadata.authorization_endpoint().clone(),
        token,
        claims,
        keys: metadata.jwks().clone(),
        signing: ways,
        names_itself: metadata.additional_metadata().authorization_response_iss_parameter_supported,
        secret_in_body,
    })
}

async fn describe(issuer: &str, fetch: &Fetch) -> Result<Metadata, DiscoveryError<FetchError>> {
    let issuer = IssuerUrl::new(issuer.to_string()).map_err(DiscoveryError::UrlParse)?;
    Metadata::discover_async(issuer, fetch).await
}

/// GitHub says nothing about itself: its endpoints are in its documentation.
fn github(address: &Url) -> Result<Found, url::ParseError> {
    let base = address.as_str().trim_end_matches('/');
    let api = match address.host_str() {
        Some("github.com") => "https://api.github.com".to_string(),
        _ => format!("{base}/api/v3"),
    };
    Ok(Found {
        issuer: IssuerUrl::new(base.to_string())?,
        authorize: AuthUrl::new(format!("{base}/login/oauth/authorize"))?,
        token: TokenUrl::new(format!("{base}/login/oauth/access_token"))?,
        claims: Some(Url::parse(&format!("{api}/user"))?),
        keys: CoreJsonWebKeySet::new(Vec::new()),
        signing: Vec::new(),
        names_itself: false,
        secret_in_body: true,
    })
}

pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
