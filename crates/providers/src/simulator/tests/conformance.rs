//! The simulator keeps the rules of every provider.

use std::sync::atomic::AtomicUsize;

use florin_kernel::ports::Payee;

use super::*;
use crate::conformance::{self, Fixture, Wish};
use crate::simulator::callbacks::{Body, signed};

struct Simulated {
    world: World,
    calls_made: AtomicUsize,
}

#[async_trait]
impl Fixture for Simulated {
    fn provider(&self) -> &dyn Provider {
        self.world.simulator.as_ref()
    }

    fn call(&self, wish: Wish) -> Call {
        let reference = format!("call-{}", self.calls_made.fetch_add(1, Ordering::SeqCst));
        match wish {
            Wish::Approve => sale(&reference, "10.00 EUR"),
            Wish::Decline(code) => sale(&reference, &format!("90{code}.00 EUR")),
            Wish::LoseAnswer => sale(&reference, "9101.00 EUR"),
            Wish::AnswerGarbage => sale(&reference, "9104.00 EUR"),
            Wish::Refund { of } => on(&of, call(OperationKind::Refund, &reference, "1.00 EUR")),
            Wish::Challenge => Call { card: card("4000000000003220"), ..sale(&reference, "10.00 EUR") },
            Wish::Verify => Call {
                amount: Money::zero(money("1 EUR").asset()),
                ..call(OperationKind::Verify, &reference, "10.00 EUR")
            },
            Wish::Payout => Call {
                payee: Some(Payee { holder: "Jane Roe".into(), number: Secret::new("4111111111111111".into()) }),
                ..call(OperationKind::Payout, &reference, "10.00 EUR")
            },
        }
    }

    async fn charges(&self, reference: &str) -> usize {
        let charges = self.world.simulator.book().charges(self.world.clock.as_ref()).await.expect("charges");
        charges.iter().filter(|movement| movement.reference == reference).count()
    }

    async fn callback(&self, call: &Call) -> RawCallback {
        let simulator = &self.world.simulator;
        let entry = simulator.book.find(&call.reference).await.expect("a book").expect("an entry");
        let body = Body::Outcome { reference: call.reference.clone(), outcome: entry.word(NOON) };
        signed(&body, &simulator.settings.callback_key)
    }
}

#[tokio::test]
async fn the_simulator_conforms() {
    conformance::all(&Simulated { world: World::new(), calls_made: AtomicUsize::new(0) }).await;
    if let Some(schema) = shared::Schema::fresh().await {
        conformance::all(&Simulated { world: World::over(schema.book()), calls_made: AtomicUsize::new(0) }).await;
    }
}
