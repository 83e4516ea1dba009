//! What a repository has (`git ls-remote --symref`), and which of it was meant. Pure.

use std::collections::BTreeMap;

use crate::source::{Kind, Wanted, reference};

/// What a repository has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refs {
    /// The default branch, where it is known.
    pub default_branch: Option<String>,
    /// The commit of HEAD.
    head: Option<String>,
    /// Commits by the full names of refs; of an annotated tag the commit that it points to.
    commits: BTreeMap<String, String>,
}

/// What was meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picked {
    /// The branch, tag or commit; None for the default branch or a request.
    pub name: Option<String>,
    /// The full name of the ref it was found at; None for a commit.
    pub full: Option<String>,
    /// The commit; None in an empty repository.
    pub commit: Option<String>,
    /// The number of the request, where it is one.
    pub request: Option<u64>,
    /// The path that stood behind the name in a link.
    pub path: Option<String>,
}

/// A request's commits are at one of these: GitLab, then GitHub and Gitea, then Bitbucket Server.
const REQUESTS: [(&str, &str); 3] =
    [("refs/merge-requests/", "/head"), ("refs/pull/", "/head"), ("refs/pull-requests/", "/from")];

impl Refs {
    /// Reads the output of `git ls-remote --symref`. Lines that are none are left out.
    pub fn parse(text: &str) -> Refs {
        let mut refs = Refs::default();
        for line in text.lines() {
            let Some((left, name)) = line.split_once('\t') else { continue };
            if let Some(target) = left.strip_prefix("ref: ") {
                if name == "HEAD" {
                    refs.default_branch = target.strip_prefix("refs/heads/").map(Into::into);
                }
            } else if !reference::is_commit(left) {
                continue;
            } else if name == "HEAD" {
                refs.head = Some(left.into());
            } else if let Some(tag) = name.strip_suffix("^{}") {
                // Comes behind the tag itself, whose own object is no commit.
                refs.commits.insert(tag.into(), left.into());
            } else {
                refs.commits.insert(name.into(), left.into());
            }
        }
        refs
    }

    /// Finds what was meant; or says what there is none of.
    pub fn pick(&self, wanted: &Wanted) -> Result<Picked, String> {
        match wanted {
            Wanted::Default | Wanted::Document => Ok(self.head()),
            Wanted::Request(number) => self.request(*number),
            Wanted::Named { name, kind, link: false } => self.named(name, *kind).ok_or_else(|| missing(name, *kind)),
            Wanted::Named { name, kind, link: true } => {
                // Behind the name of a link may stand a path: the longest name that exists is meant.
                let ends = name.rmatch_indices('/').map(|(at, _)| at);
                let names = std::iter::once(name.len()).chain(ends).filter_map(|end| name.get(..end));
                let mut names = names.filter(|name| reference::check(name).is_ok());
                let found = names.find_map(|shorter| {
                    let path = name.get(shorter.len()..)?.strip_prefix('/').filter(|path| !path.is_empty());
                    Some(Picked { path: path.map(Into::into), ..self.named(shorter, *kind)? })
                });
                found.ok_or_else(|| missing(name.split('/').next().unwrap_or(name), *kind))
            }
        }
    }

    fn head(&self) -> Picked {
        let full = self.default_branch.as_ref().map(|name| format!("refs/heads/{name}"));
        let commit = self.head.clone().or_else(|| self.commits.get(full.as_deref()?).cloned());
        // A repository without any commit is nothing wrong: one begins to work in it.
        Picked { name: None, full: full.filter(|_| commit.is_some()), commit, request: None, path: None }
    }

    fn request(&self, number: u64) -> Result<Picked, String> {
        let names = REQUESTS.iter().map(|(before, after)| format!("{before}{number}{after}"));
        let found = names.into_iter().find_map(|full| Some((self.commits.get(&full)?.clone(), full)));
        let (commit, full) = found.ok_or_else(|| format!("merge or pull request {number}"))?;
        Ok(Picked { name: None, full: Some(full), commit: Some(commit), request: Some(number), path: None })
    }

    fn named(&self, name: &str, kind: Kind) -> Option<Picked> {
        let at = |full: String, short: &str| {
            let commit = self.commits.get(&full)?.clone();
            Some(Picked { name: Some(short.into()), full: Some(full), commit: Some(commit), request: None, path: None })
        };
        let branch = || at(format!("refs/heads/{name}"), name);
        let tag = || at(format!("refs/tags/{name}"), name);
        let full = || at(name.to_string(), name).filter(|_| name.starts_with("refs/"));
        let commit = || self.commit(name);
        match kind {
            Kind::Any => branch().or_else(tag).or_else(full).or_else(commit),
            Kind::Branch => branch(),
            Kind::Tag => tag(),
            Kind::Commit => commit(),
        }
    }

