//! The simulated issuer's side of an attempt by card: whether and how it authenticates the payer, and the numbers that banks and
//! networks give. Pure, and the same for the same reference ever after.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use florin_kernel::card::{Brand, Pan};
use florin_kernel::payment::{
    Authenticate, Authentication, AuthenticationFailure, AuthenticationStatus, Circumstances, MethodForm, SimulatedFlow,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::triggers::{CardStory, Step, Verdict};

/// What comes next in an attempt by card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    /// The bank decides.
    Bank {
        /// What is known of the payer's authentication.
        authentication: Option<Box<Authentication>>,
        /// What the card's bank says, unless the amount decides.
        own: Verdict,
    },
    /// The payer must answer a challenge first.
    Challenge {
        /// What it leads to.
        challenge: Challenge,
        /// What the card's bank says after it, unless the amount decides.
        own: Verdict,
    },
    /// It ends without a bank.
    Refused {
        /// Why.
        failure: AuthenticationFailure,
        /// What is known of it.
        authentication: Box<Authentication>,
    },
}

/// An open challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Challenge {
    passed: Box<Authentication>,
    failed: Box<Authentication>,
    before: Before,
}

/// What the payer's browser does before a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Before {
    Nothing,
    Method,
}

impl Scene {
    /// How an attempt by card goes on: first the card's own step, as far as the circumstances let it.
    pub(super) fn of(pan: &Pan, circumstances: &Circumstances, reference: &str) -> Scene {
        let CardStory { step, own } = CardStory::of(pan);
        let issuer = Issuer { brand: pan.brand(), reference };
        let softly = |own| if step == Step::Wanted { Verdict::Declined("1A".to_owned()) } else { own };
        let unseen = |own| Scene::Bank { authentication: None, own };
        if !circumstances.has_payer() {
            return unseen(own);
        }
        let step_here = match (step, circumstances.simulated) {
            (Step::Unseen | Step::Wanted, Some(SimulatedFlow::Frictionless)) => Step::Frictionless,
            (Step::Unseen | Step::Wanted, Some(SimulatedFlow::Challenge)) => Step::Challenge,
            (step, Some(SimulatedFlow::Frictionless | SimulatedFlow::Challenge) | None) => step,
        };
        match &circumstances.authenticate {
            Authenticate::Elsewhere(result) if result.shifts_liability() => unseen(own),
            Authenticate::Elsewhere(_) | Authenticate::Never => unseen(softly(own)),
            Authenticate::Auto if step_here == Step::Wanted => unseen(softly(own)),
            Authenticate::Auto => issuer.scene(step_here, own),
            Authenticate::Challenge => issuer.scene(challenged(step_here), own),
            Authenticate::Always => issuer.scene(always_challenged(step_here), own),
        }
    }
}

/// The step where a challenge is wanted: whoever can make one does.
fn challenged(step: Step) -> Step {
    match step {
        Step::Unseen | Step::Wanted | Step::Frictionless => Step::Challenge,
        Step::Attempted
        | Step::NotParticipating
        | Step::Challenge
        | Step::ChallengeAfterMethod
        | Step::Technical
        | Step::Refused => step,
    }
}

/// The step where nothing is approved without authentication: whoever would let the payer through unasked makes a challenge.
fn always_challenged(step: Step) -> Step {
    match step {
        Step::Unseen | Step::Wanted | Step::Frictionless | Step::Attempted | Step::NotParticipating => Step::Challenge,
        Step::Challenge | Step::ChallengeAfterMethod | Step::Technical | Step::Refused => step,
    }
}

/// A card's issuer in one attempt.
struct Issuer<'a> {
    brand: Brand,
    reference: &'a str,
}

