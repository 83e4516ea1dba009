//! Text to meaning: which repository, and which ref or request of it. Pure.

pub mod address;
pub mod file;
pub mod link;
pub mod reference;

use address::Address;
use dormer_core::ports::forge::{Asked, ForgeError, Resolved};
use dormer_core::workspace::Source;

/// What a source means, as far as its text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// The repository.
    pub address: Address,
    /// What of it.
    pub wanted: Wanted,
    /// Which program its host runs, as far as the text tells.
    pub flavour: Option<Flavour>,
}

/// The program that a git host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// GitLab.
    GitLab,
    /// GitHub, or GitHub Enterprise Server.
    GitHub,
    /// Gitea, Forgejo.
    Gitea,
    /// bitbucket.org.
    BitbucketCloud,
    /// Bitbucket Server, Data Center.
    BitbucketServer,
}

impl Flavour {
    /// Of the hosts that everybody knows.
    pub fn of_host(host: &str) -> Option<Flavour> {
        match host {
            "gitlab.com" => Some(Flavour::GitLab),
            "github.com" => Some(Flavour::GitHub),
            "codeberg.org" | "gitea.com" => Some(Flavour::Gitea),
            "bitbucket.org" => Some(Flavour::BitbucketCloud),
            _ => None,
        }
    }

    /// As a person would say it.
    pub fn name(self) -> &'static str {
        match self {
            Flavour::GitLab => "GitLab",
            Flavour::GitHub => "GitHub",
            Flavour::Gitea => "Gitea",
            Flavour::BitbucketCloud | Flavour::BitbucketServer => "Bitbucket",
        }
    }
}

/// What of a repository is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Its default branch.
    Default,
    /// A branch, tag or commit.
    Named {
        /// Its name; from a link, a path may follow behind it.
        name: String,
        /// What it can be.
        kind: Kind,
        /// Whether a path may follow behind it.
        link: bool,
    },
    /// A merge or pull request, by its number.
    Request(u64),
    /// Nothing of a repository: the URL is that of a devfile by itself, unless it turns out to be none.
    Document,
}

/// What a name can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any of those below, in their order.
    Any,
    /// A branch.
    Branch,
    /// A tag.
    Tag,
    /// A commit.
    Commit,
}

/// Why a text is no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nothing there, or too much.
    #[error("a source has 1 to 2048 characters")]
    Length,
    /// Characters that no URL has.
    #[error("a source has no control characters, spaces or backslashes in it")]
    Characters,
    /// It could be an option of git.
    #[error("a source must not begin with '-'")]
    Option,
    /// A scheme that is not spoken.
    #[error("'{0}' is not supported: use https://, ssh:// or git@host:path")]
    Scheme(String),
    /// Files of the gateway's machine.
    #[error("files of this machine cannot be a source here")]
    Local,
    /// A user or a password in a web address.
    #[error("a web address must not carry a user or a password: what stands before '@' is not the host")]
    Userinfo,
    /// No host, or none that can be one.
    #[error("'{0}' is no host")]
    Host(String),
    /// No repository behind the host.
    #[error("no repository is named: expected something like https://host/owner/repository")]
    Repository,
    /// A path that means something else than it says.
    #[error("the path of a repository must not have '..', '-' at its beginning or encoded control characters")]
    Path,
    /// It cannot be read as a URL.
    #[error("this is no URL: {0}")]
    Malformed(String),
    /// A ref that git would refuse, or take for an option.
    #[error("'{0}' cannot be the name of a branch, tag or commit")]
    Reference(String),
    /// Two answers to one question.
    #[error("give a ref or a merge request, not both")]
    Both,
}

/// What a person asked for, beside the source itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// A branch, tag or commit.
    pub reference: Option<&'a str>,
    /// A request's number.
    pub request: Option<u64>,
    /// Whether files of this machine are allowed.
    pub local: bool,
}

/// Reads a source. What was given beside it counts more than what the link says.
pub fn read(text: &str, beside: Beside<'_>) -> Result<Meaning, SourceError> {
    let mut meaning = link::read(address::tidy(text)?, beside.local)?;
    meaning.wanted = match (beside.reference, beside.request) {
        (Some(_), Some(_)) => return Err(SourceError::Both),
        (Some(name), None) => Wanted::Named { name: reference::check(name)?, kind: Kind::Any, link: false },
        (None, Some(0)) => return Err(SourceError::Reference("0".into())),
        (None, Some(number)) => Wanted::Request(number),
        (None, None) => meaning.wanted,
    };
    Ok(meaning)
}

/// What a source means as far as its text tells: no host is asked, and no commit is known.
pub fn offline(asked: &Asked) -> Result<Resolved, ForgeError> {
    let meaning = asked_for(asked)?;
    let document = meaning.wanted == Wanted::Document;
    let (reference, merge_request) = match meaning.wanted {
        Wanted::Default | Wanted::Document => (None, None),
        Wanted::Named { name, .. } => (Some(name), None),
        Wanted::Request(number) => (None, Some(number)),
    };
    let source = Source { url: meaning.address.url, reference, merge_request, document, ..Source::default() };
    Ok(Resolved { source, repository: meaning.address.repository, ..Resolved::default() })
}

/// What somebody asked for, read.
pub fn asked_for(asked: &Asked) -> Result<Meaning, ForgeError> {
    let beside = Beside { reference: asked.reference.as_deref(), request: asked.merge_request, local: asked.local };
    read(&asked.url, beside).map_err(|error| ForgeError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests;