    fn commit(&self, name: &str) -> Option<Picked> {
        let name = name.to_ascii_lowercase();
        let picked = |commit: String| Picked { name: Some(commit.clone()), commit: Some(commit), ..Picked::default() };
        if reference::is_commit(&name) {
            // Whether it exists only a fetch can tell: a list of refs does not have every commit.
            return Some(picked(name));
        }
        if !reference::is_abbreviated(&name) {
            return None;
        }
        let mut found = self.commits.values().filter(|commit| commit.starts_with(&name));
        let first = found.next()?;
        found.all(|other| other == first).then(|| picked(first.clone()))
    }
}

fn missing(name: &str, kind: Kind) -> String {
    let name = reference::shown(name);
    match kind {
        Kind::Any if reference::is_abbreviated(&name) => {
            format!("branch or tag '{name}', and no branch ends at such a commit: give all 40 digits of it")
        }
        Kind::Any => format!("branch, tag or commit '{name}'"),
        Kind::Branch => format!("branch '{name}'"),
        Kind::Tag => format!("tag '{name}'"),
        Kind::Commit => format!("commit '{name}': give all 40 digits of it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(c: char) -> String {
        c.to_string().repeat(40)
    }

    fn refs() -> Refs {
        let lines = [
            ("ref: refs/heads/main".to_string(), "HEAD"),
            (id('a'), "HEAD"),
            (id('a'), "refs/heads/main"),
            (id('b'), "refs/heads/feature"),
            (id('c'), "refs/heads/feature/x/y"),
            (id('d'), "refs/tags/v1"),
            (id('e'), "refs/tags/v1^{}"),
            (id('f'), "refs/heads/both"),
            (id('1'), "refs/tags/both"),
            (id('2'), "refs/merge-requests/7/head"),
            (id('3'), "refs/pull/8/head"),
            (id('4'), "refs/pull-requests/9/from"),
            ("nonsense".into(), "refs/heads/bad"),
        ];
        Refs::parse(&lines.iter().map(|(left, name)| format!("{left}\t{name}\n")).collect::<String>())
    }

    #[test]
    fn what_was_meant() {
        let any = |name: &str, kind, link| Wanted::Named { name: name.into(), kind, link };
        let table = [
            (Wanted::Default, Some((None, 'a'))),
            (any("main", Kind::Any, false), Some((Some("main"), 'a'))),
            (any("v1", Kind::Any, false), Some((Some("v1"), 'e'))),
            (any("both", Kind::Any, false), Some((Some("both"), 'f'))),
            (any("both", Kind::Tag, false), Some((Some("both"), '1'))),
            (any("v1", Kind::Branch, true), None),
            (any("feature/x/y/src/main.rs", Kind::Any, true), Some((Some("feature/x/y"), 'c'))),
            (any("feature/x/src", Kind::Any, true), Some((Some("feature"), 'b'))),
            (any("feature/x", Kind::Any, false), None),
            (any("main/a b/..", Kind::Any, true), Some((Some("main"), 'a'))),
            (any(&format!("{}/devfile.yaml", id('9')), Kind::Commit, true), Some((Some("9"), '9'))),
            (any("bad", Kind::Any, false), None),
            (any("refs/heads/main", Kind::Any, false), Some((Some("refs/heads/main"), 'a'))),
            (any("ccccccc", Kind::Any, false), Some((Some("c"), 'c'))),
            (any("ccccc", Kind::Any, false), None),
            (any("9999999", Kind::Any, false), None),
            (any(&id('9'), Kind::Any, false), Some((Some("9"), '9'))),
            (any(&id('9'), Kind::Branch, false), None),
            (Wanted::Request(7), Some((None, '2'))),
            (Wanted::Request(8), Some((None, '3'))),
            (Wanted::Request(9), Some((None, '4'))),
            (Wanted::Request(10), None),
        ];
        for (wanted, answer) in table {
            let picked = refs().pick(&wanted).ok().map(|picked| (picked.name, picked.commit.unwrap()));
            let answer = answer.map(|(name, c)| {
                (name.map(|name| if name.len() == 1 { name.repeat(40) } else { name.to_string() }), id(c))
            });
            assert_eq!(picked, answer, "{wanted:?}");
        }
    }

    #[test]
    fn what_stands_behind_a_name() {
        for (name, path) in [
            ("main", None),
            ("main/", None),
            ("main/devfile.yaml", Some("devfile.yaml")),
            ("feature/x/y/docs/devfile.yaml", Some("docs/devfile.yaml")),
            ("feature/x/devfile.yaml", Some("x/devfile.yaml")),
        ] {
            let picked = refs().pick(&Wanted::Named { name: name.into(), kind: Kind::Any, link: true });
            assert_eq!(picked.ok().and_then(|picked| picked.path).as_deref(), path, "{name}");
        }
    }

    #[test]
    fn an_empty_repository() {
        assert_eq!(Refs::parse("").pick(&Wanted::Default).unwrap().commit, None);
    }
}
