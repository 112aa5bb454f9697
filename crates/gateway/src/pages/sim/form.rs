//! Reading a form for a page, and what the page shows when it cannot be taken.

use super::super::card::{CardFields, NoSuchButton, Submitted, VoucherField};
use super::super::words;
use super::words as said;
use super::{Action, Form, PageKind};

/// The fields of a page.
pub(super) enum Fields {
    None,
    Card(CardFields),
    Voucher(VoucherField),
}

/// The fields as they are shown, and what is wrong beside them.
pub(super) struct Shown {
    pub(super) fields: Fields,
    pub(super) problem: Option<String>,
}

/// Reads the form for a page.
///
/// # Errors
/// The page to show again, with everything that is wrong at once.
pub(super) fn read(kind: PageKind, submitted: &Submitted) -> Result<Form, Box<Shown>> {
    let action = match submitted.action() {
        Ok(action) => action,
        Err(NoSuchButton) => {
            let problem = "Choose one of the buttons: approve, decline, cancel or pending.".to_owned();
            return Err(Box::new(Shown { fields: kept(kind, submitted), problem: Some(problem) }));
        }
    };
    let approves = matches!(action, None | Some(Action::Approve));
    match kind {
        PageKind::Card if approves => match submitted.card(words::english()) {
            Ok(card) => Ok(Form { action, card: Some(card), voucher_code: None }),
            Err(fields) => Err(Box::new(Shown { fields: Fields::Card(*fields), problem: None })),
        },
        PageKind::Voucher if approves => Ok(Form { action, card: None, voucher_code: submitted.voucher_code() }),
        PageKind::Challenge | PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher => {
            Ok(Form { action, ..Form::default() })
        }
    }
}

impl Shown {
    /// A page that nobody has filled in.
    pub(super) fn empty(kind: PageKind) -> Shown {
        Shown { fields: kept(kind, &Submitted::read(b"")), problem: None }
    }

    /// A page with what the simulation finds wrong, at its field where the page has one.
    pub(super) fn blamed(kind: PageKind, submitted: &Submitted, problems: Vec<(&'static str, String)>) -> Shown {
        let mut fields = kept(kind, submitted);
        let mut rest = Vec::new();
        for (field, problem) in problems {
            let at_field = match &mut fields {
                Fields::None => None,
                Fields::Card(card) => card.problem_of(field),
                Fields::Voucher(voucher) => voucher.problem_of(field),
            };
            match at_field {
                Some(place) => *place = Some(said::problem(field, &problem)),
                None => rest.push(format!("{field} {problem}")),
            }
        }
        Shown { fields, problem: Some(rest.join("; ")).filter(|rest| !rest.is_empty()) }
    }
}

/// What may be shown again of a form.
fn kept(kind: PageKind, submitted: &Submitted) -> Fields {
    match kind {
        PageKind::Challenge | PageKind::Bank | PageKind::Wallet => Fields::None,
        PageKind::Card => Fields::Card(submitted.kept()),
        PageKind::Voucher => Fields::Voucher(submitted.kept_voucher()),
    }
}
