use super::*;

const C: &str = "0123456789abcdef0123456789abcdef01234567";

/// A meaning in one line: URL, and what of it.
fn line(meaning: &Meaning) -> String {
    let wanted = match &meaning.wanted {
        Wanted::Default => "-".into(),
        Wanted::Request(number) => format!("!{number}"),
        Wanted::Document => "document".into(),
        Wanted::Named { name, kind, link } => {
            let kind = match kind {
                Kind::Any => "any",
                Kind::Branch => "branch",
                Kind::Tag => "tag",
                Kind::Commit => "commit",
            };
            format!("{kind}{}:{}", if *link { "+" } else { "" }, name.replace(C, "C"))
        }
    };
    format!("{} {wanted}", meaning.address.url)
}

fn local(text: &str) -> Result<Meaning, SourceError> {
    read(text, Beside { local: true, ..Beside::default() })
}

#[test]
fn accepted() {
    #[rustfmt::skip]
    let table = [
        // Clone URLs.
        ("https://github.com/owner/repo", "https://github.com/owner/repo -"),
        ("https://github.com/owner/repo/", "https://github.com/owner/repo -"),
        ("https://github.com/owner/repo.git", "https://github.com/owner/repo.git -"),
        ("https://github.com/owner/repo.git/", "https://github.com/owner/repo.git -"),
        ("  https://github.com/owner/repo\n", "https://github.com/owner/repo -"),
        ("HTTPS://GitHub.COM/Owner/Repo", "https://github.com/Owner/Repo -"),
        ("https://github.com./owner/repo", "https://github.com/owner/repo -"),
        ("https://github.com:443/owner/repo", "https://github.com/owner/repo -"),
        ("https://git.example:8443/owner/repo.git", "https://git.example:8443/owner/repo.git -"),
        ("http://git.internal/owner/repo.git", "http://git.internal/owner/repo.git -"),
        ("http://10.0.0.1:3000/a/b", "http://10.0.0.1:3000/a/b -"),
        ("https://[2001:db8::1]/a/b.git", "https://[2001:db8::1]/a/b.git -"),
        ("https://github.com//owner//repo", "https://github.com/owner/repo -"),
        ("https://github.com/owner/repo?tab=readme-ov-file", "https://github.com/owner/repo -"),
        ("https://github.com/owner/repo#readme", "https://github.com/owner/repo -"),
        ("https://gitlab.com/group/sub/deeper/project", "https://gitlab.com/group/sub/deeper/project -"),
        ("https://gitlab.com/group/sub/project.git", "https://gitlab.com/group/sub/project.git -"),
        ("https://git.example/repo.git", "https://git.example/repo.git -"),
        ("https://git.example/scm/team/repo.git", "https://git.example/scm/team/repo.git -"),
        ("https://git.sr.ht/~user/repo", "https://git.sr.ht/~user/repo -"),
        ("https://github.com/owner/my%20repo", "https://github.com/owner/my%20repo -"),
        ("github.com/owner/repo", "https://github.com/owner/repo -"),
        ("git.example:8443/owner/repo", "https://git.example:8443/owner/repo -"),
        ("https://bücher.example/a/b", "https://xn--bcher-kva.example/a/b -"),
        // The first letter is Cyrillic: the host shows that it is another one.
        ("https://\u{0433}ithub.com/a/b", "https://xn--ithub-mwe.com/a/b -"),
        ("https://git\u{0131}ab.com/a/b", "https://xn--gitab-p4a.com/a/b -"),
        ("https://ｇithub.com/a/b", "https://github.com/a/b -"),
        // SSH.
        ("ssh://git@github.com/owner/repo.git", "ssh://git@github.com/owner/repo.git -"),
        ("ssh://github.com/owner/repo", "ssh://github.com/owner/repo -"),
        ("SSH://git@Host.Example:2222/a/b.git", "ssh://git@host.example:2222/a/b.git -"),
        ("ssh://git@[::1]:22/a/b", "ssh://git@[::1]:22/a/b -"),
        ("ssh://git@[::1]/a/b", "ssh://git@[::1]/a/b -"),
        ("ssh://git@host/~user/repo.git/", "ssh://git@host/~user/repo.git -"),
        ("ssh://first.last-1@host/x/y", "ssh://first.last-1@host/x/y -"),
        ("ssh://git@bücher.example/a", "ssh://git@xn--bcher-kva.example/a -"),
        ("git@github.com:owner/repo.git", "git@github.com:owner/repo.git -"),
        ("git@GitHub.com:owner/repo", "git@github.com:owner/repo -"),
        ("git@host:repo", "git@host:repo -"),
        ("git@host:/srv/git/repo.git", "git@host:/srv/git/repo.git -"),
        ("git@host:~user/repo.git", "git@host:~user/repo.git -"),
        ("git@host:22/owner/repo", "git@host:22/owner/repo -"),
        ("host.example:owner/repo.git", "host.example:owner/repo.git -"),
        ("git@bücher.example:a/b", "git@xn--bcher-kva.example:a/b -"),
        ("org-123@ghe.example:owner/repo.git", "org-123@ghe.example:owner/repo.git -"),
        // GitHub's pages.
        ("https://github.com/o/r/tree/main", "https://github.com/o/r any+:main"),
        ("https://github.com/o/r/tree/feature/x", "https://github.com/o/r any+:feature/x"),
        ("https://github.com/o/r/tree/feature%2Fx", "https://github.com/o/r any+:feature/x"),
        ("https://github.com/o/r/tree/main/src/lib.rs", "https://github.com/o/r any+:main/src/lib.rs"),
        ("https://github.com/o/r/blob/main/README.md#L10", "https://github.com/o/r any+:main/README.md"),
        ("https://github.com/o/r/blob/main/app/(group)/page.tsx", "https://github.com/o/r any+:main/app/(group)/page.tsx"),
        ("https://github.com/o/r/tree/0123456789abcdef0123456789abcdef01234567", "https://github.com/o/r any+:C"),
        ("https://github.com/o/r/tree/fix%23123", "https://github.com/o/r any+:fix#123"),
        ("https://github.com/o/r/tree/%C3%BCn%C3%AF", "https://github.com/o/r any+:ünï"),
        ("https://github.com/o/r/tree/ünï", "https://github.com/o/r any+:ünï"),
        ("https://github.com/o/r/commit/0123456789abcdef0123456789abcdef01234567", "https://github.com/o/r commit:C"),
        ("https://github.com/o/r/commits/main", "https://github.com/o/r any+:main"),
        ("https://github.com/o/r/commits/main/src", "https://github.com/o/r any+:main/src"),
        ("https://github.com/o/r/releases/tag/v1.2.3", "https://github.com/o/r tag+:v1.2.3"),
        ("https://github.com/o/r/blame/v1/x.c", "https://github.com/o/r any+:v1/x.c"),
        ("https://github.com/o/r/pull/42", "https://github.com/o/r !42"),
        ("https://github.com/o/r/pull/42/", "https://github.com/o/r !42"),
        ("https://github.com/o/r/pull/42/files", "https://github.com/o/r !42"),
        ("https://github.com/o/r/pull/42/commits/abc#diff", "https://github.com/o/r !42"),
        ("https://ghe.example/o/r/pull/7?x=y", "https://ghe.example/o/r !7"),
        ("github.com/o/r/pull/7", "https://github.com/o/r !7"),
        ("https://github.com/o/r/issues/5", "https://github.com/o/r -"),
        ("https://github.com/o/r/actions/runs/5", "https://github.com/o/r -"),
        ("https://github.com/o/r/pulls", "https://github.com/o/r -"),
        ("https://github.com/o/tree", "https://github.com/o/tree -"),
        ("https://github.com/tree/r/tree/x", "https://github.com/tree/r any+:x"),
        ("https://github.com/o/r/tree", "https://github.com/o/r -"),
        // GitLab's.
        ("https://gitlab.com/g/p/-/tree/main", "https://gitlab.com/g/p any+:main"),
        ("https://gitlab.com/g/s/p/-/tree/main?ref_type=heads", "https://gitlab.com/g/s/p any+:main"),
        ("https://gitlab.com/g/s/p/-/tree/feature/x/src", "https://gitlab.com/g/s/p any+:feature/x/src"),
        ("https://gitlab.com/g/p/-/blob/main/a.rb", "https://gitlab.com/g/p any+:main/a.rb"),
        ("https://gitlab.com/g/p/-/raw/main/a.rb", "https://gitlab.com/g/p any+:main/a.rb"),
        ("https://gitlab.com/g/p/-/commits/v1", "https://gitlab.com/g/p any+:v1"),
        ("https://gitlab.com/g/p/-/commit/0123456789abcdef0123456789abcdef01234567", "https://gitlab.com/g/p commit:C"),
        ("https://gitlab.com/g/p/-/tags/v1/2", "https://gitlab.com/g/p tag+:v1/2"),
        ("https://gitlab.com/g/p/-/releases/v1", "https://gitlab.com/g/p tag+:v1"),
        ("https://gitlab.com/g/p/-/merge_requests/12", "https://gitlab.com/g/p !12"),
        ("https://gitlab.com/g/p/-/merge_requests/12/diffs?x=1#note_1", "https://gitlab.com/g/p !12"),
        ("https://gitlab.example/gitlab/g/p/-/merge_requests/12", "https://gitlab.example/gitlab/g/p !12"),
        ("https://gitlab.com/g/p/-/merge_requests", "https://gitlab.com/g/p -"),
        ("https://gitlab.com/g/p/-/merge_requests/new", "https://gitlab.com/g/p -"),
        ("https://gitlab.com/g/p/-/issues/3", "https://gitlab.com/g/p -"),
        ("https://gitlab.com/g/p/-/pipelines", "https://gitlab.com/g/p -"),
        ("https://gitlab.com/g/p/-/", "https://gitlab.com/g/p -"),
        ("https://gitlab.com/g/s/p/tree/main", "https://gitlab.com/g/s/p any+:main"),
        ("https://gitlab.com/g/s/p/merge_requests/3", "https://gitlab.com/g/s/p !3"),
        // Gitea's, Forgejo's.
        ("https://codeberg.org/o/r/src/branch/main", "https://codeberg.org/o/r branch+:main"),
        ("https://codeberg.org/o/r/src/branch/feature/x/docs", "https://codeberg.org/o/r branch+:feature/x/docs"),
        ("https://codeberg.org/o/r/src/tag/v1", "https://codeberg.org/o/r tag+:v1"),
        ("https://codeberg.org/o/r/src/commit/0123456789abcdef0123456789abcdef01234567/x", "https://codeberg.org/o/r commit+:C/x"),
        ("https://codeberg.org/o/r/src/commit/0123456789", "https://codeberg.org/o/r commit:0123456789"),
        ("https://codeberg.org/o/r/commit/0123456789abcdef0123456789abcdef01234567", "https://codeberg.org/o/r commit:C"),
        ("https://codeberg.org/o/r/pulls/9", "https://codeberg.org/o/r !9"),
        ("https://codeberg.org/o/r/pulls/9/files", "https://codeberg.org/o/r !9"),
        ("https://codeberg.org/o/r/issues/9", "https://codeberg.org/o/r -"),
        ("https://git.example/gitea/o/r/src/branch/x", "https://git.example/gitea/o/r branch+:x"),
        ("http://localhost:3000/o/r/pulls/1", "http://localhost:3000/o/r !1"),
        // Bitbucket's, Azure's, SourceHut's.
        ("https://bitbucket.org/o/r/src/main/", "https://bitbucket.org/o/r any+:main"),
        ("https://bitbucket.org/o/r/src/0123456789abcdef0123456789abcdef01234567/a", "https://bitbucket.org/o/r commit+:C/a"),
        ("https://bitbucket.org/o/r/branch/feature/x", "https://bitbucket.org/o/r branch+:feature/x"),
        ("https://bitbucket.org/o/r/pull-requests/4/diff", "https://bitbucket.org/o/r !4"),
        ("https://bitbucket.org/o/r/commits/0123456789abcdef0123456789abcdef01234567", "https://bitbucket.org/o/r commit:C"),
        ("https://bb.example/projects/KEY/repos/r/browse", "https://bb.example/scm/key/r.git -"),
        ("https://bb.example/projects/KEY/repos/r/browse?at=refs%2Fheads%2Ff%2Fx", "https://bb.example/scm/key/r.git branch:f/x"),
        ("https://bb.example/projects/KEY/repos/r/browse?at=refs/tags/v1", "https://bb.example/scm/key/r.git tag:v1"),
        ("https://bb.example/projects/KEY/repos/r/pull-requests/5/overview", "https://bb.example/scm/key/r.git !5"),
        ("https://dev.azure.com/org/proj/_git/r", "https://dev.azure.com/org/proj/_git/r -"),
        ("https://dev.azure.com/org/proj/_git/r?version=GBfeature/x", "https://dev.azure.com/org/proj/_git/r branch:feature/x"),
        ("https://dev.azure.com/org/proj/_git/r/pullrequest/6", "https://dev.azure.com/org/proj/_git/r !6"),
        ("https://git.sr.ht/~user/repo/tree/main/item/x", "https://git.sr.ht/~user/repo any+:main/item/x"),
        // Files of this machine, where they are allowed.
        ("file:///srv/git/repo.git", "file:///srv/git/repo.git -"),
        ("file://localhost/srv/repo", "file:///srv/repo -"),
        ("FILE:///srv/repo/", "file:///srv/repo -"),
        ("file:///home/ann/my%20repo", "file:///home/ann/my%20repo -"),
        ("file:///home/ann/app/.git", "file:///home/ann/app/.git -"),
        ("/home/ann/app", "file:///home/ann/app -"),
        // More of GitLab's: self-managed, below a path, with old links.
        ("https://gitlab.corp.example/a/b/c/d/e", "https://gitlab.corp.example/a/b/c/d/e -"),
        ("https://gl.example:8443/g/p/-/merge_requests/1", "https://gl.example:8443/g/p !1"),
        ("https://gl.example/git/g/s/p/-/tree/main", "https://gl.example/git/g/s/p any+:main"),
        ("https://gl.example/git/g/s/p/-/tree/fix%23123", "https://gl.example/git/g/s/p any+:fix#123"),
        ("https://gl.example/git/g/s/p/-/tree/50%25off", "https://gl.example/git/g/s/p any+:50%off"),
        ("https://gl.example/g/p/-/tree/gr%C3%B6%C3%9Fe/src", "https://gl.example/g/p any+:größe/src"),
        ("https://gl.example/g/p/-/merge_requests/7/commits", "https://gl.example/g/p !7"),
        ("https://gl.example/g/p/-/merge_requests/7/pipelines", "https://gl.example/g/p !7"),
        ("https://gl.example/g/p/-/merge_requests/7.diff", "https://gl.example/g/p -"),
        ("https://gl.example/g/p/-/compare/a...b", "https://gl.example/g/p -"),
        ("https://gl.example/g/p/-/branches", "https://gl.example/g/p -"),
        ("https://gl.example/g/p/-/tags", "https://gl.example/g/p -"),
        ("https://gl.example/g/p/-/blame/v2/x", "https://gl.example/g/p any+:v2/x"),
        ("https://gl.example/g/p/-/settings/repository", "https://gl.example/g/p -"),
        ("https://gl.example/g/p.git#x", "https://gl.example/g/p.git -"),
        ("gl.example/g/s/p/-/merge_requests/9", "https://gl.example/g/s/p !9"),
        ("http://gl.internal/g/p/-/merge_requests/2", "http://gl.internal/g/p !2"),
        // More of GitHub's.
        ("https://github.com/o/r/pull/42/checks", "https://github.com/o/r !42"),
        ("https://github.com/o/r/pull/42#issuecomment-1", "https://github.com/o/r !42"),
        ("https://github.com/o/r/tree/release-1.2", "https://github.com/o/r any+:release-1.2"),
        ("https://github.com/o/r/tree/user@host", "https://github.com/o/r any+:user@host"),
        ("https://github.com/o/r/tree/a+b", "https://github.com/o/r any+:a+b"),
        ("https://github.com/o/r/tree/50%25", "https://github.com/o/r any+:50%"),
        ("https://github.com/o/r/tree/%E6%97%A5%E6%9C%AC", "https://github.com/o/r any+:日本"),
        ("https://github.com/o/r/compare/a...b", "https://github.com/o/r -"),
        ("https://github.com/o/r/wiki", "https://github.com/o/r -"),
        ("https://github.com/o/r/releases", "https://github.com/o/r -"),
        ("https://github.com/o/r/branches", "https://github.com/o/r -"),
        ("https://ghe.example/o/r/tree/main", "https://ghe.example/o/r any+:main"),
        ("https://ghe.example:8443/o/r/pull/3", "https://ghe.example:8443/o/r !3"),
        ("https://ghe.example/o/r/releases/tag/v1", "https://ghe.example/o/r tag+:v1"),
        // More of Gitea's and Forgejo's.
        ("https://codeberg.org/o/r/src/branch/fix%23123", "https://codeberg.org/o/r branch+:fix#123"),
        ("https://codeberg.org/o/r/src/branch/50%25off", "https://codeberg.org/o/r branch+:50%off"),
        ("https://codeberg.org/o/r/src/branch/gr%C3%B6%C3%9Fe", "https://codeberg.org/o/r branch+:größe"),
        ("https://codeberg.org/o/r/pulls/9/commits", "https://codeberg.org/o/r !9"),
        ("https://codeberg.org/o/r/pulls/9#issuecomment-2", "https://codeberg.org/o/r !9"),
        ("https://codeberg.org/o/r/releases/tag/v1", "https://codeberg.org/o/r tag+:v1"),
        ("https://codeberg.org/o/r/branches", "https://codeberg.org/o/r -"),
        ("http://127.0.0.1:3000/o/r/src/branch/a/b", "http://127.0.0.1:3000/o/r branch+:a/b"),
        ("http://127.0.0.1:3000/git/o/r/pulls/4", "http://127.0.0.1:3000/git/o/r !4"),
        ("http://[::1]:3000/o/r/pulls/4", "http://[::1]:3000/o/r !4"),
        // More of Bitbucket's and plain ones.
        ("https://bitbucket.org/o/r", "https://bitbucket.org/o/r -"),
        ("https://bitbucket.org/o/r.git", "https://bitbucket.org/o/r.git -"),
        ("https://bitbucket.org/o/r/pull-requests/4", "https://bitbucket.org/o/r !4"),
        ("https://bitbucket.org/o/r/pull-requests/4/overview", "https://bitbucket.org/o/r !4"),
        ("https://bitbucket.org/o/r/src/feature%2Fx/", "https://bitbucket.org/o/r any+:feature/x"),
        ("https://bb.example/projects/KEY/repos/r", "https://bb.example/scm/key/r.git -"),
        ("https://bb.example/projects/KEY/repos/r/pull-requests/5", "https://bb.example/scm/key/r.git !5"),
        ("https://bb.example/scm/key/r.git", "https://bb.example/scm/key/r.git -"),
        ("git@bitbucket.org:o/r.git", "git@bitbucket.org:o/r.git -"),
        ("git@ssh.dev.azure.com:v3/o/p/r", "git@ssh.dev.azure.com:v3/o/p/r -"),
        ("ssh://git@bb.example:7999/key/r.git", "ssh://git@bb.example:7999/key/r.git -"),
        ("git@gitlab.com:g/s/p.git", "git@gitlab.com:g/s/p.git -"),
        ("git@codeberg.org:o/r", "git@codeberg.org:o/r -"),
        ("https://git.kernel.example/pub/scm/linux.git", "https://git.kernel.example/pub/scm/linux.git -"),
        // Files that describe a workspace: in a repository, and by themselves.
        ("https://github.com/o/r/blob/main/devfile.yaml", "https://github.com/o/r any+:main/devfile.yaml"),
        ("https://github.com/o/r/raw/main/devfile.yaml", "https://github.com/o/r any+:main/devfile.yaml"),
        ("https://raw.githubusercontent.com/o/r/main/devfile.yaml", "https://github.com/o/r any+:main/devfile.yaml"),
        ("https://raw.githubusercontent.com/o/r/refs/heads/a/b/.devfile/x.yaml", "https://github.com/o/r any+:a/b/.devfile/x.yaml"),
        ("https://gitlab.com/g/p/-/blob/main/.gitlab/workspaces/x.yaml", "https://gitlab.com/g/p any+:main/.gitlab/workspaces/x.yaml"),
        ("https://codeberg.org/o/r/src/branch/main/devfile.yaml", "https://codeberg.org/o/r branch+:main/devfile.yaml"),
        ("https://codeberg.org/o/r/raw/branch/main/devfile.yaml", "https://codeberg.org/o/r branch+:main/devfile.yaml"),
        ("https://codeberg.org/o/r/raw/tag/v1/workspace.yaml", "https://codeberg.org/o/r tag+:v1/workspace.yaml"),
        ("https://codeberg.org/o/r/commits/branch/main", "https://codeberg.org/o/r branch+:main"),
        ("https://github.com/o/r/commits/branch/main", "https://github.com/o/r any+:branch/main"),
        ("https://example.org/devfile.yaml", "https://example.org/devfile.yaml document"),
        ("https://example.org/stacks/go/devfile.yaml?x=1#top", "https://example.org/stacks/go/devfile.yaml document"),
        ("example.org/a/workspace.yaml", "https://example.org/a/workspace.yaml document"),
        ("http://127.0.0.1:3000/go.yml", "http://127.0.0.1:3000/go.yml document"),
        ("https://example.org/.devcontainer/devcontainer.json", "https://example.org/.devcontainer/devcontainer.json document"),
        ("https://github.com/o/r/tree/main/devfile.yaml.d", "https://github.com/o/r any+:main/devfile.yaml.d"),
        ("https://github.com/o/devfile.yaml.git", "https://github.com/o/devfile.yaml.git -"),
    ];
    assert!(table.len() >= 150);
    let wrong = table.iter().filter_map(|(text, meaning)| {
        let got = local(text).map_or_else(|error| format!("refused: {error}"), |meaning| line(&meaning));
        (got != *meaning).then(|| format!("{text}\n  is {got}\n not {meaning}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>().join("\n"), "");
}

#[test]
fn refused() {
    let long = format!("https://h.example/{}", "x".repeat(2048));
    #[rustfmt::skip]
    let table = [
        // Nothing, too much, characters.
        "", " ", "\n", &long, "https://h.example/a\nb", "https://h.example/a\0b", "https://h.example/a b", "https://h.example/a\tb",
        "https://h.example/a\u{1b}[2J", "https://h.example/a\u{7f}", "https://h.example/a\u{85}b", "https://h.example/a\u{202e}b",
        "https://h.ex\u{200b}ample/a/b", "\u{feff}https://h.example/a", "https://h.example/a\u{2028}b",
        "https://good.example\\@evil.example/a/b", "https:\\\\h.example\\a",
        // Options, helpers, schemes.
        "-", "--upload-pack=touch /tmp/x", "-oProxyCommand=x", "ext::sh -c x", "ext::sh%20-c%20x", "fd::17", "persistent-https::x",
        "ext://x/y", "git://h.example/a/b", "ftp://h.example/a/b", "javascript://h/a%0aalert(1)", "data:text/plain,x", "git+ssh://h/a",
        "rsync://h/a", "ssh+git://h/a", "://h/a", "file+ssh://h/a", "about:blank", "C:/Users/x",
        // Users, passwords, hosts.
        "https://user@h.example/a/b", "https://user:secret@h.example/a/b", "https://:@h.example/a/b", "https://@h.example/a/b",
        "https://github.com@evil.example/a/b", "https://github.com%40evil.example/a/b", "github.com@evil.example/a/b",
        "https://github.com:443@evil.example/a", "ssh://-oProxyCommand=x/a", "ssh://-x@h/a", "ssh://u:p@h.example/a", "ssh://a@b@c/x",
        "ssh://h:0/a", "ssh://h:99999/a", "ssh://h:x/a", "ssh://h%20x/a", "ssh://$(x)/a", "-x@h:a", "a b@h:x", "git@-h:x", "git@h.example:",
        "git@:x", "https://-h.example/a/b", "https://h_.example:x/a", "https:///a/b", "https:////h/a", "https://", "https://h..example/a",
        "https://[::1/a", "https://h*.example/a/b",
        // Paths.
        "https://h.example", "https://h.example/", "https://h.example/a/../b", "https://h.example/a/%2e%2E/b", "https://h.example/a/./b",
        "https://h.example/a/b%00", "https://h.example/a/b%0a", "https://h.example/a%2fb", "https://h.example/a%5cb", "https://h.example/a%zz",
        "https://h.example/-x", "https://h.example/a/b;x", "https://h.example/a/$(x)", "ssh://h/-x", "ssh://h/a/../b", "ssh://h", "ssh://h/",
        "git@h:-x", "git@h:../x", "git@h:a'b", "git@h:a`b`", "ssh://h/a|b",
        // Names behind a link.
        "https://github.com/o/r/tree/-x", "https://github.com/o/r/tree/--upload-pack=x", "https://github.com/o/r/tree/%2Dx",
        "https://github.com/o/r/tree/a%20b", "https://github.com/o/r/tree/a..b", "https://github.com/o/r/tree/a:b",
        "https://github.com/o/r/tree/%ff", "https://github.com/o/r/pull/0", "https://gitlab.com/g/p/-/tree/a~1",
        "https://bb.example/projects/K/repos/r/browse?at=-x", "https://dev.azure.com/o/p/_git/r?version=GB-x",
        // Files.
        "file://other.example/srv/a", "file:///", "file:///srv/../etc", "file:///srv/%2e%2e/etc", "file:///srv/a%00", "file:///srv/a?x",
        "file:relative", "../a", "./a", "~/a", "folder", "a/b",
    ];
    assert!(table.len() >= 60);
    let taken = table.iter().filter_map(|text| Some(format!("{text:?} is {}", line(&local(text).ok()?))));
    assert_eq!(taken.collect::<Vec<_>>().join("\n"), "");
    for text in table {
        let told = local(text).unwrap_err().to_string();
        assert!(told.len() < 400 && !told.chars().any(char::is_control) && !told.contains("secret"), "{told}");
    }
}

#[test]
fn files_are_refused_where_they_are_not_allowed() {
    for text in ["file:///srv/a", "/srv/a", "FILE:///srv/a", "file://localhost/srv/a"] {
        assert_eq!(read(text, Beside::default()), Err(SourceError::Local), "{text}");
    }
}

#[test]
fn names_of_repositories() {
    for (text, name) in [
        ("https://h.example/a/b.git", "b"),
        ("git@h:b.git", "b"),
        ("git@h:a/b", "b"),
        ("https://github.com/o/r/tree/x/y", "r"),
        ("file:///srv/app/.git", "app"),
        ("file:///srv/app.git", "app"),
    ] {
        assert_eq!(local(text).unwrap().address.repository, name, "{text}");
    }
}

#[test]
fn what_is_given_beside_a_link_counts_more() {
    let link = "https://github.com/o/r/tree/a/b";
    let beside =
        |reference, request| read(link, Beside { reference, request, local: false }).map(|meaning| line(&meaning));
    assert_eq!(beside(None, None).unwrap(), "https://github.com/o/r any+:a/b");
    assert_eq!(beside(Some("v1"), None).unwrap(), "https://github.com/o/r any:v1");
    assert_eq!(beside(None, Some(3)).unwrap(), "https://github.com/o/r !3");
    assert_eq!(beside(Some("v1"), Some(3)), Err(SourceError::Both));
    let long = "a".repeat(256);
    for bad in [
        "",
        "-x",
        "--",
        "a b",
        "a\nb",
        "a..b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "/a",
        "a/",
        "a//b",
        ".a",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a.",
        "@",
        "a@{1}",
        "a\u{202e}b",
        &long,
    ] {
        assert!(matches!(beside(Some(bad), None), Err(SourceError::Reference(_))), "{bad}");
    }
    for good in ["main", "feature/x-1", "v1.0", "ünï", "a@b", "refs/heads/x", C] {
        assert!(beside(Some(good), None).is_ok(), "{good}");
    }
}
