//! The card vault: registrations made, opened, listed, extended and deleted. The one place where a stored card's number comes
//! back, and only to charge it.

use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::card::{Card, Pan, without_numbers};
use florin_kernel::payment::{Dialect, Operation, Payment};
use florin_kernel::ports::Lane;
use florin_kernel::registration::{Fingerprint, Registration, Word, retained_from};
use florin_kernel::{PaymentId, RegistrationId, Timestamp};
use florin_store::{
    Answer, Changeset, EventWrite, RegistrationInsert, RegistrationQuery, RegistrationWrite, RegistrationsOf,
    StoreError, StoredRegistration, Verdict,
};

use crate::Engine;
use crate::announce::Announcement;
use crate::claims::{ClaimRequest, Claimant};
use crate::kept::Repeatable;
use crate::owner::Owner;
use crate::replay::Reply;
use crate::start::{DRAWS_MAX, StartError};

pub mod keys;
pub mod known;
mod source;
mod tend;

pub use source::{KeySource, Reading, Vault};

/// What becomes of the card of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OnFile {
    /// It is forgotten once its provider answered.
    #[default]
    Not,
    /// It is stored with the attempt's commit, and can be charged again if the attempt is approved.
    Keep {
        /// The merchant's name for the payer.
        customer: Option<String>,
    },
    /// It is this stored card, which is kept longer for being used.
    Charged(RegistrationId),
}

/// A card to store without a payment.
pub struct NewRegistration {
    /// Whose it will be.
    pub owner: Owner,
    /// Where it is made.
    pub dialect: Dialect,
    /// The merchant's name for the payer.
    pub customer: Option<String>,
    /// The card; its CVC is not stored.
    pub card: Card,
    /// Its reference and idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
    /// Makes the answer.
    pub render: RenderCard,
    /// What its merchant is told besides.
    pub announce: Option<AnnounceCard>,
}

/// Makes the answer to the request that stored a card.
pub type RenderCard = Arc<dyn Fn(&StoredCard) -> Answer + Send + Sync>;

/// Makes what a merchant is told of a card that was stored, kept longer or deleted, in the commit that does it.
pub type AnnounceCard = Arc<dyn Fn(&StoredCard) -> Option<Announcement> + Send + Sync>;

/// A stored card as a dialect shows it.
#[derive(Clone, Debug)]
pub struct StoredCard {
    /// What is known of it.
    pub registration: Registration,
    /// Where it stands.
    pub word: Word,
    /// The name on it, a card's number in it masked; empty once it is deleted.
    pub holder: String,
    /// The approved attempt it was made with: what repeats of a mandate refer to.
    pub initial: Option<Operation>,
}

/// A stored card opened to charge it.
#[derive(Clone, Debug)]
pub struct Chargeable {
    /// The card, without a CVC.
    pub card: Card,
    /// The same, as it is shown.
    pub stored: StoredCard,
}

/// Why a stored card cannot be charged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CardRefusal {
    /// There is none, or it is another's.
    #[error("no such stored card")]
    NotFound,
    /// Its first payment is undecided.
    #[error("the first payment of the stored card is undecided")]
    Pending,
    /// Its first payment brought no money.
    #[error("the first payment of the stored card was declined")]
    Declined,
    /// It was deleted.
    #[error("the stored card was deleted")]
    Deleted,
    /// The store cannot answer, or the vault's key lacks the card's version.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What filing the card of an attempt comes to.
pub(crate) struct Filed {
    pub registration: Option<RegistrationId>,
    pub writes: Vec<RegistrationWrite>,
}

/// Cards asked of the store at a time.
const PAGE: u32 = 100;

