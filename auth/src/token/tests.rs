use super::*;
use dormer_core::fixture::clock::{clock, pass};
use dormer_core::fixture::people::{People, user};

#[test]
fn the_format() {
    let (text, stored) = generate(&mut OsRng).unwrap();
    let text = text.expose().as_str();
    assert_eq!((text.len(), &text[..7]), (43, "dormer_"));
    assert_eq!(digest(text), Some(stored));
    assert_ne!(generate(&mut OsRng).unwrap().1, stored);

    let mut mistyped = text.to_string();
    mistyped.replace_range(20..21, if &text[20..21] == "x" { "y" } else { "x" });
    let swapped = text.replacen("dormer_", "Dormer_", 1);
    let longer = format!("{text}0");
    let accent = format!("dormer_{}é", "a".repeat(34));
    for bad in ["", "dormer_", &text[7..], &text[..42], &longer, &mistyped, &swapped, &accent, &"x".repeat(1 << 20)] {
        assert_eq!(digest(bad), None, "{bad:.60}");
    }
}

#[test]
fn the_checksum_stays_the_same_for_ever() {
    // Tokens that people hold must still be read by the next version.
    let body = format!("dormer_{}", "0123456789".repeat(3));
    assert!(digest(&format!("{body}{}", checksum(&body))).is_some());
    assert_eq!(checksum("dormer_"), checksum("dormer_"));
    assert_ne!(checksum("dormer_a"), checksum("dormer_b"));
}

#[tokio::test]
async fn minted_used_expired_revoked() {
    let accounts = Arc::new(People::default());
    let (clock, hand) = clock();
    accounts.add_user(user("ann")).await.unwrap();
    accounts.add_user(user("bob")).await.unwrap();
    let authenticator = Authenticator::open(accounts.clone(), clock.clone()).await.unwrap();
    let tokens = Tokens::new(accounts.clone(), authenticator.clone(), clock.clone());
    let (ann, bob): (UserName, UserName) = ("ann".parse().unwrap(), "bob".parse().unwrap());

    let (text, token) = tokens.mint(&ann, " ci ", Scope::Read, Some(Duration::from_secs(60))).await.unwrap();
    assert_eq!(token.name, "ci");
    let known = authenticator.token(text.expose()).unwrap();
    assert_eq!((&known.principal.user, &known.principal.scope), (&ann, &Scope::Read));
    assert_eq!(known.principal.via, dormer_core::principal::Via::Token(token.id.clone()));
    pass(&hand, Duration::from_secs(59));
    assert!(authenticator.token(text.expose()).is_some());
    pass(&hand, Duration::from_secs(1));
    assert!(authenticator.token(text.expose()).is_none(), "expired, though the snapshot is old");
    assert!(tokens.list(&ann).await.unwrap().is_empty());

    let (text, token) = tokens.mint(&ann, "ci", Scope::All, None).await.unwrap();
    let known = authenticator.token(text.expose()).unwrap();
    assert!(matches!(tokens.revoke(&bob, &token.id).await, Err(CredentialError::NotFound("token"))));
    assert!(authenticator.token(text.expose()).is_some());
    tokens.revoke(&ann, &token.id).await.unwrap();
    assert!(authenticator.token(text.expose()).is_none() && known.revoked.is_cancelled());

    for (name, life, field) in [
        ("", Some(60), "name"),
        ("   ", Some(60), "name"),
        ("a\nb", Some(60), "name"),
        ("ci", Some(0), "expiresIn"),
        ("ci", Some(u64::MAX), "expiresIn"),
    ] {
        let refused = tokens.mint(&ann, name, Scope::All, life.map(Duration::from_secs)).await.unwrap_err();
        assert!(matches!(refused, CredentialError::Invalid { field: f, .. } if f == field), "{name:?} {life:?}");
    }
    let nobody = "nobody".parse().unwrap();
    assert!(matches!(tokens.mint(&nobody, "ci", Scope::All, None).await, Err(CredentialError::NotFound("user"))));
}
