//! What a merchant sets per credential for this dialect alone (contract, section 1).
//!
//! Kept as JSON in the credential's row; what is absent has the default of the mount that a request came to. The key for
//! encrypted notifications and the older platform's login are secrets of the credential itself.

use std::sync::Arc;

use florin_engine::directory::Credential;
use serde::{Deserialize, Serialize};

use super::codes::{PendingCodes, Set};
use super::mounts::Profile;

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Entities the token may act for.
    pub entity_ids: Vec<String>,
    /// What `merchant.id` may be, beside the entity; empty: anything.
    pub sub_merchants: Vec<String>,
    /// Codes on v3 mounts.
    pub result_codes: Set,
    /// When a decline is HTTP 400.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_status: Option<DeclineStatus>,
    /// How much a pending payment tells.
    pub pending_codes: PendingCodes,
    /// What a used reference means.
    pub merchant_transaction_id: References,
    /// How times are written on v3 mounts.
    pub timestamp_format: TimestampFormat,
    /// Whether `1000.00` is a fault in a currency without decimals.
    pub strict_decimals: Decimals,
    /// Where notifications go when a request names no URL.
    pub notification_url: String,
    /// Their form.
    pub notification_form: NotificationForm,
    /// What is around an encrypted one.
    pub notification_wrapper: NotificationWrapper,
    /// Whether open payments are notified too.
    #[serde(with = "notify_pending")]
    pub notify_pending: NotifyPending,
    /// How the browser goes back.
    pub return_method: ReturnMethod,
    /// When 3-D Secure runs.
    pub three_d_secure: ThreeDSecure,
    /// Days that an uncaptured PA lives, 1 to 30; absent: 7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_days: Option<u8>,
    /// Minutes that a checkout and a payer step live; absent: 15, on the OPPWA mount 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout_minutes: Option<u16>,
    /// Attempts in one checkout, 1 to 5; absent: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout_attempts: Option<u16>,
    /// Sites whose pages may hold a checkout's frame; empty: whichever page the shop's payer is on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// Whether a final result is told once only.
    pub checkout_single_read: bool,
    /// What RV does to money already taken.
    pub reverse_debit: ReverseDebit,
    /// Whether payouts wait for the back office.
    pub payout_approval: PayoutApproval,
    /// Whose money pays out.
    pub payout_funding: PayoutFunding,
}

/// When a decline is HTTP 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineStatus {
    /// For the call that was declined.
    Post,
    /// Never.
    Never,
    /// For readings too.
    Always,
}

/// What a used `merchantTransactionId` means (section 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum References {
    /// It is taken for good.
    #[default]
    Unique,
    /// It may be used again while all its attempts ended without money.
    Retry,
    /// Nothing.
    Free,
}

/// How times are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampFormat {
    /// `2025-11-21T01:39:00+00:00`
    #[default]
    Iso,
    /// `2025-11-21 01:39:00+0000`
    Oppwa,
}

/// How zeros beyond a currency's scale are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decimals {
    /// As nothing.
    #[default]
    Off,
    /// As a fault.
    On,
}

/// The form of notifications (section 12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationForm {
    /// As the mount says.
    #[default]
    Auto,
    /// The inquiry's answer, posted.
    Json,
    /// Encrypted and posted.
    Encrypted,
    /// The id in the URL's query.
    Get,
}

/// What is around an encrypted notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationWrapper {
    /// Nothing.
    #[default]
    None,
    /// `{"encryptedBody":"…"}`
    Json,
}

/// Whether open payments are notified too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotifyPending {
    /// Final results only.
    #[default]
    No,
    /// Both.
    Yes,
}

/// How the payer's browser goes back to `shopperResultUrl`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReturnMethod {
    /// By a redirect.
    #[default]
    Get,
    /// By a form that submits itself.
    Post,
}

/// When 3-D Secure runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreeDSecure {
    /// As issuer and provider ask.
    #[default]
    Auto,
    /// For every card payment.
    Always,
    /// For none.
    Never,
}

/// What RV does to money already taken (section 10.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReverseDebit {
    /// It is refused.
    #[default]
    Refuse,
    /// It gives back what is left.
    Refund,
}

/// Whether payouts wait for the back office (section 10.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutApproval {
    /// They are sent at once.
    #[default]
    Off,
    /// They wait.
    On,
}

/// Whose money pays out (section 10.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutFunding {
    /// The merchant's at the acquirer.
    #[default]
    Acquirer,
    /// The merchant's available balance here.
    Balance,
}

impl Settings {
    /// The settings of a credential, read once for all requests. Rows are checked when they are written; one that cannot be
    /// read all the same must not stop payments, so it counts as empty.
    pub fn of(credential: &Credential) -> Arc<Settings> {
        credential.read_settings(|document| {
            let document = (!document.is_null()).then_some(document);
            let read = document.map_or(Ok(Settings::default()), Settings::deserialize);
            read.unwrap_or_else(|error| {
                tracing::error!(credential = %credential.id, %error, "the v3 settings of a credential cannot be read");
                Settings::default()
            })
        })
    }

    /// Codes on a mount.
    pub fn set(&self, profile: Profile) -> Set {
        match profile {
            Profile::V3 => self.result_codes,
            Profile::Oppwa => Set::Oppwa,
        }
    }

    /// When a decline is HTTP 400 on a mount.
    pub fn decline_status(&self, profile: Profile) -> DeclineStatus {
        self.decline_status.unwrap_or(match profile {
            Profile::V3 => DeclineStatus::Post,
            Profile::Oppwa => DeclineStatus::Never,
        })
    }

    /// Minutes that a checkout and a payer step live on a mount.
    pub fn checkout_minutes(&self, profile: Profile) -> u16 {
        self.checkout_minutes.unwrap_or(match profile {
            Profile::V3 => 15,
            Profile::Oppwa => 30,
        })
    }

    /// How times are written on a mount.
    pub fn timestamp_format(&self, profile: Profile) -> TimestampFormat {
        match profile {
            Profile::V3 => self.timestamp_format,
            Profile::Oppwa => TimestampFormat::Oppwa,
        }
    }
}

/// [`NotifyPending`] is the switch `notify_pending`: false or true.
mod notify_pending {
    use super::NotifyPending;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(notify: &NotifyPending, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*notify == NotifyPending::Yes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NotifyPending, D::Error> {
        bool::deserialize(deserializer).map(|on| if on { NotifyPending::Yes } else { NotifyPending::No })
    }
}