impl Engine {
    /// Stores a card without a payment. A copy of an earlier request gets that one's answer.
    ///
    /// # Errors
    /// [`StartError`]; nothing is written then.
    #[boxed]
    pub async fn register(&self, new: NewRegistration) -> Result<Reply, StartError> {
        if self.is_draining() {
            return Err(StartError::Draining);
        }
        let Owner { merchant, mode } = new.owner;
        let now = self.now(Lane::of(merchant, mode));
        let mut taking = self.taking(Claimant { owner: new.owner, dialect: new.dialect }, &new.claims, new.digest);
        for _ in 0..DRAWS_MAX {
            let registration = self.new_registration(new.owner, new.dialect, &new.card, new.customer.clone(), now);
            let id = PaymentId::from_number(registration.id.number());
            let sealed = self.vault.keys().seal(&registration, &new.card);
            let insert = RegistrationInsert::new(&registration, sealed);
            let holder = without_numbers(&new.card.holder);
            let shown = StoredCard { registration, word: Word::Active, holder, initial: None };
            let answer = (new.render)(&shown);
            let insert = RegistrationWrite::Insert(Box::new(insert.answered(Some(answer.clone()))));
            let (claims, events) = (taking.rows(id, 0, now), self.card_events(new.announce.as_ref(), &shown, now));
            let announced = !events.is_empty();
            match self.write(Changeset { claims, registrations: vec![insert], events, ..Changeset::default() }).await? {
                Verdict::Committed => {
                    self.tell_of_events(announced);
                    return Ok(Reply { answer, replayed: false, payment: id, provider_time: Duration::ZERO });
                }
                // The number is taken: draw again.
                Verdict::Conflict => {}
                Verdict::Duplicate(claim) => {
                    let Some(before) = taking.refused(claim).await? else { continue };
                    return self.replay_registration(before).await?.into();
                }
                Verdict::BelowFloor { .. } => unreachable!("a stored card sets no floor"),
            }
        }
        Err(StartError::Store(StoreError::Unavailable("no free id was drawn".into())))
    }

    /// A stored card of this owner, made in this dialect; any other answers exactly as one that does not exist.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer, or the vault's key lacks the card's version.
    #[boxed]
    pub async fn registration(
        &self,
        owner: Owner,
        dialect: Dialect,
        id: RegistrationId,
    ) -> Result<Option<StoredCard>, StoreError> {
        match self.find_registration(owner, dialect, id).await? {
            Some(stored) => self.shown(stored).await.map(Some),
            None => Ok(None),
        }
    }

    /// Opens a stored card to charge it.
    ///
    /// # Errors
    /// [`CardRefusal`] says why it cannot be charged.
    #[boxed]
    pub async fn open_card(
        &self,
        owner: Owner,
        dialect: Dialect,
        id: RegistrationId,
    ) -> Result<Chargeable, CardRefusal> {
        let stored = self.find_registration(owner, dialect, id).await?.ok_or(CardRefusal::NotFound)?;
        let first = self.first_payment(&stored.registration).await?;
        match stored.registration.word(first.as_ref()) {
            Word::Active => {}
            Word::Pending => return Err(CardRefusal::Pending),
            Word::Declined => return Err(CardRefusal::Declined),
            Word::Deleted => return Err(CardRefusal::Deleted),
        }
        let card = self.open_sealed(&stored).await?.ok_or(CardRefusal::Deleted)?;
        let initial = stored.registration.initial(first.as_ref()).cloned();
        let holder = without_numbers(&card.holder);
        let stored = StoredCard { registration: stored.registration, word: Word::Active, holder, initial };
        Ok(Chargeable { card, stored })
    }

    /// Wipes a stored card, and tells its merchant. Payments that were begun with it go on.
    ///
    /// # Errors
    /// [`CardRefusal::NotFound`], [`CardRefusal::Deleted`] the second time.
    #[boxed]
    pub async fn delete_registration(
        &self,
        owner: Owner,
        dialect: Dialect,
        id: RegistrationId,
        announce: Option<&AnnounceCard>,
    ) -> Result<(), CardRefusal> {
        let found = self.find_registration(owner, dialect, id).await?.ok_or(CardRefusal::NotFound)?;
        let at = self.now(Lane::of(owner.merchant, owner.mode));
        let events = self.events_of(found, announce, at).await?;
        match self.change(RegistrationWrite::Erase { id, at, kept_until: None }, events).await? {
            Changed::Yes => Ok(()),
            Changed::No => Err(CardRefusal::Deleted),
        }
    }

