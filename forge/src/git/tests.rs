//! Against real repositories in temporary folders: `file:` URLs, and git's own HTTP server behind a small CGI gateway.

use std::path::Path;
use std::process::{Command, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::*;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let set = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main", "-c", "tag.gpgSign=false"];
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(set)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}

/// A bare repository `srv/app.git`, and its commits: the first one, main, feature/x.
struct Repository {
    folder: tempfile::TempDir,
    first: String,
    main: String,
    feature: String,
}

impl Repository {
    fn new() -> Repository {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        git(&work, &["init", "-q"]);
        let write = |path: &str, text: &str| {
            let path = work.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let commit = |message: &str| {
            git(&work, &["add", "-A"]);
            git(&work, &["commit", "-q", "--allow-empty", "-m", message]);
            git(&work, &["rev-parse", "HEAD"])
        };
        write("README.md", "# app\n");
        let first = commit("first");
        git(&work, &["tag", "-a", "v1", "-m", "v1"]);
        write("devfile.yaml", "schemaVersion: 2.2.0\n");
        write(".devfile/b.yaml", "b");
        write(".devfile/a.yaml", "a");
        write("docs/dev.yaml", "docs");
        write("huge.yaml", &"#".repeat(MAX + 1));
        std::os::unix::fs::symlink("/etc/passwd", work.join("link.yaml")).unwrap();
        let main = commit("main");
        git(&work, &["checkout", "-q", "-b", "feature/x"]);
        write(".devfile.yaml", "feature");
        let feature = commit("feature");
        git(&work, &["update-ref", "refs/pull/7/head", &feature]);
        git(&work, &["checkout", "-q", "main"]);
        std::fs::create_dir(folder.path().join("srv")).unwrap();
        git(folder.path(), &["clone", "-q", "--mirror", "work", "srv/app.git"]);
        git(folder.path(), &["init", "-q", "--bare", "srv/empty.git"]);
        Repository { folder, first, main, feature }
    }

    fn url(&self) -> String {
        format!("file://{}/srv/app.git", self.folder.path().display())
    }
}

const MAX: usize = 1 << 20;

fn asked(url: &str) -> Asked {
    Asked { url: url.into(), local: true, ..Asked::default() }
}

async fn resolve(asked: &Asked) -> Result<Resolved, ForgeError> {
    Git::new(Config { limit: Duration::from_secs(30), ..Config::default() }).resolve(asked).await
}

#[tokio::test]
async fn a_repository_by_everything_that_names_a_commit() {
    let repository = Repository::new();
    let url = repository.url();
    let found = |path: &str, text: &str| Some((path.to_string(), text.to_string()));
    let main = || found("devfile.yaml", "schemaVersion: 2.2.0\n");
    let short = repository.feature[..10].to_string();
    let table = [
        (None, None, None, &repository.main, main()),
        (Some("main"), None, Some("main"), &repository.main, main()),
        (Some("feature/x"), None, Some("feature/x"), &repository.feature, found(".devfile.yaml", "feature")),
        (Some("v1"), None, Some("v1"), &repository.first, None),
        (Some(repository.first.as_str()), None, Some(repository.first.as_str()), &repository.first, None),
        (
            Some(short.as_str()),
            None,
            Some(repository.feature.as_str()),
            &repository.feature,
            found(".devfile.yaml", "feature"),
        ),
        (None, Some(7), None, &repository.feature, found(".devfile.yaml", "feature")),
    ];
    for (reference, request, name, commit, devfile) in table {
        let asked = Asked { reference: reference.map(Into::into), merge_request: request, ..asked(&url) };
        let got = resolve(&asked).await.unwrap_or_else(|error| panic!("{reference:?} {request:?}: {error}"));
        let source = &got.source;
        assert_eq!(
            (source.url.as_str(), source.reference.as_deref(), source.commit.as_ref()),
            (url.as_str(), name, Some(commit))
        );
        assert_eq!((source.merge_request, source.fetch.is_some()), (request, request.is_some()));
        assert_eq!(got.devfile, devfile, "{reference:?} {request:?}");
        assert_eq!(got.repository, "app");
    }
    assert_eq!(resolve(&asked(&url)).await.unwrap().others, [".devfile/a.yaml", ".devfile/b.yaml"]);
}

#[tokio::test]
async fn a_devfile_where_it_was_said_to_be() {
    let repository = Repository::new();
    let at = async |path: &str| resolve(&Asked { devfile_path: Some(path.into()), ..asked(&repository.url()) }).await;
    assert_eq!(at("docs/dev.yaml").await.unwrap().devfile.unwrap().1, "docs");
    for missing in ["none.yaml", "docs", "link.yaml"] {
        assert!(matches!(at(missing).await, Err(ForgeError::NoRef { .. })), "{missing}");
    }
    for bad in ["../x", "/etc/passwd", "-x", "", "a//b", "huge.yaml"] {
        assert!(matches!(at(bad).await, Err(ForgeError::Invalid(_))), "{bad}");
    }
}

#[tokio::test]
async fn what_is_not_there() {
    let repository = Repository::new();
    let none = format!("file://{}/srv/none.git", repository.folder.path().display());
    assert!(matches!(resolve(&asked(&none)).await, Err(ForgeError::NoRepository(_))));
    let unknown = "0123456789abcdef0123456789abcdef01234567";
    for (reference, request) in [(Some("none"), None), (Some(unknown), None), (Some("fffffff"), None), (None, Some(8))]
    {
        let asked = Asked { reference: reference.map(Into::into), merge_request: request, ..asked(&repository.url()) };
        let error = resolve(&asked).await.unwrap_err();
        assert!(matches!(error, ForgeError::NoRef { .. }), "{reference:?} {error:?}");
    }
    let empty = format!("file://{}/srv/empty.git", repository.folder.path().display());
    let got = resolve(&asked(&empty)).await.unwrap();
    assert_eq!((got.source.commit, got.devfile), (None, None));
}

#[tokio::test]
async fn what_is_not_allowed() {
    let repository = Repository::new();
    let foreign = Asked { local: false, ..asked(&repository.url()) };
    assert!(matches!(resolve(&foreign).await, Err(ForgeError::Invalid(_))));
    for url in [
        "http://127.0.0.1:1/a/b",
        "http://localhost/a/b",
        "http://[::1]/a/b",
        "http://169.254.169.254/a/b",
        "http://x.localhost/a/b",
        "http://[::ffff:127.0.0.1]/a",
        "http://2130706433/a/b",
        "git@localhost:x",
        "ssh://git@127.0.0.1:2222/x",
        "http://10.0.0.1/a/b",
        "http://192.168.1.1/a/b",
        "http://100.100.100.200/latest",
        "http://[fd00:ec2::254]/latest/a",
    ] {
        let error = resolve(&Asked { local: false, ..asked(url) }).await.unwrap_err();
        assert!(error.to_string().contains("not allowed"), "{url}: {error}");
    }
    let only = Git::new(Config::allowing("a.example").unwrap());
    let error = only.resolve(&asked("https://b.example/a/b")).await.unwrap_err();
    assert!(matches!(error, ForgeError::NotAllowed(_)), "{error}");
}

#[tokio::test]
async fn a_host_that_does_not_answer() {
    // A port that nothing listens on: it was ours a moment ago.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = asked(&format!("http://127.0.0.1:{port}/a/b"));
    let plain = Git::new(Config { limit: Duration::from_secs(1), ..Config::default() });
    // It accepts and says nothing.
    assert!(matches!(plain.resolve(&silent).await, Err(ForgeError::Unreachable { .. })));
    drop(listener);
    assert!(matches!(resolve(&silent).await, Err(ForgeError::Unreachable { .. })));
}

/// `git http-backend`, one request a connection: enough HTTP for git and no more.
async fn serve(root: std::path::PathBuf) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let root = root.clone();
            tokio::spawn(async move {
                let (read, mut write) = stream.split();
                let mut read = BufReader::new(read);
                let mut lines = Vec::new();
                loop {
                    let mut line = String::new();
                    read.read_line(&mut line).await.unwrap();
                    if line.trim().is_empty() {
                        break;
                    }
                    lines.push(line.trim().to_string());
                }
                let header = |name: &str| {
                    let found = lines
                        .iter()
                        .filter_map(|line| line.split_once(": "))
                        .find(|(key, _)| key.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| value.to_string()).unwrap_or_default()
                };
                let Some(first) = lines.first() else { return };
                let mut words = first.split(' ');
                let (method, target) = (words.next().unwrap().to_string(), words.next().unwrap().to_string());
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
                read.read_exact(&mut body).await.unwrap();
                let mut child = tokio::process::Command::new("git")
                    .args(["http-backend"])
                    .env("GIT_PROJECT_ROOT", &root)
                    .env("GIT_HTTP_EXPORT_ALL", "1")
                    .env("REQUEST_METHOD", method)
                    .env("PATH_INFO", path)
                    .env("QUERY_STRING", query)
                    .env("CONTENT_TYPE", header("content-type"))
                    .env("CONTENT_LENGTH", body.len().to_string())
                    .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
                    .env("GIT_PROTOCOL", header("git-protocol"))
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                child.stdin.take().unwrap().write_all(&body).await.unwrap();
                let answer = child.wait_with_output().await.unwrap().stdout;
                let status = match answer.strip_prefix(b"Status: ") {
                    Some(rest) => String::from_utf8_lossy(&rest[..3]).into_owned(),
                    None => "200".into(),
                };
                write.write_all(format!("HTTP/1.1 {status} x\r\nConnection: close\r\n").as_bytes()).await.unwrap();
                write.write_all(&answer).await.unwrap();
                write.shutdown().await.unwrap();
            });
        }
    });
    port
}

