//! Who a provider says that somebody is. Its words are a stranger's: what has the wrong type, or no end, is left out,
//! so that it gives less and never more.

use serde_json::{Map, Value};

/// The longest name that is taken.
const MAX_TEXT: usize = 200;
/// The most groups of one person.
const MAX_GROUPS: usize = 2000;

/// Who a provider says that somebody is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// What the provider calls them for ever.
    pub subject: String,
    /// Their name there.
    pub login: String,
    /// A name for people.
    pub name: Option<String>,
    /// Their mail address, where the provider says that it is theirs.
    pub mail: Option<String>,
    /// Their groups and organisations, as the provider names them.
    pub groups: Vec<String>,
}

/// A short text without what a terminal or a page would take for something else.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    let good = !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control);
    good.then(|| text.to_string())
}

impl Person {
    /// From the claims of an ID token and of the endpoint for them. None: nothing says who it is.
    pub fn of_claims(claims: &Map<String, Value>, groups_claim: &str) -> Option<Person> {
        let subject = text(claims.get("sub"))?;
        let verified = claims.get("email_verified") == Some(&Value::Bool(true));
        let mail = text(claims.get("email")).filter(|mail| verified && mail.contains('@'));
        let login = ["preferred_username", "nickname", "username"].iter().find_map(|name| text(claims.get(*name)));
        // The whole address: its first part alone would be a name, and let in whoever has it at any other domain.
        let login = login.or_else(|| mail.clone());
        let groups = claims.get(groups_claim).and_then(Value::as_array);
        let groups = groups.into_iter().flatten().take(MAX_GROUPS).filter_map(|group| text(Some(group))).collect();
        Some(Person {
            login: login.unwrap_or_else(|| subject.clone()),
            name: text(claims.get("name")),
            mail,
            groups,
            subject,
        })
    }

    /// From GitHub's answers about a user, their addresses and their organisations.
    pub fn of_github(user: &Value, mails: &Value, organisations: &Value) -> Option<Person> {
        // A number: names there can be given up, and taken by others.
        let subject = user.get("id")?.as_u64()?.to_string();
        let own = |mail: &&Value| {
            let yes = |key| mail.get(key) == Some(&Value::Bool(true));
            yes("primary") && yes("verified")
        };
        let mail = mails.as_array().into_iter().flatten().find(own).and_then(|mail| text(mail.get("email")));
        let named = organisations.as_array().into_iter().flatten().take(MAX_GROUPS);
        let groups = named.filter_map(|organisation| text(organisation.get("login"))).collect();
        Some(Person { login: text(user.get("login"))?, name: text(user.get("name")), mail, groups, subject })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(claims: Value) -> Option<Person> {
        Person::of_claims(claims.as_object().unwrap(), "groups")
    }

    #[test]
    fn claims() {
        let whole = json!({"sub": "7", "preferred_username": "ann", "name": "Ann", "email": "ann@example.org",
            "email_verified": true, "groups": ["a", "b/c"]});
        let ann = of(whole.clone()).unwrap();
        assert_eq!((ann.login.as_str(), ann.mail.as_deref()), ("ann", Some("ann@example.org")));
        assert_eq!(ann.groups, ["a", "b/c"]);
        for (key, value, gone) in [
            ("sub", json!(7), true),
            ("sub", json!(""), true),
            ("sub", json!("a\nb"), true),
            ("sub", json!("x".repeat(201)), true),
            ("email_verified", json!("true"), false),
            ("email_verified", json!(null), false),
            ("email", json!(["ann@example.org"]), false),
            ("email", json!("no address"), false),
            ("preferred_username", json!({"a": 1}), false),
            ("groups", json!("admins"), false),
            ("groups", json!([{"name": "admins"}, 1, null, "x".repeat(1 << 16)]), false),
        ] {
            let mut claims = whole.clone();
            claims[key] = value.clone();
            let person = of(claims);
            assert_eq!(person.is_none(), gone, "{key} {value}");
            let Some(person) = person else { continue };
            let less = person.mail.is_none() || person.groups.is_empty() || person.login != "ann";
            assert!(less, "{key} {value}: what is wrong counts for nothing, {person:?}");
        }
    }

    #[test]
    fn github() {
        let mails = json!([{"email": "x@a.org", "primary": false, "verified": true},
            {"email": "ann@a.org", "primary": true, "verified": true}]);
        let organisations = json!([{"login": "acme"}, {"login": 3}]);
        let ann = Person::of_github(&json!({"id": 7, "login": "ann", "name": null}), &mails, &organisations).unwrap();
        assert_eq!((ann.subject.as_str(), ann.mail.as_deref()), ("7", Some("ann@a.org")));
        assert_eq!(ann.groups, ["acme"]);
        let unverified = json!([{"email": "ann@a.org", "primary": true, "verified": false}]);
        assert_eq!(Person::of_github(&json!({"id": 7, "login": "ann"}), &unverified, &json!({})).unwrap().mail, None);
        for wrong in
            [json!({"id": "7", "login": "ann"}), json!({"login": "ann"}), json!({"id": -1, "login": "a"}), json!([])]
        {
            assert_eq!(Person::of_github(&wrong, &mails, &organisations), None, "{wrong}");
        }
    }
}