    /// As [`Engine::delete_registration`], for a request that may come again, which is no harm: a card that is deleted already is
    /// answered for as if it had been deleted now. `None`: there is no such card.
    ///
    /// # Errors
    /// [`StartError::Taken`], or that the store cannot take it.
    #[boxed]
    pub async fn delete_registration_once(
        &self,
        request: &Repeatable,
        id: RegistrationId,
        answer: Answer,
    ) -> Result<Option<Reply>, StartError> {
        let Repeatable { owner, dialect, .. } = *request;
        loop {
            if let Some(earlier) = self.earlier_kept(request).await? {
                return Result::from(earlier).map(Some);
            }
            if self.find_registration(owner, dialect, id).await?.is_none() {
                return Ok(None);
            }
            let at = self.now(Lane::of(owner.merchant, owner.mode));
            let registrations = vec![RegistrationWrite::Erase { id, at, kept_until: None }];
            let changeset = Changeset { registrations, ..Changeset::default() };
            let (reply, changeset) = self.kept(request, answer.clone(), changeset);
            match self.write(changeset).await? {
                Verdict::Committed => return Ok(Some(reply)),
                Verdict::Conflict => return self.answer_once(request, answer).await.map(Some),
                Verdict::Duplicate(_) => {}
                Verdict::BelowFloor { .. } => unreachable!("a stored card sets no floor"),
            }
        }
    }

    /// Keeps a stored card for 24 months from now, and tells its merchant.
    ///
    /// # Errors
    /// [`CardRefusal::NotFound`], [`CardRefusal::Deleted`].
    #[boxed]
    pub async fn extend_registration(
        &self,
        owner: Owner,
        dialect: Dialect,
        id: RegistrationId,
        announce: Option<&AnnounceCard>,
    ) -> Result<StoredCard, CardRefusal> {
        let found = self.find_registration(owner, dialect, id).await?.ok_or(CardRefusal::NotFound)?;
        if found.registration.deleted_at.is_some() {
            return Err(CardRefusal::Deleted);
        }
        let now = self.now(Lane::of(owner.merchant, owner.mode));
        let events = self.events_of(found, announce, now).await?;
        self.change(RegistrationWrite::Retain { id, until: retained_from(now) }, events).await?;
        let stored = self.registration(owner, dialect, id).await?.ok_or(CardRefusal::NotFound)?;
        if stored.word == Word::Deleted { Err(CardRefusal::Deleted) } else { Ok(stored) }
    }

    /// The card is opened only where somebody is told of it, so that one whose key is lost can be deleted all the same.
    async fn events_of(
        &self,
        found: StoredRegistration,
        announce: Option<&AnnounceCard>,
        now: Timestamp,
    ) -> Result<Vec<EventWrite>, StoreError> {
        match announce {
            Some(_) => Ok(self.card_events(announce, &self.shown(found).await?, now)),
            None => Ok(Vec::new()),
        }
    }

    fn card_events(&self, announce: Option<&AnnounceCard>, stored: &StoredCard, now: Timestamp) -> Vec<EventWrite> {
        let registration = &stored.registration;
        let lane = Lane::of(registration.merchant, registration.mode);
        let number = PaymentId::from_number(registration.id.number());
        let announcement = announce.and_then(|announce| announce(stored));
        announcement.into_iter().map(|announcement| self.event(announcement, number, lane, now)).collect()
    }