#[tokio::test]
async fn over_http() {
    let repository = Repository::new();
    let port = serve(repository.folder.path().join("srv")).await;
    let filtered = Command::new("git")
        .args([
            "-C",
            &repository.folder.path().join("srv/app.git").display().to_string(),
            "config",
            "uploadpack.allowFilter",
            "true",
        ])
        .status();
    assert!(filtered.unwrap().success());
    let got = resolve(&asked(&format!("http://127.0.0.1:{port}/app.git"))).await.unwrap();
    assert_eq!((got.source.commit.as_ref(), got.devfile.unwrap().0.as_str()), (Some(&repository.main), "devfile.yaml"));
    let first =
        Asked { reference: Some(repository.first.clone()), ..asked(&format!("http://127.0.0.1:{port}/app.git")) };
    assert_eq!(resolve(&first).await.unwrap().source.commit.as_ref(), Some(&repository.first));
    let error = resolve(&asked(&format!("http://127.0.0.1:{port}/none.git"))).await.unwrap_err();
    assert!(matches!(error, ForgeError::NoRepository(_)), "{error:?}");
}

#[tokio::test]
async fn git_itself_runs_nothing_that_a_url_says() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let hostile = format!("ext::sh -c touch% {}", trace.display());
    for local in [true, false] {
        let runner = Runner::new(folder.path(), local, Duration::from_secs(10));
        let refused = runner.run(&["ls-remote", "--", &hostile], 1024).await;
        assert!(matches!(&refused, Err(GitError::Refused(why)) if why.contains("not allowed")), "{refused:?}");
        assert!(!trace.exists());
    }
    let runner = Runner::new(folder.path(), false, Duration::from_secs(10));
    let file = runner.run(&["ls-remote", "--", "file:///srv/x"], 1024).await;
    assert!(matches!(&file, Err(GitError::Refused(why)) if why.contains("not allowed")), "{file:?}");
    // Nothing of the person's or the machine's configuration.
    let set = String::from_utf8(runner.run(&["config", "--list", "--show-origin"], 1 << 16).await.unwrap()).unwrap();
    assert!(set.lines().all(|line| line.starts_with("command line:")), "{set}");
    assert!(matches!(runner.run(&["help", "-a"], 10).await, Err(GitError::TooLong(10))));
}

