//! What may be set of a Payments v3 credential (contract, section 1).

use crate::dialects::connect::setting::{Kind, Setting};

/// The settings, in the order in which people are asked.
pub(super) const TABLE: &[Setting] = &[
    Setting {
        name: "entity_ids",
        label: "Entities",
        hint: "That the token may act for, one a line; each 8 to 32 letters and digits.",
        kind: Kind::Words,
    },
    Setting {
        name: "sub_merchants",
        label: "Sub-merchants",
        hint: "What merchant.id may be, beside the entity. Empty: anything.",
        kind: Kind::Words,
    },
    Setting {
        name: "notification_url",
        label: "Notification URL",
        hint: "Where notifications go when a request names no URL.",
        kind: Kind::Url,
    },
    Setting {
        name: "notification_form",
        label: "Form of notifications",
        hint: "How they are sent.",
        kind: Kind::Choice(&[
            ("auto", "As the mount says"),
            ("json", "The inquiry’s answer, posted"),
            ("encrypted", "Encrypted and posted"),
            ("get", "The id in the URL’s query"),
        ]),
    },
    Setting {
        name: "notification_wrapper",
        label: "Around an encrypted notification",
        hint: "What is posted.",
        kind: Kind::Choice(&[("none", "The text alone"), ("json", "JSON with encryptedBody")]),
    },
    Setting {
        name: "notify_pending",
        label: "Notify of open payments too",
        hint: "Off: of final results only.",
        kind: Kind::Switch,
    },
    Setting {
        name: "merchant_transaction_id",
        label: "A used merchantTransactionId",
        hint: "What it means when it comes again.",
        kind: Kind::Choice(&[
            ("unique", "It is taken for good"),
            ("retry", "It may be used again while all its attempts ended without money"),
            ("free", "Nothing"),
        ]),
    },
    Setting {
        name: "result_codes",
        label: "Result codes",
        hint: "On v3 mounts.",
        kind: Kind::Choice(&[("v3", "Payments v3"), ("oppwa", "The older platform’s")]),
    },
    Setting {
        name: "pending_codes",
        label: "Codes of pending payments",
        hint: "How much they tell.",
        kind: Kind::Choice(&[
            ("plain", "One code for all"),
            ("detailed", "Codes of their own for an answer that did not come and one that could not be read"),
        ]),
    },
    Setting {
        name: "decline_status",
        label: "HTTP status of a decline",
        hint: "When it is 400.",
        kind: Kind::Choice(&[
            ("", "As the mount says"),
            ("post", "For the call that was declined"),
            ("always", "For readings too"),
            ("never", "Never"),
        ]),
    },
    Setting {
        name: "timestamp_format",
        label: "Times",
        hint: "How they are written on v3 mounts.",
        kind: Kind::Choice(&[("iso", "2025-11-21T01:39:00+00:00"), ("oppwa", "2025-11-21 01:39:00+0000")]),
    },
    Setting {
        name: "strict_decimals",
        label: "1000.00 in a currency without decimals",
        hint: "How the zeros are read.",
        kind: Kind::Choice(&[("off", "As nothing"), ("on", "As a fault")]),
    },
    Setting {
        name: "return_method",
        label: "Way back to shopperResultUrl",
        hint: "How the payer’s browser goes.",
        kind: Kind::Choice(&[("GET", "By a redirect"), ("POST", "By a form that submits itself")]),
    },
    Setting {
        name: "three_d_secure",
        label: "3-D Secure",
        hint: "When it runs.",
        kind: Kind::Choice(&[
            ("auto", "As issuer and provider ask"),
            ("always", "For every card payment"),
            ("never", "For none"),
        ]),
    },
    Setting {
        name: "authorization_days",
        label: "Days that an uncaptured PA lives",
        hint: "1 to 30. Empty: 7.",
        kind: Kind::Number(1, 30),
    },
    Setting {
        name: "checkout_minutes",
        label: "Minutes that a checkout lives",
        hint: "And a payer’s step; 1 to 1440. Empty: 15, on the OPPWA mount 30.",
        kind: Kind::Number(1, 1_440),
    },
    Setting {
        name: "checkout_attempts",
        label: "Tries in one checkout",
        hint: "1 to 5. Empty: 1.",
        kind: Kind::Number(1, 5),
    },
    Setting {
        name: "checkout_single_read",
        label: "Tell a checkout’s final result once only",
        hint: "A second reading gets none.",
        kind: Kind::Switch,
    },
    Setting {
        name: "origins",
        label: "Sites that may hold a checkout’s frame",
        hint: "Such as https://shop.example, one a line. Empty: whichever page the payer is on.",
        kind: Kind::Words,
    },
    Setting {
        name: "reverse_debit",
        label: "RV of money already taken",
        hint: "What it does.",
        kind: Kind::Choice(&[("refuse", "It is refused"), ("refund", "It gives back what is left")]),
    },
    Setting {
        name: "payout_approval",
        label: "Payouts",
        hint: "Whether somebody approves them.",
        kind: Kind::Choice(&[("off", "They are sent at once"), ("on", "They wait for an approval")]),
    },
    Setting {
        name: "payout_funding",
        label: "Whose money pays out",
        hint: "Where the money of payouts is.",
        kind: Kind::Choice(&[
            ("acquirer", "The merchant’s at the acquirer"),
            ("balance", "The merchant’s available balance here"),
        ]),
    },
];
