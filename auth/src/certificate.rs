//! OpenSSH user certificates (PROTOCOL.certkeys): a key, and the word of an authority that the configuration names.
//!
//! A principal of a certificate is the name of a user here. Whoever calls this has seen a signature by the
//! certificate's own key.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, HashAlg, PublicKey};

use dormer_core::name::UserName;

use crate::network::Network;

/// Those whose word counts.
#[derive(Debug, Clone, Default)]
pub struct Authorities(Vec<KeyData>);

/// What is no list of authorities.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct AuthoritiesError {
    line: usize,
    reason: String,
}

/// What somebody who comes by a certificate may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permits {
    /// The one command, whatever was asked for.
    pub command: Option<String>,
    /// A terminal.
    pub terminal: bool,
    /// Forwarding of ports and sockets.
    pub forwarding: bool,
    /// Their ssh-agent.
    pub ssh_agent: bool,
}

impl Default for Permits {
    /// Everything: what a plain key may.
    fn default() -> Self {
        Permits { command: None, terminal: true, forwarding: true, ssh_agent: true }
    }
}

/// What a certificate is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The users that it names, in its order.
    pub users: Vec<UserName>,
    /// What they may do.
    pub permits: Permits,
    /// What names it in logs: fingerprint of the key, its id and serial number, fingerprint of the authority.
    pub name: String,
}

/// Why a certificate is good for nothing. Told to the log, not to whoever came with it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not signed by an authority of ours.
    #[error("its authority is not one of ours")]
    Authority,
    /// A host's.
    #[error("it is no user's certificate")]
    Kind,
    /// Its signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// Too early or too late.
    #[error("it is not valid now")]
    Validity,
    /// Without one it would be good for everybody.
    #[error("it names no user")]
    Principals,
    /// From elsewhere.
    #[error("it is not valid from this address")]
    Address,
    /// An option that has to be understood, and is not.
    #[error("it has the critical option '{0}', which is not understood here")]
    Option(String),
}

