//! Result codes: the table, what class a code is in, and the code of every event and bank answer (contract, section 7).
//!
//! There are two sets. Where the v3 set has no number it borrows the older platform's, but for those it reads differently.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use florin_kernel::payment::Mode;
use serde::{Deserialize, Serialize};

mod table;
#[cfg(test)]
mod tests;

use table::Origin;

/// Which codes a merchant's program reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Set {
    /// Payments v3.
    #[default]
    V3,
    /// The older platform.
    Oppwa,
}

/// How much a pending payment tells in the v3 set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingCodes {
    /// One code for all.
    #[default]
    Plain,
    /// Codes of their own for an answer that did not come and one that could not be read.
    Detailed,
}

/// What `testMode` asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestMode {
    /// Answers of the integrator's test mode.
    #[default]
    Internal,
    /// Answers of the connector's test mode.
    External,
}

/// Everything that chooses among codes of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    /// Which set.
    pub set: Set,
    /// How much a pending payment tells.
    pub pending: PendingCodes,
    /// Test or live.
    pub mode: Mode,
    /// What `testMode` asked for.
    pub test_mode: TestMode,
}

/// What became of a transaction, as far as codes tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Done.
    Approved,
    /// A redirect brand's success that came after the payer's time.
    ApprovedLate,
    /// The payer must act.
    PayerStep,
    /// The provider has it.
    Pending,
    /// No answer came in time.
    TimedOut,
    /// An answer came that cannot be read.
    Garbled,
    /// Held for a person to decide.
    Review,
    /// Refused by a risk rule or a block list.
    Risk,
    /// The bank said no, with this response code.
    Bank(&'a str),
    /// 3-D Secure did not work.
    AuthenticationFault,
    /// 3-D Secure: it was not the payer.
    NotAuthenticated,
    /// The payer gave up.
    Cancelled,
    /// The merchant gave up.
    CancelledByMerchant,
    /// The payer's time was over.
    OutOfTime,
    /// Surely nothing was sent.
    NotReached,
    /// The payer has not begun.
    Waiting,
    /// The payer's bank took the money back.
    ChargedBack,
}

/// The class of a code (section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Done.
    Success,
    /// Done, and a person must look at it.
    Review,
    /// To be decided.
    Pending,
    /// To be decided; ask.
    Uncertain,
    /// No.
    Rejected,
    /// Taken back.
    Chargeback,
}

/// A result code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// A code of the table.
    pub const fn of(text: &'static str) -> Code {
        Code(Cow::Borrowed(text))
    }

    /// `000.000.000`
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What it says in a set.
    pub fn description(&self, set: Set) -> Cow<'static, str> {
        let origins = match set {
            Set::V3 => [Origin::V3, Origin::Oppwa],
            Set::Oppwa => [Origin::Oppwa, Origin::V3],
        };
        let found = origins.into_iter().find_map(|origin| table::description(&self.0, origin));
        match (found, self.0.strip_prefix("800.100.")) {
            (Some(description), _) => description.into(),
            (None, Some(response)) => format!("Bank response {response}").into(),
            (None, None) => "Result code".into(),
        }
    }

    /// Its class, as merchants' programs find it by patterns.
    pub fn class(&self, set: Set) -> Class {
        let begins = |starts: &[&str]| starts.iter().any(|start| self.0.starts_with(start));
        match set {
            Set::V3 if matches!(&*self.0, "000.000.00" | "000.000.000" | "000.000.100") => Class::Success,
            Set::V3 if begins(&["000.400."]) => Class::Review,
            Set::V3 if begins(&["000.100.", "000.200."]) => Class::Pending,
            Set::V3 if begins(&["100.200."]) => Class::Uncertain,
            Set::V3 => Class::Rejected,
            Set::Oppwa if begins(&["000.400.110", "000.400.120", "000.400.210", "000.400.220"]) => Class::Success,
            Set::Oppwa if begins(&["000.000.", "000.100.1", "000.3", "000.6"]) => Class::Success,
            Set::Oppwa if begins(&["000.400.100"]) => Class::Review,
            Set::Oppwa if begins(&["000.400.0"]) && !begins(&["000.400.03"]) => Class::Review,
            Set::Oppwa if begins(&["000.200", "800.400.5", "100.400.500"]) => Class::Pending,
            Set::Oppwa if begins(&["000.100.2"]) => Class::Chargeback,
            Set::Oppwa => Class::Rejected,
        }
    }
}

