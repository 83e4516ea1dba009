//! What may be done with people and their credentials.

use crate::name::UserName;
use crate::principal::{Principal, Scope, Via};

/// Something that can be done with people, or what they sign in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<'a> {
    /// Look at one's own tokens, keys, sessions, accounts and secrets, never at their values.
    Look,
    /// Make and remove one's own.
    Change,
    /// Revoke the token of this id.
    Revoke(&'a str),
    /// Make a token of somebody's.
    Mint(&'a UserName),
    /// Look at everybody, and at what was done.
    Survey,
    /// Add, shut out, invite and remove people; make and remove projects.
    Administrate,
}

/// Decides whether `who` may do that.
pub fn may_account(who: &Principal, act: Act<'_>) -> bool {
    let whole = who.scope == Scope::All;
    let looks = whole || who.scope == Scope::Read;
    match act {
        Act::Look => looks,
        Act::Change => whole,
        // Of any scope: whoever finds a token must be able to end it with itself.
        Act::Revoke(id) => whole || who.via == Via::Token(id.to_string()),
        Act::Mint(user) => whole && (who.admin || *user == who.user),
        Act::Survey => looks && who.admin,
        Act::Administrate => whole && who.admin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_what() {
        let (own, other): (UserName, UserName) = ("bob".parse().unwrap(), "ann".parse().unwrap());
        let this = Scope::Workspace("hello".parse().unwrap());
        for (admin, scope, row) in [
            // [Look, Change, Revoke itself, Revoke another, Mint own, Mint another's, Survey, Administrate]
            (false, Scope::All, [true, true, true, true, true, false, false, false]),
            (false, Scope::Read, [true, false, true, false, false, false, false, false]),
            (false, Scope::Ssh, [false, false, true, false, false, false, false, false]),
            (false, this.clone(), [false, false, true, false, false, false, false, false]),
            (true, Scope::All, [true, true, true, true, true, true, true, true]),
            (true, Scope::Read, [true, false, true, false, false, false, true, false]),
            (true, Scope::Ssh, [false, false, true, false, false, false, false, false]),
            (true, this, [false, false, true, false, false, false, false, false]),
        ] {
            let via = Via::Token("t1".into());
            let who = Principal { user: own.clone(), groups: vec![], projects: vec![], admin, scope, via };
            let acts = [
                Act::Look,
                Act::Change,
                Act::Revoke("t1"),
                Act::Revoke("t2"),
                Act::Mint(&own),
                Act::Mint(&other),
                Act::Survey,
                Act::Administrate,
            ];
            for (act, want) in acts.into_iter().zip(row) {
                assert_eq!(may_account(&who, act), want, "{who:?} {act:?}");
            }
        }
    }
}
