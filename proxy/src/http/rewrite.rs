//! Requests that become others, and answers that lose a part, on their way through pingora.

use http::header;
use http::{HeaderMap, HeaderValue, Method};
use pingora::http::{RequestHeader, ResponseHeader};

use super::decide::Page;
use super::headers;

/// Makes the request one for a page of ours.
pub(super) fn become_page(request: &mut RequestHeader, original: &[u8], page: Page) -> pingora::Result<()> {
    let head = request.method == Method::HEAD;
    request.set_method(if head { Method::HEAD } else { Method::GET });
    request.set_raw_path(page.path())?;
    for name in [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONTENT_TYPE,
        header::EXPECT,
        header::RANGE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
    ] {
        request.remove_header(&name);
    }
    if let Ok(original) = HeaderValue::from_bytes(original) {
        request.insert_header("dormer-original-uri", original)?;
    }
    if let Page::Unavailable { reason, port } = page {
        request.insert_header("dormer-reason", reason)?;
        if let Some(port) = port {
            request.insert_header("dormer-port", port.to_string())?;
        }
    }
    Ok(())
}

/// Drops what a workspace says about cookies of ours.
pub(super) fn keep_our_cookies(response: &mut ResponseHeader) -> pingora::Result<()> {
    let values =
        |fields: &HeaderMap| -> Vec<HeaderValue> { fields.get_all(header::SET_COOKIE).iter().cloned().collect() };
    let all = values(&response.headers);
    if !all.iter().any(|value| headers::set_cookie_dropped(value.as_bytes())) {
        return Ok(());
    }
    response.remove_header(&header::SET_COOKIE);
    for value in all.into_iter().filter(|value| !headers::set_cookie_dropped(value.as_bytes())) {
        response.append_header(header::SET_COOKIE, value)?;
    }
    Ok(())
}
