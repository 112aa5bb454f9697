//! When a rule matches: its conditions, what is known of a request, and the first condition that a request does not meet.

use serde::{Deserialize, Serialize};

use super::{Method, RuleOperation};
use crate::card::{Brand, Pan};
use crate::payment::Mode;
use crate::{Asset, MerchantId, Money, PaymentId};

/// Conditions of a rule; an empty set matches anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// Request currencies.
    pub currencies: Vec<Asset>,
    /// Payer countries.
    pub countries: Vec<String>,
    /// Inclusive, major units; needs exactly one currency.
    pub amount_min: Option<String>,
    /// Inclusive, major units; needs exactly one currency.
    pub amount_max: Option<String>,
    /// Know-your-customer statuses; a payer without one counts as `none`.
    pub kyc_status: Vec<String>,
    /// At least one of these tags.
    pub tags_any: Vec<String>,
    /// All of these tags.
    pub tags_all: Vec<String>,
    /// None of these tags.
    pub tags_none: Vec<String>,
    /// Brands of cards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub card_brands: Vec<Brand>,
    /// What the card's number begins with, 1 to 8 digits each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub card_bins: Vec<String>,
}

/// One of the [`Conditions`], by the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Condition {
    Currencies,
    Countries,
    AmountMin,
    AmountMax,
    KycStatus,
    TagsAny,
    TagsAll,
    TagsNone,
    CardBrands,
    CardBins,
}

/// What is known of a request.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The payment, for drawing by weight.
    pub payment: PaymentId,
    /// How many attempts were made before.
    pub attempt: u16,
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Deposit or withdrawal.
    pub operation: RuleOperation,
    /// How the payer pays.
    pub method: Method,
    /// The card.
    pub card: CardFacts<'a>,
    /// How much.
    pub amount: Money,
    /// The payer's country, capitals; empty when unknown.
    pub country: &'a str,
    /// Know-your-customer status; empty when unknown.
    pub kyc_status: &'a str,
    /// The merchant's labels for the payer.
    pub tags: &'a [String],
}

/// What is known of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardFacts<'a> {
    /// There is none, or the payer gives it to the provider: a rule that asks about it does not match.
    Unseen,
    /// The payer is going to give it to us: a rule that asks about it may match.
    Awaited,
    /// We have it.
    Given {
        /// Its brand.
        brand: Brand,
        /// Its first eight digits, or as many as are known.
        bin: &'a str,
    },
}

impl<'a> CardFacts<'a> {
    /// Of a card's number.
    pub fn of(pan: &'a Pan) -> CardFacts<'a> {
        CardFacts::Given { brand: pan.brand(), bin: pan.bin() }
    }
}

impl Facts<'_> {
    /// The status that rules see.
    pub fn kyc_status(&self) -> &str {
        if self.kyc_status.is_empty() { "none" } else { self.kyc_status }
    }
}

impl Conditions {
    /// The first condition that a request does not meet, in the order of the fields; those about the card come last, and while
    /// it is awaited they are met.
    pub fn first_mismatch(&self, facts: &Facts<'_>) -> Option<Condition> {
        let any_or_in = |set: &[String], value: &str| set.is_empty() || set.iter().any(|entry| entry == value);
        let has = |tag: &String| facts.tags.contains(tag);
        let met = [
            (Condition::Currencies, self.currencies.is_empty() || self.currencies.contains(&facts.amount.asset())),
            (Condition::Countries, any_or_in(&self.countries, facts.country)),
            (Condition::AmountMin, self.is_met(&self.amount_min, |min| !min.exceeds(facts.amount))),
            (Condition::AmountMax, self.is_met(&self.amount_max, |max| !facts.amount.exceeds(max))),
            (Condition::KycStatus, any_or_in(&self.kyc_status, facts.kyc_status())),
            (Condition::TagsAny, self.tags_any.is_empty() || self.tags_any.iter().any(has)),
            (Condition::TagsAll, self.tags_all.iter().all(has)),
            (Condition::TagsNone, !self.tags_none.iter().any(has)),
            (Condition::CardBrands, self.takes_brand(facts.card)),
            (Condition::CardBins, self.takes_bin(facts.card)),
        ];
        met.into_iter().find(|(_, met)| !met).map(|(condition, _)| condition)
    }

    /// Whether it depends on the card.
    pub fn ask_about_card(&self) -> bool {
        !self.card_brands.is_empty() || !self.card_bins.is_empty()
    }

    /// A bound has a meaning only where exactly one currency is named.
    fn is_met(&self, bound: &Option<String>, holds: impl Fn(Money) -> bool) -> bool {
        match (bound, self.currencies.as_slice()) {
            (None, _) => true,
            (Some(text), [currency]) => Money::parse_or_zero(text, *currency).is_ok_and(holds),
            (Some(_), _) => false,
        }
    }

    fn takes_brand(&self, card: CardFacts<'_>) -> bool {
        self.card_brands.is_empty()
            || match card {
                CardFacts::Unseen => false,
                CardFacts::Awaited => true,
                CardFacts::Given { brand, .. } => self.card_brands.contains(&brand),
            }
    }

    fn takes_bin(&self, card: CardFacts<'_>) -> bool {
        self.card_bins.is_empty()
            || match card {
                CardFacts::Unseen => false,
                CardFacts::Awaited => true,
                CardFacts::Given { bin, .. } => {
                    self.card_bins.iter().any(|prefix| !prefix.is_empty() && bin.starts_with(prefix.as_str()))
                }
            }
    }
}