/// A host that answers every request with the same, for ever where it ends in `endless`; and how often it was asked.
async fn saying(answer: impl Into<String>) -> (u16, Arc<std::sync::atomic::AtomicUsize>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (answer, asked) = (answer.into(), Arc::<std::sync::atomic::AtomicUsize>::default());
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (answer, count) = (answer.clone(), count.clone());
            tokio::spawn(async move {
                let mut head = [0u8; 8192];
                // Whoever only looks whether somebody is there says nothing.
                if stream.read(&mut head).await.unwrap_or(0) == 0 {
                    return;
                }
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let _ = stream.write_all(answer.as_bytes()).await;
                if answer.ends_with("endless") {
                    let more = "0123456789abcdef0123456789abcdef01234567\trefs/heads/x\n".repeat(4096);
                    while stream.write_all(more.as_bytes()).await.is_ok() {}
                }
                let _ = stream.shutdown().await;
            });
        }
    });
    (port, asked)
}

fn http(status: &str, head: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_host_that_limits_us_says_when_to_come_back() {
    let (port, _) = saying(http("429 Too Many Requests", "retry-after: 47\r\n", "")).await;
    let told = resolve(&asked(&format!("http://127.0.0.1:{port}/a/b"))).await.unwrap_err();
    assert!(matches!(&told, ForgeError::RateLimited { retry_after: Some(47), .. }), "{told:?}");
    assert_eq!(told.to_string(), "127.0.0.1 asks for fewer requests: again in 47 s");
}

#[tokio::test]
async fn a_host_that_takes_no_connection_is_told_within_seconds() {
    // Nobody accepts, and no more than one waits: what comes then is not answered at all.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(tokio::time::timeout(Duration::from_millis(200), tokio::net::TcpStream::connect(address)).await);
    }
    // Before git would say anything.
    let told = resolve(&asked(&format!("http://{address}/a/b"))).await.unwrap_err();
    assert!(matches!(&told, ForgeError::Unreachable { message, .. } if message.contains("no connection")), "{told:?}");
}

