//! The contract's samples and vectors, and tables of what is taken and refused.

mod answers;
mod cards;
mod events;
mod fields;
mod keys;
mod lists;
mod reading;
mod withdrawals;

use florin_kernel::fx::Rate;
use florin_kernel::payment::{
    Attempt, CaptureMode, Circumstances, Command, Details, Dialect, Links, Means, Mode, Outcome, Payer, Payment, Retry,
    Route, Seq, State, Times, decide,
};
use florin_kernel::routing::{Method, ProviderId};
use florin_kernel::{Asset, MerchantId, Money, PaymentId, Timestamp};

fn eur(text: &str) -> Money {
    money(text, "EUR")
}

fn money(text: &str, currency: &str) -> Money {
    Money::parse_or_zero(text, Asset::currency(currency).expect("a currency")).expect("an amount")
}

fn created_at() -> Timestamp {
    "2024-07-05T11:53:25.9Z".parse().expect("a time")
}

/// A deposit that nothing was tried for, with the payer of the contract's samples.
fn asked(amount: Money) -> Payment {
    Payment {
        id: PaymentId::at(created_at().as_millisecond(), 1),
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::Cashier,
        created_at: created_at(),
        asked: amount,
        capture: CaptureMode::Now,
        retry: Retry::Never,
        times: Times::default(),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details {
            reference: "fb832194-34e1-4e6c-8494-d88034cf3e47".into(),
            payer: Payer {
                user_id: "128".into(),
                first_name: "John".into(),
                last_name: "Doe".into(),
                dob: "1985-05-20".into(),
                country: "US".into(),
                tags: vec!["Premium".into(), "Trusted".into()],
                ip: Some("192.168.0.1".parse().expect("an address")),
                ..Payer::default()
            },
            links: Links { webhook: "https://shop.example/hook".into(), ..Links::default() },
            ..Details::default()
        },
    }
}

fn card_simulator() -> Route {
    Route {
        provider: ProviderId::new(210),
        code: "simulator".into(),
        name: "Card Simulator".into(),
        conversion: None,
        trail: None,
    }
}

fn gbp_simulator() -> Route {
    let gbp = Asset::currency("GBP").expect("a currency");
    Route {
        provider: ProviderId::new(216),
        code: "gbp_simulator".into(),
        name: "Card Simulator (GBP)".into(),
        conversion: Some((gbp, Rate::parse("0.856").expect("a rate"))),
        trail: None,
    }
}

fn tell(payment: &Payment, command: Command) -> Payment {
    decide(payment, command, created_at()).expect("the command fits").payment
}

/// The deposit with an attempt that is on its way.
fn sent(payment: Payment, route: Route) -> Payment {
    tell(
        &payment,
        Command::Attempt(Attempt {
            route,
            means: Means::of(Method::Card),
            circumstances: Circumstances::default(),
            amount: None,
        }),
    )
}

fn told(payment: &Payment, outcome: Outcome) -> Payment {
    let seq = payment.operations.last().map_or(Seq::new(1), |operation| operation.seq);
    tell(payment, Command::Answered { seq, report: outcome.into(), fallback: None })
}

/// The deposit after one attempt with the card simulator.
fn tried(amount: Money, outcome: Outcome) -> Payment {
    told(&sent(asked(amount), card_simulator()), outcome)
}
