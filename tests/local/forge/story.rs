//! The whole way, as somebody goes it who has nothing but an account at the git host and the link of a pull request.

use dormer_tests::browser::Browser;
use dormer_tests::gateway::Gateway;
use dormer_tests::gitea::Gitea;
use dormer_tests::person::Person;
use dormer_tests::ssh::{Key, Login};
use dormer_tests::wait;
use serde_json::json;

use super::DEVFILE;
use super::page::in_its_terminal;

#[test]
fn from_the_forges_sign_in_to_a_request_that_shows_what_was_pushed() {
    let mut gitea = Gitea::start();
    let (ann, bob) = (gitea.user("ann"), gitea.user("bob"));
    gitea.user("eve");
    let gateway = gateway(&gitea);
    // A private repository, a fork of it by somebody who may only read it, and a request from there.
    let app = gitea.private(&ann, "app").file("devfile.yaml", DEVFILE).file("only-here.txt", "1\n").commit();
    app.share(&bob, "read");
    let fork = app.fork(&bob).branch("fix").file("new", "from a fork\n").commit();
    let number = app.pull_request(&bob, "bob:fix", "Fix it");
    let link = format!("{}/new#{}&name=fix", gateway.url, app.pull_page(number));

    // Nobody is known yet: the link waits, and nothing is asked of anybody.
    let mut browser = Browser::open();
    browser.go(&link);
    browser.see("text=Sign in first");
    browser.click("text=Sign in >> nth=-1");
    browser.click("text=Sign in with Gitea");
    gitea.authorize(&mut browser, "bob");
    browser.see("#create:not([hidden]) >> text=Create and start");
    let page = browser.text("main");
    for words in ["Fix it", "by bob", &fork.head()[..12], "comes from a fork", "echo made-by-the-devfile > greeting"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    browser.click("#create >> text=Create and start");
    browser.see(".explorer-folders-view >> text=only-here.txt");
    let head = || app.pull(number)["head"]["sha"].as_str().unwrap_or_default().to_string();
    let before = head();
    let moved = |before: &str| Some(head()).filter(|head| head != before);
    // The same workspace by ssh, as the same person: with a key of their own.
    let bobs = token(&gateway, "bob");
    let key = Key::generate(gateway.folder(), "bob");
    gateway.apex().seen_by(&bobs).api("POST", "/keys", Some(json!({"key": key.public()}))).expect(201);
    let run = |line: &str| {
        let output = Login::new(&gateway, "fix").key(&key).run(line);
        (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    let heard = |file: &str| run(&format!("test -e {file}")).0;
    let line = "echo from-the-editor >> only-here.txt; git commit -qam Two; git push -q";
    let second = in_its_terminal(&mut browser, heard, line, || moved(&before));
    browser.picture("pushed");
    // The forge knows it a moment before the push has ended.
    let told = format!("{second}\n{second}\nfork/fix");
    let tracked = || run("git rev-parse HEAD '@{upstream}'; git rev-parse --abbrev-ref '@{upstream}'").1;
    wait::until("the push has ended", wait::LONG, || (tracked() == told).then_some(()));
    let by = run("git log -1 --format='%an <%ae>'").1;
    assert_eq!(by, "bob of the tests <bob@example.test>", "the name and address of the account");
    assert!(run("echo by-ssh >> only-here.txt && git commit -qam Three && git push -q").0);
    wait::until("the request shows it", wait::LONG, || moved(&second));
    // What signs in is the forge's own, and opens its API, too, as `gh`, `glab` and `tea` use it.
    let fill =
        format!("printf 'protocol=http\\nhost={}\\n\\n' | git credential fill | sed -n s/^password=//p", gitea.host());
    let ask = format!("curl -fsS -H \"Authorization: Bearer $({fill})\" http://{}/api/v1/user", gitea.host());
    assert!(run(&ask).1.contains("\"login\":\"bob\""), "{:?}", run(&ask));

    // By the command line: another workspace of the same request, where what is there already is offered, too.
    let page = app.pull_page(number);
    let made = gateway
        .command("create")
        .args([page.as_str(), "--editor", "none"])
        .env("DORMER_TOKEN", &bobs.token)
        .env("DORMER_SERVER", &gateway.url)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success(), "{said}");
    assert!(said.contains("dormer open fix"), "{said}");

    // Somebody else with an account there, and no right to the repository: it is not there for them, whoever asks.
    let mut third = Browser::open();
    third.go(&format!("{}/login", gateway.url));
    third.click("text=Sign in with Gitea");
    gitea.authorize(&mut third, "eve");
    third.see("text=Workspaces");
    let eve = token(&gateway, "eve");
    let asked = |name: &str| {
        let source = json!({"url": format!("{}/ann/{name}/pulls/{number}", gitea.url)});
        let (status, answer) = super::resolve_as(&gateway, &eve, source);
        (status, answer.to_string().replace(name, "NAME"))
    };
    assert_eq!(asked("app"), asked("nothing"));
    assert_eq!(asked("app").0, 422);
    assert_eq!(gateway.apex().seen_by(&eve).api("GET", "/workspaces/fix", None).status, 404);

    let url = app.url.clone();
    // The host is away: told as that, and nothing of the workspace is lost. It is back: so is everything.
    gitea.stop();
    assert!(!run("GIT_TERMINAL_PROMPT=0 git fetch -q").0);
    assert!(run("git log -1 --format=%s").1.contains("Three"));
    gitea.serve();
    wait::until("it fetches again", wait::LONG, || run("GIT_TERMINAL_PROMPT=0 git fetch -q").0.then_some(()));
    // Nobody else may delete what is his, so he does, before his account there is taken away, and he is out here, too.
    let as_bob = |method: &str, path: &str| gateway.apex().seen_by(&bobs).api(method, path, None);
    let left = || as_bob("GET", "/workspaces").value()["items"].as_array().cloned().unwrap_or_default();
    for workspace in left() {
        as_bob("DELETE", &format!("/workspaces/{}", workspace["name"].as_str().unwrap_or_default()));
    }
    wait::until("the workspaces are gone", wait::LONG, || left().is_empty().then_some(()));
    gitea.block("bob");
    wait::until("bob is out", wait::LONG, || (as_bob("GET", "/me").status == 401).then_some(()));
    let (status, _) = super::resolve_as(&gateway, &bobs, json!({"url": url}));
    assert_eq!(status, 401);
}

/// A gateway that people sign in to by their accounts there, and that may reach it.
fn gateway(gitea: &Gitea) -> Gateway {
    Gateway::configured(|url| {
        let app = gitea.application("dormer", &[&format!("{url}/login/callback/gitea")], true);
        let (host, issuer) = (gitea.host(), gitea.issuer());
        format!(
            r#"
            [forge]
            gitea = "{host}"
            private_hosts = "{host}"
            [auth]
            recheck = "2s"
            [auth.providers.gitea]
            kind = "gitea"
            url = "{issuer}"
            client_id = "{}"
            client_secret = "{}"
            allow_everybody = true
            "#,
            app.client_id, app.client_secret
        )
    })
}

/// A token of somebody who is known already.
fn token(gateway: &Gateway, name: &str) -> Person {
    let made = gateway.apex().api("POST", "/tokens", Some(json!({"name": "tests", "user": name}))).expect(201).value();
    Person { name: name.into(), token: made["token"].as_str().expect("a token").into() }
}
