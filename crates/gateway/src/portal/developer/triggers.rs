//! What makes the simulator do what (product document, "Test mode"), as people read it. The simulator's own table decides.

/// A card or amount and what it does.
pub(in crate::portal) struct Trigger {
    pub(in crate::portal) input: &'static str,
    pub(in crate::portal) does: &'static str,
}

const fn trigger(input: &'static str, does: &'static str) -> Trigger {
    Trigger { input, does }
}

pub(in crate::portal) const CARDS: &[Trigger] = &[
    trigger("4111111111111111", "Approved (Visa)"),
    trigger("5555555555554444", "Approved (Mastercard)"),
    trigger("378282246310005", "Approved (American Express; the code has four digits)"),
    trigger("4000000000003220", "3-D Secure challenge, then as you answer it"),
    trigger("4200000000000042", "3-D Secure challenge after the issuer\u{2019}s method page"),
    trigger("4200000000000091", "3-D Secure without a challenge, approved"),
    trigger("4012001037461114", "3-D Secure fails technically"),
    trigger("4200000000000034", "3-D Secure: not authenticated"),
    trigger("4200000000000083", "Declined softly unless the payer was authenticated"),
    trigger("4000000000000341", "Declined: do not honour (05)"),
    trigger("4000000000009995", "Declined: insufficient funds (51)"),
    trigger("4000000000000069", "Declined: expired card (54)"),
    trigger("4000000000000127", "Declined: wrong security code (N7)"),
];

pub(in crate::portal) const AMOUNTS: &[Trigger] = &[
    trigger("90NN.00", "The bank answers with code NN: 9051.00 declines with 51, 9000.00 approves"),
    trigger("9101.00", "No answer after charging: the payment is unknown, and found charged within 60 s"),
    trigger("9102.00", "Approved, and its callback comes three times"),
    trigger("9103.00", "Approved, and its callback comes before the answer"),
    trigger("9104.00", "502 with HTML after charging: unknown, and found charged within 60 s"),
    trigger("9105.00", "Stays pending, succeeds 30 s later"),
    trigger("9106.00", "Stays pending, is declined (05) 30 s later"),
    trigger("9107.00", "Succeeds, and is charged back 60 s later; a payout comes back"),
];

#[cfg(test)]
mod tests {
    use super::CARDS;
    use florin_kernel::card::Pan;

    #[test]
    fn the_cards_are_card_numbers() {
        for card in CARDS {
            assert!(Pan::parse(card.input).is_ok(), "{}", card.input);
        }
    }
}
