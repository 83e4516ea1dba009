//! Against a real Gitea: what people have open there becomes a workspace.

use dormer_tests::gitea::Gitea;

#[test]
fn gitea_itself_is_what_the_tests_take_it_for() {
    let gitea = Gitea::start();
    let (ann, bob) = (gitea.user("ann"), gitea.user("bob"));
    let app = gitea.repository(&ann, "app").file("README.md", "hello\n").commit();
    let fork = app.fork(&bob).branch("feature").file("new", "from a fork\n").commit();
    let number = app.pull_request(&bob, "bob:feature", "From a fork");
    let pull = app.pull(number);
    assert_eq!(pull["head"]["sha"], fork.head());
    assert_eq!(pull["state"], "open");
    app.merge(number);
    assert_eq!(app.pull(number)["merged"], true);
    let application = gitea.application("dormer", &["http://localhost/login/callback"], true);
    assert!(!application.client_id.is_empty() && !application.client_secret.is_empty());
}
