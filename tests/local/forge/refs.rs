//! Branches, tags and commits of every name and kind.

use dormer_tests::gateway::Gateway;
use dormer_tests::gitea::Gitea;
use serde_json::json;

use super::{DEVFILE, resolve};

#[test]
fn names_of_every_kind_are_found_and_checked_out() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let mut app = gitea.make(&ann, "app", false, "trunk").file("a", "trunk").commit();
    let trunk = app.head();
    let mut branches = Vec::new();
    for (name, encoded) in [
        ("feature/deep/er", "feature/deep/er"),
        ("fix#123", "fix%23123"),
        ("50%off", "50%25off"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("a+b", "a+b"),
    ] {
        app = app.branch(name).file("a", name).commit();
        branches.push((name, encoded, app.head()));
    }
    app = app.branch("tagged").file("a", "tagged").commit().tag("v1", None).tag("v1-annotated", Some("One"));
    let tagged = app.head();
    // A commit that only a request's ref leads to.
    app = app.branch("short-lived").file("a", "hidden").commit();
    let hidden = app.head();
    let number = app.pull_request(&ann, "short-lived", "Hidden");
    app.delete_branch("short-lived");

    let gateway = Gateway::start();
    let told = resolve(&gateway, json!({"url": app.url}));
    assert_eq!(told["source"]["commit"], trunk, "the default branch of any name: {told:#}");
    for (name, encoded, commit) in &branches {
        for page in [format!("{}/src/branch/{encoded}", app.page), format!("{}/src/branch/{encoded}/a", app.page)] {
            let told = resolve(&gateway, json!({"url": page}));
            assert_eq!((&told["source"]["ref"], &told["source"]["commit"]), (&json!(name), &json!(commit)), "{page}");
        }
        let told = resolve(&gateway, json!({"url": app.url, "ref": name}));
        assert_eq!(&told["source"]["commit"], commit, "{name}");
    }
    for tag in ["v1", "v1-annotated"] {
        let told = resolve(&gateway, json!({"url": format!("{}/src/tag/{tag}", app.page)}));
        assert_eq!(told["source"]["commit"], tagged, "{tag}: the commit, not the tag's own object");
    }
    for source in [json!({"url": app.pull_page(number)}), json!({"url": format!("{}/commit/{hidden}", app.page)})] {
        assert_eq!(resolve(&gateway, source)["source"]["commit"], hidden);
    }
    // And cloned, those that are hard.
    for (index, (name, _, commit)) in branches.iter().enumerate() {
        let workspace = gateway.workspace(&format!("by-{index}")).from_url(&app.url).at(name).create();
        assert_eq!(
            workspace.run("git rev-parse HEAD; git rev-parse --abbrev-ref HEAD; cat a"),
            format!("{commit}\n{name}\n{name}")
        );
        workspace.delete();
    }
    let workspace = gateway.workspace("annotated").from_url(&app.url).at("v1-annotated").create();
    assert_eq!(workspace.run("git rev-parse HEAD"), tagged);
    let workspace = gateway.workspace("hidden").from_url(&app.url).at(&hidden).create();
    assert_eq!(workspace.run("git rev-parse HEAD; cat a"), format!("{hidden}\nhidden"));
    let empty = gitea.repository(&ann, "empty");
    let workspace = gateway.workspace("empty").from_url(&empty.url).create();
    assert_eq!(workspace.run("git remote get-url origin"), empty.url);
}

