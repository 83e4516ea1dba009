//! Styles, scripts and the logo, as they were built in.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use dormer_auth::digest::digest;

use crate::problem::Refused;

struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    tag: String,
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {{
        let text = include_str!(concat!("../../static/", $name));
        let tag: String = digest(text).iter().take(12).map(|octet| format!("{octet:02x}")).collect();
        Asset { name: $name, kind: $kind, text, tag: format!("\"{tag}\"") }
    }};
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        asset!("dormer.css", "text/css; charset=utf-8"),
        asset!("dormer.svg", "image/svg+xml"),
        asset!("access.js", "text/javascript; charset=utf-8"),
        asset!("api.js", "text/javascript; charset=utf-8"),
        asset!("chrome.js", "text/javascript; charset=utf-8"),
        asset!("dashboard.js", "text/javascript; charset=utf-8"),
        asset!("device.js", "text/javascript; charset=utf-8"),
        asset!("go.js", "text/javascript; charset=utf-8"),
        asset!("login.js", "text/javascript; charset=utf-8"),
        asset!("message.js", "text/javascript; charset=utf-8"),
        asset!("new.js", "text/javascript; charset=utf-8"),
        asset!("ssh.js", "text/javascript; charset=utf-8"),
        asset!("tab.js", "text/javascript; charset=utf-8"),
        asset!("ticket.js", "text/javascript; charset=utf-8"),
        asset!("waiting.js", "text/javascript; charset=utf-8"),
    ]
});

/// Serves one. A browser asks each time whether it changed, so a new gateway's pages never get an old one's scripts.
pub async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == file) else {
        return Refused::not_found("file").into_response();
    };
    answer(asset, &headers)
}

/// Serves the script that the proxy adds to the editor's page.
pub async fn tab(headers: HeaderMap) -> Response {
    serve(Path("tab.js".into()), headers).await
}

fn answer(asset: &Asset, headers: &HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let same = known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == asset.tag);
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.kind)], asset.text).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.extend(HeaderValue::try_from(asset.tag.as_str()).ok().map(|tag| (header::ETAG, tag)));
    response
}