impl Authorities {
    /// Reads what OpenSSH calls `TrustedUserCAKeys`: a public key on each line.
    pub fn parse(text: &str) -> Result<Authorities, AuthoritiesError> {
        let mut all = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = PublicKey::from_openssh(line)
                .map_err(|error| AuthoritiesError { line: number + 1, reason: error.to_string() })?;
            if key.algorithm().is_dsa() {
                return Err(AuthoritiesError { line: number + 1, reason: "DSA keys are too weak".into() });
            }
            all.push(key.key_data().clone());
        }
        Ok(Authorities(all))
    }

    /// Whether there are none: then no certificate is good for anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a certificate is good for, from `address` and `now`.
    pub fn check(&self, certificate: &Certificate, address: IpAddr, now: Timestamp) -> Result<Grant, CertificateError> {
        if !self.0.iter().any(|authority| authority == certificate.signature_key()) {
            return Err(CertificateError::Authority);
        }
        if certificate.cert_type() != CertType::User {
            return Err(CertificateError::Kind);
        }
        // SHA-1 signs nothing any more.
        let weak = matches!(certificate.signature().algorithm(), russh::keys::Algorithm::Rsa { hash: None });
        if weak || certificate.verify_signature().is_err() {
            return Err(CertificateError::Signature);
        }
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        if seconds < certificate.valid_after() || seconds >= certificate.valid_before() {
            return Err(CertificateError::Validity);
        }
        let users: Vec<UserName> =
            certificate.valid_principals().iter().filter_map(|principal| principal.parse().ok()).collect();
        if users.is_empty() {
            return Err(CertificateError::Principals);
        }
        let mut command = None;
        for (name, value) in certificate.critical_options().iter() {
            match name.as_str() {
                "force-command" => command = Some(value.clone()),
                "source-address" => {
                    let networks = value.split(',').map(|text| text.trim().parse::<Network>());
                    let networks: Result<Vec<_>, _> = networks.collect();
                    // One that cannot be read keeps everybody out.
                    if !networks.is_ok_and(|all| all.iter().any(|network| network.contains(address))) {
                        return Err(CertificateError::Address);
                    }
                }
                other => return Err(CertificateError::Option(other.chars().take(64).collect())),
            }
        }
        let extensions: BTreeSet<&str> = certificate.extensions().keys().map(String::as_str).collect();
        let permits = Permits {
            command,
            terminal: extensions.contains("permit-pty"),
            forwarding: extensions.contains("permit-port-forwarding"),
            ssh_agent: extensions.contains("permit-agent-forwarding"),
        };
        let id: String = certificate.key_id().chars().filter(|c| !c.is_control()).take(64).collect();
        let name = format!(
            "{} id {id:?} serial {} by {}",
            certificate.public_key().fingerprint(HashAlg::Sha256),
            certificate.serial(),
            certificate.signature_key().fingerprint(HashAlg::Sha256),
        );
        Ok(Grant { users, permits, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::Command;

    fn keygen(folder: &Path, arguments: &[&str]) {
        let status = Command::new("ssh-keygen").current_dir(folder).arg("-q").args(arguments).status().unwrap();
        assert!(status.success(), "{arguments:?}");
    }

    #[test]
    fn what_openssh_signs_is_honoured() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["ca", "other", "key"] {
            keygen(folder, &["-t", "ed25519", "-N", "", "-f", name]);
        }
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let authorities = Authorities::parse(&format!("# ours\n\n{}", read("ca.pub"))).unwrap();
        let all = Permits::default();
        let one = |command: &str| Permits { command: Some(command.into()), ..Permits::default() };
        let from: IpAddr = "10.1.2.3".parse().unwrap();
        let users = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<UserName>>();
        let plain = &["-s", "ca", "-I", "id", "-n", "ann"][..];
        for (what, arguments, want) in [
            ("plain", &[plain, &["-V", "-1h:+1h"]].concat(), Ok((users(&["ann"]), all.clone()))),
            (
                "two users",
                &vec!["-s", "ca", "-I", "i", "-n", "ann,no such name!,bob"],
                Ok((users(&["ann", "bob"]), all.clone())),
            ),
            ("for ever", &plain.to_vec(), Ok((users(&["ann"]), all.clone()))),
            ("expired", &[plain, &["-V", "-2h:-1h"]].concat(), Err(CertificateError::Validity)),
            ("not yet", &[plain, &["-V", "+1h:+2h"]].concat(), Err(CertificateError::Validity)),
            ("for nobody", &vec!["-s", "ca", "-I", "id"], Err(CertificateError::Principals)),
            ("a host's", &[plain, &["-h"]].concat(), Err(CertificateError::Kind)),
            ("of another authority", &vec!["-s", "other", "-I", "id", "-n", "ann"], Err(CertificateError::Authority)),
            ("one command", &[plain, &["-O", "force-command=id -u"]].concat(), Ok((users(&["ann"]), one("id -u")))),
            (
                "from here",
                &[plain, &["-O", "source-address=192.0.2.0/24,10.0.0.0/8"]].concat(),
                Ok((users(&["ann"]), all)),
            ),
            (
                "from elsewhere",
                &[plain, &["-O", "source-address=10.1.2.4/32"]].concat(),
                Err(CertificateError::Address),
            ),
            (
                "with a touch that was seen",
                &[plain, &["-O", "verify-required"]].concat(),
                Err(CertificateError::Option("verify-required".into())),
            ),
            (
                "with something new",
                &[plain, &["-O", "critical:new@example.org=1"]].concat(),
                Err(CertificateError::Option("new@example.org".into())),
            ),
            (
                "with nothing",
                &[plain, &["-O", "clear"]].concat(),
                Ok((users(&["ann"]), Permits { command: None, terminal: false, forwarding: false, ssh_agent: false })),
            ),
        ] {
            keygen(folder, &[&arguments[..], &["key.pub"]].concat());
            let certificate = Certificate::from_openssh(&read("key-cert.pub")).unwrap();
            let got = authorities.check(&certificate, from, Timestamp::now());
            assert_eq!(got.map(|grant| (grant.users, grant.permits)), want, "{what}");
        }
        assert!(Authorities::default().is_empty());
        assert!(Authorities::parse("nonsense").is_err());
    }
}
