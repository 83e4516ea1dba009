use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::file::Entry;
use super::*;

struct Machine {
    _folder: tempfile::TempDir,
    environment: Environment,
}

fn machine() -> Machine {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().as_os_str().to_owned();
    let environment = Environment::from_variables(|name| (name == "HOME").then(|| home.clone()));
    Machine { _folder: folder, environment }
}

impl Machine {
    fn signed_in(self, url: &str, token: &str) -> Self {
        let mut credentials = Credentials::load(&self.environment).unwrap();
        credentials.put(Entry { url: url.parse().unwrap(), user: None, token: Token::parse(token).unwrap() });
        credentials.save(&self.environment).unwrap();
        self
    }

    fn serving(self, url: &str, token: &str, pid: i32) -> Self {
        let token = Token::parse(token).unwrap();
        LocalServer { url: url.parse().unwrap(), token, data: "/d".into(), pid, ssh: None }
            .save(&self.environment)
            .unwrap();
        self
    }

    fn choose(&self, server: Option<&str>) -> Result<(String, String), CliError> {
        let globals = Globals { server: server.map(Into::into), ..Globals::default() };
        choose(&globals, &self.environment).map(|target| (target.origin.to_string(), target.token.expose().into()))
    }
}

fn alive() -> i32 {
    std::process::id() as i32
}

/// A process that has ended and been waited for.
fn dead() -> i32 {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id() as i32
}

#[test]
fn precedence() {
    let machine = machine()
        .signed_in("https://old.example", "dormer_old")
        .signed_in("https://new.example", "dormer_new")
        .serving("http://localhost:7080", "dormer_local", alive());
    let table = [
        (None, "https://new.example", "dormer_new"),
        (Some("https://old.example"), "https://old.example", "dormer_old"),
        (Some("old.example:443"), "https://old.example", "dormer_old"),
        (Some("http://127.0.0.1:7080"), "http://localhost:7080", "dormer_local"),
        (Some("localhost:7080"), "http://localhost:7080", "dormer_local"),
    ];
    for (server, url, token) in table {
        assert_eq!(machine.choose(server).unwrap(), (url.into(), token.into()), "{server:?}");
    }
    // A near miss gets no token.
    for server in ["http://old.example", "https://old.example:8443", "https://x.old.example", "http://localhost:7081"] {
        assert_eq!(machine.choose(Some(server)).unwrap_err().exit_code(), 4, "{server}");
    }
}

#[test]
fn the_server_of_this_machine() {
    let one = machine().serving("http://localhost:7080", "dormer_a", alive()).serving(
        "http://localhost:1",
        "dormer_b",
        dead(),
    );
    assert_eq!(one.choose(None).unwrap().1, "dormer_a");
    let two = one.serving("http://localhost:2", "dormer_c", alive());
    assert_eq!(two.choose(None).unwrap_err().exit_code(), 2);
    let none = machine();
    assert_eq!(none.choose(None).unwrap_err().exit_code(), 4);
    let ended = none.serving("http://localhost:1", "dormer_b", dead());
    for server in [None, Some("http://localhost:1")] {
        let error = ended.choose(server).unwrap_err();
        assert!(error.exit_code() == 1 && error.to_string().contains("dormer serve --data '/d'"), "{error}");
    }
}

#[test]
fn a_token_of_the_environment_goes_only_to_a_server_that_is_named() {
    let mut machine = machine().signed_in("https://a.example", "dormer_a");
    machine.environment.token = Some("dormer_env".into());
    assert_eq!(machine.choose(None).unwrap().1, "dormer_a");
    assert_eq!(machine.choose(Some("https://b.example")).unwrap(), ("https://b.example".into(), "dormer_env".into()));
}

#[test]
fn files_that_others_can_read_are_refused() {
    let machine = machine().serving("http://localhost:7080", "dormer_local", alive());
    let path = machine.environment.state.join("servers/localhost_7080.json");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = machine.choose(None).unwrap_err();
    assert!(error.exit_code() == 4 && error.to_string().contains("chmod 600"), "{error}");

    let machine = machine.signed_in("https://a.example", "dormer_a");
    let path = machine.environment.config.join("credentials.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(machine.choose(None).unwrap_err().to_string().contains("chmod 600"));
}

#[test]
fn a_broken_file_does_not_show_its_token() {
    let machine = machine();
    private::write(&machine.environment.config.join("credentials.toml"), "\ntoken = dormer_hidden\n").unwrap();
    let error = machine.choose(None).unwrap_err().to_string();
    assert!(error.contains("credentials.toml:2") && !error.contains("hidden"), "{error}");
    assert!(!format!("{:?}", Token::parse("dormer_hidden").unwrap()).contains("hidden"));
    let error = Token::parse("hunter2").unwrap_err().to_string();
    assert!(!error.contains("hunter2"));
}

#[test]
fn signing_out_leaves_the_others() {
    let machine = machine().signed_in("https://a.example", "dormer_a").signed_in("https://b.example", "dormer_b");
    let mut credentials = Credentials::load(&machine.environment).unwrap();
    assert!(credentials.remove(&"https://c.example".parse().unwrap()).is_none());
    assert!(credentials.remove(&"https://b.example/".parse().unwrap()).is_some());
    credentials.save(&machine.environment).unwrap();
    assert_eq!(machine.choose(None).unwrap().1, "dormer_a");
}
