//! The person who started a gateway on their own machine.

use dormer_core::account::User;
use dormer_core::name::UserName;
use dormer_core::ports::accounts::{AccountError, Accounts};
use dormer_core::ports::clock::Clock;

/// Sees to it that the person who runs the gateway exists, may sign in and administrates it: whoever can read its data
/// folder could make themselves so anyway. `account` is their name on this machine.
pub async fn ensure(accounts: &dyn Accounts, clock: &dyn Clock, account: &str) -> Result<UserName, AccountError> {
    let name = UserName::suggest(account).unwrap_or_else(UserName::owner);
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

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::fixture::clock::clock;
    use dormer_core::fixture::people::People;

    #[tokio::test]
    async fn the_owner_is_made_once_and_let_in_again() {
        let accounts = People::default();
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
