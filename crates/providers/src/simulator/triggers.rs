//! What the simulated world does, told by the card number and the amount alone. Pure.
//!
//! Sources: product document, "Test mode"; v3 contract, section 13; transaction services contract, section 11;
//! cashier contract, sections 16 and 17. A number that any contract lists means the same in all.

use florin_kernel::Money;
use florin_kernel::card::Pan;
use florin_kernel::payment::OperationKind;
use florin_kernel::routing::ProviderAccount;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// How long `9105.00` and `9106.00` stay pending, and what a payer leaves so.
pub(super) const LATE: SignedDuration = SignedDuration::from_secs(30);

/// The setting of an account that approves what others decline.
pub(super) const APPROVES_DECLINED: &str = "approves_declined";

/// The bank's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Yes.
    Approved,
    /// No, with a response code (ISO 8583, data element 39).
    Declined(String),
}

/// How the bank's word reaches us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// In the answer.
    AtOnce,
    /// Never: no answer comes.
    Silent,
    /// As a 502 with HTML.
    Garbled,
    /// In the answer, and by three callbacks after it.
    Thrice,
    /// By a callback, and in the answer after it.
    Early,
    /// So much later, by callback; the answer says pending.
    After(SignedDuration),
    /// In the answer; 60 s later the money is charged back, a payout sent back.
    ThenChargedBack,
}

/// How a bank ends an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// What it says.
    pub(super) verdict: Verdict,
    /// How it says it.
    pub(super) manner: Manner,
}

/// What a card's issuer does about 3-D Secure where the payer takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Unseen,
    /// Nothing, but its bank declines softly (`1A`) unless the payer was authenticated.
    Wanted,
    /// It authenticates the payer unseen: status Y.
    Frictionless,
    /// It does not answer and the directory attests the attempt: status A.
    Attempted,
    /// It does not take part: no status, no liability shift.
    NotParticipating,
    /// The payer must answer a challenge.
    Challenge,
    /// The payer must answer a challenge, before which the issuer has a method URL.
    ChallengeAfterMethod,
    /// A technical error: status U.
    Technical,
    /// It does not authenticate the payer: status N.
    Refused,
}

/// What a card does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CardStory {
    /// First this step.
    pub(super) step: Step,
    /// Then its bank says this, unless the amount decides.
    pub(super) own: Verdict,
}

/// How an account's bank differs from the plain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Habit {
    /// The table as it stands.
    Plain,
    /// Approves what the plain one declines with a code that cascades (`simulator_b`).
    ApprovesCascaded,
}

/// What decides beside the card: the operation's amount as the merchant asked for it, its kind and the account's habit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// What is asked.
    pub(super) kind: OperationKind,
    /// The amount before any conversion.
    pub(super) asked: Money,
    /// The account's habit.
    pub(super) habit: Habit,
}

/// Cards with a step of their own.
const STEPS: [(Step, &[&str]); 8] = [
    (
        Step::Frictionless,
        &[
            "4200000000000091",
            "4200000000000026",
            "5200000000000007",
            "5200000000000056",
            "374500262001008",
            "375987000000062",
        ],
    ),
    (
        Step::Attempted,
        &[
            "4200000000000109",
            "4200000000000059",
            "5200000000000023",
            "5200000000000106",
            "377277081382243",
            "373953192351004",
        ],
    ),
    (Step::NotParticipating, &["4532497088771651", "5497260847316287", "343923092050144"]),
    (
        Step::Challenge,
        &[
            "4000000000003220",
            "4012001037141112",
            "4000000000000002",
            "4200000000000018",
            "4200000000000075",
            "4711100000000000",
            "5200000000000064",
            "5200000000000072",
            "5212345678901234",
            "375987000169867",
            "371449635398431",
            "375987000000005",
        ],
    ),
    (
        Step::ChallengeAfterMethod,
        &[
            "4200000000000042",
            "4200000000000067",
            "5200000000000015",
            "5200000000000049",
            "343434343434343",
            "375987000000021",
        ],
    ),
    (Step::Technical, &["4012001037461114", "5434580000000006", "375987000169875"]),
    (Step::Refused, &["4200000000000034", "5457350076543210", "375987000169883"]),
    (Step::Wanted, &["4200000000000083"]),
];