impl Issuer<'_> {
    fn scene(&self, step: Step, own: Verdict) -> Scene {
        let known = |authentication| Some(Box::new(authentication));
        match step {
            Step::Unseen | Step::Wanted => Scene::Bank { authentication: None, own },
            Step::Frictionless => Scene::Bank { authentication: known(self.authenticated()), own },
            Step::Attempted => {
                Scene::Bank { authentication: known(self.told(Some(AuthenticationStatus::Attempted))), own }
            }
            Step::NotParticipating => Scene::Bank { authentication: known(self.told(None)), own },
            Step::Challenge => Scene::Challenge { challenge: self.challenge(Before::Nothing), own },
            Step::ChallengeAfterMethod => Scene::Challenge { challenge: self.challenge(Before::Method), own },
            Step::Technical => Scene::Refused {
                failure: AuthenticationFailure::Technical,
                authentication: Box::new(self.told(Some(AuthenticationStatus::Unavailable))),
            },
            Step::Refused => Scene::Refused {
                failure: AuthenticationFailure::NotAuthenticated,
                authentication: Box::new(self.told(Some(AuthenticationStatus::NotAuthenticated))),
            },
        }
    }

    fn authenticated(&self) -> Authentication {
        let acs_id = uuid(self.reference, "acs");
        Authentication { acs_id, ..self.told(Some(AuthenticationStatus::Authenticated)) }
    }

    fn challenge(&self, before: Before) -> Challenge {
        let failed = Some(AuthenticationStatus::NotAuthenticated);
        let passed = self.authenticated();
        let failed = Authentication { acs_id: passed.acs_id.clone(), ..self.told(failed) };
        Challenge { passed: Box::new(passed), failed: Box::new(failed), before }
    }

    /// What the directory says.
    fn told(&self, status: Option<AuthenticationStatus>) -> Authentication {
        let [authenticated, attempted, neither] = self.indicators();
        let eci = match status {
            Some(AuthenticationStatus::Authenticated) => authenticated,
            Some(AuthenticationStatus::Attempted) => attempted,
            Some(
                AuthenticationStatus::NotAuthenticated
                | AuthenticationStatus::Unavailable
                | AuthenticationStatus::Challenge
                | AuthenticationStatus::Rejected
                | AuthenticationStatus::Informational,
            )
            | None => neither,
        };
        Authentication {
            status,
            eci: eci.to_owned(),
            version: "2.2.0".to_owned(),
            directory_id: uuid(self.reference, "directory"),
            acs_id: String::new(),
        }
    }

    /// The scheme's electronic commerce indicators: authenticated, attempted, neither.
    fn indicators(&self) -> [&'static str; 3] {
        match self.brand {
            Brand::Mastercard | Brand::Maestro => ["02", "01", "00"],
            Brand::Visa
            | Brand::Amex
            | Brand::Discover
            | Brand::Diners
            | Brand::Jcb
            | Brand::Unionpay
            | Brand::Other => ["05", "06", "07"],
        }
    }
}

impl Challenge {
    /// What is known once the payer has passed it.
    pub(super) fn passed(&self) -> Box<Authentication> {
        self.passed.clone()
    }

    /// What is known once the payer has failed it.
    pub(super) fn failed(&self) -> Box<Authentication> {
        self.failed.clone()
    }

    /// What the payer's browser is to post before it.
    pub(super) fn method(&self, reference: &str) -> Option<Box<MethodForm>> {
        match self.before {
            Before::Nothing => None,
            Before::Method => {
                let url = format!("/sim/3ds/{reference}/method");
                let data = format!(r#"{{"threeDSServerTransID":"{}"}}"#, uuid(reference, "server"));
                Some(Box::new(MethodForm { url, data: BASE64_URL_SAFE_NO_PAD.encode(data) }))
            }
        }
    }
}

/// The authorisation code of an approved attempt: six digits.
pub(super) fn auth_code(reference: &str) -> String {
    format!("{:06}", number(reference, "authorisation") % 1_000_000)
}

/// The network's id of an approved attempt: fifteen digits, as Visa writes them.
pub(super) fn network_id(reference: &str) -> String {
    format!("4{:014}", number(reference, "network") % 100_000_000_000_000)
}

fn number(reference: &str, purpose: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = digest(reference, purpose);
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// A UUID (RFC 9562, version 8: made in a way of our own).
fn uuid(reference: &str, purpose: &str) -> String {
    let digest = digest(reference, purpose);
    let mut bytes: Vec<u8> = digest[..16].to_vec();
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = |range: std::ops::Range<usize>| bytes[range].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{}-{}-{}-{}-{}", hex(0..4), hex(4..6), hex(6..8), hex(8..10), hex(10..16))
}

fn digest(reference: &str, purpose: &str) -> [u8; 32] {
    Sha256::new().chain_update(purpose).chain_update(":").chain_update(reference).finalize().into()
}
