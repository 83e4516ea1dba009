//! Reading and setting cookies (RFC 6265).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use dormer_core::secret::Secret;

/// How many cookies of one name are looked at. A workspace's page can toss more of them at its parent's hosts.
const MAX_TRIED: usize = 8;

/// The values of all cookies of that name.
pub fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(move |(key, value)| (key == name).then_some(value))
        .take(MAX_TRIED)
}

/// A cookie for this host only, which scripts cannot read.
pub fn set(name: &str, value: &Secret, life: Duration, tls: bool) -> Option<HeaderValue> {
    let secure = if tls { "; Secure" } else { "" };
    let text = format!("{name}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", value.expose(), life.as_secs());
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Removes a cookie.
pub fn clear(name: &str, tls: bool) -> Option<HeaderValue> {
    set(name, &Secret::from(String::new()), Duration::ZERO, tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; dormer_session=x;dormer_session=y".parse().unwrap());
        headers.append(header::COOKIE, "xdormer_session=no; dormer_session=z=z".parse().unwrap());
        assert_eq!(values(&headers, "dormer_session").collect::<Vec<_>>(), ["x", "y", "z=z"]);
        let set = set("n", &Secret::from("v".to_string()), Duration::from_secs(5), true).unwrap();
        assert_eq!(set, "n=v; Path=/; Max-Age=5; HttpOnly; SameSite=Lax; Secure");
        assert!(set.is_sensitive());
    }
}
