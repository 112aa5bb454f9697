//! What people order about a payment made with coins, in screens and in the admin API alike: taken as it came, given up, paid back; and what
//! becomes of one that screening holds. The functions of the engine are those that the dialect's calls use.

use std::sync::Arc;

use florin_engine::audit::Who;
use florin_engine::office::Ordered;
use florin_engine::{ClaimRequest, CoinError, CoinObeyed, CoinRequest, Engine, Owner};
use florin_kernel::coin::{CoinPayment, Command, Kept, Repeat, Units};
use florin_kernel::ports::Lane;

use super::coin_words;

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Accept,
    Cancel,
    Refund,
}

impl Verb {
    const ALL: [Verb; 3] = [Verb::Accept, Verb::Cancel, Verb::Refund];

    /// Its word in paths.
    pub(super) fn word(self) -> &'static str {
        match self {
            Verb::Accept => "accept",
            Verb::Cancel => "cancel",
            Verb::Refund => "refund",
        }
    }

    /// Reads it.
    pub(super) fn parse(word: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.word() == word)
    }
}

/// What an operator says about coins that screening holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are let through.
    Release,
    /// They are not taken, and are to go back.
    Refuse,
    /// They are not taken, and are kept back.
    Freeze,
}

impl Verdict {
    /// Reads its word.
    pub(super) fn parse(word: &str) -> Option<Verdict> {
        match word {
            "release" => Some(Verdict::Release),
            "refuse" => Some(Verdict::Refuse),
            "freeze" => Some(Verdict::Freeze),
            _ => None,
        }
    }
}

/// An order as it was read.
pub(super) struct CoinOrder {
    pub(super) command: Command,
    action: &'static str,
    told: Vec<(&'static str, String)>,
}

/// Why an order cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A field does not fit, and how to mend it.
    Field(&'static str, String),
    /// Its network does not answer now.
    NetworkSilent,
}

/// Whose it is.
pub(super) fn owner(payment: &CoinPayment) -> Owner {
    Owner { merchant: payment.merchant, mode: payment.mode }
}

fn lane(payment: &CoinPayment) -> Lane {
    Lane::of(payment.merchant, payment.mode)
}

fn read_amount(payment: &CoinPayment, text: &str) -> Result<Units, Fault> {
    let units = Units::parse(text, payment.price.coin).filter(|units| !units.is_zero());
    units.ok_or_else(|| Fault::Field("amount", "must be an amount of coins such as 0.00012345".to_owned()))
}

impl CoinOrder {
    /// Takes what came as it is. `promised` is what whoever orders believes came; empty: whatever came.
    pub(super) async fn accept(engine: &Engine, payment: &CoinPayment, promised: &str) -> Result<CoinOrder, Fault> {
        let units = match promised {
            "" => None,
            text => Some(read_amount(payment, text)?),
        };
        let rate = engine.offered_rate(payment).await;
        let told = vec![("amount", coin_words::amount(payment.received(), payment.price.coin))];
        Ok(CoinOrder {
            command: Command::Accept { units, invoice: None, rate },
            action: "payment.coins_accepted",
            told,
        })
    }

    /// Waits for no coins any more. What the chain has told must be known before.
    pub(super) async fn cancel(engine: &Arc<Engine>, payment: &CoinPayment) -> CoinOrder {
        _ = engine.follow_chain(&payment.network, lane(payment)).await;
        let command = Command::Cancel { reason: "merchant".to_owned(), comment: String::new() };
        CoinOrder { command, action: "payment.cancel_ordered", told: Vec::new() }
    }

    /// Gives coins back.
    ///
    /// # Errors
    /// [`Fault`]: an address that is none of the network or one of ours, an amount that is none, a network that is silent.
    pub(super) async fn refund(
        engine: &Arc<Engine>,
        payment: &CoinPayment,
        (to, amount): (&str, &str),
        repeat: Repeat,
    ) -> Result<CoinOrder, Fault> {
        let (lane, coin) = (lane(payment), payment.price.coin);
        let units = read_amount(payment, amount)?;
        let chain = engine.chain(&payment.network, lane).ok_or(Fault::NetworkSilent)?;
        let wrong = || Fault::Field("address", format!("must be a {} address of this network", coin.code()));
        let to = chain.read_address(to).ok_or_else(wrong)?;
        if engine.is_own_address(&payment.network, lane, &to).await.map_err(|_| Fault::NetworkSilent)? {
            return Err(Fault::Field("address", "must not be one that we gave to a payer".to_owned()));
        }
        let followed = engine.follow_chain(&payment.network, lane).await.map_err(|_| Fault::NetworkSilent)?;
        let told = vec![("amount", coin_words::amount(units, coin)), ("to", to.clone())];
        let command = Command::Refund { to, units, repeat, tip: Some(followed.tip) };
        Ok(CoinOrder { command, action: "payment.refund_ordered", told })
    }

    /// Decides about coins that screening holds.
    pub(super) fn screening(verdict: Verdict, reason: &str) -> CoinOrder {
        let (command, action) = match verdict {
            Verdict::Release => (Command::Release, "payment.screening_released"),
            Verdict::Refuse => (Command::Refuse(Kept::Opened), "payment.screening_refused"),
            Verdict::Freeze => (Command::Refuse(Kept::Frozen), "payment.screening_refused_and_kept"),
        };
        CoinOrder { command, action, told: vec![("reason", reason.to_owned())] }
    }

    /// By which repeats of it are known. What came meanwhile makes no other order of it.
    pub(super) fn digest(&self, engine: &Engine, payment: &CoinPayment) -> [u8; 16] {
        let told: Vec<String> = match &self.command {
            Command::Refund { to, units, .. } => vec![to.clone(), units.decimal(payment.price.coin)],
            Command::Accept { units, .. } => units.iter().map(|units| units.decimal(payment.price.coin)).collect(),
            Command::Cancel { .. }
            | Command::Release
            | Command::Refuse(_)
            | Command::Chain(_)
            | Command::Wake
            | Command::Signed { .. }
            | Command::Broadcast { .. }
            | Command::RefundFound { .. }
            | Command::Screened { .. } => Vec::new(),
        };
        engine.digest(&[b"portal", payment.public_id.as_bytes(), self.action.as_bytes(), told.join("\n").as_bytes()])
    }

    /// Does it, and tells it in the audit log.
    ///
    /// # Errors
    /// [`CoinError`]; nothing is written then.
    pub(super) async fn obey(
        self,
        engine: &Arc<Engine>,
        who: Who,
        payment: &CoinPayment,
        claims: Vec<ClaimRequest>,
    ) -> Result<CoinObeyed, CoinError> {
        let digest = self.digest(engine, payment);
        let by = Ordered::new(who, self.action, &self.told);
        let request = CoinRequest { command: self.command, claims, digest };
        engine.order_coins_by(by, owner(payment), payment.id, request).await
    }
}