/// Cards that their bank declines, with its code.
const DECLINED: [(&str, &str); 4] =
    [("4000000000000341", "05"), ("4000000000009995", "51"), ("4000000000000069", "54"), ("4000000000000127", "N7")];

/// Codes after which another provider may be tried (cashier contract, section 16).
const CASCADES: [&str; 8] = ["05", "19", "57", "58", "62", "91", "92", "96"];

/// What a voucher does: any 16 digits pay, ending 0000 they are declined; `None` for a code that no voucher has.
pub(super) fn voucher(code: &str) -> Option<Verdict> {
    let is_code = code.len() == 16 && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| match code.ends_with("0000") {
        true => Verdict::Declined("12".to_owned()),
        false => Verdict::Approved,
    })
}

impl CardStory {
    /// What a card does; every number in no table approves unseen.
    pub(super) fn of(pan: &Pan) -> CardStory {
        let number = pan.expose();
        let own_step = STEPS.iter().find(|(_, numbers)| numbers.contains(&number));
        let step = own_step.map_or(Step::Unseen, |(step, _)| *step);
        let declined = DECLINED.iter().find(|(declining, _)| *declining == number);
        let own = declined.map_or(Verdict::Approved, |(_, code)| Verdict::Declined((*code).to_owned()));
        CardStory { step, own }
    }
}

impl Habit {
    /// As the operator set it: `approves_declined = "true"`.
    pub(super) fn of(account: &ProviderAccount) -> Habit {
        match account.settings.get(APPROVES_DECLINED).map(String::as_str) {
            Some("true") => Habit::ApprovesCascaded,
            Some(_) | None => Habit::Plain,
        }
    }

    fn hear(self, verdict: Verdict) -> Verdict {
        match (self, verdict) {
            (Habit::ApprovesCascaded, Verdict::Declined(code)) if CASCADES.contains(&code.as_str()) => {
                Verdict::Approved
            }
            (Habit::ApprovesCascaded | Habit::Plain, verdict) => verdict,
        }
    }
}

impl Terms {
    /// How the bank ends the operation, 3-D Secure being over: the amount decides, else the card's own verdict.
    pub(super) fn ending(&self, own: Verdict) -> Ending {
        let Ending { verdict, manner } =
            by_amount(self.asked).unwrap_or(Ending { verdict: own, manner: Manner::AtOnce });
        let moves_money = match self.kind {
            OperationKind::Sale | OperationKind::Capture | OperationKind::Payout => true,
            OperationKind::Authorise | OperationKind::Verify | OperationKind::Void | OperationKind::Refund => false,
        };
        // Only what was taken can be charged back, and only what was paid out comes back.
        let manner = if manner == Manner::ThenChargedBack && !moves_money { Manner::AtOnce } else { manner };
        Ending { verdict: self.habit.hear(verdict), manner }
    }
}

/// What an amount triggers, compared by its value in major units: `9051.00 EUR` and `9051 JPY` are the same.
fn by_amount(asked: Money) -> Option<Ending> {
    let unit = 10_i64.pow(asked.asset().scale());
    if asked.minor() % unit != 0 {
        return None;
    }
    let (verdict, manner) = match asked.minor() / unit {
        9000 => (Verdict::Approved, Manner::AtOnce),
        declined @ 9001..=9099 => (Verdict::Declined(format!("{:02}", declined - 9000)), Manner::AtOnce),
        9101 => (Verdict::Approved, Manner::Silent),
        9102 => (Verdict::Approved, Manner::Thrice),
        9103 => (Verdict::Approved, Manner::Early),
        9104 => (Verdict::Approved, Manner::Garbled),
        9105 => (Verdict::Approved, Manner::After(LATE)),
        9106 => (Verdict::Declined("05".to_owned()), Manner::After(LATE)),
        9107 => (Verdict::Approved, Manner::ThenChargedBack),
        _ => return None,
    };
    Some(Ending { verdict, manner })
}
