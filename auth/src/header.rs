//! Header fields that carry credentials.

/// The header that carries a token to any host of ours. Lower case; removed before a request goes upstream.
pub const TOKEN_HEADER: &str = "dormer-token";