#[tokio::test]
async fn where_a_repository_moved_is_looked_at_before_anybody_goes_there() {
    let repository = Repository::new();
    let real = serve(repository.folder.path().join("srv")).await;
    let (inner, asked_inside) = saying(http("200 OK", "", "")).await;
    let to = |port: u16, path: &str| {
        http("301 Moved", &format!("location: http://127.0.0.1:{port}{path}?service=git-upload-pack\r\n"), "")
    };
    // A stranger, whom an administrator lets go to this one host, is sent on into the gateway's network.
    let (outer, _) = saying(to(inner, "/app.git/info/refs")).await;
    let private = Pattern::list(&format!("127.0.0.1:{outer}")).unwrap();
    let policy = Policy { private, ..Policy::default() };
    let guarded = Git::new(Config { policy, ..Config::default() });
    let stranger = Asked { local: false, ..asked(&format!("http://127.0.0.1:{outer}/old.git")) };
    let told = guarded.resolve(&stranger).await.unwrap_err();
    assert!(matches!(told, ForgeError::NotAllowed(_)), "{told:?}");
    assert_eq!(asked_inside.load(std::sync::atomic::Ordering::SeqCst), 0);
    // Where one may go, the repository is found at its new place, and that is remembered.
    let (outer, _) = saying(to(real, "/app.git/info/refs")).await;
    let got = resolve(&asked(&format!("http://127.0.0.1:{outer}/old.git"))).await.unwrap();
    assert_eq!(got.source.url, format!("http://127.0.0.1:{real}/app.git"));
    assert_eq!(got.source.commit, Some(repository.main.clone()));
    // To something that is no repository's place, or round and round: nowhere.
    let (outer, _) = saying(to(real, "/elsewhere")).await;
    assert!(resolve(&asked(&format!("http://127.0.0.1:{outer}/old.git"))).await.is_err());
}

