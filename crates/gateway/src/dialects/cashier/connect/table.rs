//! What may be set of a cashier credential (contract, section 3).

use crate::dialects::connect::setting::{Kind, Setting};

/// The settings, in the order in which people are asked.
pub(super) const TABLE: &[Setting] = &[
    Setting {
        name: "edition",
        label: "Edition of the API",
        hint: "Which of the two editions the merchant’s code was written for.",
        kind: Kind::Choice(&[
            ("nested", "Nested: objects inside objects, webhooks with provider and rejected_reason"),
            ("flat", "Flat: plain rows, webhooks without the two"),
        ]),
    },
    Setting {
        name: "webhook_url",
        label: "Webhook URL",
        hint: "Where events go when a request names no URL.",
        kind: Kind::Url,
    },
    Setting {
        name: "webhook_check",
        label: "How a webhook URL is checked",
        hint: "When a transaction is created with it; a bad one is refused with code 1229.",
        kind: Kind::Choice(&[
            ("resolve", "Its host must lead to an address that may be called"),
            ("connect", "It must also accept a connection within 2 seconds"),
            ("off", "Not at all"),
        ]),
    },
    Setting {
        name: "success_url",
        label: "Way back when paid",
        hint: "Where the payer goes when a request names no URL.",
        kind: Kind::Url,
    },
    Setting {
        name: "failure_url",
        label: "Way back when refused",
        hint: "Where the payer goes when a request names no URL.",
        kind: Kind::Url,
    },
    Setting {
        name: "pending_url",
        label: "Way back while it is open",
        hint: "Where the payer goes when a request names no URL.",
        kind: Kind::Url,
    },
    Setting {
        name: "locale",
        label: "Language of payers’ pages",
        hint: "A code such as en or de. Empty: the browser’s.",
        kind: Kind::Text,
    },
    Setting {
        name: "theme",
        label: "Look of payers’ pages",
        hint: "light or dark. Empty: as the payer’s device has it.",
        kind: Kind::Text,
    },
    Setting {
        name: "origins",
        label: "Sites that may frame the cashier",
        hint: "Such as https://shop.example, one a line. Empty: none but the shop’s own.",
        kind: Kind::Words,
    },
    Setting {
        name: "attempts_max",
        label: "Tries in one session",
        hint: "1 to 10. Empty: 5.",
        kind: Kind::Number(1, 10),
    },
    Setting {
        name: "dob_format",
        label: "Dates of birth such as 01/02/1990",
        hint: "How they are read.",
        kind: Kind::Choice(&[("dmy", "Day first"), ("mdy", "Month first")]),
    },
    Setting {
        name: "s2s_error",
        label: "Error of a rejected payment",
        hint: "Its shape beside transaction_status.",
        kind: Kind::Choice(&[("string", "The text"), ("object", "An object with code and message")]),
    },
    Setting {
        name: "list_user_id",
        label: "Customer’s id in lists",
        hint: "Its type in JSON.",
        kind: Kind::Choice(&[("auto", "A number when it is one, else a string"), ("string", "Always a string")]),
    },
    Setting {
        name: "list_provider_id",
        label: "provider_id in nested lists",
        hint: "What it means.",
        kind: Kind::Choice(&[
            ("reference", "Our reference of the last attempt"),
            ("account", "The number of the provider"),
        ]),
    },
    Setting {
        name: "extended_statuses",
        label: "Extended statuses",
        hint: "The values of the reference’s section 15 in the place of pending, successful and rejected.",
        kind: Kind::Switch,
    },
];
