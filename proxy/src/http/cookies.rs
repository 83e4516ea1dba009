//! Cookies: finding ours, and keeping ours from everybody else.

use dormer_auth::cookie;
use http::HeaderMap;
use http::header::COOKIE;

/// Sessions that a request may carry. A page of a sibling host can add cookies of our name where there is no TLS;
/// the right one is then somewhere among them, and looking through many is not worth it.
const MOST: usize = 4;

/// The values of the cookie `name`.
pub(super) fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(move |pair| pair.trim().split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
        .take(MOST)
}

/// One `Cookie` value without ours. None when nothing is left; the other cookies stay as they are, octet by octet.
pub(super) fn without_ours<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for pair in values.flat_map(|value| value.split(|b| *b == b';')) {
        let pair = pair.trim_ascii();
        if pair.is_empty() || is_ours(pair) {
            continue;
        }
        if !out.is_empty() {
            out.extend_from_slice(b"; ");
        }
        out.extend_from_slice(pair);
    }
    (!out.is_empty()).then_some(out)
}

/// Whether a `Cookie` pair or a `Set-Cookie` value is about a cookie of ours.
pub(super) fn is_ours(pair: &[u8]) -> bool {
    let end = pair.iter().position(|b| matches!(b, b'=' | b';')).unwrap_or(pair.len());
    let name = pair.get(..end).unwrap_or_default().trim_ascii();
    std::str::from_utf8(name).is_ok_and(cookie::is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_removed_and_others_stay() {
        for (cookie, want) in [
            ("a=1; dormer_session=x; b=2", Some("a=1; b=2")),
            ("dormer_session=x", None),
            ("__Host-dormer_session=x;a=\"1;2\"", Some("a=\"1; 2\"")),
            ("dormer_binding=x; ; a", Some("a")),
            (" dormer_session =x; a==", Some("a==")),
            ("DORMER_SESSION=x; dormer_session2=y", Some("dormer_session2=y")),
            ("", None),
        ] {
            let left = without_ours([cookie.as_bytes()].into_iter());
            assert_eq!(left.as_deref().map(|left| std::str::from_utf8(left).unwrap()), want, "{cookie}");
        }
    }

    #[test]
    fn all_of_that_name_are_found() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=1; dormer_session=x; xdormer_session=n".parse().unwrap());
        headers.append(COOKIE, "dormer_session=y=z".parse().unwrap());
        assert_eq!(values(&headers, "dormer_session").collect::<Vec<_>>(), ["x", "y=z"]);
    }
}