#[tokio::test]
async fn a_list_of_refs_without_end_costs_a_bounded_amount() {
    let (port, _) = saying("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nendless").await;
    // Were it the time that ends it, this would last an hour.
    let patient = Git::new(Config { limit: Duration::from_secs(3600), ..Config::default() });
    let told = patient.resolve(&asked(&format!("http://127.0.0.1:{port}/a/b"))).await.unwrap_err();
    assert!(told.to_string().contains("more than is read"), "{told}");
}

#[tokio::test]
async fn a_devfile_that_unpacks_without_end_is_none() {
    let repository = Repository::new();
    let work = repository.folder.path().join("work");
    let bomb = std::fs::File::create(work.join("devfile.yaml")).unwrap();
    bomb.set_len(32 << 20).unwrap();
    git(&work, &["commit", "-q", "-a", "-m", "bomb"]);
    git(&work, &["push", "-q", "../srv/app.git", "HEAD:refs/heads/bomb"]);
    let bomb = Asked { reference: Some("bomb".into()), ..asked(&repository.url()) };
    let told = resolve(&bomb).await.unwrap_err();
    assert!(matches!(&told, ForgeError::Invalid(why) if why.contains("more than 1 MB")), "{told:?}");
}

#[tokio::test]
async fn a_devfile_by_itself() {
    let text = "schemaVersion: 2.3.0\nmetadata: {name: go}\ncomponents:\n  - name: dev\n    container: {image: x}\n";
    let (port, _) = saying(http("200 OK", "content-type: text/yaml\r\n", text)).await;
    let url = format!("http://127.0.0.1:{port}/stacks/go/devfile.yaml");
    let got = resolve(&asked(&url)).await.unwrap();
    assert_eq!((got.source.url.as_str(), got.source.document, got.repository.as_str()), (url.as_str(), true, "go"));
    assert_eq!(got.devfile, Some(("devfile.yaml".into(), text.into())));
    assert_eq!(got.whole, Some(Ok(text.into())));
    let same = Asked { devfile_path: Some("devfile.yaml".into()), ..asked(&url) };
    assert!(resolve(&same).await.is_ok());
    let other = Asked { devfile_path: Some("other.yaml".into()), ..asked(&url) };
    assert!(matches!(resolve(&other).await, Err(ForgeError::Invalid(_))));
    // A stranger reaches nothing of the gateway's network by it, nor is too much read, nor a page taken for a devfile.
    let foreign = Asked { local: false, ..asked(&url) };
    assert!(matches!(resolve(&foreign).await, Err(ForgeError::NotAllowed(_))));
    let (port, _) = saying(http("200 OK", "", &"#".repeat(MAX + 1))).await;
    let told = resolve(&asked(&format!("http://127.0.0.1:{port}/devfile.yaml"))).await.unwrap_err();
    assert!(told.to_string().contains("at most 1 MB"), "{told}");
    for (status, body) in [("200 OK", "<!doctype html>\n<title>A page</title>\n"), ("404 Not Found", "")] {
        let (port, _) = saying(http(status, "", body)).await;
        let told = resolve(&asked(&format!("http://127.0.0.1:{port}/devfile.yaml"))).await.unwrap_err();
        assert!(matches!(told, ForgeError::NoRepository(_)), "{status}: {told:?}");
    }
    // What is wrong in it is told with its place, and a parent beside it is looked for there.
    let (port, _) = saying(http("200 OK", "", "schemaVersion: 2.3.0\nmetadata: 7\n")).await;
    let got = resolve(&asked(&format!("http://127.0.0.1:{port}/devfile.yaml"))).await.unwrap();
    assert!(got.whole.unwrap().unwrap_err().contains("devfile.yaml:2:"));
}
