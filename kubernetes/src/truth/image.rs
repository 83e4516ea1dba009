//! Images that do not come, and whose fault that is.

use dormer_core::ports::runtime::{Outlook, Trouble};

use crate::truth::{quoted, trouble};

/// What is wrong with an image, by a kubelet's reason and a runtime's words.
pub fn trouble_of(image: &str, reason: &str, message: &str, ours: bool) -> Trouble {
    let lower = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let whose = if ours { "the tools' image" } else { "image" };
    let whom = if ours { "; an administrator has to see to that" } else { "" };
    let (word, text, outlook) = match reason {
        "InvalidImageName" => ("ImageNameInvalid", "is no name of an image".to_owned(), Outlook::Final),
        "ErrImageNeverPull" => {
            ("ImageNotFound", "is not on its node, and nobody may pull it there".to_owned(), Outlook::Final)
        }
        "SignatureValidationFailed" => {
            ("ImageRefused", "is not signed as its cluster wants it".to_owned(), Outlook::Final)
        }
        _ if has(&["no match for platform", "no matching manifest"]) => {
            ("ImageArchitecture", "is not made for its node's kind of processor".to_owned(), Outlook::Final)
        }
        _ if has(&["toomanyrequests", "too many requests", "rate limit"]) => (
            "RegistryLimit",
            "cannot be pulled now: its registry has seen too many pulls from here".to_owned(),
            Outlook::MayPass,
        ),
        _ if has(&["unauthorized", "authentication required", "denied", "403 forbidden", "no basic auth"]) => (
            "ImageForbidden",
            "cannot be pulled: it does not exist, or its registry wants a sign-in; correct its name, or have a pull \
             secret put into its class"
                .to_owned(),
            Outlook::Final,
        ),
        _ if has(&["no such host", "i/o timeout", "connection refused", "connection reset", "no route to host"])
            || has(&["x509", "tls: ", ": eof", "deadline exceeded", "temporary failure", "unreachable"])
            || has(&["500 internal", "502 bad", "503 service", "504 gateway"])
            || reason == "RegistryUnavailable" =>
        {
            let told = quoted(message);
            (
                "RegistryUnreachable",
                format!("cannot be pulled: its registry does not answer ({told})"),
                Outlook::MayPass,
            )
        }
        _ if has(&["not found", "manifest unknown", "does not exist", "name unknown", "name_unknown", "404 not"]) => {
            ("ImageNotFound", "does not exist; correct its name or its tag".to_owned(), Outlook::Final)
        }
        _ if has(&["no space left"]) => ("NodeDiskFull", "does not fit on its node's disk".to_owned(), Outlook::Retry),
        _ => ("ImagePullFailed", format!("cannot be pulled: {}", quoted(message)), Outlook::MayPass),
    };
    trouble(word, format!("{whose} '{image}' {text}{whom}"), outlook)
}
