//! Signing a command line or a browser in.

use serde::{Deserialize, Serialize};

/// The body of `POST /login/device`: a command line wants to be signed in by a browser elsewhere (after RFC 8628).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BeginDevice {
    /// The machine's name, for the person who is asked.
    pub machine: String,
}

/// The answer: what to show, and what to ask with.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceBegun {
    /// What the command line asks with. A secret.
    pub device_code: String,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// Seconds until it is over.
    pub expires_in: u64,
    /// Seconds between two questions.
    pub interval: u64,
}

/// The body of `POST /login/token`: a device code, or a code that the browser handed over with its verifier.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedeemCode {
    /// From [`DeviceBegun`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_code: Option<String>,
    /// From the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the challenge was the digest of (RFC 7636).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
}

/// The body of `POST /login/exchange`: a personal token of a git host, for one of ours.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExchangeToken {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The personal token. It is asked about once, and kept nowhere.
    pub token: String,
    /// What the new token is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `all`, `read`, `ssh` or `workspace:<name>`; `read` when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Seconds until it expires: an hour when it is missing, a day at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// The answer to `POST /me/link`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SignInLink {
    /// Signs a browser in as the caller: once, and for some minutes. The secret is in its fragment.
    pub sign_in_link: String,
}
