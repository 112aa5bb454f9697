//! Invoices told as stories: made once, paid once at most whatever races, and written about by the test clock.

use std::sync::Arc;

use florin_engine::invoices::{
    InvoiceError, InvoiceOrder, InvoiceQuery, InvoiceSettings, NewInvoice, invoice_reference,
};
use florin_engine::mail::MailStatus;
use florin_engine::{OrderRefusal, Reply, StartError};
use florin_kernel::invoice::{Command, Invoice, Origin, Refusal, State, Word};
use florin_kernel::mail::Attempted;
use florin_kernel::payment::{CaptureMode, Details, Dialect, OperationKind, Payer, Payment};
use florin_kernel::ports::Lane;
use florin_kernel::record::OrderedBy;
use florin_kernel::{InvoiceId, PaymentId, Timestamp};
use florin_store::Answer;

use crate::world::{OWNER, VISA, World, eur};

const DECLINED: &str = "4000000000000341";
const HOUR: i64 = 3600;
const MINUTE: i64 = 60;

fn order(origin: Origin, reference: &str, amount: &str) -> InvoiceOrder {
    let payer = Payer { email: "jon@example.com".into(), first_name: "Jon".into(), ..Payer::default() };
    InvoiceOrder {
        owner: OWNER,
        dialect: Dialect::Cashier,
        origin,
        asked: eur(amount),
        description: "Two tickets".into(),
        raised_by: String::new(),
        hours: None,
        details: Details { reference: reference.into(), payer, ..Details::default() },
    }
}

impl World {
    async fn make(&self, order: InvoiceOrder, digest: u8) -> Result<Reply, StartError> {
        let claims = vec![invoice_reference(order.origin, &order.details.reference)];
        let render = |invoice: &Invoice, mail: MailStatus| Answer {
            status: 200,
            body: format!("{} {} {}", invoice.id, invoice.word().text(), mail.text()),
        };
        let invoice = self.engine.draft_invoice(order);
        let new = NewInvoice { invoice, claims, digest: [digest; 16], render: Arc::new(render) };
        self.engine.make_invoice(new).await
    }

    async fn ask(&self, origin: Origin, reference: &str, amount: &str) -> InvoiceId {
        let made = self.make(order(origin, reference, amount), 1).await.expect("made");
        InvoiceId::from_number(made.payment.number())
    }

    async fn asked(&self, id: InvoiceId) -> Invoice {
        let found = self.engine.invoice(OWNER, Dialect::Cashier, id).await.expect("the store answers");
        found.expect("an invoice")
    }

    async fn stands(&self, id: InvoiceId) -> &'static str {
        self.asked(id).await.word_at(self.engine.now(Lane::of(OWNER.merchant, OWNER.mode))).text()
    }

    fn a_try(&self, id: InvoiceId, amount: &str) -> Payment {
        let mut payment = self.new_payment(eur(amount), CaptureMode::Now);
        payment.details.ordered_by = Some(OrderedBy::Invoice(id));
        payment
    }

    async fn try_to_pay(&self, id: InvoiceId, card: &str) -> Result<PaymentId, StartError> {
        let amount = self.asked(id).await.asked.to_string();
        let amount = amount.split(' ').next().expect("a number").to_owned();
        self.start_payment(self.request(self.a_try(id, &amount), card)).await.map(|reply| reply.payment)
    }

    async fn say(&self, id: InvoiceId, command: Command) -> Result<Invoice, InvoiceError> {
        self.engine.change_invoice(OWNER, Dialect::Cashier, id, command).await
    }

    async fn mail(&self, id: InvoiceId) -> MailStatus {
        self.engine.mail_status(self.asked(id).await.mail).await.expect("the store answers")
    }
}

