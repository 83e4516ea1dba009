//! Against a stand-in of ours: answers in the shape that the hosts' published API descriptions give, cut to what is read.
//!
//! This proves what is asked for and what is made of such an answer. It does not prove that GitLab, GitHub or Bitbucket
//! answer so: none of them can run here. Gitea can, and is asked for real in `tests/local/forge.rs`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use dormer_core::ports::forge::{Credential, RequestState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// A host: paths to JSON, 404 for the rest. Remembers what it was asked.
struct Host {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Host {
    async fn with(answers: &[(&str, String)]) -> Host {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let answers: HashMap<String, String> =
            answers.iter().map(|(path, body)| (path.to_string(), body.clone())).collect();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let kept = heads.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0u8; 8192];
                let n = stream.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..n]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_string();
                kept.lock().unwrap().push(head);
                let (status, body) = match answers.get(&path) {
                    Some(body) => ("200 OK", body.replace("PORT", &port.to_string())),
                    None => ("404 Not Found", "{\"message\":\"404 Not Found\"}".to_string()),
                };
                let text = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        Host { port, heads }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    async fn ask(&self, flavour: Flavour, path: &str) -> Result<Request, GuardError> {
        let address = read(&self.url(path), Beside::default()).unwrap().address;
        let credential =
            Credential { username: "ann".into(), password: Secret::new("t0ken".to_string()), expires_at: None };
        let guard = Guard::default();
        let api = Api { guard: &guard, reach: Reach::Own, address: &address, credential: Some(&credential) };
        api.request(flavour, 7).await
    }
}

fn gitlab(state: &str, source: &str) -> String {
    format!(
        r#"{{"id":1,"iid":7,"project_id":3,"title":"Add it","description":null,"state":"{state}","created_at":"2026-01-01T00:00:00Z",
        "author":{{"id":1,"username":"bob","name":"Bob","state":"active","web_url":"http://127.0.0.1:PORT/bob"}},
        "source_branch":"feature/x","target_branch":"main","source_project_id":{source},"target_project_id":3,
        "sha":"8888888888888888888888888888888888888888","merge_commit_sha":null,"draft":false,
        "web_url":"http://127.0.0.1:PORT/group/sub/app/-/merge_requests/7","diff_refs":{{"base_sha":"a","head_sha":"b"}}}}"#
    )
}

#[tokio::test]
async fn gitlab_with_groups_a_path_and_forks() {
    let at = |prefix: &str, project: &str| format!("{prefix}/api/v4/projects/{project}/merge_requests/7");
    let host = Host::with(&[
        (&at("", "group%2Fsub%2Fapp"), gitlab("opened", "3")),
        (&at("", "group%2Fforked"), gitlab("merged", "9")),
        (&at("", "group%2Fgone"), gitlab("closed", "10")),
        (&at("", "group%2Fdeleted"), gitlab("closed", "null")),
        (&at("/git", "group%2Fapp"), gitlab("locked", "3")),
        ("/api/v4/projects/9", r#"{"id":9,"http_url_to_repo":"http://127.0.0.1:PORT/bob/app.git"}"#.into()),
    ])
    .await;
    let request = host.ask(Flavour::GitLab, "/group/sub/app.git").await.unwrap();
    assert_eq!((request.title.as_str(), request.author.as_str(), request.state), ("Add it", "bob", RequestState::Open));
    assert_eq!(
        (request.branch.as_deref(), request.fork, request.target.as_deref()),
        (Some("feature/x"), None, Some("main"))
    );
    assert_eq!(request.page, Some(host.url("/group/sub/app/-/merge_requests/7")));
    let forked = host.ask(Flavour::GitLab, "/group/forked").await.unwrap();
    assert_eq!((forked.fork, forked.state), (Some(host.url("/bob/app.git")), RequestState::Merged));
    for gone in ["/group/gone", "/group/deleted"] {
        let gone = host.ask(Flavour::GitLab, gone).await.unwrap();
        assert_eq!((gone.fork_gone, gone.fork, gone.branch, gone.state), (true, None, None, RequestState::Closed));
    }
    assert_eq!(host.ask(Flavour::GitLab, "/git/group/app.git").await.unwrap().state, RequestState::Open);
    assert!(matches!(host.ask(Flavour::GitLab, "/no/such").await, Err(GuardError::Status(404))));
    let heads = host.heads.lock().unwrap();
    assert!(heads.iter().all(|head| head.to_lowercase().contains("authorization: bearer t0ken")), "{heads:?}");
}

fn pull(number: u64, state: &str, merged: bool, head: &str) -> String {
    format!(
        r#"{{"id":1,"number":{number},"state":"{state}","merged":{merged},"merged_at":null,"title":"Add\u0007 it","draft":false,
        "user":{{"login":"bob","id":2}},"head":{head},
        "base":{{"label":"ann:main","ref":"main","sha":"2","repo":{{"id":1,"full_name":"ann/app","clone_url":"http://127.0.0.1:PORT/ann/app.git"}}}},
        "html_url":"http://127.0.0.1:PORT/ann/app/pull/7"}}"#
    )
}

