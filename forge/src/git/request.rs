//! What a merge or pull request is beside its commits: told by its host's API, where that tells anything.

use std::sync::PoisonError;
use std::time::Duration;

use dormer_core::git_access::credential_host;
use dormer_core::ports::forge::{Asked, ForgeError, Request};

use super::told::refused;
use super::{Git, Route};
use crate::api::Api;
use crate::guard::GuardError;
use crate::refs::{Picked, Refs};
use crate::source::{self, Beside, Flavour, Meaning, Wanted};

/// How long a title is waited for.
const METADATA: Duration = Duration::from_secs(4);

impl Git {
    /// What the host's API tells of a request, if it tells anything in time.
    pub(super) async fn metadata(
        &self,
        route: &Route,
        flavour: Option<Flavour>,
        picked: &Picked,
    ) -> Result<Request, GuardError> {
        let none = || GuardError::Kind("request");
        let number = picked.request.ok_or_else(none)?;
        let host = credential_host(&route.address.url).ok_or_else(none)?;
        let certain = self.flavour(&host, flavour).or(match picked.full.as_deref() {
            Some(full) if full.starts_with("refs/merge-requests/") => Some(Flavour::GitLab),
            Some(full) if full.starts_with("refs/pull-requests/") => Some(Flavour::BitbucketServer),
            _ => None,
        });
        let candidates = match certain {
            Some(flavour) => vec![flavour],
            None => vec![Flavour::Gitea, Flavour::GitHub],
        };
        let api = Api {
            guard: &self.guard,
            reach: route.reach,
            address: &route.address,
            credential: route.credential.as_ref(),
        };
        let ask = async {
            let mut last = none();
            for flavour in candidates {
                match api.request(flavour, number).await {
                    Ok(request) => {
                        self.learned.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone(), flavour);
                        return Ok(request);
                    }
                    Err(error) => {
                        tracing::debug!(host, ?flavour, %error, "the API tells nothing of a request");
                        last = error;
                    }
                }
            }
            Err(last)
        };
        let late = || GuardError::Unreachable(format!("its API said nothing within {} s", METADATA.as_secs()));
        tokio::time::timeout(METADATA, ask).await.unwrap_or_else(|_| Err(late()))
    }

    pub(super) fn flavour(&self, host: &str, shape: Option<Flavour>) -> Option<Flavour> {
        let configured = self.config.flavours.iter().find(|(name, _)| name == host).map(|(_, flavour)| *flavour);
        let learned = || self.learned.lock().unwrap_or_else(PoisonError::into_inner).get(host).copied();
        configured.or_else(|| Flavour::of_host(host)).or(shape).or_else(learned)
    }

    /// Bitbucket's cloud has no refs for requests: its API says which branch of which repository is meant.
    pub(super) async fn bitbucket(
        &self,
        meaning: &Meaning,
        route: Route,
        asked: &Asked,
    ) -> Result<(Route, Refs, Picked, Option<Request>), ForgeError> {
        let Wanted::Request(number) = meaning.wanted else {
            return Err(ForgeError::Invalid("this is no request".into()));
        };
        let picked = Picked { request: Some(number), ..Picked::default() };
        let no_ref = |what: String| ForgeError::NoRef { url: route.address.url.clone(), what };
        let request = self.metadata(&route, Some(Flavour::BitbucketCloud), &picked).await;
        let request = request.map_err(|error| match error {
            GuardError::Status(401..=404) => no_ref(format!("pull request {number} that its API tells of")),
            error => refused(error, "bitbucket.org"),
        })?;
        let branch = request.branch.clone().ok_or_else(|| no_ref("branch of that request any more".into()))?;
        let address = match &request.fork {
            Some(fork) => source::read(fork, Beside::default()).map_err(|_| no_ref("such fork".into()))?.address,
            None => route.address.clone(),
        };
        let (route, refs) = self.refs(self.route(address, asked).await?, asked).await?;
        let wanted = Wanted::Named { name: branch, kind: source::Kind::Branch, link: false };
        let mut picked =
            refs.pick(&wanted).map_err(|what| ForgeError::NoRef { url: route.address.url.clone(), what })?;
        picked.request = Some(number);
        Ok((route, refs, picked, Some(request)))
    }
}
