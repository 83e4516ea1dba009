//! The person who started a gateway on their own machine.

use dormer_core::account::User;
use dormer_core::name::{MAX_LABEL, UserName};
use dormer_core::ports::accounts::{AccountError, Accounts};
use dormer_core::ports::clock::Clock;

/// Sees to it that the person who runs the gateway exists, may sign in and administrates it: whoever can read its data
/// folder could make themselves so anyway. `account` is their name on this machine.
pub async fn ensure(accounts: &dyn Accounts, clock: &dyn Clock, account: &str) -> Result<UserName, AccountError> {
    let name = label(account);
    let found = accounts.load().await?.users.into_iter().find(|user| user.name == name);
    match found {
        Some(user) if user.admin && !user.disabled => {}
        Some(user) => accounts.put_user(User { admin: true, disabled: false, ..user }).await?,
        None => {
            let display_name = Some(account.chars().filter(|c| !c.is_control()).take(100).collect());
            let created_at = clock.now();
            let user =
                User { name: name.clone(), display_name, groups: Vec::new(), admin: true, disabled: false, created_at };
            match accounts.add_user(user).await {
                // Two gateways on one folder, started at the same time.
                Ok(()) | Err(AccountError::Taken(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(name)
}

/// A user's name on this machine (`Ann.Lee`, `DOMAIN\ann`) as a label.
fn label(account: &str) -> UserName {
    let mut text = String::new();
    for c in account.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => text.push(c),
            _ if !text.is_empty() && !text.ends_with('-') => text.push('-'),
            _ => {}
        }
    }
    text.truncate(MAX_LABEL);
    text.trim_matches('-').parse().unwrap_or_else(|_| fallback())
}

#[allow(clippy::expect_used, reason = "a constant, which the test below parses too")]
fn fallback() -> UserName {
    "owner".parse().expect("'owner' is a label")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Memory, clock};

    #[test]
    fn labels() {
        for (account, want) in [
            ("ann", "ann"),
            ("Ann.Lee", "ann-lee"),
            ("DOMAIN\\ann", "domain-ann"),
            ("_www", "www"),
            ("…", "owner"),
            ("", "owner"),
            (&"x".repeat(200), &"x".repeat(63)),
        ] {
            assert_eq!(label(account).as_str(), want);
        }
    }

    #[tokio::test]
    async fn the_owner_is_made_once_and_let_in_again() {
        let accounts = Memory::default();
        let (clock, _) = clock();
        let name = ensure(&accounts, &*clock, "Ann").await.unwrap();
        assert_eq!(ensure(&accounts, &*clock, "Ann").await.unwrap(), name);
        let user = accounts.load().await.unwrap().users.pop().unwrap();
        assert!(user.admin && user.name.as_str() == "ann");
        accounts.put_user(User { disabled: true, admin: false, ..user }).await.unwrap();
        ensure(&accounts, &*clock, "Ann").await.unwrap();
        let users = accounts.load().await.unwrap().users;
        assert!(users.len() == 1 && users[0].admin && !users[0].disabled);
    }
}
