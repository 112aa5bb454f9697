//! What operators and owners do about other people: roles, and keeping somebody out.

use async_recursion::async_recursion as boxed;
use florin_kernel::user::{Membership, Role, Standing, User};
use florin_kernel::{MerchantId, UserId};

use super::{People, PeopleError, changed};
use crate::audit::Who;

/// What somebody is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// An operator of the installation.
    Operator,
    /// Somebody at a merchant.
    Member(Membership),
}

impl Grant {
    pub(super) fn standing(self) -> Standing {
        match self {
            Grant::Operator => Standing::Operator,
            Grant::Member(membership) => Standing::Member(vec![membership]),
        }
    }

    pub(super) fn merchant(self) -> Option<MerchantId> {
        match self {
            Grant::Operator => None,
            Grant::Member(membership) => Some(membership.merchant),
        }
    }
}

impl People<'_> {
    /// Gives somebody who has a login a role at one more merchant. Nobody becomes an operator that way, and no operator a member.
    pub(super) async fn grant(&self, who: &Who, user: &User, grant: Grant) -> Result<User, PeopleError> {
        let Grant::Member(Membership { merchant, role }) = grant else { return Err(PeopleError::Taken) };
        self.change(user.id, who, |user| {
            if user.is_operator() || user.role_at(merchant).is_some() || user.disabled_at.is_some() {
                return Err(PeopleError::Taken);
            }
            let before = user.clone();
            user.set_role(merchant, Some(role));
            Ok((user.clone(), vec![changed("user.role_set", &before, user, Some(merchant))]))
        })
        .await
    }

    /// Users who are members of a merchant, by address.
    ///
    /// # Errors
    /// The store cannot answer.
    #[boxed]
    pub async fn members(&self, merchant: MerchantId) -> Result<Vec<User>, PeopleError> {
        let users = self.users().await?.into_iter();
        Ok(users.filter(|user| user.role_at(merchant).is_some()).collect())
    }

    /// Changes a member's role at a merchant, or takes it away.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] where she is no member, [`PeopleError::NotYours`] for who would change her own.
    #[boxed]
    pub async fn set_role(
        &self,
        who: &Who,
        id: UserId,
        merchant: MerchantId,
        role: Option<Role>,
    ) -> Result<User, PeopleError> {
        not_oneself(who, id)?;
        self.change(id, who, |user| {
            if user.role_at(merchant).is_none() {
                return Err(PeopleError::NotFound);
            }
            let before = user.clone();
            user.set_role(merchant, role);
            let notes = match before == *user {
                true => Vec::new(),
                false => vec![changed("user.role_set", &before, user, Some(merchant))],
            };
            Ok((user.clone(), notes))
        })
        .await
    }

    /// Keeps somebody out and signs her out everywhere.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`], [`PeopleError::NotYours`] for oneself.
    #[boxed]
    pub async fn disable(&self, who: &Who, id: UserId) -> Result<User, PeopleError> {
        not_oneself(who, id)?;
        self.change(id, who, |user| {
            let before = user.clone();
            user.disable(self.now);
            let told = if before == *user { Vec::new() } else { vec![changed("user.disabled", &before, user, None)] };
            Ok((user.clone(), told))
        })
        .await
    }

    /// Lets somebody in again.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`].
    #[boxed]
    pub async fn enable(&self, who: &Who, id: UserId) -> Result<User, PeopleError> {
        self.change(id, who, |user| {
            let before = user.clone();
            user.disabled_at = None;
            let told = if before == *user { Vec::new() } else { vec![changed("user.enabled", &before, user, None)] };
            Ok((user.clone(), told))
        })
        .await
    }

    /// Takes away the second factor of somebody who lost it and her recovery codes; she is signed out everywhere.
    ///
    /// # Errors
    /// As [`People::renew_link`]; [`PeopleError::NotYours`] for oneself, who has a page for it.
    #[boxed]
    pub async fn reset_one_time(&self, who: &Who, id: UserId, by: Option<MerchantId>) -> Result<User, PeopleError> {
        not_oneself(who, id)?;
        self.change(id, who, |user| {
            self.reachable(user, by)?;
            let before = user.clone();
            (user.one_time, user.one_time_offered) = (None, None);
            user.sessions.clear();
            let told = match before.one_time.is_some() {
                true => vec![changed("user.one_time_removed", &before, user, by)],
                false => Vec::new(),
            };
            Ok((user.clone(), told))
        })
        .await
    }
}

/// Nobody changes what she is herself, or locks herself out.
fn not_oneself(who: &Who, id: UserId) -> Result<(), PeopleError> {
    match who {
        Who::User { id: own, .. } if *own == id => Err(PeopleError::NotYours),
        Who::User { .. } | Who::AdminToken { .. } | Who::CommandLine | Who::Program => Ok(()),
    }
}
