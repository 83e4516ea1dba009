//! Texts that must have a form.

use super::{Dialect, Edition};

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A name or an id: a DNS label.
    Name,
    /// A name of an endpoint: shorter since 2.2.0, it becomes a port name of Kubernetes.
    EndpointName,
    /// `schemaVersion`.
    SchemaVersion,
    /// A semantic version.
    Version,
    /// `latest` or a semantic version.
    RegistryVersion,
}

impl Form {
    /// What is wrong with a text, if anything is.
    pub(crate) fn complaint(self, text: &str, dialect: Dialect) -> Option<String> {
        match self {
            Self::Name | Self::EndpointName => {
                let longest = self.longest(dialect).unwrap_or(usize::MAX);
                if !is_label(text) {
                    Some(format!(
                        "'{}' is not a name: lower-case letters, digits and '-', a letter or digit at both ends",
                        clip(text)
                    ))
                } else if text.len() > longest {
                    Some(format!("'{}' has {} characters; a name here has at most {longest}", clip(text), text.len()))
                } else {
                    None
                }
            }
            Self::SchemaVersion if is_version(text, b'2') => None,
            Self::Version if is_version(text, b'0') => None,
            // The published pattern is anchored at one end only, per alternative; so is this.
            Self::RegistryVersion if text.starts_with("latest") => None,
            Self::RegistryVersion
                if text.char_indices().take(64).any(|(at, _)| text.get(at..).is_some_and(|t| is_version(t, b'1'))) =>
            {
                None
            }
            Self::RegistryVersion => Some(format!("'{}' is neither 'latest' nor a version like 1.2.3", clip(text))),
            Self::SchemaVersion | Self::Version => Some(format!("'{}' is not a version like 1.2.3", clip(text))),
        }
    }

    /// The most characters.
    pub(crate) fn longest(self, dialect: Dialect) -> Option<usize> {
        match self {
            Self::Name => Some(63),
            Self::EndpointName => match dialect {
                Dialect::Devfile(edition) if edition >= Edition::V2_2_0 => Some(15),
                _ => Some(63),
            },
            _ => None,
        }
    }

    /// The regular expression, for editors.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Self::Name | Self::EndpointName => "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            Self::SchemaVersion => {
                r"^([2-9])\.([0-9]+)\.([0-9]+)(\-[0-9a-z-]+(\.[0-9a-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$"
            }
            Self::Version => {
                r"^([0-9]+)\.([0-9]+)\.([0-9]+)(\-[0-9a-z-]+(\.[0-9a-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$"
            }
            Self::RegistryVersion => {
                r"^(latest)|(([1-9])\.([0-9]+)\.([0-9]+)(\-[0-9a-z-]+(\.[0-9a-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?)$"
            }
        }
    }
}

fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && !text.starts_with('-') && !text.ends_with('-') && text.bytes().all(inner)
}

/// `major.minor.patch[-pre][+build]`; the least major decides how the major is written: any number, or one digit.
fn is_version(text: &str, least_major: u8) -> bool {
    let (text, build) = match text.split_once('+') {
        Some((text, build)) => (text, Some(build)),
        None => (text, None),
    };
    let (core, pre) = match text.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (text, None),
    };
    let dotted = |part: &str, allowed: fn(u8) -> bool| part.split('.').all(|p| !p.is_empty() && p.bytes().all(allowed));
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let any = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let numbers = dotted(core, |b| b.is_ascii_digit()) && core.split('.').count() == 3;
    let major = core.split('.').next().unwrap_or_default().as_bytes();
    let major = least_major == b'0' || (major.len() == 1 && major.first().is_some_and(|b| *b >= least_major));
    numbers && major && pre.is_none_or(|p| dotted(p, lower)) && build.is_none_or(|b| dotted(b, any))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let latest = Dialect::Devfile(Edition::LATEST);
        let table = [
            (Form::Name, "a", true),
            (Form::Name, "a-1", true),
            (Form::Name, "A", false),
            (Form::Name, "-a", false),
            (Form::Name, "a_b", false),
            (Form::Name, "", false),
            (Form::EndpointName, "sixteen-letters-", false),
            (Form::EndpointName, "fifteen-letters", true),
            (Form::EndpointName, "sixteen-lettersx", false),
            (Form::SchemaVersion, "2.2.0", true),
            (Form::SchemaVersion, "2.2.0-latest", true),
            (Form::SchemaVersion, "1.0.0", false),
            (Form::SchemaVersion, "2.2", false),
            (Form::SchemaVersion, "12.2.0", false),
            (Form::Version, "0.1.0", true),
            (Form::Version, "1.0.0-alpha.1+Build.5", true),
            (Form::Version, "1.0.0-Alpha", false),
            (Form::Version, "1.0", false),
            (Form::RegistryVersion, "latest", true),
            (Form::RegistryVersion, "1.2.3", true),
            (Form::RegistryVersion, "0.2.3", false),
        ];
        for (form, text, ok) in table {
            assert_eq!(form.complaint(text, latest).is_none(), ok, "{form:?} {text}");
        }
        let old = Dialect::Devfile(Edition::V2_1_0);
        assert!(Form::EndpointName.complaint("sixteen-lettersx", old).is_none());
    }
}