    /// The stored cards of one payer of an owner, or of all its payers, oldest first, those after one; at most `limit`.
    /// Deleted ones are not among them.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn registrations(
        &self,
        owner: Owner,
        dialect: Dialect,
        customer: Option<&str>,
        after: Option<RegistrationId>,
        limit: usize,
    ) -> Result<Vec<StoredCard>, StoreError> {
        let of = customer.map_or(RegistrationsOf::Anybody, |name| RegistrationsOf::Customer(name.to_owned()));
        self.listed(owner, dialect, of, after, limit).await
    }

    /// The stored cards of an owner with this number, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn registrations_of_card(
        &self,
        owner: Owner,
        dialect: Dialect,
        pan: &Pan,
    ) -> Result<Vec<StoredCard>, StoreError> {
        let of = RegistrationsOf::Card(self.fingerprint(owner, pan));
        self.listed(owner, dialect, of, None, usize::MAX).await
    }

    /// Files the card of an attempt that is about to be committed.
    pub(crate) fn file(&self, payment: &Payment, card: Option<&Card>, on_file: &OnFile, now: Timestamp) -> Filed {
        match (on_file, card) {
            (OnFile::Not, _) | (OnFile::Keep { .. }, None) => Filed { registration: None, writes: Vec::new() },
            (OnFile::Charged(id), _) => {
                let retain = RegistrationWrite::Retain { id: *id, until: retained_from(now) };
                Filed { registration: Some(*id), writes: vec![retain] }
            }
            (OnFile::Keep { customer }, Some(card)) => {
                let owner = Owner::of(payment);
                let made = self.new_registration(owner, payment.dialect, card, customer.clone(), now);
                let made = Registration { first_payment: Some(payment.id), ..made };
                let insert = RegistrationInsert::new(&made, self.vault.keys().seal(&made, card));
                let writes = vec![RegistrationWrite::Insert(Box::new(insert))];
                Filed { registration: Some(made.id), writes }
            }
        }
    }

    fn new_registration(
        &self,
        owner: Owner,
        dialect: Dialect,
        card: &Card,
        customer: Option<String>,
        now: Timestamp,
    ) -> Registration {
        Registration {
            id: self.ids.registration(),
            merchant: owner.merchant,
            mode: owner.mode,
            dialect,
            created_at: now,
            first_payment: None,
            customer,
            card: card.summary(),
            fingerprint: Some(self.fingerprint(owner, &card.pan)),
            retained_until: retained_from(now),
            deleted_at: None,
        }
    }

    fn fingerprint(&self, owner: Owner, pan: &Pan) -> Fingerprint {
        self.keyring.card_fingerprint(owner.merchant, owner.mode, pan)
    }

    async fn find_registration(
        &self,
        owner: Owner,
        dialect: Dialect,
        id: RegistrationId,
    ) -> Result<Option<StoredRegistration>, StoreError> {
        let stored = self.store.registration(id).await?;
        let is_theirs = |stored: &StoredRegistration| {
            let registration = &stored.registration;
            (registration.merchant, registration.mode, registration.dialect) == (owner.merchant, owner.mode, dialect)
        };
        Ok(stored.filter(is_theirs))
    }

    async fn first_payment(&self, registration: &Registration) -> Result<Option<Payment>, StoreError> {
        match registration.first_payment {
            Some(id) => Ok(self.load::<Payment>(id).await?.map(|stored| stored.transaction)),
            None => Ok(None),
        }
    }

    async fn shown(&self, stored: StoredRegistration) -> Result<StoredCard, StoreError> {
        let first = self.first_payment(&stored.registration).await?;
        let word = stored.registration.word(first.as_ref());
        let initial = stored.registration.initial(first.as_ref()).cloned();
        let holder = self.open_sealed(&stored).await?.map(|card| without_numbers(&card.holder)).unwrap_or_default();
        Ok(StoredCard { registration: stored.registration, word, holder, initial })
    }

    async fn listed(
        &self,
        owner: Owner,
        dialect: Dialect,
        of: RegistrationsOf,
        mut after: Option<RegistrationId>,
        limit: usize,
    ) -> Result<Vec<StoredCard>, StoreError> {
        let Owner { merchant, mode } = owner;
        let mut cards = Vec::new();
        loop {
            let query = RegistrationQuery { merchant, mode, of: of.clone(), after, limit: PAGE };
            let page = self.store.registrations(query).await?;
            let is_last = page.len() < PAGE as usize;
            for stored in page {
                after = Some(stored.registration.id);
                // Cards of another dialect are another's.
                if stored.registration.dialect == dialect && cards.len() < limit {
                    cards.push(self.shown(stored).await?);
                }
            }
            if is_last || cards.len() >= limit {
                return Ok(cards);
            }
        }
    }

    async fn change(&self, write: RegistrationWrite, events: Vec<EventWrite>) -> Result<Changed, StoreError> {
        let announced = !events.is_empty();
        match self.write(Changeset { registrations: vec![write], events, ..Changeset::default() }).await? {
            Verdict::Committed => {
                self.tell_of_events(announced);
                Ok(Changed::Yes)
            }
            Verdict::Conflict => Ok(Changed::No),
            Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                unreachable!("nothing is claimed and no floor is set")
            }
        }
    }
}

/// Whether a stored card was as expected.
pub(crate) enum Changed {
    Yes,
    No,
}
