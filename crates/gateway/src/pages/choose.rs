//! The page on which a payer chooses how to pay, for every dialect that has one. The dialect says what is offered and where the form goes.

use askama::Template;

use super::card::CardFields;
use super::look::Look;
use super::sim::Fact;

/// The page.
#[derive(Template)]
#[template(path = "cashier.html")]
pub(crate) struct ChoosePage<'a> {
    /// Language, theme, brand.
    pub(crate) look: &'a Look,
    /// Where the form goes.
    pub(crate) pay_path: String,
    /// Where giving up goes; empty: there is nothing to give up.
    pub(crate) cancel_path: String,
    /// Which drawing of the page it is.
    pub(crate) nonce: String,
    /// The window's title.
    pub(crate) title: String,
    /// What is paid.
    pub(crate) amount: String,
    /// Its currency.
    pub(crate) currency: String,
    /// The amount field, where the payer chooses.
    pub(crate) open: Option<OpenAmount>,
    /// What is paid for, where the payer may not know.
    pub(crate) about: Vec<Fact>,
    /// Whether the payer goes back to the shop.
    pub(crate) returns: bool,
    /// Ways to pay.
    pub(crate) offers: Vec<Choice>,
    /// The card form.
    pub(crate) card: CardFields,
    /// What is wrong with the voucher's code.
    pub(crate) voucher_problem: Option<String>,
    /// What the button says.
    pub(crate) pay: String,
    /// What is wrong with the form as a whole.
    pub(crate) problem: Option<&'static str>,
    /// Why the last attempt brought no money.
    pub(crate) declined: Option<&'static str>,
    /// How much time is left.
    pub(crate) time_left: String,
    /// Until when, for the script; empty: nothing is said of it.
    pub(crate) until: String,
}

/// The amount field, where the payer chooses.
pub(crate) struct OpenAmount {
    /// What it asks for.
    pub(crate) label: String,
    /// What stands in it.
    pub(crate) value: String,
    /// What may stand in it.
    pub(crate) hint: String,
    /// What is wrong with it.
    pub(crate) problem: Option<String>,
}

/// A way to pay.
pub(crate) struct Choice {
    /// The account's number or the coin, by which the form names it.
    pub(crate) id: String,
    /// The method.
    pub(crate) name: &'static str,
    /// Who takes it.
    pub(crate) provider: String,
    /// Its icon's name.
    pub(crate) icon: &'static str,
    /// What the payer enters.
    pub(crate) entry: Entry,
    /// What happens next, where nothing is entered.
    pub(crate) continues: String,
    /// Whether it is chosen.
    pub(crate) chosen: bool,
}

/// What the payer enters on our page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A card.
    Card,
    /// A voucher's code.
    Voucher,
    /// Nothing: the provider has a page of its own.
    Nothing,
}
