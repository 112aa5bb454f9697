//! Agreements that a payment is made on: `standingInstruction.*` and the older `recurringType` (contract, section 10.5).

use serde::{Deserialize, Serialize};

use super::echo::is_date;
use super::fields::{Reader, digits, matching, one_of, text};

/// An agreement, or a charge on one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instruction {
    /// The first, or a later one.
    pub mode: InstructionMode,
    /// What for.
    pub r#type: InstructionType,
    /// Who acts.
    pub source: Source,
    /// How it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurring_type: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
    /// Days between two charges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<String>,
    /// How many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_of_installments: Option<String>,
    /// The network's id of the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_transaction_id: Option<String>,
}

/// The first payment of an agreement, or a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum InstructionMode {
    Initial,
    Repeated,
}

/// What an agreement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum InstructionType {
    Recurring,
    Installment,
    Unscheduled,
}

/// Who acts: the card's holder or the merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum Source {
    Cit,
    Mit,
}

const MODES: &[(&str, InstructionMode)] =
    &[("INITIAL", InstructionMode::Initial), ("REPEATED", InstructionMode::Repeated)];
const TYPES: &[(&str, InstructionType)] = &[
    ("RECURRING", InstructionType::Recurring),
    ("INSTALLMENT", InstructionType::Installment),
    ("UNSCHEDULED", InstructionType::Unscheduled),
];
const SOURCES: &[(&str, Source)] = &[("CIT", Source::Cit), ("MIT", Source::Mit)];

impl Instruction {
    /// Takes the fields out of a form. Explicit ones win over what the older field stands for; mode, type and source come
    /// together.
    pub fn read(reader: &mut Reader<'_>) -> Option<Instruction> {
        let older = reader.read("recurringType", one_of(MODES));
        let mode = reader.read("standingInstruction.mode", one_of(MODES));
        let kind = reader.read("standingInstruction.type", one_of(TYPES));
        let source = reader.read("standingInstruction.source", one_of(SOURCES));
        let recurring = reader.read(
            "standingInstruction.recurringType",
            one_of(&[("SUBSCRIPTION", "SUBSCRIPTION"), ("STANDING_ORDER", "STANDING_ORDER")]),
        );
        let expiry = reader.read("standingInstruction.expiry", matching("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", is_date));
        let frequency = matching("^[0-9]{1,4}$", |value| digits(value, 1..=4));
        let frequency = reader.read("standingInstruction.frequency", frequency);
        let installments = matching("^[0-9]{1,3}$", |value| digits(value, 1..=3));
        let number_of_installments = reader.read("standingInstruction.numberOfInstallments", installments);
        let initial_transaction_id = reader.read("standingInstruction.initialTransactionId", text(1, 255));
        if older.is_none() && mode.is_none() && kind.is_none() && source.is_none() {
            return None;
        }
        let implied = older.map(|mode| match mode {
            InstructionMode::Initial => (mode, InstructionType::Recurring, Source::Cit),
            InstructionMode::Repeated => (mode, InstructionType::Recurring, Source::Mit),
        });
        let or = |name: &str, reader: &mut Reader<'_>, missing: bool| {
            if missing && reader.form.get(name).is_none() {
                reader.missing(name);
            }
        };
        let mode = mode.or(implied.map(|(mode, _, _)| mode));
        let kind = kind.or(implied.map(|(_, kind, _)| kind));
        let source = source.or(implied.map(|(_, _, source)| source));
        or("standingInstruction.mode", reader, mode.is_none());
        or("standingInstruction.type", reader, kind.is_none());
        or("standingInstruction.source", reader, source.is_none());
        Some(Instruction {
            mode: mode?,
            r#type: kind?,
            source: source?,
            recurring_type: recurring.map(ToOwned::to_owned),
            expiry,
            frequency,
            number_of_installments,
            initial_transaction_id,
        })
    }

    /// Whether the merchant acts alone.
    pub fn is_by_merchant(&self) -> bool {
        (self.mode, self.source) == (InstructionMode::Repeated, Source::Mit)
    }
}
