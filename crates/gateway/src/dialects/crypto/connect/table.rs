//! What may be set of a crypto credential (contract, section 15). Changes hold for new payments only.

use crate::dialects::connect::setting::{Kind, Setting};

const PERCENT_MAX: u32 = 10_000;
const SECONDS_MAX: u32 = 86_400;

/// The settings, in the order in which people are asked.
pub(super) const TABLE: &[Setting] = &[
    Setting {
        name: "webhook_url",
        label: "Webhook URL",
        hint: "Where events go where neither the payment nor its point of sale says.",
        kind: Kind::UrlOrNull,
    },
    Setting {
        name: "webhook_events",
        label: "Events to tell",
        hint: "One a line. Empty: all; “none”: no event.",
        kind: Kind::WordsOrNull,
    },
    Setting {
        name: "pos",
        label: "Points of sale",
        hint: "The name of one a line, and its webhook URL behind it where it has one.",
        kind: Kind::PairsWithUrl,
    },
    Setting {
        name: "pos_strict",
        label: "Take these points of sale only",
        hint: "Off: any name is taken.",
        kind: Kind::Switch,
    },
    Setting {
        name: "invoice_currency",
        label: "The merchant’s currency",
        hint: "A code such as EUR, which is the default.",
        kind: Kind::Text,
    },
    Setting { name: "invoice_min", label: "Smallest invoice", hint: "In euro. Empty: 0.50.", kind: Kind::Text },
    Setting { name: "invoice_max", label: "Largest invoice", hint: "In euro. Empty: 100000.00.", kind: Kind::Text },
    Setting {
        name: "payment_window",
        label: "The payer’s time",
        hint: "In seconds, 60 to 86400. Empty: 900.",
        kind: Kind::Number(60, SECONDS_MAX),
    },
    Setting {
        name: "topup_window",
        label: "Time for the rest",
        hint: "After an underpayment, in seconds, 60 to 86400. Empty: 900.",
        kind: Kind::Number(60, SECONDS_MAX),
    },
    Setting {
        name: "expiry_grace",
        label: "Grace",
        hint: "How many seconds after the deadline coins count as in time. Empty: 30.",
        kind: Kind::Number(0, SECONDS_MAX),
    },
    Setting {
        name: "quote_ttl",
        label: "How long a quote holds",
        hint: "In seconds. Empty: 60.",
        kind: Kind::Number(0, SECONDS_MAX),
    },
    Setting {
        name: "spread_bps",
        label: "Spread",
        hint: "Off the mid rate, in hundredths of a percent. Empty: 100.",
        kind: Kind::Number(0, PERCENT_MAX),
    },
    Setting {
        name: "tolerance_bps",
        label: "Tolerance",
        hint: "A shortfall that counts as nothing, in hundredths of a percent. Empty: 0.",
        kind: Kind::Number(0, PERCENT_MAX),
    },
    Setting {
        name: "surcharge_bps",
        label: "Surcharge",
        hint: "In hundredths of a percent. Empty: 0.",
        kind: Kind::Number(0, PERCENT_MAX),
    },
    Setting {
        name: "fees",
        label: "Network processing fees",
        hint: "A coin and its fee a line, such as BTC 0.00000152. A coin without a line has the default.",
        kind: Kind::Pairs,
    },
    Setting {
        name: "fee_paid_by",
        label: "Who bears them",
        hint: "The network processing fee.",
        kind: Kind::Choice(&[("payer", "The payer: it is added to what is sent"), ("merchant", "The merchant")]),
    },
    Setting {
        name: "refund_minimum",
        label: "Smallest refund",
        hint: "A coin and an amount a line; what is less cannot be sent back sensibly.",
        kind: Kind::Pairs,
    },
    Setting {
        name: "cashier_coins",
        label: "Coins on the cashier page",
        hint: "One a line, such as BTC. Empty: none.",
        kind: Kind::Words,
    },
    Setting {
        name: "zero_conf_coins",
        label: "Coins accepted without confirmations",
        hint: "One a line. Empty: BTC in test mode, none in live mode; “none”: none.",
        kind: Kind::WordsOrNull,
    },
    Setting { name: "zero_conf_max", label: "Up to what worth", hint: "In euro. Empty: 100.00.", kind: Kind::Text },
    Setting {
        name: "zero_conf_hold",
        label: "After how long in the mempool",
        hint: "In seconds. Empty: 5.",
        kind: Kind::Number(0, SECONDS_MAX),
    },
    Setting {
        name: "require_kyt",
        label: "Confirmation waits for screening",
        hint: "Where a request does not say.",
        kind: Kind::Switch,
    },
    Setting {
        name: "require_payer_id",
        label: "payer_id must be there",
        hint: "Requests without it are refused.",
        kind: Kind::Switch,
    },
    Setting {
        name: "reject_private_payer_ip",
        label: "Refuse private payer addresses",
        hint: "Such as 192.168.0.1 as payer_ip.",
        kind: Kind::Switch,
    },
    Setting {
        name: "accept_requires_amount",
        label: "AcceptPayment must name an amount",
        hint: "Whether one without is refused.",
        kind: Kind::SwitchOrNull("On mount A only"),
    },
    Setting {
        name: "status_countdown",
        label: "A status ends with the time left",
        hint: "Which answers have it.",
        kind: Kind::Choice(&[("auto", "On mount B"), ("always", "On both"), ("never", "On none")]),
    },
    Setting {
        name: "dev_address_style",
        label: "Test addresses",
        hint: "How they look.",
        kind: Kind::Choice(&[
            ("auto", "By mount and coin"),
            ("token", "Never like a real one"),
            ("regtest", "Like those of a local test chain"),
        ]),
    },
    Setting {
        name: "account_keys",
        label: "Watch-only account keys",
        hint: "A network and its extended public key a line. Test mode needs none.",
        kind: Kind::Pairs,
    },
];