#[test]
fn devfiles_are_found_in_order_chosen_and_made_whole() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let parent = "schemaVersion: 2.3.0\nmetadata: {name: parent}\ncomponents:\n  - name: dev\n    container: {image: from-the-parent}\n";
    let child = "schemaVersion: 2.3.0\nmetadata: {name: child}\nparent: {uri: base/parent.yaml}\n";
    let inner = "schemaVersion: 2.3.0\nmetadata: {name: child}\nparent: {uri: 'http://127.0.0.1:PORT/x.yaml'}\n";
    let outside = "schemaVersion: 2.3.0\nmetadata: {name: child}\nparent: {uri: ../../../etc/passwd}\n";
    // Nobody may be asked for the parent, not even by the owner of the machine: its address is the repository's word.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let inner = inner.replace("PORT", &listener.local_addr().unwrap().port().to_string());
    let app = gitea
        .repository(&ann, "app")
        .file(".devfile/b.yaml", DEVFILE)
        .file(".devfile/a.yaml", child)
        .file(".devfile/base/parent.yaml", parent)
        .file("inner.yaml", inner)
        .file("outside.yaml", outside)
        .file(".gitlab/workspaces/w.yaml", DEVFILE)
        .file(".devcontainer/devcontainer.json", "{\"image\": \"of-the-container:1\"}")
        .file("ci.yaml", "on: push\n")
        .commit();
    let gateway = Gateway::start();
    let ask = |path: Option<&str>| {
        let body = json!({"source": {"url": app.url}, "devfilePath": path});
        gateway.apex().api("POST", "/resolve", Some(body)).expect(200).value()
    };
    let first = ask(None);
    assert_eq!(first["devfilePath"], ".devfile/a.yaml", "{first:#}");
    let others = [".devfile/b.yaml", ".gitlab/workspaces/w.yaml", ".devcontainer/devcontainer.json"];
    assert_eq!(first["otherDevfiles"], json!(others), "{first:#}");
    assert_eq!(ask(Some(".devcontainer/devcontainer.json"))["images"], json!(["of-the-container:1"]));
    // A link to one of them, as it is shown or as it is, means that very one; to any other file, the usual.
    for (page, want) in [
        ("src/branch/main/.devfile/b.yaml", ".devfile/b.yaml"),
        ("raw/branch/main/.gitlab/workspaces/w.yaml", ".gitlab/workspaces/w.yaml"),
        ("src/branch/main/ci.yaml", ".devfile/a.yaml"),
        (&format!("src/commit/{}/.devfile/b.yaml", app.head()), ".devfile/b.yaml"),
    ] {
        let told = resolve(&gateway, json!({"url": format!("{}/{page}", app.page)}));
        assert_eq!(
            (&told["devfilePath"], &told["source"]["commit"]),
            (&json!(want), &json!(app.head())),
            "{page}: {told:#}"
        );
    }
    assert_eq!(first["images"], json!(["from-the-parent"]), "{first:#}");
    assert_eq!(ask(Some(".devfile/b.yaml"))["images"], json!(["example.test/dev:1"]));
    for path in ["inner.yaml", "outside.yaml"] {
        let told = ask(Some(path));
        assert!(told["devfileProblem"].is_string(), "{path}: {told:#}");
    }
    assert!(listener.accept().is_err(), "nobody connected");
    // The record needs nobody else afterwards: it starts, with what its parent said.
    let workspace = gateway.workspace("whole").from_url(&app.url).create();
    assert_eq!(workspace.get()["devfilePath"], ".devfile/a.yaml");
    let workspace =
        gateway.workspace("linked").from_url(&format!("{}/src/branch/main/.devfile/b.yaml", app.page)).create();
    assert_eq!(workspace.get()["devfilePath"], ".devfile/b.yaml");
    let none = gitea.repository(&ann, "none").file("a", "").commit();
    assert_eq!(resolve(&gateway, json!({"url": none.url}))["devfilePath"], serde_json::Value::Null);
}