fn end(name: &str, repo: &str) -> String {
    format!(r#"{{"label":"bob:{name}","ref":"{name}","sha":"1","repo":{repo}}}"#)
}

#[tokio::test]
async fn github_and_gitea_have_one_shape() {
    let own = r#"{"full_name":"ann/app","clone_url":"http://127.0.0.1:PORT/ann/app.git"}"#;
    let bobs = r#"{"full_name":"bob/app","clone_url":"http://127.0.0.1:PORT/bob/app.git"}"#;
    let evil = r#"{"full_name":"bob/app","clone_url":"https://evil.example/bob/app.git"}"#;
    let runs = r#"{"full_name":"bob/app","clone_url":"ext::sh -c touch% /tmp/x"}"#;
    for (flavour, api) in [(Flavour::GitHub, "/api/v3"), (Flavour::Gitea, "/api/v1"), (Flavour::Gitea, "/git/api/v1")] {
        let at = |name: &str| format!("{api}/repos/ann/{name}/pulls/7");
        let host = Host::with(&[
            (&at("app"), pull(7, "open", false, &end("feature", own))),
            (&at("forked"), pull(7, "open", false, &end("a/b#c%d", bobs))),
            (&at("merged"), pull(7, "closed", true, &end("feature", own))),
            (&at("gone"), pull(7, "closed", false, &end("feature", "null"))),
            (&at("branchless"), pull(7, "open", false, &end("refs/pull/7/head", own))),
            (&at("evil"), pull(7, "open", false, &end("feature", evil))),
            (&at("runs"), pull(7, "open", false, &end("--upload-pack=x", runs))),
        ])
        .await;
        let below = api.strip_suffix("/api/v1").unwrap_or_default();
        let ask = async |name: &str| host.ask(flavour, &format!("{below}/ann/{name}")).await.unwrap();
        let plain = ask("app").await;
        assert_eq!((plain.number, plain.title.as_str(), plain.fork), (7, "Add it", None));
        let forked = ask("forked").await;
        assert_eq!((forked.branch.as_deref(), forked.fork), (Some("a/b#c%d"), Some(host.url("/bob/app.git"))));
        assert_eq!(ask("merged").await.state, RequestState::Merged);
        let gone = ask("gone").await;
        assert_eq!((gone.state, gone.fork_gone, gone.branch), (RequestState::Closed, true, None));
        assert_eq!(ask("branchless").await.branch, None);
        // A repository on another host, or a program to run, is not taken from a host's word.
        assert_eq!(ask("evil").await.fork, None);
        let runs = ask("runs").await;
        assert_eq!((runs.fork, runs.branch), (None, None));
    }
}

#[tokio::test]
async fn bitbucket_server() {
    let body = r#"{"id":7,"version":1,"title":"Add it","state":"DECLINED","open":false,"closed":true,
        "author":{"user":{"name":"bob","emailAddress":"b@x","slug":"bob"},"role":"AUTHOR"},
        "fromRef":{"id":"refs/heads/f/x","displayId":"f/x","latestCommit":"1","repository":{"slug":"r","project":{"key":"~BOB"}}},
        "toRef":{"id":"refs/heads/main","displayId":"main","latestCommit":"2","repository":{"slug":"r","project":{"key":"KEY"}}}}"#;
    let host = Host::with(&[("/bb/rest/api/1.0/projects/key/repos/r/pull-requests/7", body.into())]).await;
    let request = host.ask(Flavour::BitbucketServer, "/bb/scm/key/r.git").await.unwrap();
    assert_eq!((request.state, request.branch.as_deref()), (RequestState::Closed, Some("f/x")));
    assert_eq!(request.fork, Some(host.url("/bb/scm/~bob/r.git")));
}

#[tokio::test]
async fn hostile_shapes_are_no_answer() {
    for body in
        ["", "[]", "null", "{}", "7", r#"{"number":"seven"}"#, r#"{"number":-1,"state":7}"#, "{\"number\":7,\"state\":"]
    {
        let host = Host::with(&[("/api/v1/repos/ann/app/pulls/7", body.to_string())]).await;
        assert!(host.ask(Flavour::Gitea, "/ann/app").await.is_err(), "{body}");
    }
}

#[test]
fn web_addresses() {
    for (url, want) in [
        ("https://h/a/b.git", Some("https://h/a/b.git")),
        ("ssh://git@h:2222/a/b.git", Some("https://h/a/b.git")),
        ("ssh://git@[::1]:22/a", Some("https://[::1]/a")),
        ("git@h:a/b", Some("https://h/a/b")),
        ("file:///a", None),
    ] {
        assert_eq!(web_url(url).as_deref(), want, "{url}");
    }
}
