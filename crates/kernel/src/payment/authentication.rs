//! 3-D Secure as a payment keeps it: what is known of an authentication, what is asked for, and whether a payer is there to be
//! authenticated at all.
//!
//! Source of the words: EMV 3-D Secure, Protocol and Core Functions Specification 2.2 (`transStatus`, ECI).

use serde::{Deserialize, Serialize};

/// What is known of an authentication, of ours or one that the merchant obtained elsewhere. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Authentication {
    /// How it ended; `None`: not told, or the issuer does not take part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<AuthenticationStatus>,
    /// The electronic commerce indicator, two digits as the scheme writes it: Visa `05`, Mastercard `02` for authenticated.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub eci: String,
    /// The protocol's version, such as `2.2.0`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The directory server's transaction id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub directory_id: String,
    /// The access control server's transaction id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub acs_id: String,
}

/// How an authentication ended, by the protocol's letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AuthenticationStatus {
    /// The payer was authenticated.
    #[serde(rename = "Y")]
    Authenticated,
    /// It was attempted; the liability shifts all the same.
    #[serde(rename = "A")]
    Attempted,
    /// The payer was not authenticated.
    #[serde(rename = "N")]
    NotAuthenticated,
    /// It could not be done, for a technical reason.
    #[serde(rename = "U")]
    Unavailable,
    /// A challenge is needed.
    #[serde(rename = "C")]
    Challenge,
    /// The issuer refuses and wants no authorisation to be tried.
    #[serde(rename = "R")]
    Rejected,
    /// For information only.
    #[serde(rename = "I")]
    Informational,
}

/// Why a payer could not be authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationFailure {
    /// A technical error (status `U`).
    Technical,
    /// The issuer says no without asking the payer (status `N`, `R`).
    NotAuthenticated,
    /// The payer failed the challenge.
    ChallengeFailed,
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authenticate {
    /// What issuer and provider ask for.
    #[default]
    Auto,
    /// No approval without authentication.
    Always,
    /// None: nobody is challenged.
    Never,
    /// A challenge is wanted, where the issuer can make one.
    Challenge,
    /// None of ours: the merchant brings the result.
    Elsewhere(Box<Authentication>),
}

/// Whether the payer takes part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// The payer is there.
    #[default]
    Payer,
    /// The merchant acts alone, on an agreement made before. Nobody can answer a challenge.
    Merchant {
        /// The network's id of the transaction in which the payer agreed; empty where none is known.
        network_id: String,
    },
}

/// How an attempt is made, besides where it goes and what with. The ordinary one has nothing in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Circumstances {
    /// 3-D Secure.
    #[serde(skip_serializing_if = "is_default")]
    pub authenticate: Authenticate,
    /// Who takes part.
    #[serde(skip_serializing_if = "is_default")]
    pub presence: Presence,
    /// What the simulated issuer is to do with a card that has no 3-D Secure of its own; test mode only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulated: Option<SimulatedFlow>,
}

/// A simulated issuer's flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum SimulatedFlow {
    Frictionless,
    Challenge,
}

impl AuthenticationStatus {
    /// The protocol's letter.
    pub const fn letter(self) -> &'static str {
        match self {
            AuthenticationStatus::Authenticated => "Y",
            AuthenticationStatus::Attempted => "A",
            AuthenticationStatus::NotAuthenticated => "N",
            AuthenticationStatus::Unavailable => "U",
            AuthenticationStatus::Challenge => "C",
            AuthenticationStatus::Rejected => "R",
            AuthenticationStatus::Informational => "I",
        }
    }

    /// Reads a letter.
    pub fn of_letter(letter: &str) -> Option<AuthenticationStatus> {
        [
            AuthenticationStatus::Authenticated,
            AuthenticationStatus::Attempted,
            AuthenticationStatus::NotAuthenticated,
            AuthenticationStatus::Unavailable,
            AuthenticationStatus::Challenge,
            AuthenticationStatus::Rejected,
            AuthenticationStatus::Informational,
        ]
        .into_iter()
        .find(|status| status.letter() == letter)
    }
}

impl Authentication {
    /// Whether the issuer takes the liability: authenticated or attempted, by the status, or where none is told by the ECI.
    pub fn shifts_liability(&self) -> bool {
        match self.status {
            Some(AuthenticationStatus::Authenticated | AuthenticationStatus::Attempted) => true,
            Some(
                AuthenticationStatus::NotAuthenticated
                | AuthenticationStatus::Unavailable
                | AuthenticationStatus::Challenge
                | AuthenticationStatus::Rejected
                | AuthenticationStatus::Informational,
            ) => false,
            None => matches!(self.eci.as_str(), "05" | "06" | "02" | "01"),
        }
    }
}

impl Circumstances {
    /// Whether nothing is out of the ordinary.
    pub fn is_ordinary(&self) -> bool {
        *self == Circumstances::default()
    }

    /// Whether a payer can be asked for anything.
    pub fn has_payer(&self) -> bool {
        match self.presence {
            Presence::Payer => true,
            Presence::Merchant { .. } => false,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
