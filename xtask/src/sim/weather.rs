//! What may go wrong, and how often in this history: each kind of trouble has a rate of its own, drawn from the seed, and
//! is absent from about a third of the histories, so that none hides behind another.

use std::sync::Mutex;

use tokio_util::sync::CancellationToken;

use super::chance::Chance;

/// One kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    StoreOverloaded,
    StoreDown,
    StoreSlow,
    StoreAnswerLost,
    RequestRefused,
    RequestLost,
    RequestDelayed,
    RequestTwice,
    AnswerLost,
    AnswerGarbled,
    AnswerLate,
    LookUpLost,
    LookUpSlow,
    CallbackLost,
    CallbackDelayed,
    CallbackTwice,
    CallbackGarbled,
    ReceiverDown,
    ReceiverSlow,
    ReceiverError,
    ReceiverAnswerLost,
    MerchantHangsUp,
    Crash,
    Restart,
    ChainAway,
    ChainSlow,
    ChainBehind,
    ChainRepeats,
    ChainAnswerLost,
    Reorganisation,
    DoubleSpend,
    Eviction,
    SendLost,
    SendRefused,
    SendDelayed,
    SendAnswerLost,
    SignerLost,
    SignerRefuses,
    RatesAway,
}

/// Every kind.
pub const TROUBLES: [Trouble; 39] = [
    Trouble::StoreOverloaded,
    Trouble::StoreDown,
    Trouble::StoreSlow,
    Trouble::StoreAnswerLost,
    Trouble::RequestRefused,
    Trouble::RequestLost,
    Trouble::RequestDelayed,
    Trouble::RequestTwice,
    Trouble::AnswerLost,
    Trouble::AnswerGarbled,
    Trouble::AnswerLate,
    Trouble::LookUpLost,
    Trouble::LookUpSlow,
    Trouble::CallbackLost,
    Trouble::CallbackDelayed,
    Trouble::CallbackTwice,
    Trouble::CallbackGarbled,
    Trouble::ReceiverDown,
    Trouble::ReceiverSlow,
    Trouble::ReceiverError,
    Trouble::ReceiverAnswerLost,
    Trouble::MerchantHangsUp,
    Trouble::Crash,
    Trouble::Restart,
    Trouble::ChainAway,
    Trouble::ChainSlow,
    Trouble::ChainBehind,
    Trouble::ChainRepeats,
    Trouble::ChainAnswerLost,
    Trouble::Reorganisation,
    Trouble::DoubleSpend,
    Trouble::Eviction,
    Trouble::SendLost,
    Trouble::SendRefused,
    Trouble::SendDelayed,
    Trouble::SendAnswerLost,
    Trouble::SignerLost,
    Trouble::SignerRefuses,
    Trouble::RatesAway,
];

/// How often each kind struck.
#[derive(Clone, Copy)]
pub struct Strikes(pub [u64; TROUBLES.len()]);

impl Default for Strikes {
    fn default() -> Strikes {
        Strikes([0; TROUBLES.len()])
    }
}

/// The weather of one history.
pub struct Weather {
    rates_permille: [u64; TROUBLES.len()],
    calm: CancellationToken,
    strikes: Mutex<Strikes>,
}

impl Weather {
    /// The weather of a seed.
    pub fn of(seed: u64) -> Weather {
        let chance = Chance::of(seed, "weather");
        let rates_permille = std::array::from_fn(|_| if chance.percent(35) { 0 } else { chance.between(1..=150) });
        Weather { rates_permille, calm: CancellationToken::new(), strikes: Mutex::default() }
    }

    /// Whether a kind of trouble strikes now.
    pub fn strikes(&self, chance: &Chance, trouble: Trouble) -> bool {
        if self.is_calm() || !chance.permille(self.rates_permille[trouble as usize]) {
            return false;
        }
        self.count(trouble);
        true
    }

    /// Counts a strike that was decided elsewhere.
    pub fn count(&self, trouble: Trouble) {
        self.strikes.lock().expect("no holder of the lock panics").0[trouble as usize] += 1;
    }

    /// How often each kind struck so far.
    pub fn counted(&self) -> Strikes {
        *self.strikes.lock().expect("no holder of the lock panics")
    }

    /// From now on nothing goes wrong any more.
    pub fn calm_down(&self) {
        self.calm.cancel();
    }

    /// Resolves when nothing goes wrong any more.
    pub async fn calm(&self) {
        self.calm.cancelled().await;
    }

    /// Whether nothing goes wrong any more.
    pub fn is_calm(&self) -> bool {
        self.calm.is_cancelled()
    }
}