#[test]
fn submodules_large_files_and_parts_of_a_repository() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let lib = gitea.repository(&ann, "lib").file("lib.txt", "lib\n").commit();
    let secret = tempfile::tempdir().unwrap();
    let path = secret.path().display().to_string();
    lib.git(&["init", "-q", "--bare", &path]);
    lib.git(&["push", "-q", &path, "HEAD:main"]);
    let app = gitea.repository(&ann, "app").file("one/a", "1").file("two/b", "2").commit();
    app.git(&["submodule", "--quiet", "add", &lib.url, "good"]);
    let app = app.commit();
    // A repository's word must not have a file of this machine cloned.
    let modules = std::fs::read_to_string(gitea.folder().join("work/ann/app/.gitmodules")).unwrap();
    let app = app.file(".gitmodules", format!("{modules}[submodule \"bad\"]\n\tpath = bad\n\turl = file://{path}\n"));
    app.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},bad", lib.head())]);
    let app = app.commit();
    let gateway = Gateway::start();
    let workspace = gateway.workspace("modules").from_url(&app.url).create();
    assert_eq!(workspace.run("cat good/lib.txt"), "lib");
    assert_eq!(workspace.run("ls bad 2>/dev/null | wc -l"), "0");
    let source = json!({"url": app.url, "depth": 1, "partial": true, "sparse": ["one"], "withoutSubmodules": true});
    let workspace = gateway.workspace("part").set("source", source).create();
    assert_eq!(workspace.run("git rev-list --count HEAD; ls one; ls two 2>/dev/null | wc -l"), "1\na\n0");
    assert_eq!(workspace.run("git config remote.origin.partialclonefilter"), "blob:none");
}

#[test]
fn a_repository_that_was_renamed_is_found_where_it_is_now() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let app = gitea.repository(&ann, "old").file("devfile.yaml", DEVFILE).commit();
    gitea.api(&ann, "PATCH", "/repos/ann/old", Some(json!({"name": "new"}))).expect(200);
    let gateway = Gateway::start();
    for url in [app.url.clone(), app.page.clone(), format!("{}/src/branch/main", app.page)] {
        let told = resolve(&gateway, json!({"url": url}));
        assert_eq!(told["source"]["commit"], app.head(), "{url}: {told:#}");
        assert!(told["source"]["url"].as_str().unwrap_or_default().contains("/ann/new"), "{url}: {told:#}");
    }
}

#[test]
fn a_devfile_by_itself_makes_a_workspace_too() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let lib = gitea.repository(&ann, "lib").file("lib.txt", "lib\n").commit();
    let host = gitea.host();
    let devfile = format!("{DEVFILE}projects:\n  - name: lib\n    git: {{remotes: {{origin: \"{}\"}}}}\n", lib.url);
    // Served by something that is no git host.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("stack")).unwrap();
    std::fs::write(folder.path().join("stack/devfile.yaml"), devfile).unwrap();
    std::fs::write(folder.path().join("stack/workspace.yaml"), "name: w\ncontainer_image: of-the-file:1\n").unwrap();
    let port = dormer_tests::app::free_port();
    let mut server = std::process::Command::new("python3");
    server.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]).current_dir(folder.path());
    server.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut server = server.spawn().unwrap();
    dormer_tests::wait::until("it is served", dormer_tests::wait::LONG, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    });
    let gateway = Gateway::with(&[("FORGE_PRIVATE_HOSTS", &host)]);
    let url = format!("http://127.0.0.1:{port}/stack/devfile.yaml");
    let told = resolve(&gateway, json!({"url": url}));
    assert_eq!((&told["devfilePath"], &told["name"]), (&json!("devfile.yaml"), &json!("stack")), "{told:#}");
    assert_eq!(told["alsoClones"], json!([lib.url]), "{told:#}");
    let told = resolve(&gateway, json!({"url": url.replace("devfile.yaml", "workspace.yaml")}));
    assert_eq!(told["images"], json!(["of-the-file:1"]), "{told:#}");
    let made = gateway.dormer(&["create", &url, "--name", "alone", "--editor", "none"]);
    assert!(made.status.success(), "{made:?}");
    let workspace = dormer_tests::workspace::Workspace::named(&gateway, "alone");
    assert_eq!(workspace.run("cat lib.txt; git remote get-url origin"), format!("lib\n{}", lib.url));
    assert_eq!(workspace.get()["source"]["url"], json!(url));
    assert_eq!(resolve(&gateway, json!({"url": url}))["existing"][0]["name"], "alone");
    // A stranger reaches nothing beside the gateway by it.
    let bob = gateway.person("bob");
    assert_eq!(super::resolve_as(&gateway, &bob, json!({"url": url})).0, 403);
    server.kill().unwrap();
    server.wait().unwrap();
}