fn refusal(tried: Result<PaymentId, StartError>) -> OrderRefusal {
    match tried {
        Err(StartError::Order(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn is_made_once_and_answers_alike_after_a_crash() {
    let world = World::start().await;
    let (first, copy) = tokio::join!(
        world.make(order(Origin::Invoice, "1001", "50.00"), 1),
        world.make(order(Origin::Invoice, "1001", "50.00"), 1)
    );
    let (first, copy) = (first.expect("made"), copy.expect("made"));
    assert_eq!((&first.answer, first.payment), (&copy.answer, copy.payment));
    assert_eq!([first.replayed, copy.replayed].iter().filter(|replayed| **replayed).count(), 1);
    let other = world.make(order(Origin::Invoice, "1001", "51.00"), 2).await;
    assert!(matches!(other, Err(StartError::Taken(_))), "{other:?}");
    world.ask(Origin::Link, "1001", "50.00").await;

    let world = world.crash().await;
    let again = world.make(order(Origin::Invoice, "1001", "50.00"), 1).await.expect("made");
    assert_eq!((&again.answer, again.replayed), (&first.answer, true));
    world.pass(1).await;
    assert_eq!(world.home.postbox.subjects(), ["issued 1001"], "one letter, and none about the link");
    let id = InvoiceId::from_number(first.payment.number());
    assert_eq!(world.mail(id).await, MailStatus::Sent);
    let found = world.engine.invoice_referenced(OWNER, Dialect::Cashier, Origin::Invoice, "1001").await;
    assert_eq!(found.expect("the store answers").map(|invoice| invoice.id), Some(id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_payers_at_once_one_pays() {
    let world = Arc::new(World::start().await);
    for reference in ["1", "2", "3"] {
        let id = world.ask(Origin::Invoice, reference, "50.00").await;
        let tries = (0..16).map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.try_to_pay(id, VISA).await })
        });
        let mut paid = Vec::new();
        for a_try in tries.collect::<Vec<_>>() {
            match a_try.await.expect("no panic") {
                Ok(payment) => paid.push(payment),
                Err(StartError::Order(OrderRefusal::Invoice(Refusal::BeingPaid | Refusal::Paid))) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(paid.len(), 1);
        assert!(matches!(world.asked(id).await.state, State::Paid { payment, .. } if payment == paid[0]));
    }
    assert_eq!(world.moved(OperationKind::Sale).await.len(), 3);
    assert_eq!(world.balance("merchant:1:available").await, 3 * 5_000);
    world.verify().await;
}

#[tokio::test]
async fn a_decline_leaves_it_open_and_the_next_try_pays() {
    let world = World::start().await;
    let id = world.ask(Origin::Invoice, "1", "50.00").await;
    let declined = world.try_to_pay(id, DECLINED).await.expect("tried");
    assert_eq!((world.word(declined).await, world.stands(id).await), ("declined", "open"));
    let paid = world.try_to_pay(id, VISA).await.expect("tried");
    assert_eq!((world.word(paid).await, world.stands(id).await), ("captured", "paid"));
    assert_eq!(refusal(world.try_to_pay(id, VISA).await), OrderRefusal::Invoice(Refusal::Paid));
    world.submit(paid, florin_kernel::payment::Command::refund(eur("50.00"))).await.expect("refunded");
    assert_eq!(world.stands(id).await, "paid", "a refund is the payment's business");
    let invoice = world.asked(id).await;
    assert_eq!((invoice.tries, invoice.last_try), (2, Some(paid)));
    world.pass(1).await;
    assert_eq!(world.home.postbox.subjects(), ["issued 1", "paid 1"]);
}

/// A sale whose answer was lost, and the process with it: nobody else can pay until it is known that it took the money.
#[tokio::test]
async fn an_unknown_try_keeps_others_out_until_it_is_known() {
    let world = World::start().await;
    let id = world.ask(Origin::Invoice, "1", "9101.00").await;
    let unknown = world.try_to_pay(id, VISA).await.expect("tried");
    assert_eq!(world.word(unknown).await, "unknown");
    assert_eq!(refusal(world.try_to_pay(id, VISA).await), OrderRefusal::Invoice(Refusal::BeingPaid));
    let cancelled = world.say(id, Command::Cancel { reason: "late".into() }).await;
    assert!(matches!(cancelled, Err(InvoiceError::Refused(Refusal::BeingPaid))), "{cancelled:?}");

    let world = world.crash().await;
    assert_eq!(refusal(world.try_to_pay(id, VISA).await), OrderRefusal::Invoice(Refusal::BeingPaid));
    // Its time goes by as well; it was begun before.
    world.pass(50 * HOUR).await;
    world.pass(2 * MINUTE).await;
    assert_eq!((world.word(unknown).await, world.stands(id).await), ("captured", "paid"));
    assert_eq!(world.moved(OperationKind::Sale).await.len(), 1);
    world.verify().await;
}

#[tokio::test]
async fn a_payment_begun_in_time_counts() {
    let world = World::start().await;
    // Pending, and approved 30 s later; pending, and rejected.
    let (paid, declined) =
        (world.ask(Origin::Invoice, "1", "9105.00").await, world.ask(Origin::Invoice, "2", "9106.00").await);
    world.pass(48 * HOUR - 5).await;
    world.try_to_pay(paid, VISA).await.expect("in time");
    world.try_to_pay(declined, VISA).await.expect("in time");
    world.pass(6).await;
    assert_eq!((world.stands(paid).await, world.stands(declined).await), ("open", "open"));
    world.pass(10 * MINUTE).await;
    assert_eq!((world.stands(paid).await, world.stands(declined).await), ("paid", "expired"));
    assert_eq!(refusal(world.try_to_pay(declined, VISA).await), OrderRefusal::Invoice(Refusal::Expired));
    let again = world.say(declined, Command::Reissue { hours: Some(1), success: None }).await.expect("reissued");
    assert_eq!(again.word(), Word::Open);
    world.pass(HOUR).await;
    assert_eq!(world.asked(declined).await.word(), Word::Expired, "noted by a worker");
}

#[tokio::test]
async fn a_try_is_for_its_owner_and_its_amount() {
    let world = World::start().await;
    let id = world.ask(Origin::Invoice, "1", "50.00").await;
    let try_with = async |payment| world.start_payment(world.request(payment, VISA)).await.map(|reply| reply.payment);
    let other_amount = world.a_try(id, "49.00");
    assert_eq!(refusal(try_with(other_amount).await), OrderRefusal::Invoice(Refusal::OtherAmount));
    let other_dialect = Payment { dialect: Dialect::V3, ..world.a_try(id, "50.00") };
    assert_eq!(refusal(try_with(other_dialect).await), OrderRefusal::NotFound);
    let unknown = world.a_try(InvoiceId::from_number(5), "50.00");
    assert_eq!(refusal(try_with(unknown).await), OrderRefusal::NotFound);
    assert_eq!((world.stands(id).await, world.moved(OperationKind::Sale).await.len()), ("open", 0));
}

#[tokio::test]
async fn reminds_by_the_settings_and_the_test_clock() {
    let world = World::start().await;
    let settings = InvoiceSettings { remind_after_hours: 10, reminders_max: 2, ..InvoiceSettings::default() };
    let unsound = InvoiceSettings { reminders_max: 6, ..settings.clone() };
    let refused = world.engine.set_invoice_settings(OWNER, &unsound).await;
    assert!(matches!(refused, Err(InvoiceError::BadSettings)), "{refused:?}");
    world.engine.set_invoice_settings(OWNER, &settings).await.expect("set");
    let world = world.crash().await;
    assert_eq!(world.engine.directory().invoice_settings(OWNER.merchant, OWNER.mode), settings);

    let id = world.ask(Origin::Invoice, "1", "50.00").await;
    world.say(id, Command::Remind).await.expect("reminded");
    world.say(id, Command::Remind).await.expect("the same again");
    world.pass(4 * MINUTE).await;
    world.say(id, Command::Remind).await.expect("the same again");
    assert_eq!(world.asked(id).await.reminders.sent, 1);
    world.pass(30 * HOUR).await;
    world.pass(9 * HOUR).await;
    assert_eq!(world.asked(id).await.reminders.sent, 2, "away for a day: one is enough");
    world.pass(2 * HOUR).await;
    world.say(id, Command::Cancel { reason: "sold out".into() }).await.expect("cancelled");
    world.pass(40 * HOUR).await;
    let letters = ["issued 1", "reminder 1", "reminder 1", "reminder 1", "cancelled 1"];
    assert_eq!(world.home.postbox.subjects(), letters);
    assert_eq!(world.stands(id).await, "cancelled");
}

#[tokio::test]
async fn an_email_is_tried_by_its_schedule_and_never_in_the_way() {
    let world = World::start().await;
    let busy = || Attempted::NotNow("451 come back later".into());
    world.home.postbox.will_say([busy(), busy(), busy()]);
    let id = world.ask(Origin::Invoice, "1", "50.00").await;
    world.pass(0).await;
    assert_eq!((world.mail(id).await, world.home.postbox.subjects().len()), (MailStatus::Queued, 0));
    world.pass(MINUTE).await;
    let world = world.crash().await;
    world.pass(5 * MINUTE).await;
    assert_eq!(world.mail(id).await, MailStatus::Queued);
    world.pass(29 * MINUTE).await;
    assert_eq!(world.mail(id).await, MailStatus::Queued, "half an hour is not over");
    world.pass(MINUTE).await;
    assert_eq!((world.mail(id).await, world.home.postbox.subjects()), (MailStatus::Sent, vec!["issued 1".into()]));

    world.home.postbox.will_say([Attempted::Never("550 no such user".into())]);
    world.say(id, Command::Remind).await.expect("reminded");
    world.pass(24 * HOUR).await;
    assert_eq!(world.mail(id).await, MailStatus::Failed);
    let paid = world.try_to_pay(id, VISA).await.expect("paid all the same");
    assert_eq!(world.word(paid).await, "captured");
    world.pass(1).await;
    let references: Vec<String> = world.home.postbox.messages().into_iter().map(|(reference, _)| reference).collect();
    assert_ne!(references[0], references[1], "each e-mail has a name of its own");
}

#[tokio::test]
async fn links_open_their_invoice_alone() {
    let world = World::start().await;
    let id = world.ask(Origin::Invoice, "1", "50.00").await;
    let engine = &world.engine;
    let behind = async |dialect, id, secret: &str| {
        engine.invoice_behind(dialect, id, secret).await.expect("the store answers").map(|invoice| invoice.id)
    };
    let secret = engine.invoice_secret(&world.asked(id).await);
    assert!(secret.len() == 16 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{secret}");
    assert_eq!(behind(Dialect::Cashier, id, &secret).await, Some(id));
    assert_eq!(behind(Dialect::V3, id, &secret).await, None);
    assert_eq!(behind(Dialect::Cashier, id, &secret[1..]).await, None);
    assert_eq!(behind(Dialect::Cashier, InvoiceId::from_number(id.number() + 1), &secret).await, None);
    let again = world.say(id, Command::Reissue { hours: None, success: None }).await.expect("reissued");
    assert_eq!(behind(Dialect::Cashier, id, &secret).await, None, "the old link is dead");
    assert_eq!(behind(Dialect::Cashier, id, &engine.invoice_secret(&again)).await, Some(id));

    let link = world.asked(world.ask(Origin::Link, "1", "50.00").await).await;
    let secret = engine.pay_link_secret(&link);
    let behind = async |reference: &str, secret: &str| {
        let found = engine.pay_link_behind(Dialect::Cashier, reference, secret).await.expect("the store answers");
        found.map(|link| link.id)
    };
    assert_eq!(behind("1", &secret).await, Some(link.id));
    assert_eq!(behind("2", &secret).await, None);
    assert_eq!(behind("1", &secret.replace('-', "")).await, None);
    assert_eq!(behind("1", "a4000890-6b0e-4d3d-83f7-ca172753edae").await, None);
    assert_eq!(world.engine.invoice_behind(Dialect::Cashier, link.id, &secret).await.expect("answers"), None);
}

#[tokio::test]
async fn lists_the_newest_first_in_pages() {
    let world = World::start().await;
    let mut made = Vec::new();
    for reference in ["1", "2", "3", "4", "5"] {
        made.push(world.ask(Origin::Invoice, reference, "50.00").await);
        world.pass(1).await;
    }
    world.ask(Origin::Link, "6", "50.00").await;
    world.try_to_pay(made[1], VISA).await.expect("paid");
    let all = InvoiceQuery { word: None, from: Timestamp::MIN, until: Timestamp::MAX, skip: 0, limit: 2 };
    let page = async |query: InvoiceQuery| {
        let (page, total) = world.engine.invoices(OWNER, query).await.expect("the store answers");
        (page.into_iter().map(|invoice| invoice.details.reference).collect::<Vec<_>>().join(" "), total)
    };
    assert_eq!(page(all.clone()).await, ("5 4".into(), 5));
    assert_eq!(page(InvoiceQuery { skip: 4, ..all.clone() }).await, ("1".into(), 5));
    assert_eq!(page(InvoiceQuery { word: Some(Word::Paid), ..all.clone() }).await, ("2".into(), 1));
}
