//! What belongs to a member or partner of this dialect alone, and what is set for a member (contract, section 2).
//!
//! Kept as JSON in the credential's row. A member's key is the credential's sealed signature password, since checksums are made with it.
//! `direct_cards` is the credential's permission `s2s_cards`.

use florin_engine::directory::Credential;
use florin_kernel::Asset;
use florin_kernel::routing::ProviderId;
use serde::{Deserialize, Serialize};

use super::brands::Mode;

/// A member: a merchant's account at a partner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Its id: at most ten digits.
    pub member_id: String,
    /// Its partner's id.
    pub partner_id: String,
    /// The name it logs in by.
    pub username: String,
    /// The key before the present one while they are rotated, sealed; it still verifies.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub previous_key: String,
    /// Its terminals.
    pub terminals: Vec<Terminal>,
    /// How refusals show in HTTP.
    pub http_errors: HttpErrors,
    /// How often a transaction may be refunded.
    pub refunds: Refunds,
    /// Whether a part of a hold may be released.
    #[serde(with = "switch")]
    pub partial_reversal: Switch,
    /// Who may use a failed or cancelled reference again.
    pub reuse_reference: ReuseReference,
    /// What a declined DB is called.
    pub debit_decline_status: DebitDeclineStatus,
    /// The code of an issuer's no.
    pub decline_code: DeclineCode,
    /// Which word of a notification is signed.
    pub callback_checksum_status: Words,
    /// How `transactionStatus` tells a refund or chargeback.
    pub late_event_status: LateEventStatus,
    /// Whether open states are notified.
    #[serde(with = "switch_on")]
    pub notify_intermediate: SwitchOn,
    /// What `status` of a payout's answer is.
    pub payout_answer_status: Words,
    /// Whether a cancelled way back is signed with the text `null`.
    #[serde(with = "switch")]
    pub redirect_cancel_null_key: Switch,
    /// What pay links' times count.
    pub link_expiry_unit: LinkExpiryUnit,
    /// Where notifications go when a request names no URL.
    pub default_notification_url: String,
    /// Where payers go back to when a request names no URL.
    pub default_redirect_url: String,
    /// Whether stored cards are charged with their code only.
    #[serde(with = "switch")]
    pub token_cvv_required: Switch,
    /// Whether a brand that is not the number's is refused.
    #[serde(with = "switch")]
    pub strict_brand: Switch,
    /// Whether the cards of payments are kept in the vault, so that payouts can name the payment instead of a card.
    #[serde(with = "switch")]
    pub keep_cards: Switch,
}

/// Where payments are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terminal {
    /// At most six digits.
    pub terminal_id: String,
    /// Currencies; empty: all.
    pub currencies: Vec<Asset>,
    /// What is paid in where nothing is said on our page; none: the first of `currencies`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_currency: Option<Asset>,
    /// Ways to pay; empty: all.
    pub modes: Vec<Mode>,
    /// Card brands; empty: all.
    pub card_brands: Vec<String>,
    /// Wallets and bank methods beside those that every terminal of the mode takes, in capitals.
    pub wallets: Vec<String>,
    /// As `wallets`, of banks.
    pub banks: Vec<String>,
    /// What stands on statements.
    pub descriptor: String,
    /// The provider or route that takes its payments; none: the rules decide.
    pub route: Option<ProviderId>,
    /// Whether it is taken where several fit.
    pub default: bool,
    /// Taken out of service.
    pub disabled: bool,
    /// Whether cards are taken without their code.
    pub cvv_optional: bool,
}

impl Terminal {
    /// Whether cards of a brand are taken, by the name that we write.
    pub fn takes_cards_of(&self, brand: &str) -> bool {
        self.card_brands.is_empty() || self.card_brands.iter().any(|one| one == brand)
    }

    /// How something of a brand is paid here; nothing for a name that is not known here.
    pub fn mode_of(&self, brand: &str) -> Option<Mode> {
        [(Mode::Ew, &self.wallets), (Mode::Nb, &self.banks)]
            .into_iter()
            .find_map(|(mode, more)| mode.brand(brand, more).map(|_| mode))
            .or_else(|| super::brands::card(brand).map(|_| Mode::Cc))
    }

    /// What is paid in where nothing is said.
    pub fn currency(&self) -> Option<Asset> {
        self.default_currency.or(self.currencies.first().copied())
    }
}

/// A partner: whoever members belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Partner {
    /// Its id.
    pub partner_id: String,
    /// Its name.
    pub partner_name: String,
    /// The name it logs in by.
    pub username: String,
    /// The key before the present one, sealed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub previous_key: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident, $($(#[$variant_doc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $(#[$first_doc])*
            #[default]
            $first,
            $($(#[$variant_doc])* $variant),*
        }
    };
}

words! {
    /// How refusals show in HTTP.
    HttpErrors {
        /// As 200 once the token is accepted.
        Legacy,
        /// By statuses of their own.
        Strict,
    }
}
words! {
    /// How often a transaction may be refunded.
    Refunds {
        /// Once.
        Single,
        /// Until what was captured is used up.
        Several,
    }
}
words! {
    /// Who may use a failed or cancelled reference again.
    ReuseReference {
        /// Our page.
        Hosted,
        /// REST too.
        All,
        /// Nobody.
        Never,
    }
}
words! {
    /// What a declined DB is called.
    DebitDeclineStatus {
        /// As the opposite of `capturesuccess`.
        Capturefailed,
        /// As a PA.
        Authfailed,
    }
}
words! {
    /// The code of an issuer's no.
    DeclineCode {
        /// 110NN.
        Iso,
        /// 10001.
        Generic,
    }
}
words! {
    /// Which of the two words for a status.
    Words {
        /// Y, N, P.
        Short,
        /// `capturesuccess` …
        Long,
    }
}
words! {
    /// How `transactionStatus` tells a refund or chargeback.
    LateEventStatus {
        /// By the word.
        Word,
        /// By Y and N.
        Short,
    }
}
words! {
    /// What pay links' times count.
    LinkExpiryUnit {
        /// Hours.
        Hours,
        /// Days.
        Days,
    }
}

/// A switch that is off unless somebody turns it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switch {
    /// Off.
    #[default]
    Off,
    /// On.
    On,
}

/// A switch that is on unless somebody turns it off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SwitchOn {
    /// On.
    #[default]
    On,
    /// Off.
    Off,
}

impl Settings {
    /// The settings of a member. Rows are checked when they are written; one that cannot be read all the same must not stop payments,
    /// so it counts as empty.
    pub fn of(credential: &Credential) -> Settings {
        Settings::deserialize(&credential.settings).unwrap_or_else(|error| {
            tracing::error!(credential = %credential.id, %error, "the settings of a member cannot be read");
            Settings::default()
        })
    }
}

impl Partner {
    /// The partner that a credential is; nothing where it is a member.
    pub fn of(credential: &Credential) -> Option<Partner> {
        let partner = credential.settings.get("partner")?;
        Partner::deserialize(partner).ok()
    }
}

macro_rules! as_boolean {
    ($module:ident, $name:ident) => {
        mod $module {
            use serde::{Deserialize, Deserializer, Serializer};

            use super::$name;

            pub fn serialize<S: Serializer>(switch: &$name, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bool(*switch == $name::On)
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                bool::deserialize(deserializer).map(|on| if on { $name::On } else { $name::Off })
            }
        }
    };
}

as_boolean!(switch, Switch);
as_boolean!(switch_on, SwitchOn);
