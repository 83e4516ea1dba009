//! Who may come in by a provider, and as what.

use super::config::Config;
use super::person::Person;

/// What a provider's word is worth here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Their groups here: each of the provider's, under its name.
    pub groups: Vec<String>,
    /// Whether they administrate the installation.
    pub admin: bool,
}

/// Whether the person may come in by the provider called `name`. None: they may not; what is not said is denied.
pub fn allowed(name: &str, config: &Config, person: &Person) -> Option<Allowed> {
    let in_one_of = |groups: &[String]| person.groups.iter().any(|group| groups.contains(group));
    let at_domain = person.mail.as_deref().and_then(|mail| mail.rsplit_once('@')).is_some_and(|(_, domain)| {
        // The whole domain, or nothing: neither evil-example.org nor x.example.org is example.org.
        config.allow_domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain))
    });
    // Names there are compared as they are: where `Ann` and `ann` are two people, one of them is not let in as the other.
    let named = config.allow_users.contains(&person.login);
    let admin = in_one_of(&config.admin_groups);
    let come_in = config.allow_everybody || in_one_of(&config.allow_groups) || at_domain || named;
    let groups = person.groups.iter().map(|group| format!("{name}/{group}")).collect();
    come_in.then_some(Allowed { groups, admin })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_come_in() {
        let list = |list: &[&str]| list.iter().map(|entry| entry.to_string()).collect::<Vec<_>>();
        let by_group =
            Config { allow_groups: list(&["acme"]), admin_groups: list(&["acme:owners"]), ..Config::default() };
        let by_domain = Config { allow_domains: list(&["example.org"]), ..Config::default() };
        let by_name = Config { allow_users: list(&["ann"]), ..Config::default() };
        let nobody = Config::default();
        let everybody = Config { allow_everybody: true, ..Config::default() };
        let person = |login: &str, mail: Option<&str>, groups: &[&str]| Person {
            subject: "7".into(),
            login: login.into(),
            name: None,
            mail: mail.map(String::from),
            groups: list(groups),
        };
        for (config, login, mail, groups, want) in [
            // Some(whether an administrator)
            (&by_group, "x", None, &["acme"][..], Some(false)),
            (&by_group, "x", None, &["acme", "acme:owners"], Some(true)),
            (&by_group, "x", None, &["acme:owners"], None),
            (&by_group, "x", None, &["Acme"], None),
            (&by_group, "x", None, &["acme/sub"], None),
            (&by_group, "x", None, &["acm\u{435}"], None),
            (&by_group, "acme", Some("a@acme"), &[], None),
            (&by_domain, "x", Some("x@example.org"), &[], Some(false)),
            (&by_domain, "x", Some("x@EXAMPLE.org"), &[], Some(false)),
            (&by_domain, "x", Some("x@evil-example.org"), &[], None),
            (&by_domain, "x", Some("x@sub.example.org"), &[], None),
            (&by_domain, "x", Some("x@example.org@evil.org"), &[], None),
            (&by_domain, "x", Some("x@example.org.evil.org"), &[], None),
            (&by_domain, "x", None, &["example.org"], None),
            (&by_name, "ann", None, &[], Some(false)),
            (&by_name, "Ann", None, &[], None),
            (&by_name, "\u{430}nn", None, &[], None),
            (&nobody, "ann", Some("ann@example.org"), &["acme"], None),
            (&everybody, "x", None, &[], Some(false)),
        ] {
            let got = allowed("gitea", config, &person(login, mail, groups));
            assert_eq!(got.as_ref().map(|allowed| allowed.admin), want, "{login} {mail:?} {groups:?}");
        }
        let two = person("x", None, &["acme", "b"]);
        assert_eq!(
            allowed("gitea", &by_group, &two).unwrap().groups,
            ["gitea/acme", "gitea/b"],
            "never another's group"
        );
    }
}
