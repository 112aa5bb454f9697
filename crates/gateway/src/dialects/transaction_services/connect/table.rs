//! What may be set of a transaction services member (contract, section 2).

use crate::dialects::connect::setting::{Kind, Setting};

const SWITCHED: &[(&str, &str)] = &[("short", "Y, N, P"), ("long", "capturesuccess and the like")];

/// The settings, in the order in which people are asked.
pub(super) const TABLE: &[Setting] = &[
    Setting {
        name: "terminals",
        label: "Terminals",
        hint: "Where payments are taken. Empty the id of one to take it away.",
        kind: Kind::Rows(TERMINAL),
    },
    Setting {
        name: "default_notification_url",
        label: "Notification URL",
        hint: "Where notifications go when a request names no URL.",
        kind: Kind::Url,
    },
    Setting {
        name: "notify_intermediate",
        label: "Notify of open states too",
        hint: "Off: of final ones only.",
        kind: Kind::Switch,
    },
    Setting {
        name: "callback_checksum_status",
        label: "Signed word of a notification",
        hint: "Which word for the status its checksum is made with.",
        kind: Kind::Choice(SWITCHED),
    },
    Setting {
        name: "default_redirect_url",
        label: "Way back",
        hint: "Where payers go when a request names no URL.",
        kind: Kind::Url,
    },
    Setting {
        name: "redirect_cancel_null_key",
        label: "Sign a cancelled way back with the text null",
        hint: "As some members’ code expects it.",
        kind: Kind::Switch,
    },
    Setting {
        name: "http_errors",
        label: "Refusals in HTTP",
        hint: "How they show.",
        kind: Kind::Choice(&[("legacy", "As 200 once the token is accepted"), ("strict", "By statuses of their own")]),
    },
    Setting {
        name: "refunds",
        label: "Refunds of a transaction",
        hint: "How often.",
        kind: Kind::Choice(&[("single", "Once"), ("several", "Until what was captured is used up")]),
    },
    Setting {
        name: "partial_reversal",
        label: "A part of a hold may be released",
        hint: "Off: a reversal releases all of it.",
        kind: Kind::Switch,
    },
    Setting {
        name: "reuse_reference",
        label: "A failed or cancelled reference",
        hint: "Who may use it again.",
        kind: Kind::Choice(&[("hosted", "Our page"), ("all", "REST too"), ("never", "Nobody")]),
    },
    Setting {
        name: "debit_decline_status",
        label: "A declined DB is called",
        hint: "In answers and notifications.",
        kind: Kind::Choice(&[("capturefailed", "capturefailed"), ("authfailed", "authfailed, as a PA")]),
    },
    Setting {
        name: "decline_code",
        label: "Code of an issuer’s no",
        hint: "In answers and notifications.",
        kind: Kind::Choice(&[("iso", "110NN, with the issuer’s code"), ("generic", "10001")]),
    },
    Setting {
        name: "late_event_status",
        label: "transactionStatus of a refund or chargeback",
        hint: "How it is told.",
        kind: Kind::Choice(&[("word", "By the word"), ("short", "By Y and N")]),
    },
    Setting {
        name: "payout_answer_status",
        label: "status of a payout’s answer",
        hint: "Which word.",
        kind: Kind::Choice(SWITCHED),
    },
    Setting {
        name: "link_expiry_unit",
        label: "Times of pay links count",
        hint: "What a number of them is.",
        kind: Kind::Choice(&[("hours", "Hours"), ("days", "Days")]),
    },
    Setting {
        name: "token_cvv_required",
        label: "Stored cards need their code",
        hint: "Off: they are charged without it.",
        kind: Kind::Switch,
    },
    Setting {
        name: "strict_brand",
        label: "Refuse a brand that is not the number’s",
        hint: "Off: the number says what it is.",
        kind: Kind::Switch,
    },
    Setting {
        name: "keep_cards",
        label: "Keep the cards of payments in the vault",
        hint: "So that payouts can name the payment instead of a card.",
        kind: Kind::Switch,
    },
];

/// What may be set of a terminal; its id comes first, since a terminal without one is none.
const TERMINAL: &[Setting] = &[
    Setting { name: "terminal_id", label: "Terminal id", hint: "Up to 6 digits.", kind: Kind::Text },
    Setting {
        name: "default",
        label: "Taken where several fit",
        hint: "One of the terminals should be.",
        kind: Kind::Switch,
    },
    Setting { name: "disabled", label: "Out of service", hint: "No new payment goes to it.", kind: Kind::Switch },
    Setting {
        name: "cvv_optional",
        label: "Cards without their code",
        hint: "On: they are taken.",
        kind: Kind::Switch,
    },
    Setting {
        name: "currencies",
        label: "Currencies",
        hint: "Codes such as EUR, one a line. Empty: all.",
        kind: Kind::Words,
    },
    Setting {
        name: "default_currency",
        label: "Currency where nothing is said",
        hint: "On our page. Empty: the first of its currencies.",
        kind: Kind::TextOrNull,
    },
    Setting {
        name: "modes",
        label: "Ways to pay",
        hint: "Of CC (cards), EW (wallets), NB (banks). Empty: all.",
        kind: Kind::Words,
    },
    Setting { name: "card_brands", label: "Card brands", hint: "Such as VISA, MC. Empty: all.", kind: Kind::Words },
    Setting {
        name: "wallets",
        label: "Further wallets",
        hint: "Beside those of every terminal, in capitals.",
        kind: Kind::Words,
    },
    Setting {
        name: "banks",
        label: "Further banks",
        hint: "Beside those of every terminal, in capitals.",
        kind: Kind::Words,
    },
    Setting {
        name: "descriptor",
        label: "Text on statements",
        hint: "What payers read at their bank.",
        kind: Kind::Text,
    },
    Setting {
        name: "route",
        label: "Provider or route",
        hint: "The number of who takes its payments. Empty: the rules decide.",
        kind: Kind::Number(1, 999_999_999),
    },
];
