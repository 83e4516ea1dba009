//! Projects: remotes, and what is checked out.

use super::{Check, suggest};
use crate::diagnostic::Severity;
use crate::diagnostic::rule::Rule;
use crate::model::project::{GitSource, Project};
use crate::node::Step;

impl Check<'_> {
    pub(super) fn projects(&mut self) {
        let devfile = self.devfile;
        for (list, what, projects) in [
            ("projects", "project", &devfile.projects),
            ("dependentProjects", "dependent project", &devfile.dependent_projects),
        ] {
            let names = projects.iter().map(|project| project.name.as_str());
            self.unique(Severity::Warning, (list, "name"), &format!("{what}s"), names);
            for (index, project) in projects.iter().enumerate() {
                self.project(list, what, index, project);
            }
        }
        let starters = &devfile.starter_projects;
        let names = starters.iter().map(|starter| starter.name.as_str());
        self.unique(Severity::Warning, ("starterProjects", "name"), "starter projects", names);
        for (index, starter) in starters.iter().enumerate() {
            if let Some(git) = &starter.source.git {
                let path = ["starterProjects".into(), index.into(), "git".into()];
                self.single_remote(git, &path, &format!("starter project '{}'", starter.name));
            }
        }
    }

    fn project(&mut self, list: &str, what: &str, index: usize, project: &Project) {
        let Some(git) = &project.source.git else { return };
        let path = [list.into(), index.into(), "git".into()];
        let what = format!("{what} '{}'", project.name);
        if git.remotes.is_empty() {
            self.error(Rule::ProjectRemotes, &path, format!("{what} has no remote"));
        } else if checkout(git).is_none() && git.remotes.len() > 1 {
            let message = format!("{what} has several remotes and no checkoutFrom.remote to say which to check out");
            let first = git.remotes.keys().next().map(String::as_str).unwrap_or_default();
            self.error(Rule::ProjectCheckout, &path, message).fix(format!("add checkoutFrom: {{remote: {first}}}"));
        } else {
            self.checkout_exists(git, &path, &what);
        }
    }

    /// For sources that have exactly one remote.
    pub(super) fn single_remote(&mut self, git: &GitSource, path: &[Step<'_>], what: &str) {
        match git.remotes.len() {
            0 => {
                self.error(Rule::ProjectRemotes, path, format!("{what} has no remote"));
            }
            1 => self.checkout_exists(git, path, what),
            several => {
                self.error(Rule::ProjectRemotes, path, format!("{what} has {several} remotes; it may have one"));
            }
        }
    }

    fn checkout_exists(&mut self, git: &GitSource, path: &[Step<'_>], what: &str) {
        let Some(remote) = checkout(git).filter(|remote| !git.remotes.contains_key(*remote)) else { return };
        let path: Vec<Step<'_>> = path.iter().copied().chain(["checkoutFrom".into(), "remote".into()]).collect();
        let message = format!("{what} checks out from the remote '{remote}', which it does not have");
        let diagnostic = self.error(Rule::ProjectCheckout, &path, message);
        suggest(diagnostic, remote, git.remotes.keys().map(String::as_str));
    }
}

/// The remote that is named to check out from.
fn checkout(git: &GitSource) -> Option<&str> {
    git.checkout_from.as_ref()?.remote.as_deref().filter(|remote| !remote.is_empty())
}
