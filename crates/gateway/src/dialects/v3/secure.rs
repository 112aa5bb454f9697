//! 3-D Secure in a request and in an answer (contract, sections 5, 6 and 11): a result that the merchant obtained elsewhere, what
//! is wanted of ours, and what is known of it.

use florin_kernel::payment::{Authenticate, Authentication, AuthenticationStatus, Mode, Operation, SimulatedFlow};
use florin_kernel::secret::Secret;

use super::fields::{Reader, digits, matching, text};
use super::settings::ThreeDSecure;
use super::wire::ThreeDSecureBody;

/// What a request says about 3-D Secure.
#[derive(Debug, Default)]
pub struct Secure {
    /// A result obtained elsewhere.
    result: Option<Authentication>,
    /// The issuer's proof of it.
    pub cryptogram: Option<Secret>,
    /// Whether a challenge is wanted.
    challenge: Wish,
    /// What the simulated issuer is to do.
    pub simulated: Option<SimulatedFlow>,
}

/// What the merchant wants of the issuer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    Nothing,
    Challenge,
}

const STATUSES: &str = "^[YANUCRI]$";

impl Secure {
    /// Takes the fields `threeDSecure.*` out of a form, and in test mode the simulator's parameters.
    pub fn read(reader: &mut Reader<'_>, mode: Mode) -> Secure {
        let eci = reader.read("threeDSecure.eci", matching("^[0-9]{1,2}$", |value| digits(value, 1..=2)));
        let status = reader.read("threeDSecure.authenticationStatus", |value| {
            AuthenticationStatus::of_letter(value).ok_or(format!("must match {STATUSES}").into())
        });
        let cryptogram = reader.read("threeDSecure.verificationId", text(1, 255));
        let mut some = |name: &str, longest| reader.read(name, text(1, longest)).unwrap_or_default();
        let version = some("threeDSecure.version", 16);
        let (directory_id, acs_id) =
            (some("threeDSecure.dsTransactionId", 36), some("threeDSecure.acsTransactionId", 36));
        let indicator =
            reader.read("threeDSecure.challengeIndicator", matching("^[0-9]{1,2}$", |value| digits(value, 1..=2)));
        let wanted = indicator.is_some_and(|indicator| indicator.trim_start_matches('0') == "4");
        let brought = eci.is_some() || status.is_some() || cryptogram.is_some();
        let eci = eci.map(|eci| format!("{eci:0>2}")).unwrap_or_default();
        Secure {
            result: brought.then_some(Authentication { status, eci, version, directory_id, acs_id }),
            cryptogram: cryptogram.map(Secret::new),
            challenge: if wanted { Wish::Challenge } else { Wish::Nothing },
            simulated: simulated(reader).filter(|_| mode == Mode::Dev),
        }
    }

    /// What is asked of the provider.
    pub fn authenticate(self, setting: ThreeDSecure) -> Authenticate {
        match (self.result, setting, self.challenge) {
            (Some(result), _, _) => Authenticate::Elsewhere(Box::new(result)),
            (None, _, Wish::Challenge) => Authenticate::Challenge,
            (None, ThreeDSecure::Auto, Wish::Nothing) => Authenticate::Auto,
            (None, ThreeDSecure::Always, Wish::Nothing) => Authenticate::Always,
            (None, ThreeDSecure::Never, Wish::Nothing) => Authenticate::Never,
        }
    }
}

/// `customParameters[3DS2_enrolled]=true` makes a card challenge that else would not, `[3DS2_flow]` chooses (section 13).
fn simulated(reader: &Reader<'_>) -> Option<SimulatedFlow> {
    let flow = reader.form.get("customParameters[3DS2_flow]");
    let enrolled = reader.form.get("customParameters[3DS2_enrolled]").is_some_and(|value| value == "true");
    match flow {
        Some("frictionless") => Some(SimulatedFlow::Frictionless),
        Some("challenge") => Some(SimulatedFlow::Challenge),
        Some(_) | None => enrolled.then_some(SimulatedFlow::Challenge),
    }
}

/// What is known of the payer's authentication.
pub fn body(attempt: &Operation) -> Option<ThreeDSecureBody> {
    let known = attempt.authenticated()?;
    Some(ThreeDSecureBody {
        eci: known.eci.clone(),
        version: known.version.clone(),
        authentication_status: known.status.map_or("", AuthenticationStatus::letter),
        ds_transaction_id: known.directory_id.clone(),
        acs_transaction_id: known.acs_id.clone(),
    })
}
