//! What git hosts tell by themselves (webhooks): is it theirs, and what does it say. Pure.

use dormer_core::ports::forge::RequestState;
use dormer_core::secret::Secret;
use ring::hmac;
use serde::Deserialize;

use crate::api::web_url;

/// News of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Web and clone addresses of the repository that it is of, without `.git`.
    pub repositories: Vec<String>,
    /// Its number.
    pub number: u64,
    /// Where it stands now.
    pub state: RequestState,
}

/// Whether a body was signed with the secret, by what its headers say. GitHub, Gitea and Bitbucket sign it; GitLab
/// sends the secret itself.
pub fn is_genuine(header: impl Fn(&str) -> Option<String>, body: &[u8], secret: &Secret<String>) -> bool {
    if secret.expose().is_empty() {
        return false;
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let signed = |text: &str| {
        let hex = text.strip_prefix("sha256=").unwrap_or(text);
        from_hex(hex).is_some_and(|tag| hmac::verify(&key, body, &tag).is_ok())
    };
    for name in ["x-hub-signature-256", "x-gitea-signature", "x-forgejo-signature", "x-hub-signature"] {
        if let Some(text) = header(name) {
            // `x-hub-signature` alone may be SHA-1, which is not taken.
            return !text.starts_with("sha1=") && signed(&text);
        }
    }
    match header("x-gitlab-token") {
        // As long as comparing takes is a hint, so two digests are compared.
        Some(token) => {
            let tag = hmac::sign(&key, token.as_bytes());
            hmac::verify(&key, secret.expose().as_bytes(), tag.as_ref()).is_ok()
        }
        None => false,
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 128 {
        return None;
    }
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(pair).collect()
}

#[derive(Deserialize)]
struct Body {
    object_kind: Option<String>,
    object_attributes: Option<Attributes>,
    project: Option<Project>,
    pull_request: Option<Pull>,
    repository: Option<Repository>,
    #[serde(rename = "pullrequest")]
    cloud: Option<Cloud>,
}

#[derive(Deserialize)]
struct Attributes {
    iid: Option<u64>,
    state: Option<String>,
}

#[derive(Deserialize)]
struct Project {
    web_url: Option<String>,
    git_http_url: Option<String>,
}

#[derive(Deserialize)]
struct Pull {
    number: Option<u64>,
    state: Option<String>,
    merged: Option<bool>,
}

#[derive(Deserialize)]
struct Repository {
    html_url: Option<String>,
    clone_url: Option<String>,
    full_name: Option<String>,
}

#[derive(Deserialize)]
struct Cloud {
    id: u64,
    state: String,
}

/// What a body says. None where it is about something else.
pub fn read(body: &[u8]) -> Option<News> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let (urls, number, state) = match body {
        Body { object_kind: Some(kind), object_attributes: Some(at), project: Some(project), .. }
            if kind == "merge_request" =>
        {
            let state = match at.state?.as_str() {
                "merged" => RequestState::Merged,
                "closed" => RequestState::Closed,
                _ => RequestState::Open,
            };
            (vec![project.web_url, project.git_http_url], at.iid?, state)
        }
        Body { pull_request: Some(pull), repository: Some(repository), .. } => {
            let state = match (pull.merged.unwrap_or_default(), pull.state.as_deref()) {
                (true, _) => RequestState::Merged,
                (false, Some("closed")) => RequestState::Closed,
                (false, _) => RequestState::Open,
            };
            (vec![repository.html_url, repository.clone_url], pull.number?, state)
        }
        Body { cloud: Some(pull), repository: Some(repository), .. } => {
            let state = match pull.state.as_str() {
                "MERGED" => RequestState::Merged,
                "DECLINED" | "SUPERSEDED" => RequestState::Closed,
                _ => RequestState::Open,
            };
            (vec![repository.full_name.map(|name| format!("https://bitbucket.org/{name}"))], pull.id, state)
        }
        _ => return None,
    };
    let mut repositories: Vec<String> = urls.into_iter().flatten().filter_map(|url| comparable(&url)).collect();
    repositories.sort();
    repositories.dedup();
    Some(News { repositories, number, state })
}

/// A repository's address as two of them can be compared: over whichever protocol, with or without `.git`.
pub fn comparable(url: &str) -> Option<String> {
    let web = web_url(url)?;
    let (_, rest) = web.split_once("://")?;
    let rest = rest.trim_end_matches('/');
    let rest = rest.strip_suffix(".git").unwrap_or(rest);
    Some(rest.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret<String> {
        Secret::new("s3cret".to_string())
    }

    fn signature(body: &[u8], key: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        hmac::sign(&key, body).as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn only_what_was_signed_with_the_secret() {
        let body = br#"{"action":"closed"}"#;
        let good = signature(body, "s3cret");
        let table = [
            ("x-gitea-signature", good.clone(), true),
            ("x-hub-signature-256", format!("sha256={good}"), true),
            ("x-hub-signature", format!("sha256={good}"), true),
            ("x-gitlab-token", "s3cret".into(), true),
            ("x-gitea-signature", signature(body, "other"), false),
            ("x-gitea-signature", signature(b"{}", "s3cret"), false),
            ("x-gitea-signature", String::new(), false),
            ("x-gitea-signature", "zz".into(), false),
            ("x-gitea-signature", good[..62].into(), false),
            ("x-hub-signature", format!("sha1={good}"), false),
            ("x-gitlab-token", "s3cre".into(), false),
            ("x-gitlab-token", String::new(), false),
            ("x-other", good, false),
        ];
        for (name, value, genuine) in table {
            let header = |asked: &str| (asked == name).then(|| value.clone());
            assert_eq!(is_genuine(header, body, &secret()), genuine, "{name}: {value}");
        }
        // Without a secret nothing is genuine, an empty key's signature least of all.
        let empty = signature(body, "");
        assert!(!is_genuine(|_| Some(empty.clone()), body, &Secret::new(String::new())));
    }

    #[test]
    fn what_hosts_say() {
        let github = |state: &str, merged: bool| {
            format!(
                r#"{{"action":"closed","number":7,"pull_request":{{"number":7,"state":"{state}","merged":{merged}}},
                "repository":{{"html_url":"https://GitHub.com/o/r","clone_url":"https://github.com/o/r.git"}}}}"#
            )
        };
        let gitlab = r#"{"object_kind":"merge_request","object_attributes":{"iid":3,"state":"merged"},
            "project":{"web_url":"https://gl.example/g/s/p","git_http_url":"https://gl.example/g/s/p.git"}}"#;
        let cloud = r#"{"pullrequest":{"id":4,"state":"DECLINED"},"repository":{"full_name":"o/r"}}"#;
        let news =
            |text: &str| read(text.as_bytes()).map(|news| (news.repositories.join(" "), news.number, news.state));
        let at = |place: &str, number, state| Some((place.to_string(), number, state));
        assert_eq!(news(&github("closed", true)), at("github.com/o/r", 7, RequestState::Merged));
        assert_eq!(news(&github("closed", false)), at("github.com/o/r", 7, RequestState::Closed));
        assert_eq!(news(&github("open", false)), at("github.com/o/r", 7, RequestState::Open));
        assert_eq!(news(gitlab), at("gl.example/g/s/p", 3, RequestState::Merged));
        assert_eq!(news(cloud), at("bitbucket.org/o/r", 4, RequestState::Closed));
        for other in ["", "[]", "{}", r#"{"ref":"refs/heads/main"}"#, r#"{"pull_request":7,"repository":{}}"#] {
            assert_eq!(news(other), None, "{other}");
        }
    }

    #[test]
    fn one_repository_by_all_its_addresses() {
        for url in [
            "https://h.example/o/r",
            "https://h.example/o/r.git/",
            "git@h.example:o/r.git",
            "ssh://git@h.example:2222/o/r",
        ] {
            assert_eq!(comparable(url).as_deref(), Some("h.example/o/r"), "{url}");
        }
        assert_eq!(comparable("http://127.0.0.1:3000/o/r.git").as_deref(), Some("127.0.0.1:3000/o/r"));
        assert_eq!(comparable("file:///srv/x"), None);
    }
}
