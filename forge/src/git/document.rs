//! A devfile by itself, at an address of its own: there is no repository, and nothing is cloned but what it names.

use dormer_core::ports::forge::{Asked, ForgeError, Resolved};
use dormer_core::workspace::Source;
use url::Url;

use super::Git;
use super::told::refused;
use crate::guard::policy::Reach;
use crate::guard::{Ask, GuardError};
use crate::source::{Meaning, reference};

impl Git {
    /// Fetches it. None where what is there is a page: the address is a repository's then, with an unusual name.
    pub(super) async fn document(&self, meaning: &Meaning, asked: &Asked) -> Result<Option<Resolved>, ForgeError> {
        let (address, reach) = (&meaning.address, if asked.local { Reach::Own } else { Reach::Public });
        let invalid = |why: &str| ForgeError::Invalid(format!("{}: {why}", reference::shown(&address.url)));
        let file = address.url.rsplit('/').next().unwrap_or("devfile.yaml").to_string();
        if asked.devfile_path.as_ref().is_some_and(|path| *path != file) {
            return Err(invalid("this is a devfile by itself: there is no other file to look for"));
        }
        let host = address.host.clone().unwrap_or_default();
        let url = Url::parse(&address.url).map_err(|_| invalid("this is no URL"))?;
        let answer = match self.guard.get(&url, &Ask::document(reach)).await {
            Ok(answer) => answer,
            // Perhaps a repository whose name ends like that; git tells whether there is one.
            Err(GuardError::Status(401..=404)) => return Ok(None),
            Err(GuardError::TooLong(_)) => return Err(invalid("a devfile has at most 1 MB")),
            Err(error) => return Err(refused(error, &host)),
        };
        let text = String::from_utf8(answer.body).ok().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| invalid("this is no devfile: it is not text"))?;
        if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
            return Ok(None);
        }
        // References in it are joined with where it is.
        let whole = self.flatten(answer.url.as_str(), &text, None).await;
        Ok(Some(Resolved {
            source: Source { url: address.url.clone(), document: true, ..Source::default() },
            repository: address.repository.clone(),
            devfile_page: Some(address.url.clone()),
            devfile: Some((file, text)),
            whole: Some(whole),
            ..Resolved::default()
        }))
    }
}
