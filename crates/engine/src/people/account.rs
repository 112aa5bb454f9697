//! What a user does about her own login: password, second factor, sessions.

use async_recursion::async_recursion as boxed;
use florin_kernel::secret::Secret;
use florin_kernel::user::{Network, OneTime, Sealed, TokenDigest, User};
use serde_json::json;

use super::one_time::{matching_step, new_recovery_codes, new_secret, provisioning, recovery_digest};
use super::password::check;
use super::{Client, People, PeopleError, Visitor, changed, happened};

/// A second factor being set up.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The secret in base32, to be typed in.
    pub secret: Secret,
    /// What the QR code holds.
    pub provisioning: Secret,
}

impl People<'_> {
    /// Changes the visitor's password. Her other sessions end.
    ///
    /// # Errors
    /// [`PeopleError::Wrong`] for the current one, [`PeopleError::Weak`] for the new one, [`PeopleError::Wait`], [`PeopleError::Busy`].
    #[boxed]
    pub async fn change_password(
        &self,
        visitor: &Visitor,
        current: &Secret,
        new: &Secret,
        client: &Client,
    ) -> Result<(), PeopleError> {
        check(new, &visitor.user.email)?;
        self.confirm(visitor, current, client).await?;
        let hash = self.door.hashing.enter()?.hash(new).await;
        let who = visitor.who();
        let changing = self.change(visitor.user.id, &who, |user| {
            if user.password != visitor.user.password {
                return Err(PeopleError::Wrong);
            }
            let before = user.clone();
            let own = user.sessions.iter().find(|session| session.token == visitor.session.token).cloned();
            user.set_password(hash.clone());
            user.sessions.extend(own);
            Ok(((), vec![changed("user.password_set", &before, user, None)]))
        });
        changing.await
    }

    /// Offers the visitor a second factor: the one offered before, if she has not confirmed it, so that a reloaded page shows the same.
    ///
    /// # Errors
    /// [`PeopleError::Taken`] where she has one.
    #[boxed]
    pub async fn offer_one_time(&self, visitor: &Visitor) -> Result<Offer, PeopleError> {
        let fresh = new_secret();
        let who = visitor.who();
        let sealed = self.change(visitor.user.id, &who, |user| {
            if user.one_time.is_some() {
                return Err(PeopleError::Taken);
            }
            let offered = user.one_time_offered.get_or_insert_with(|| Sealed::new(self.keyring.seal(&fresh)));
            Ok((offered.clone(), Vec::new()))
        });
        let secret = self.opened(&sealed.await?)?;
        let provisioning = Secret::new(provisioning(&visitor.user.email, &secret));
        Ok(Offer { secret, provisioning })
    }

    /// Confirms the offered second factor by a code of it. Returns the recovery codes, which nobody will see again.
    ///
    /// # Errors
    /// [`PeopleError::Wrong`], [`PeopleError::Wait`], [`PeopleError::NotFound`] where none is offered.
    #[boxed]
    pub async fn confirm_one_time(
        &self,
        visitor: &Visitor,
        code: &str,
        client: &Client,
    ) -> Result<Vec<Secret>, PeopleError> {
        self.begin_attempt(&visitor.user, client).await?;
        let (codes, kept) = self.recovery_codes();
        let who = visitor.who();
        let confirming = self.change(visitor.user.id, &who, |user| {
            let offered = user.one_time_offered.clone().ok_or(PeopleError::NotFound)?;
            let step = matching_step(&self.opened(&offered)?, code, self.now).ok_or(PeopleError::Wrong)?;
            let before = user.clone();
            user.one_time_offered = None;
            user.one_time = Some(OneTime { secret: offered, last_step: step, recovery: kept.clone() });
            user.throttle.succeed(Network::of(client.address), self.now);
            user.end_sessions(|session| session.token != visitor.session.token);
            Ok(((), vec![changed("user.one_time_set", &before, user, None)]))
        });
        confirming.await.map(|()| codes)
    }

    /// Takes the visitor's second factor away.
    ///
    /// # Errors
    /// [`PeopleError::Wrong`] for the password, [`PeopleError::Wait`], [`PeopleError::Busy`].
    #[boxed]
    pub async fn remove_one_time(
        &self,
        visitor: &Visitor,
        password: &Secret,
        client: &Client,
    ) -> Result<(), PeopleError> {
        self.confirm(visitor, password, client).await?;
        let who = visitor.who();
        let removing = self.change(visitor.user.id, &who, |user| {
            let before = user.clone();
            (user.one_time, user.one_time_offered) = (None, None);
            let told = match before.one_time.is_some() {
                true => vec![changed("user.one_time_removed", &before, user, None)],
                false => Vec::new(),
            };
            Ok(((), told))
        });
        removing.await
    }

    /// New recovery codes for the visitor; the old ones are dead.
    ///
    /// # Errors
    /// As [`People::remove_one_time`]; [`PeopleError::NotFound`] without a second factor.
    #[boxed]
    pub async fn renew_recovery_codes(
        &self,
        visitor: &Visitor,
        password: &Secret,
        client: &Client,
    ) -> Result<Vec<Secret>, PeopleError> {
        self.confirm(visitor, password, client).await?;
        let (codes, kept) = self.recovery_codes();
        let who = visitor.who();
        let renewing = self.change(visitor.user.id, &who, |user| {
            user.one_time.as_mut().ok_or(PeopleError::NotFound)?.recovery = kept.clone();
            Ok(((), vec![happened("user.recovery_codes_made", user, json!({"count": kept.len()}))]))
        });
        renewing.await.map(|()| codes)
    }

    /// Ends one of the visitor's sessions, by its name.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`].
    #[boxed]
    pub async fn end_session(&self, visitor: &Visitor, name: &str) -> Result<(), PeopleError> {
        self.end(visitor, |session| session.name() == name).await.and_then(|ended| match ended {
            0 => Err(PeopleError::NotFound),
            1.. => Ok(()),
        })
    }

    /// Ends all of the visitor's sessions but the one she is here with; returns how many.
    ///
    /// # Errors
    /// The store cannot take it.
    #[boxed]
    pub async fn end_other_sessions(&self, visitor: &Visitor) -> Result<usize, PeopleError> {
        self.end(visitor, |session| session.token != visitor.session.token).await
    }

    async fn end(
        &self,
        visitor: &Visitor,
        goes: impl Fn(&florin_kernel::user::Session) -> bool + Sync,
    ) -> Result<usize, PeopleError> {
        self.change(visitor.user.id, &visitor.who(), |user| {
            let names: Vec<String> =
                user.sessions.iter().filter(|s| goes(s)).map(|session| session.name().to_owned()).collect();
            let ended = user.end_sessions(&goes);
            let told = match ended {
                0 => Vec::new(),
                1.. => vec![happened("user.sessions_ended", user, json!({"sessions": names}))],
            };
            Ok((ended, told))
        })
        .await
    }

    /// Looks at the visitor's password once more, before something that a borrowed browser must not do.
    async fn confirm(&self, visitor: &Visitor, password: &Secret, client: &Client) -> Result<(), PeopleError> {
        let place = self.door.hashing.enter()?;
        self.begin_attempt(&visitor.user, client).await?;
        if !place.verify(password, visitor.user.password.as_ref()).await {
            return Err(PeopleError::Wrong);
        }
        self.change(visitor.user.id, &visitor.who(), |user: &mut User| {
            user.throttle.succeed(Network::of(client.address), self.now);
            Ok(((), Vec::new()))
        })
        .await
    }

    fn recovery_codes(&self) -> (Vec<Secret>, Vec<TokenDigest>) {
        let codes = new_recovery_codes();
        let kept = codes.iter().map(|code| recovery_digest(self.keyring, code.expose())).collect();
        (codes, kept)
    }

    /// Opens a secret that the master key sealed.
    pub(super) fn opened(&self, sealed: &Sealed) -> Result<Secret, PeopleError> {
        self.keyring.open(sealed.expose()).map_err(|error| PeopleError::Unavailable(error.to_string()))
    }
}
