//! Which transactions a list shows. What columns tell is asked of the store; what only documents tell is looked for in their text
//! first, which is quick, and then compared exactly.

use florin_kernel::routing::{Method, ProviderId};
use florin_kernel::{Asset, Kind, Money, Timestamp, Transaction};

use super::{LISTED, Summary};

/// Which transactions; what is empty leaves out nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// Where they stand, as rows write it.
    pub words: Vec<String>,
    /// How they were paid.
    pub methods: Vec<Method>,
    /// In these currencies.
    pub currencies: Vec<Asset>,
    /// Who was asked last.
    pub providers: Vec<ProviderId>,
    /// Of this amount at the least; only transactions of its currency.
    pub least: Option<Money>,
    /// Of this amount at the most; only transactions of its currency.
    pub most: Option<Money>,
    /// Made at or after.
    pub from: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
    /// With this reference of the merchant's, to the letter.
    pub reference: String,
    /// Of the payer with this id of the merchant's.
    pub payer: String,
    /// Of the payer with this e-mail address.
    pub email: String,
    /// By a card that ends so.
    pub last4: String,
}

impl Filter {
    /// The kinds that are shown.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        if self.kinds.is_empty() { LISTED.to_vec() } else { self.kinds.clone() }
    }

    /// Texts that the documents of all that fit hold; coin payments write some things otherwise, so only where those do not fit
    /// anyway, or write it alike.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        let fields = [("reference", &self.reference), ("user_id", &self.payer), ("email", &self.email)];
        for (field, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
            texts.push(format!("\"{field}\":{}", serde_json::Value::from(text.as_str())));
        }
        if !self.last4.is_empty() {
            texts.push(format!("\"last4\":{}", serde_json::Value::from(self.last4.as_str())));
        }
        if let [currency] = self.currencies.as_slice() {
            texts.push(format!(" {}\"", currency.code()));
        }
        if let [provider] = self.providers.as_slice() {
            texts.push(format!("\"provider\":{}", provider.number()));
        }
        texts
    }

    /// Whether columns and texts do not tell all.
    pub(super) fn needs_reading(&self) -> bool {
        let Filter { kinds: _, words: _, from: _, until: _, methods, currencies, providers, least, most, .. } = self;
        !methods.is_empty() || !currencies.is_empty() || !providers.is_empty() || least.is_some() || most.is_some()
    }

    /// Whether a transaction fits, exactly. Words and times were asked of the store.
    pub fn fits(&self, transaction: &Transaction) -> bool {
        let summary = Summary::of(transaction);
        let one_of = |given: &str, found: &str| given.is_empty() || given == found;
        let bounded = |bound: Option<Money>, holds: fn(Money, Money) -> bool| {
            bound.is_none_or(|bound| bound.asset() == summary.asked.asset() && holds(bound, summary.asked))
        };
        (self.methods.is_empty() || summary.method.is_some_and(|method| self.methods.contains(&method)))
            && (self.currencies.is_empty() || self.currencies.contains(&summary.asked.asset()))
            && (self.providers.is_empty() || summary.provider.is_some_and(|asked| self.providers.contains(&asked)))
            && bounded(self.least, |least, asked| !least.exceeds(asked))
            && bounded(self.most, |most, asked| !asked.exceeds(most))
            && one_of(&self.reference, &summary.reference)
            && one_of(&self.payer, &summary.payer)
            && one_of(&self.email, &summary.email)
            && (self.last4.is_empty() || summary.card.is_some_and(|card| card.last4 == self.last4))
    }
}
