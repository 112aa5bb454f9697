//! Links by which a user chooses a password: the first one when she is invited, another one when she has lost it. A link is shown once,
//! to who made it, and is good for one use within three days.

use async_recursion::async_recursion as boxed;
use florin_kernel::secret::Secret;
use florin_kernel::user::{Email, INVITATION_MAX, Invitation, Standing, User, parse_name};
use florin_kernel::{MerchantId, Timestamp};
use florin_store::audit::last_entry;
use florin_store::{Changeset, RecordWrite, StoreError};
use serde_json::{Value, json};

use super::members::Grant;
use super::password::check;
use super::{Client, People, PeopleError, Took, changed, happened, view, who};
use crate::audit::{self, Note, TRIES_MAX, Who};

/// What became of an invitation.
#[derive(Clone, Debug)]
pub enum Invited {
    /// A new user, who chooses a password by this link's token.
    New {
        /// She.
        user: User,
        /// What the link ends with.
        token: Secret,
    },
    /// Somebody who has a login already; she needs no link.
    Known {
        /// She.
        user: User,
    },
}

impl People<'_> {
    /// Invites somebody by address and name. Who has a login already is given the role.
    ///
    /// # Errors
    /// [`PeopleError::Invalid`] names the field; [`PeopleError::Taken`] where she is already there, as that or as more.
    #[boxed]
    pub async fn invite(&self, who: &Who, email: &str, name: &str, grant: Grant) -> Result<Invited, PeopleError> {
        let email = Email::parse(email).ok_or(PeopleError::Invalid("email"))?;
        let id = self.id_of(&email);
        for _ in 0..TRIES_MAX {
            let last = last_entry(self.store).await?;
            if let Some((user, _)) = self.load(id).await? {
                if user.email != email {
                    return Err(PeopleError::Taken);
                }
                return self.grant(who, &user, grant).await.map(|user| Invited::Known { user });
            }
            let name = parse_name(name).ok_or(PeopleError::Invalid("name"))?;
            let mut user = User::invited(id, email.clone(), name, grant.standing(), self.now);
            let token = self.renew(&mut user);
            let (object, after) = (user.email.text().to_owned(), view(&user));
            let note = Note { action: "user.invited", object, merchant: grant.merchant(), before: Value::Null, after };
            let audit = audit::rows(last, self.now, who, &[note]);
            let records = vec![RecordWrite::insert(&user)];
            if self.commit(Changeset { records, audit, ..Changeset::default() }).await? == Took::Yes {
                return Ok(Invited::New { user, token });
            }
        }
        Err(StoreError::Overloaded.into())
    }

    /// Another link for a user, asked for by an operator, or by her merchant's owner if she is of no other. The password she has stays
    /// until the link is used.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] where she is not of that merchant, [`PeopleError::NotYours`] where she is of others, too.
    #[boxed]
    pub async fn renew_link(
        &self,
        who: &Who,
        id: florin_kernel::UserId,
        by: Option<MerchantId>,
    ) -> Result<Secret, PeopleError> {
        let (token, kept) = self.new_token("invitation", id);
        let renewed = self.change(id, who, |user| {
            self.reachable(user, by)?;
            if user.disabled_at.is_some() {
                return Err(PeopleError::NotFound);
            }
            user.invitation = Some(Invitation { token: kept.clone(), expires_at: self.link_ends() });
            let told = json!({"good_until": self.link_ends().to_string()});
            Ok(((), vec![Note { merchant: by, ..happened("user.link_made", user, told) }]))
        });
        renewed.await.map(|()| token)
    }

    /// Whose a link is.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] where it was used or is too old.
    #[boxed]
    pub async fn of_link(&self, token: &str) -> Result<User, PeopleError> {
        let (id, kept) = self.read_token("invitation", token).ok_or(PeopleError::NotFound)?;
        let user = self.user(id).await?.ok_or(PeopleError::NotFound)?;
        let alive = |invitation: &Invitation| invitation.token == kept && self.now < invitation.expires_at;
        match user.invitation.as_ref().is_some_and(alive) {
            true => Ok(user),
            false => Err(PeopleError::NotFound),
        }
    }

    /// Sets a password by a link. Every session of the user ends; a second factor stays.
    ///
    /// # Errors
    /// [`PeopleError::Weak`], [`PeopleError::Busy`], [`PeopleError::NotFound`] as [`People::of_link`].
    #[boxed]
    pub async fn accept_link(&self, token: &str, password: &Secret, client: &Client) -> Result<User, PeopleError> {
        let user = self.of_link(token).await?;
        check(password, &user.email)?;
        let hash = self.door.hashing.enter()?.hash(password).await;
        let me = who(&user, "", client.address);
        let link = user.invitation.clone();
        self.change(user.id, &me, |now| {
            if now.invitation != link {
                return Err(PeopleError::NotFound);
            }
            let before = now.clone();
            now.set_password(hash.clone());
            Ok((now.clone(), vec![changed("user.password_set", &before, now, None)]))
        })
        .await
    }

    /// A user with a password, for the demo: made, or given the password if it is another.
    ///
    /// # Errors
    /// The store cannot take it.
    #[boxed]
    pub async fn ensure_operator(&self, email: &Email, name: &str, password: &Secret) -> Result<(), PeopleError> {
        let id = self.id_of(email);
        let place = self.door.hashing.enter()?;
        loop {
            let last = last_entry(self.store).await?;
            let known = self.load(id).await?;
            if let Some((user, _)) = &known
                && place.verify(password, user.password.as_ref()).await
            {
                return Ok(());
            }
            let hash = place.hash(password).await;
            let mut user = match &known {
                Some((user, _)) => user.clone(),
                None => User::invited(id, email.clone(), name.to_owned(), Standing::Operator, self.now),
            };
            user.set_password(hash);
            let before = known.as_ref().map_or(Value::Null, |(user, _)| view(user));
            let (object, after) = (email.text().to_owned(), view(&user));
            let note = Note { action: "user.password_set", object, merchant: None, before, after };
            let audit = audit::rows(last, self.now, &Who::Program, &[note]);
            let write = match &known {
                Some((_, version)) => RecordWrite::update(&user, *version),
                None => RecordWrite::insert(&user),
            };
            if self.commit(Changeset { records: vec![write], audit, ..Changeset::default() }).await? == Took::Yes {
                return Ok(());
            }
        }
    }

    /// Gives a user a new link; returns its token.
    fn renew(&self, user: &mut User) -> Secret {
        let (token, kept) = self.new_token("invitation", user.id);
        user.invitation = Some(Invitation { token: kept, expires_at: self.link_ends() });
        token
    }

    fn link_ends(&self) -> Timestamp {
        self.now.saturating_add(INVITATION_MAX).unwrap_or(Timestamp::MAX)
    }

    /// Whether an operator (no merchant), or a merchant's owner, may get at a user's login.
    pub(super) fn reachable(&self, user: &User, by: Option<MerchantId>) -> Result<(), PeopleError> {
        match by {
            None => Ok(()),
            Some(merchant) if user.role_at(merchant).is_none() => Err(PeopleError::NotFound),
            Some(merchant) if !user.is_only_of(merchant) => Err(PeopleError::NotYours),
            Some(_) => Ok(()),
        }
    }
}
