use super::*;
use dormer_core::fixture::clock::clock;
use dormer_core::fixture::people::{People, user};
use dormer_core::ports::accounts::AccountError;

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKKTg2qHYIeX3boj7QOyLKbikf4XXoz1yr2okgcZu/0G";
const FINGERPRINT: &str = "SHA256:SpE+/4mZV/LGn0iUyYdu/mHsf441LQ0paYJygA0QwEQ";
const RSA_2048: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCrK9Fm8aZmvgZAiBm3emhce8+4VINKiVVU0m/KGS7CRCsmad+s9BOxlCae8e0zNU3WVs+dssJQ3oCkYR3NExMaVj5AQyZFEg1mcQWPPtQ0T/XbHrUN7e6apKcx5rL3kSXtU8KeBcJmg5Zp+N6U5pfWCVi4Pegll+TqXksa27n91L9Ob1BcknN9pGGPpogtN631jK8eTeYQ6HvywHsU6kqldLopyp14dcjGplHjUJoBL8kkL2giFF7MH5LmITpqFzdasNj0JjxwiGy3YrWvKxB+dAWllDEzEDWj43Qb8Arw+U8pRh74pogwHLVgp/9oNkdsK6jsz2bYaMmr3TrQM7L1";
const RSA_1024: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDzTEaM4v6xZFdy/0ScHzMk3DgJjiPseNW9hleCXD9y0CFDHkGLxNn1EPDdOR9lnwc9/TeVRHV43K/23MA7yZTV4jKFmkyfUwnYkOsYufYIlIRN6qObFxgcxzVONQmHYUcvxCErt1lOOBe+2B4YKBxs1xmMev0tqq3W0ciHcuq9pQ==";
const DSA: &str = "ssh-dss AAAAB3NzaC1kc3MAAACBAK9bWte3SCv/7jON507eCob0aNl08AkAlx7XyyukgtQmgKG2EZX1V230t2CMsMaWz47KaplPyDtWGtCqMCg+sk83NTuU4dtbi1se4+IbW/CeqiDjrM+s+OCSRp6W7hKOXjASn9RksMGtZJF4wCl7QxembWm1FbiMZRC/UaLSmFJvAAAAFQCJRtghzI6n4CX3yXn41MWfTDpA3QAAAIBCppCAGwnzUpKvLBY1zsdxG1BSPQ+p+Kp3GK0ZcK41VKejnK3314yosQs1ECQcPkumkLlTqg65M262+6FOItKoMPbbU7qVHYHIpU8F59UZpB9NTpTiJ9hxGCUUsUOQYUX4eTpk219w9kfof5lSP1ulR6HrSeplMl6OSfV2xoJs8QAAAIBzn+zNcIY0Vm7n3idTFjB0ftgcNnyJ5bHmE42F2JG3XQq++eOea9YH3SEK1gZHaE6l3sGKaSJRAy0evmlXKzzOHqpI3H7XMUzVlh7DjrkAfOpYP1mu07Ec1opxqLWaRZJtQDjgUKku+ktB8ungk5kywatSZUde+3zxfssiMkTxoA==";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDJ2gKn0u8Vvd2gkoR6HYOQ9H90UU7wXLZvkUdJ6VltMqVAJ354QyY0OI7EMtDIePepwy8jfWrGahT001Ixajg0=";

#[test]
fn good_keys() {
    let with_comment = format!("  {ED25519} ann@laptop with spaces\n");
    let parsed = parse(&with_comment).unwrap();
    assert_eq!(parsed.key, ED25519);
    assert_eq!(parsed.fingerprint, FINGERPRINT, "as ssh-keygen -l prints it");
    assert_eq!(parsed.comment, "ann@laptop with spaces");
    for key in [RSA_2048, ECDSA] {
        assert_eq!(parse(key).unwrap().key, key);
    }
}

#[test]
fn refused_keys() {
    let cut = &ED25519[..ED25519.len() - 6];
    let two = format!("{ED25519}\n{ED25519}");
    let options = format!("command=\"sh\" {ED25519}");
    let other_type = ED25519.replacen("ssh-ed25519", "ssh-rsa", 1);
    let long = format!("{ED25519} {}", "x".repeat(MAX_LINE));
    for (key, want) in [
        (RSA_1024, "too short"),
        (DSA, "DSA"),
        ("", "no OpenSSH public key"),
        ("hello", "no OpenSSH public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nabc", "private key"),
        (cut, "no OpenSSH public key"),
        (&two, "one line"),
        (&options, "no OpenSSH public key"),
        (&other_type, "no OpenSSH public key"),
        (&long, "one line"),
    ] {
        let error = parse(key).unwrap_err();
        assert!(error.contains(want), "{error} lacks {want}");
    }
}

#[tokio::test]
async fn a_key_says_who_somebody_is_until_it_is_removed() {
    let accounts = Arc::new(People::default());
    let (clock, _) = clock();
    for name in ["ann", "bob"] {
        accounts.add_user(user(name)).await.unwrap();
    }
    let authenticator = Authenticator::open(accounts.clone(), clock.clone()).await.unwrap();
    let keys = Keys::new(accounts, authenticator.clone(), clock);
    let (ann, bob): (UserName, UserName) = ("ann".parse().unwrap(), "bob".parse().unwrap());
    let key = keys.add(&ann, &format!("{ED25519} laptop"), None).await.unwrap();
    assert_eq!(key.name, "laptop");
    let known = authenticator.key(ED25519).unwrap();
    assert_eq!(known.principal.user, ann);
    assert!(matches!(keys.add(&bob, ED25519, None).await, Err(CredentialError::Accounts(AccountError::Taken(_)))));
    assert!(matches!(keys.remove(&bob, &key.id).await, Err(CredentialError::NotFound("key"))));
    assert!(!known.revoked.is_cancelled());
    keys.remove(&ann, &key.id).await.unwrap();
    assert!(known.revoked.is_cancelled() && authenticator.key(ED25519).is_none());
}
