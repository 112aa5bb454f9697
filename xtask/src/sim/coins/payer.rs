//! Who pays in coins, straight to the chain: nobody asks the gateway, and the gateway hears of it by its node.

use std::sync::Arc;

use florin_kernel::Timestamp;
use florin_kernel::coin::{CoinPayment, Units};
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::Frailty;

use super::super::chain::{Chains, Standing};
use super::super::chance::Chance;
use super::super::stage::Stage;

/// A payer with an address to pay to.
pub struct Payer {
    stage: Arc<Stage>,
    chains: Arc<Chains>,
    chance: Chance,
    lane: Lane,
    address: String,
    asked: Units,
    expires_at: Timestamp,
}

impl Payer {
    /// Who pays a payment.
    pub fn new(stage: Arc<Stage>, chains: Arc<Chains>, lane: Lane, payment: &CoinPayment, reference: &str) -> Payer {
        let chance = Chance::of(stage.seed, &format!("payer of {reference}"));
        let (address, asked, expires_at) = (payment.address.clone(), payment.price.amount(), payment.expires_at());
        Payer { stage, chains, chance, lane, address, asked, expires_at }
    }

    /// Pays, exactly or otherwise.
    pub async fn live(self) {
        tokio::time::sleep(self.chance.seconds(0..=25)).await;
        let part = |percent: u128| Units::new(self.asked.number() * percent / 100);
        match self.chance.between(0..=19) {
            0..=5 => self.pay(self.asked).await,
            6..=7 => {
                self.pay(part(60)).await;
                tokio::time::sleep(self.chance.seconds(0..=30)).await;
                self.pay(self.asked.less(part(60))).await;
            }
            8..=10 => {
                self.stage.met("coins: underpaid");
                self.pay(part(u128::from(self.chance.between(20..=99)))).await;
                if self.chance.percent(40) {
                    tokio::time::sleep(self.chance.seconds(0..=60)).await;
                    self.stage.met("coins: topped up");
                    self.pay(part(80)).await;
                }
            }
            11..=13 => {
                self.stage.met("coins: overpaid");
                self.pay(part(u128::from(self.chance.between(101..=220)))).await;
            }
            14..=16 => {
                self.wait_until_late().await;
                self.stage.met("coins: paid late");
                self.pay(part(self.chance.pick(&[50, 100, 100, 130]))).await;
            }
            17 => {
                self.pay(self.asked).await;
                tokio::time::sleep(self.chance.seconds(0..=40)).await;
                self.stage.met("coins: paid twice");
                self.pay(self.asked).await;
            }
            18 => self.pay(Units::new(self.asked.number() + 7)).await,
            _ => {}
        }
    }

    async fn wait_until_late(&self) {
        let left = self.expires_at.duration_since(self.chains.now(self.lane));
        tokio::time::sleep(left.try_into().unwrap_or_default()).await;
        tokio::time::sleep(self.chance.seconds(0..=50)).await;
    }

    /// One transaction, whose fee may be raised after it.
    async fn pay(&self, units: Units) {
        let frailty = self.chance.pick(&[None, None, None, None, Some(Frailty::Replaceable), Some(Frailty::LowFee)]);
        let standing = if self.chance.percent(10) { Standing::Unheard } else { Standing::Mempool };
        let which = self.chains.pay(self.lane, &self.address, units, frailty, standing);
        if self.chance.percent(20) {
            tokio::time::sleep(self.chance.seconds(0..=8)).await;
            self.chains.bump(self.lane, which);
        }
    }
}
