//! Signing in: a password, then a code where there is a second factor. Each attempt is written down as failed before it is looked at
//! ([`florin_kernel::user::Throttle`]), so that a thousand at once are a thousand failures.

use async_recursion::async_recursion as boxed;
use florin_kernel::secret::Secret;
use florin_kernel::user::{Email, Level, Network, Session, TokenDigest, User};
use serde_json::json;

use super::one_time::{matching_step, recovery_digest};
use super::{Client, People, PeopleError, Visitor, happened, who};

/// A session that has begun.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// What the browser keeps.
    pub token: Secret,
    /// Whether a code is still awaited.
    pub level: Level,
}

/// What proves the second factor.
enum Proof<'c> {
    Code(&'c str),
    Recovery(&'c str),
}

impl People<'_> {
    /// Takes an address and a password.
    ///
    /// # Errors
    /// [`PeopleError::Wrong`] whatever of the two it is, [`PeopleError::Wait`], [`PeopleError::Busy`], or that the store cannot answer.
    #[boxed]
    pub async fn sign_in(&self, email: &str, password: &Secret, client: &Client) -> Result<SignedIn, PeopleError> {
        let place = self.door.hashing.enter()?;
        let email = Email::parse(email).ok_or(PeopleError::Wrong)?;
        let id = self.id_of(&email);
        let known = self.user(id).await?.filter(|user| user.email == email && user.can_sign_in());
        let Some(user) = known else {
            self.begin_unknown(id, client)?;
            place.verify(password, None).await;
            return Err(PeopleError::Wrong);
        };
        self.begin_attempt(&user, client).await?;
        if !place.verify(password, user.password.as_ref()).await {
            tracing::warn!(user = %id, address = %client.address, "a wrong password");
            return Err(PeopleError::Wrong);
        }
        let (token, kept) = self.new_token("session", id);
        let me = who(&user, "", client.address);
        let level = self.change(id, &me, |now| {
            if now.password != user.password || !now.can_sign_in() {
                return Err(PeopleError::Wrong);
            }
            let level = if now.one_time.is_some() { Level::AwaitsCode } else { Level::Full };
            let session = self.session(kept.clone(), level, client);
            let mut notes = Vec::new();
            if level == Level::Full {
                now.throttle.succeed(Network::of(client.address), self.now);
                notes.push(happened("user.signed_in", now, json!({"session": session.name(), "agent": client.agent})));
            }
            now.begin_session(session, self.now);
            Ok((level, notes))
        });
        Ok(SignedIn { token, level: level.await? })
    }

    /// Takes the code of an authenticator app, after the password.
    ///
    /// # Errors
    /// As [`People::sign_in`]; [`PeopleError::NotFound`] where the password was too long ago.
    #[boxed]
    pub async fn enter_code(&self, token: &str, code: &str, client: &Client) -> Result<SignedIn, PeopleError> {
        self.prove(token, &Proof::Code(code), client).await
    }

    /// Takes a recovery code instead, which is used up.
    ///
    /// # Errors
    /// As [`People::enter_code`].
    #[boxed]
    pub async fn enter_recovery(&self, token: &str, code: &str, client: &Client) -> Result<SignedIn, PeopleError> {
        self.prove(token, &Proof::Recovery(code), client).await
    }

    async fn prove(&self, token: &str, proof: &Proof<'_>, client: &Client) -> Result<SignedIn, PeopleError> {
        let visitor = self.visitor(token, Level::AwaitsCode, client.address).await?.ok_or(PeopleError::NotFound)?;
        self.begin_attempt(&visitor.user, client).await?;
        let id = visitor.user.id;
        let (token, kept) = self.new_token("session", id);
        let me = who(&visitor.user, "", client.address);
        let proven = self.change(id, &me, |user| {
            if !self.proves(user, proof)? {
                return Err(PeopleError::Wrong);
            }
            user.end_sessions(|session| session.token == visitor.session.token);
            let session = self.session(kept.clone(), Level::Full, client);
            let how = match proof {
                Proof::Code(_) => "one-time password",
                Proof::Recovery(_) => "recovery code",
            };
            let told = json!({"session": session.name(), "agent": client.agent, "second_factor": how});
            let notes = vec![happened("user.signed_in", user, told)];
            user.throttle.succeed(Network::of(client.address), self.now);
            user.begin_session(session, self.now);
            Ok(((), notes))
        });
        proven.await?;
        Ok(SignedIn { token, level: Level::Full })
    }

    /// Whether a proof is good; it is used up then.
    fn proves(&self, user: &mut User, proof: &Proof<'_>) -> Result<bool, PeopleError> {
        Ok(match proof {
            Proof::Code(code) => {
                let Some(one_time) = &user.one_time else { return Ok(false) };
                let secret = self.opened(&one_time.secret)?;
                matching_step(&secret, code, self.now).is_some_and(|step| user.use_step(step).is_ok())
            }
            Proof::Recovery(code) => user.use_recovery(&recovery_digest(self.keyring, code)),
        })
    }

    /// Ends the session of a visitor.
    ///
    /// # Errors
    /// The store cannot take it.
    #[boxed]
    pub async fn sign_out(&self, visitor: &Visitor) -> Result<(), PeopleError> {
        let who = visitor.who();
        let signed_out = self.change(visitor.user.id, &who, |user| {
            let ended = user.end_sessions(|session| session.token == visitor.session.token);
            let note = happened("user.signed_out", user, json!({"session": visitor.session.name()}));
            Ok(((), if ended > 0 { vec![note] } else { Vec::new() }))
        });
        signed_out.await
    }

    /// Writes an attempt down, or says to wait.
    pub(super) async fn begin_attempt(&self, user: &User, client: &Client) -> Result<(), PeopleError> {
        let network = Network::of(client.address);
        let me = who(user, "", client.address);
        self.change(user.id, &me, |user| Ok((user.throttle.begin(network, self.now)?, Vec::new()))).await
    }

    fn session(&self, token: TokenDigest, level: Level, client: &Client) -> Session {
        let (begun_at, seen_at) = (self.now, self.now);
        Session { token, level, begun_at, seen_at, address: client.address, agent: client.agent.clone() }
    }
}