/// The code of an event.
pub fn code(event: &Event<'_>, coding: Coding) -> Code {
    let detailed = coding.pending == PendingCodes::Detailed;
    Code::of(match (event, coding.set) {
        (Event::Approved, Set::V3) | (Event::ApprovedLate, Set::V3) => "000.000.000",
        (Event::ApprovedLate, Set::Oppwa) if coding.mode == Mode::Live => "000.600.000",
        (Event::Approved | Event::ApprovedLate, Set::Oppwa) => approved(coding.mode, coding.test_mode),
        (Event::PayerStep, Set::V3 | Set::Oppwa) => "000.200.000",
        (Event::Pending, Set::V3) if detailed => "000.100.000",
        (Event::TimedOut, Set::V3) if detailed => "100.200.100",
        (Event::Garbled, Set::V3) if detailed => "100.200.200",
        (Event::Pending | Event::TimedOut | Event::Garbled, Set::V3) => "000.200.300",
        (Event::Pending | Event::TimedOut | Event::Garbled, Set::Oppwa) => "000.200.000",
        (Event::Review, Set::V3 | Set::Oppwa) => "000.400.000",
        (Event::Risk, Set::V3 | Set::Oppwa) => "100.400.319",
        (Event::Bank(response), set) => return bank(response, set),
        (Event::AuthenticationFault | Event::NotAuthenticated, Set::V3) => "100.400.152",
        (Event::AuthenticationFault, Set::Oppwa) => "100.390.112",
        (Event::NotAuthenticated, Set::Oppwa) => "100.380.401",
        (Event::Cancelled, Set::V3 | Set::Oppwa) => "100.396.101",
        (Event::CancelledByMerchant, Set::V3 | Set::Oppwa) => "100.396.201",
        (Event::OutOfTime, Set::V3 | Set::Oppwa) => "100.396.103",
        (Event::NotReached, Set::V3 | Set::Oppwa) => "900.100.600",
        (Event::Waiting, Set::V3) => "000.200.100",
        (Event::Waiting, Set::Oppwa) => "000.200.000",
        (Event::ChargedBack, Set::V3) => "000.000.000",
        (Event::ChargedBack, Set::Oppwa) => "000.100.200",
    })
}

fn approved(mode: Mode, test_mode: TestMode) -> &'static str {
    match (mode, test_mode) {
        (Mode::Live, _) => "000.000.000",
        (Mode::Dev, TestMode::Internal) => "000.100.110",
        (Mode::Dev, TestMode::External) => "000.100.112",
    }
}

/// The code of a bank's answer (section 7.2): an ISO 8583 response code, or one of the letter codes of card schemes.
fn bank(response: &str, set: Set) -> Code {
    let digits = response.len() == 2 && response.bytes().all(|byte| byte.is_ascii_digit());
    let last = match (response, set) {
        ("1A", Set::V3 | Set::Oppwa) => return Code::of("300.100.100"),
        ("R0" | "R3", Set::V3 | Set::Oppwa) => "500",
        ("R1", Set::V3 | Set::Oppwa) => "501",
        ("N7", Set::V3 | Set::Oppwa) => "153",
        (response, Set::V3) => return Code(format!("800.100.{}", if digits { response } else { "05" }).into()),
        ("01" | "05", Set::Oppwa) => "152",
        ("03", Set::Oppwa) => "190",
        ("04", Set::Oppwa) => "171",
        ("12", Set::Oppwa) => "154",
        ("13", Set::Oppwa) => "174",
        ("14" | "15", Set::Oppwa) => "151",
        ("30", Set::Oppwa) => "156",
        ("41", Set::Oppwa) => "165",
        ("43", Set::Oppwa) => "159",
        ("51", Set::Oppwa) => "155",
        ("54", Set::Oppwa) => "157",
        ("55", Set::Oppwa) => "166",
        ("57" | "58", Set::Oppwa) => "170",
        ("59" | "63", Set::Oppwa) => "158",
        ("61", Set::Oppwa) => "162",
        ("62", Set::Oppwa) => "168",
        ("65", Set::Oppwa) => "163",
        ("75", Set::Oppwa) => "178",
        ("82", Set::Oppwa) => "153",
        ("91" | "96", Set::Oppwa) => "176",
        (_, Set::Oppwa) => "100",
    };
    Code(format!("800.100.{last}").into())
}

/// What a bank's answer means, in words: `insufficient funds`.
pub fn bank_words(response: &str) -> Cow<'static, str> {
    let code = bank(response, Set::V3);
    let description = code.description(Set::V3);
    match description.split_once(": ") {
        Some((_, words)) => words.to_owned().into(),
        None => description,
    }
}

/// A line of `GET resultcodes`.
#[derive(Serialize)]
struct Line {
    code: &'static str,
    description: &'static str,
}

/// The body of `GET resultcodes`, sorted by code.
pub fn listed(set: Set) -> &'static str {
    static LISTS: LazyLock<[String; 2]> = LazyLock::new(|| [Set::V3, Set::Oppwa].map(list));
    match set {
        Set::V3 => &LISTS[0],
        Set::Oppwa => &LISTS[1],
    }
}

fn list(set: Set) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        result_codes: Vec<Line>,
    }
    let mut lines = BTreeMap::new();
    for row in table::rows() {
        match (set, row.origin) {
            (Set::V3, Origin::V3) | (Set::Oppwa, Origin::Oppwa) => {
                lines.insert(row.code, row.description);
            }
            (Set::V3, Origin::Oppwa) if is_borrowable(row.code) => {
                lines.entry(row.code).or_insert(row.description);
            }
            (Set::V3, Origin::Oppwa) | (Set::Oppwa, Origin::V3) => {}
        }
    }
    let result_codes = lines.into_iter().map(|(code, description)| Line { code, description }).collect();
    serde_json::to_string(&Body { result_codes }).expect("a list has string keys and plain values only")
}

/// Whether the v3 set may use a number of the older platform (section 7.1).
fn is_borrowable(code: &str) -> bool {
    const READ_DIFFERENTLY: [&str; 7] = ["000.1", "000.3", "000.4", "000.5", "000.6", "100.200.", "100.400.152"];
    match code.strip_prefix("800.100.") {
        Some(last) => matches!(last, "153" | "500" | "501"),
        None => !READ_DIFFERENTLY.iter().any(|start| code.starts_with(start)),
    }
}
